//! The places that a sentence names.

use crate::lexicon::PARTS;
use crate::place_word::Family;
use crate::sentence::{Phrase, Sentence};

/// A place in a picture, as coarse as words are: one of nine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// -1 left, 1 right; 0 in between or not stated.
    pub x: i8,
    /// -1 above, 1 below; 0 in between or not stated.
    pub y: i8,
}

/// The places that a sentence names, in its order; "top, top" are two.
///
/// Sides are taken literally, whoever's they are. "Upper middle left lung" is two places,
/// "upper third of the left lung" is one.
///
/// ```
/// use seg_sentences::{Place, places};
/// assert_eq!(places("Tumors at the center, top left"), [Place { x: 0, y: 0 }, Place { x: -1, y: -1 }]);
/// ```
pub fn places(sentence: &str) -> Vec<Place> {
    let sentence = Sentence::read(sentence);
    let mut places = Vec::new();
    let mut phrases = sentence.phrases.iter().peekable();
    while let Some(phrase) = phrases.next() {
        let next = phrases.next_if(|next| is_part_of(&sentence, phrase, next));
        let heights = heights(phrase);
        for x in sides(next.unwrap_or(phrase)) {
            places.extend(heights.iter().map(|y| Place { x, y: *y }));
        }
    }
    places
}

/// "Upper third of the" "left" lung: the heights of the one belong to the side of the other.
fn is_part_of(sentence: &Sentence<'_>, phrase: &Phrase, next: &Phrase) -> bool {
    let between = phrase.last + 1..next.first;
    !phrase.has(|family| family == Family::Side)
        && next.words.iter().all(|word| word.family == Family::Side)
        && sentence.word(between.start).is_some_and(|word| PARTS.contains(&word))
        && sentence.word(between.start + 1) == Some("of")
        && between.clone().all(|at| sentence.word(at) != Some("and"))
        && (between.start..=next.first).all(|at| sentence.follows_closely(at))
}

fn sides(phrase: &Phrase) -> Vec<i8> {
    let sides = phrase.words.iter().filter(|word| word.family == Family::Side);
    distinct(sides.map(|word| word.value))
}

fn heights(phrase: &Phrase) -> Vec<i8> {
    let is_height = |family: Family| family.is_height();
    let heights = phrase.words.iter().filter(|word| is_height(word.family)).count();
    // "top center" is one place.
    let one = heights == 1 && !phrase.has(|family| family == Family::Side);
    let named = phrase.words.iter().filter(|word| match one {
        true => is_height(word.family),
        false => word.family != Family::Side,
    });
    distinct(named.map(|word| word.value))
}

/// Each value once; 0 if there is none.
fn distinct(values: impl Iterator<Item = i8>) -> Vec<i8> {
    let mut distinct = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    if distinct.is_empty() {
        distinct.push(0);
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_that_the_words_say() {
        let cases: [(&str, &[(i8, i8)]); 9] = [
            ("One tumor at the center in the image.", &[(0, 0)]),
            ("top, top left, bottom center", &[(0, -1), (-1, -1), (0, 1)]),
            ("all left lung and middle lower right lung", &[(-1, 0), (1, 0), (1, 1)]),
            ("upper lower lung", &[(0, -1), (0, 1)]),
            ("middle lower leflung", &[(-1, 0), (-1, 1)]),
            (
                "the upper third of the left lung and the lower zone of the right",
                &[(-1, -1), (1, 1)],
            ),
            ("Upper half of the lung on the left side of the image.", &[(-1, -1)]),
            ("Lower half of the lung, on the left side", &[(0, 1), (-1, 0)]),
            ("The nuclei density is higher around.", &[]),
        ];
        for (sentence, expected) in cases {
            let expected = expected.iter().map(|(x, y)| Place { x: *x, y: *y });
            assert_eq!(places(sentence), expected.collect::<Vec<_>>(), "{sentence}");
        }
    }
}
