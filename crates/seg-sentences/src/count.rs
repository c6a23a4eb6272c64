//! Swaps one and two.

use crate::lexicon::{COUNTED, NUMBERS, VERBS};
use crate::words::{Words, with_capitals_of};

/// A sentence with its numbers exchanged.
pub(crate) struct SwappedCount {
    pub(crate) sentence: String,
    /// Whether every number rose or every number fell; `None` if some rose and some fell.
    pub(crate) more: Option<bool>,
}

/// Exchanges every number that counts a known noun; `None` if there is no such number.
pub(crate) fn swapped(sentence: &str) -> Option<SwappedCount> {
    let words = Words::read(sentence);
    let lower = words.all_lower();
    let mut new = (0..words.len()).map(|at| Some(words.word(at).to_owned())).collect::<Vec<_>>();
    let mut more = Vec::new();
    for at in 0..words.len() {
        let Some(number) = Number::read(&lower, at) else { continue };
        let Some(noun) = noun_after(&words, &lower, at) else { continue };
        more.push(number.one);
        let put = |new: &mut [Option<String>], place: usize, word: &str| {
            new[place] = Some(with_capitals_of(words.word(place), word));
        };
        if number.article {
            new[at - 1] = None;
            new[at] = Some(with_capitals_of(words.word(at - 1), number.other));
        } else {
            put(&mut new, at, number.other);
        }
        for (place, pairs) in [(noun, &COUNTED[..]), (noun + 1, &VERBS[..])] {
            let follows = place == noun || words.gap(place).trim().is_empty();
            let found = lower.get(place).filter(|_| follows);
            if let Some(other) = found.and_then(|word| of_number(word, pairs, number.one)) {
                put(&mut new, place, other);
            }
        }
    }
    let rises = *more.first()?;
    let more = more.iter().all(|other| *other == rises).then_some(rises);
    Some(SwappedCount { sentence: written(&words, &new), more })
}

/// A number that can be exchanged.
struct Number {
    /// Whether it is one.
    one: bool,
    /// What to say instead.
    other: &'static str,
    /// Whether the article before it goes with it.
    article: bool,
}

impl Number {
    fn read(lower: &[String], at: usize) -> Option<Self> {
        let word = lower[at].as_str();
        let before = at.checked_sub(1).map(|before| lower[before].as_str());
        if word == "single" && before == Some("a") {
            return Some(Self { one: true, other: "several", article: true });
        }
        if word == "several" {
            return Some(Self { one: false, other: "a single", article: false });
        }
        let [one, several] = NUMBERS.into_iter().find(|pair| pair.contains(&word))?;
        let is_one = word == one;
        Some(Self { one: is_one, other: if is_one { several } else { one }, article: false })
    }
}

/// The place of the noun that a number counts: the next known one of the same sentence.
fn noun_after(words: &Words<'_>, lower: &[String], at: usize) -> Option<usize> {
    /// "One medium a fingerprint-shaped irregular tumor" has five words in between.
    const FAR: usize = 8;
    let places = at + 1..lower.len().min(at + 1 + FAR);
    let same = places.take_while(|place| {
        let ends = words.gap(*place).contains(['.', ';', ':']);
        let other = Number::read(lower, *place).is_some();
        // "One of the areas": no count.
        let of = *place == at + 1 && lower[*place] == "of";
        !(ends || other || of)
    });
    same.into_iter().find(|place| COUNTED.iter().any(|pair| pair.contains(&lower[*place].as_str())))
}

/// The word's other form, if its grammatical number is the one that is left.
fn of_number(word: &str, pairs: &[[&'static str; 2]], was_one: bool) -> Option<&'static str> {
    let [one, several] = pairs.iter().find(|pair| pair.contains(&word))?;
    match (was_one, word == *one) {
        (true, true) => Some(several),
        (false, false) => Some(one),
        _ => None,
    }
}

/// The sentence without the words that are gone and the blanks after them.
fn written(words: &Words<'_>, new: &[Option<String>]) -> String {
    let mut written = String::new();
    let mut gone = false;
    for (at, word) in new.iter().enumerate() {
        if !gone {
            written.push_str(words.gap(at));
        }
        gone = word.is_none();
        written.push_str(word.as_deref().unwrap_or_default());
    }
    written + words.gap(new.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_nouns_change_together_and_back() {
        let pairs = [
            (
                "Unilateral infection, one infected area, left lung",
                "Unilateral infection, two infected areas, left lung",
            ),
            ("One small oval-shaped tumor at the top.", "Two small oval-shaped tumors at the top."),
            ("A single nodule is seen.", "Several nodules are seen."),
            ("Single large opacity", "Multiple large opacities"),
            ("ONE LESION", "TWO LESIONS"),
            (
                "Infection involving one region with one focus",
                "Infection involving two regions with two foci",
            ),
        ];
        for (one, two) in pairs {
            let (up, down) = (swapped(one).unwrap(), swapped(two).unwrap());
            assert_eq!((up.sentence.as_str(), up.more), (two, Some(true)));
            assert_eq!((down.sentence.as_str(), down.more), (one, Some(false)));
        }
    }

    #[test]
    fn what_counts_nothing_stays() {
        let sentences = ["One of the areas", "three lesions", "one-sided", "at one. A lesion", ""];
        for sentence in sentences {
            assert!(swapped(sentence).is_none(), "{sentence}");
        }
        let both = swapped("One nodule left and two nodules right").unwrap();
        assert_eq!(both.sentence, "Two nodules left and one nodule right");
        assert_eq!(both.more, None);
    }
}
