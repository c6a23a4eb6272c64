//! Where in the picture the places of a sentence are.

use seg_augment::{Place, Sides, places};

use crate::words::{Words, words};

/// With one of these the sides of a clause are the patient's.
const PATIENT: [&str; 6] =
    ["patient", "patients", "patient's", "patient\u{2019}s", "anatomic", "anatomical"];
/// With one of these they are the picture's.
const PICTURE: [&str; 4] = ["image", "image's", "picture", "picture's"];

/// The places that a sentence names, each once, sides as seen in the picture; a side of which it is
/// not known whose it is, is none.
///
/// A clause that says whose sides it names is believed: "the patient's right lung, on the left side
/// of the image" is one place. Else the set's rule holds.
pub(crate) fn named_places(sentence: &str, sides: Sides) -> Vec<Place> {
    let mut named = Vec::new();
    for clause in sentence.split([',', ';', '.']) {
        let has = |wanted: &[&str]| {
            words(clause).iter().any(|word| wanted.contains(&word.to_lowercase().as_str()))
        };
        let seen = match sides {
            _ if has(&PATIENT) => -1,
            _ if has(&PICTURE) => 1,
            Sides::Image => 1,
            Sides::Patient => -1,
            Sides::Fixed => 0,
        };
        named.extend(places(clause).into_iter().map(|place| Place { x: seen * place.x, ..place }));
    }
    named.sort_unstable();
    named.dedup();
    named
}

/// The sentence cut before and after each word that makes sides the patient's; the pieces together
/// are the sentence.
pub(crate) fn around_patient_words(sentence: &str) -> Vec<&str> {
    let words = Words::read(sentence);
    let (mut pieces, mut from, mut at) = (Vec::new(), 0, 0);
    for place in 0..words.len() {
        at += words.gap(place).len();
        let end = at + words.word(place).len();
        if PATIENT.contains(&words.lower(place).as_str()) {
            pieces.extend([&sentence[from..at], &sentence[at..end]]);
            from = end;
        }
        at = end;
    }
    pieces.push(&sentence[from..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(sentence: &str, sides: Sides) -> Vec<(i8, i8)> {
        named_places(sentence, sides).into_iter().map(|place| (place.x, place.y)).collect()
    }

    #[test]
    fn sides_are_those_of_the_picture() {
        for sides in [Sides::Image, Sides::Patient, Sides::Fixed] {
            let both = "Upper half of the patient's right lung, on the left side of the image.";
            assert_eq!(named(both, sides), [(-1, -1), (-1, 0)]);
            assert_eq!(named("The patient\u{2019}s left lung.", sides), [(1, 0)]);
            assert_eq!(named("The lung on the left side of the image.", sides), [(-1, 0)]);
        }
        assert_eq!(named("lower left lung", Sides::Image), [(-1, 1)]);
        assert_eq!(named("lower left lung", Sides::Patient), [(1, 1)]);
        assert_eq!(named("lower left lung", Sides::Fixed), [(0, 1)]);
    }

    #[test]
    fn pieces_are_the_sentence() {
        let pieces = around_patient_words("Half of the patient's right lung.");
        assert_eq!(pieces, ["Half of the ", "patient's", " right lung."]);
        assert_eq!(around_patient_words(""), [""]);
    }
}
