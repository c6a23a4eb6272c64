//! The words that name a place, as sentences spell and misspell them.

use crate::lexicon::{CENTRES, GLUED, SIDE, SUPERIOR, TOP, TYPOS, UP, UPPER};

/// Words that go together: a word is rewritten within its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// left, right
    Side,
    /// upper, lower
    Upper,
    /// top, bottom
    Top,
    /// superior, inferior
    Superior,
    /// upward, downward
    Up,
    /// One word for neither end: middle, center ...
    Centre(&'static str),
}

impl Family {
    const PAIRS: [Self; 5] = [Self::Side, Self::Upper, Self::Top, Self::Superior, Self::Up];

    /// The words for -1 and 1, without an ending; x points right, y down.
    fn stems(self) -> [&'static str; 2] {
        match self {
            Self::Side => SIDE,
            Self::Upper => UPPER,
            Self::Top => TOP,
            Self::Superior => SUPERIOR,
            Self::Up => UP,
            Self::Centre(word) => [word, word],
        }
    }

    fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Side => &["", "most", "ward", "wards"],
            Self::Upper | Self::Top => &["", "most"],
            Self::Superior => &["", "ly"],
            // Bare "up" and "down" are more often no place.
            Self::Up => &["ward", "wards"],
            Self::Centre(_) => &[""],
        }
    }

    /// Whether its words say how high.
    pub(crate) fn is_height(self) -> bool {
        matches!(self, Self::Upper | Self::Top | Self::Superior | Self::Up)
    }

    pub(crate) fn is_centre(self) -> bool {
        matches!(self, Self::Centre(_))
    }
}

/// One word of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlaceWord {
    pub(crate) family: Family,
    /// -1 left or up, 1 right or down, 0 centre.
    pub(crate) value: i8,
    pub(crate) ending: &'static str,
}

impl PlaceWord {
    fn read(word: &str) -> Option<Self> {
        let word = TYPOS.iter().find(|(typo, _)| *typo == word).map_or(word, |(_, clean)| clean);
        if let Some(centre) = CENTRES.iter().find(|centre| **centre == word) {
            return Some(Self { family: Family::Centre(centre), value: 0, ending: "" });
        }
        Family::PAIRS.into_iter().find_map(|family| {
            let values = family.stems().into_iter().zip([-1, 1]);
            values.into_iter().find_map(|(stem, value)| {
                let rest = word.strip_prefix(stem)?;
                let ending = family.endings().iter().find(|ending| **ending == rest)?;
                Some(Self { family, value, ending })
            })
        })
    }

    /// As it is spelt, in lower case.
    pub(crate) fn text(self) -> String {
        let [low, high] = self.family.stems();
        format!("{}{}", if self.value > 0 { high } else { low }, self.ending)
    }
}

/// A part of a word; a word has several if a blank was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Atom {
    Place(PlaceWord),
    /// A word that does not name a place.
    Other(&'static str),
}

impl Atom {
    fn read(word: &str) -> Option<Self> {
        let other = || GLUED.iter().find(|glued| **glued == word).map(|glued| Self::Other(glued));
        PlaceWord::read(word).map(Self::Place).or_else(other)
    }

    /// As it is spelt, in lower case.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Place(word) => word.text(),
            Self::Other(word) => word.to_owned(),
        }
    }
}

/// The parts of a word in lower case; empty if none of them names a place.
pub(crate) fn atoms(word: &str) -> Vec<Atom> {
    let split = if word.is_ascii() { split(word) } else { None };
    let names = |atoms: &Vec<Atom>| atoms.iter().any(|atom| matches!(atom, Atom::Place(_)));
    split.filter(names).unwrap_or_default()
}

/// The longest words first, so that a whole word is never taken apart.
fn split(word: &str) -> Option<Vec<Atom>> {
    /// No place has fewer letters.
    const SHORTEST: usize = 3;
    if word.is_empty() {
        return Some(Vec::new());
    }
    (SHORTEST..=word.len()).rev().find_map(|end| {
        let (head, tail) = word.split_at(end);
        let atom = Atom::read(head)?;
        // "lowerl right lung": the l of "left" or "lung", begun too early.
        let stray =
            tail == "l" && matches!(atom, Atom::Place(place) if place.family != Family::Side);
        let others = if stray { Vec::new() } else { split(tail)? };
        Some([atom].into_iter().chain(others).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(word: &str) -> String {
        atoms(word).into_iter().map(Atom::text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn misspelt_and_glued_words_are_understood() {
        let words = [
            ("lowerl", "lower"),
            ("upperl", "upper"),
            ("middlel", "middle"),
            ("lowerright", "lower right"),
            ("upperlower", "upper lower"),
            ("middlelower", "middle lower"),
            ("rightlung", "right lung"),
            ("leflung", "left lung"),
            ("lowerall", "lower all"),
            ("upperleft", "upper left"),
            ("leff", "left"),
            ("uppermost", "uppermost"),
            ("bottommost", "bottommost"),
            ("downwards", "downwards"),
        ];
        for (word, expected) in words {
            assert_eq!(clean(word), expected, "{word}");
        }
    }

    #[test]
    fn ordinary_words_are_no_places() {
        let words = "bright alright upright lung all stop topical lowered leftover cleft flower up \
                     down midline lowest lowerish é leftmostly";
        for word in words.split_whitespace() {
            assert_eq!(atoms(word), [], "{word}");
        }
    }
}
