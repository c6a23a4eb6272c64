//! Whose sides a sentence names, and where in the picture they are.

use crate::lexicon::{BOTH, CENTRES, PATIENT, PICTURE, is_among};
use crate::place::{Place, places};
use crate::sides::Sides;
use crate::words::{Words, words};

/// The places that a sentence names, each once, with sides as seen in the picture. A side counts as
/// 0 if it is not known whose it is.
///
/// If a clause says whose sides it names, that holds: "the patient's right lung, on the left side
/// of the image" is one place. Otherwise `sides` does.
pub fn named_places(sentence: &str, sides: Sides) -> Vec<Place> {
    let mut named = Vec::new();
    for clause in sentence.split([',', ';', '.']) {
        let has = |wanted| words(clause).iter().any(|word| is_among(&word.to_lowercase(), wanted));
        let seen = match sides {
            _ if has(PATIENT) => -1,
            _ if has(PICTURE) => 1,
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

/// Cuts the sentence before and after each word that makes sides the patient's; the pieces together
/// are the sentence.
pub(crate) fn around_patient_words(sentence: &str) -> Vec<&str> {
    let words = Words::read(sentence);
    let (mut pieces, mut from, mut at) = (Vec::new(), 0, 0);
    for place in 0..words.len() {
        at += words.gap(place).len();
        let end = at + words.word(place).len();
        if is_among(&words.lower(place), PATIENT) {
            pieces.extend([&sentence[from..at], &sentence[at..end]]);
            from = end;
        }
        at = end;
    }
    pieces.push(&sentence[from..]);
    pieces
}

/// The one side that a sentence names in the clauses that call it the patient's, or in those that
/// do not: -1 left, 1 right, as the words say. `None` if it names both or none, or says "both" or
/// "bilateral" anywhere.
///
/// ```
/// use seg_sentences::one_side;
/// let sentence = "The patient's right lung, on the left side of the image.";
/// assert_eq!((one_side(sentence, true), one_side(sentence, false)), (Some(1), Some(-1)));
/// ```
pub fn one_side(sentence: &str, of_the_patient: bool) -> Option<i8> {
    let sentence = sentence.to_lowercase();
    let has = |text: &str, wanted| letters(text).any(|word| is_among(word, wanted));
    if has(&sentence, BOTH) {
        return None;
    }
    let clauses = sentence.split([',', ';', '.']);
    let clauses = clauses.filter(|clause| has(clause, PATIENT) == of_the_patient);
    let mut found = None;
    for side in clauses.flat_map(places).map(|place| place.x).filter(|x| *x != 0) {
        match found {
            None => found = Some(side),
            Some(other) if other != side => return None,
            Some(_) => {}
        }
    }
    found
}

/// The one height that a sentence names: -1 above, 0 in the middle, 1 below. `None` if it names
/// several or none.
pub fn one_height(sentence: &str) -> Option<i8> {
    let sentence = sentence.to_lowercase();
    let places = places(&sentence);
    let first = places.first()?.y;
    if places.iter().any(|place| place.y != first) {
        return None;
    }
    // A bare side has no height.
    let named = first != 0 || letters(&sentence).any(|word| CENTRES.contains(&word));
    named.then_some(first)
}

/// Letters in a row: "patient's" is "patient" and "s".
fn letters(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_side_is_read_clause_by_clause() {
        let both = "The patient's right lung, on the left side of the image.";
        assert_eq!((one_side(both, true), one_side(both, false)), (Some(1), Some(-1)));
        let plain = "Unilateral pulmonary infection, one infected area, lower leflung.";
        assert_eq!((one_side(plain, true), one_side(plain, false)), (None, Some(-1)));
        assert_eq!(one_side("Anatomical left", true), Some(-1));
        for sentence in
            ["the left and the right lung.", "Bilateral infection, left lung", "a bright spot"]
        {
            assert_eq!(one_side(sentence, false), None, "{sentence}");
        }
    }

    #[test]
    fn one_height_is_none_of_several() {
        assert_eq!(one_height("Upper left lung"), Some(-1));
        assert_eq!(one_height("middle left lung"), Some(0));
        assert_eq!(one_height("at the bottom right"), Some(1));
        assert_eq!(one_height("all left lung"), None);
        assert_eq!(one_height("upper left lung and lower right lung"), None);
    }

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
