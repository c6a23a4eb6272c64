//! Whose left a sentence means, where the picture's file says which side it shows.

use crate::sides::Sides;
use crate::whose::{named_places, one_side};

/// What a file says of the patient's sides: -1 is the left, 1 the right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PictureSides {
    /// The one that is pictured, of what there are two of.
    pub pictured: Option<i8>,
    /// The one that the picture's right shows.
    pub on_the_right: Option<i8>,
}

fn name(side: i8) -> &'static str {
    if side < 0 { "left" } else { "right" }
}

/// Whether a sentence names a side and does not say whose it is.
fn has_bare_side(sentence: &str) -> bool {
    named_places(sentence, Sides::Image) != named_places(sentence, Sides::Fixed)
}

/// The side of the picture that a sentence names, if it says that it is the picture's: -1 left, 1 right.
fn of_the_picture(sentence: &str) -> Option<i8> {
    if one_side(sentence, true).is_some() {
        return None;
    }
    let sides = named_places(sentence, Sides::Fixed).into_iter().map(|place| place.x);
    let mut sides = sides.filter(|x| *x != 0);
    let first = sides.next()?;
    sides.all(|x| x == first).then_some(first)
}

/// The patient's side that a sentence means to a network, if there is one, and it is known.
fn meant(sentence: &str, network: Option<Sides>, picture: PictureSides) -> Option<i8> {
    if let Some(side) = one_side(sentence, true) {
        return Some(side);
    }
    let by_picture = |x: i8| picture.on_the_right.map(|right| x * right);
    if let Some(x) = of_the_picture(sentence) {
        return by_picture(x);
    }
    let bare = one_side(sentence, false)?;
    match network? {
        Sides::Patient => Some(bare),
        Sides::Image => by_picture(bare),
        Sides::Fixed => None,
    }
}

/// The patient's side that an answer shows by the picture's file, if there is one, and it is known: what a
/// network takes for the patient's it draws where a usual picture has it, and a file may say that its
/// picture is the other way round. -1 is the left, 1 the right.
///
/// `network` is whose sides a network's sentences mean: [`Sides::Fixed`] where they have to say it, `None`
/// where that is not known.
pub fn shown_side(sentence: &str, network: Option<Sides>, picture: PictureSides) -> Option<i8> {
    let meant = meant(sentence, network, picture)?;
    let of_the_patient = one_side(sentence, true).is_some()
        || of_the_picture(sentence).is_none() && network == Some(Sides::Patient);
    let mirrored = picture.on_the_right.is_some_and(|right| right > 0);
    Some(if of_the_patient && mirrored { -meant } else { meant })
}

/// What has to be said of a sentence's sides, given what the network takes them for, as in [`shown_side`],
/// and what the file says.
pub fn side_note(sentence: &str, network: Option<Sides>, picture: PictureSides) -> Option<String> {
    let bare = has_bare_side(sentence);
    if let (Some(meant), Some(pictured)) = (meant(sentence, network, picture), picture.pictured)
        && meant != pictured
    {
        return Some(format!(
            "the file is a picture of the patient's {} side, and the sentence asks for the {}",
            name(pictured),
            name(meant)
        ));
    }
    let right = picture.on_the_right?;
    match network {
        // The right of a usual picture shows the patient's left.
        Some(Sides::Patient) if right > 0 && (bare || one_side(sentence, true).is_some()) => {
            Some(
                "the right of this picture shows the patient's right, by its file, the other way round than \
                 the network takes for granted: its answer lies on the patient's other side"
                    .to_owned(),
            )
        }
        Some(Sides::Image) if bare && right < 0 => {
            Some(
                "a side of which it is not said whose it is is the image's to this network, and by the file \
                 the image's left is the patient's right"
                    .to_owned(),
            )
        }
        Some(Sides::Fixed) | None if bare => Some(format!(
            "it is not said, or not known, whose side is meant; by the file the patient's left is on the \
             {} of the picture",
            name(-right)
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: PictureSides = PictureSides { pictured: None, on_the_right: Some(-1) };
    const MIRRORED: PictureSides = PictureSides { pictured: None, on_the_right: Some(1) };
    const UNKNOWN: PictureSides = PictureSides { pictured: None, on_the_right: None };

    #[test]
    fn the_meant_side_is_the_patients() {
        let patient = Some(Sides::Patient);
        let image = Some(Sides::Image);
        for (sentence, network, picture, side) in [
            ("The left lung.", patient, UNKNOWN, Some(-1)),
            ("The left lung.", image, USUAL, Some(1)),
            ("The left lung.", image, MIRRORED, Some(-1)),
            ("The left lung.", image, UNKNOWN, None),
            ("The left lung.", None, USUAL, None),
            ("The left lung.", Some(Sides::Fixed), USUAL, None),
            ("The patient's left lung.", None, UNKNOWN, Some(-1)),
            ("The lung on the left side of the image.", patient, USUAL, Some(1)),
            ("Both lungs.", patient, USUAL, None),
            ("The heart.", patient, USUAL, None),
        ] {
            assert_eq!(meant(sentence, network, picture), side, "{sentence} {network:?}");
        }
    }

    #[test]
    fn an_answer_in_a_mirrored_picture_shows_the_other_side() {
        let (patient, image) = (Some(Sides::Patient), Some(Sides::Image));
        for (sentence, network, picture, side) in [
            ("The left lung.", patient, USUAL, Some(-1)),
            ("The left lung.", patient, MIRRORED, Some(1)),
            ("The patient's left lung.", patient, MIRRORED, Some(1)),
            ("The lung on the left side of the image.", patient, MIRRORED, Some(-1)),
            ("The left lung.", image, MIRRORED, Some(-1)),
            ("The left lung.", patient, UNKNOWN, Some(-1)),
        ] {
            assert_eq!(shown_side(sentence, network, picture), side, "{sentence} {network:?}");
        }
    }

    #[test]
    fn what_differs_is_said_and_nothing_else() {
        let said =
            |sentence, network, picture| side_note(sentence, network, picture).unwrap_or_default();
        let (patient, image) = (Some(Sides::Patient), Some(Sides::Image));
        assert_eq!(said("The left lung.", patient, USUAL), "");
        assert!(said("The left lung.", patient, MIRRORED).contains("the patient's other side"));
        assert!(said("The left lung.", image, USUAL).contains("left is the patient's right"));
        assert_eq!(said("The left lung.", image, MIRRORED), "");
        assert_eq!(said("The left of the image.", image, USUAL), "");
        assert!(
            said("The left lung.", None, USUAL).contains("left is on the right of the picture")
        );
        assert_eq!(said("The left lung.", None, UNKNOWN), "");
        assert_eq!(said("The heart.", patient, MIRRORED), "");
        let left = PictureSides { pictured: Some(-1), on_the_right: None };
        assert!(
            said("The right breast.", patient, left)
                .contains("left side, and the sentence asks for")
        );
        assert_eq!(said("The left breast.", patient, left), "");
    }
}
