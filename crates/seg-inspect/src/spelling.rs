//! Words that are likely typing errors.

use std::collections::BTreeMap;

use seg_sentences::{Sides, Turn, rewrite};
use serde::Serialize;
use strsim::osa_distance;

use crate::case_row::CaseRow;
use crate::finding::{Finding, Level, count};
use crate::scan::Scan;

/// A word that is likely a typing error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Misspelling {
    /// As found, in lower case.
    pub word: String,
    /// What was likely meant.
    pub meant: String,
    /// How often it is there.
    pub occurrences: usize,
    /// The rows that have it.
    pub rows: Vec<CaseRow>,
}

/// A slip is so much rarer than the word it was meant to be.
const RARER: usize = 20;
/// The factor if two letters differ.
const FAR_RARER: usize = 200;

/// Words of the set that look like slips, by how often they are there.
pub(crate) fn misspellings(scan: &Scan<'_>) -> Vec<Misspelling> {
    let mut known = BTreeMap::<String, usize>::new();
    let mut rows = BTreeMap::<String, Vec<usize>>::new();
    for (at, case) in scan.cases.iter().enumerate() {
        for word in words(&case.case.sentence) {
            *known.entry(word.clone()).or_default() += 1;
            let rows = rows.entry(word).or_default();
            if rows.last() != Some(&at) {
                rows.push(at);
            }
        }
    }
    let slip = |(word, occurrences): (&String, &usize)| {
        let meant = meant(word, *occurrences, &known)?;
        let rows = rows.get(word).into_iter().flatten().map(|at| scan.row(*at)).collect();
        Some(Misspelling { word: word.clone(), meant, occurrences: *occurrences, rows })
    };
    let mut found = known.iter().filter_map(slip).collect::<Vec<_>>();
    found.sort_by_key(|slip| std::cmp::Reverse(slip.occurrences));
    found
}

pub(crate) fn findings(found: &[Misspelling]) -> Vec<Finding> {
    if found.is_empty() {
        return Vec::new();
    }
    let rows = found.iter().map(|slip| slip.rows.len()).sum();
    let message = format!(
        "{} likely misspelt, in {}: a tokenizer turns them into other tokens",
        match found.len() {
            1 => "1 word is".to_owned(),
            n => format!("{n} words are"),
        },
        count(rows, "row")
    );
    let places = found.iter().flat_map(|slip| {
        slip.rows.iter().map(move |row| format!("{row}: `{}` for `{}`", slip.word, slip.meant))
    });
    vec![Finding::new(Level::Warning, "misspelling", message).at(places)]
}

/// Letters in a row, in lower case; `patient's` is one word.
fn words(sentence: &str) -> impl Iterator<Item = String> {
    let in_word = |c: char| c.is_alphabetic() || c == '\'' || c == '\u{2019}';
    let words = sentence.split(move |c| !in_word(c)).filter(|word| !word.is_empty());
    words.map(str::to_lowercase)
}

/// What a word was likely meant to be, if it is likely a slip.
fn meant(word: &str, occurrences: usize, known: &BTreeMap<String, usize>) -> Option<String> {
    /// With fewer letters there is a word one letter from any other.
    const SHORTEST: usize = 3;
    if word.chars().count() < SHORTEST || ORDINARY.split(' ').any(|one| one == word) {
        return None;
    }
    let count = |other: &str| known.get(other).copied().unwrap_or_default();
    if let Some(place) = misspelt_place(word)
        && place.split(' ').all(|part| count(part) > occurrences)
    {
        return Some(place);
    }
    let glued = word.char_indices().map(|(at, _)| word.split_at(at)).find(|(head, tail)| {
        [head, tail].iter().all(|part| part.len() >= SHORTEST && count(part) >= RARER * occurrences)
    });
    if let Some((head, tail)) = glued {
        return Some(format!("{head} {tail}"));
    }
    // Distances last: most words are too rare to be what was meant.
    let commoner = known.iter().filter(|(_, n)| **n >= RARER * occurrences);
    let near = commoner.filter_map(|(other, n)| {
        let slips = osa_distance(word, other);
        let is_slip = match slips {
            1 => other.len().max(word.len()) > SHORTEST,
            2 => {
                word.len().min(other.len()) > SHORTEST
                    && same_start(word, other)
                    && *n >= FAR_RARER * occurrences
            }
            _ => false,
        };
        let likely = is_slip && !is_inflection(word, other);
        likely.then_some((slips, std::cmp::Reverse(*n), other))
    });
    near.min().map(|(_, _, other)| other.clone())
}

/// A side or height as it should be spelt, if it is not: a turn and back writes it anew.
fn misspelt_place(word: &str) -> Option<String> {
    [Turn::FLIP_HORIZONTAL, Turn::FLIP_VERTICAL].into_iter().find_map(|turn| {
        let there = rewrite(word, turn, Sides::Image).ok()?;
        let back = rewrite(&there, turn, Sides::Image).ok()?;
        (back != word && there != word).then(|| back.into_owned())
    })
}

fn same_start(a: &str, b: &str) -> bool {
    a.chars().take(2).eq(b.chars().take(2))
}

/// Whether two words are forms of one: lung and lungs, high and higher.
fn is_inflection(a: &str, b: &str) -> bool {
    const ENDINGS: [&str; 12] =
        ["s", "es", "'s", "\u{2019}s", "d", "ed", "r", "er", "st", "est", "y", "ly"];
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let opposite =
        ["un", "in", "ir", "im", "il", "non"].iter().any(|p| long.strip_prefix(p) == Some(short));
    opposite || long.strip_prefix(short).is_some_and(|ending| ENDINGS.contains(&ending))
}

/// Words of any text that are one or two letters from a common one.
const ORDINARY: &str = "\
    about above after also and any are around area base been both but can case cell clear dark \
    down each edge even ever few five for form four from had half hand has have her high his \
    into its left less like line long low made main many may mild more most much near nine not \
    off one only open other our out over part past right same see seen she show side six some \
    such ten than that the their them then there these they thin this those three too top two \
    under was well were what when where which while who wide will with within without";

#[cfg(test)]
mod tests {
    use super::*;

    fn suggestion(word: &str) -> Option<String> {
        let common = [
            "lower", "left", "right", "lung", "lungs", "middle", "upper", "all", "one", "infected",
            "three", "and", "tumor", "regular", "areas", "triangle", "high", "patient",
        ];
        let mut known = BTreeMap::from(common.map(|word| (word.to_owned(), 1000)));
        known.insert(word.to_owned(), 1);
        meant(word, 1, &known)
    }

    #[test]
    fn slips_are_found_with_what_was_meant() {
        let slips = [
            ("alll", "all"),
            ("lowerl", "lower"),
            ("leflung", "left lung"),
            ("mddle", "middle"),
            ("rightlung", "right lung"),
            ("midddle", "middle"),
            ("lowerright", "lower right"),
            ("upperlower", "upper lower"),
            ("middlelower", "middle lower"),
            ("oneinfected", "one infected"),
            ("thrr", "three"),
            ("tumro", "tumor"),
        ];
        for (word, expected) in slips {
            assert_eq!(suggestion(word).as_deref(), Some(expected), "{word}");
        }
    }

    #[test]
    fn rare_words_are_no_slips() {
        let words = "area tumors irregular triangular higher patient's patient\u{2019}s there bottom \
                     bilateral hand on uppermost ring";
        for word in words.split(' ') {
            assert_eq!(suggestion(word), None, "{word}");
        }
    }
}
