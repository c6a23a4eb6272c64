//! Swaps sides and heights in the words, not in the picture.

use crate::rewrite::rewrite;
use crate::sides::Sides;
use crate::turn::Turn;
use crate::whose::{around_patient_words, named_places};

/// The sentence with the words of a flip, for the picture as it is; `None` if no place changes:
/// "the left and the right lung" says the same with its sides exchanged.
///
/// [`rewrite`] refuses to turn the patient's sides and heights upside down, since a turned picture
/// has no words for them. Here no picture is turned, so what stands around "patient's" is rewritten
/// piece by piece. Its other refusals hold: next to "above the diaphragm" or "at 3 o'clock", or
/// with a word that may be a misspelt side, exchanged words would contradict what stays.
pub(crate) fn swapped(sentence: &str, turn: Turn) -> Option<String> {
    let pieces = around_patient_words(sentence).into_iter();
    let pieces = pieces.map(|piece| rewrite(piece, turn, Sides::Image));
    let edited = pieces.collect::<Result<String, _>>().ok()?;
    // Whose sides they are does not matter as long as it is the same for both.
    let named = |sentence| named_places(sentence, Sides::Image);
    (named(&edited) != named(sentence)).then_some(edited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patients_heights_are_exchanged_too() {
        let sentence = "Upper half of the patient's right lung, on the left side of the image.";
        let swap = |turn| swapped(sentence, turn).unwrap();
        assert_eq!(
            swap(Turn::FLIP_VERTICAL),
            "Lower half of the patient's right lung, on the left side of the image."
        );
        assert_eq!(
            swap(Turn::FLIP_HORIZONTAL),
            "Upper half of the patient's left lung, on the right side of the image."
        );
    }

    #[test]
    fn what_says_the_same_is_no_edit() {
        let sentences =
            ["lower left lung and lower right lung", "Both lungs.", "at the right, left", ""];
        for sentence in sentences {
            assert_eq!(swapped(sentence, Turn::FLIP_HORIZONTAL), None, "{sentence}");
        }
        assert_eq!(swapped("middle left lung", Turn::FLIP_VERTICAL), None);
        assert_eq!(swapped("upper lower left lung", Turn::FLIP_VERTICAL), None);
    }

    #[test]
    fn words_that_would_contradict_are_left_alone() {
        assert_eq!(swapped("lower lung above the diaphragm", Turn::FLIP_VERTICAL), None);
        assert_eq!(swapped("right middle lobe", Turn::FLIP_HORIZONTAL), None);
    }
}
