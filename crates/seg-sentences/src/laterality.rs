//! Swaps bilateral and unilateral.

use crate::lexicon::LATERALITY;
use crate::words::{Words, with_capitals_of};

/// A sentence with its laterality exchanged.
pub(crate) struct SwappedLaterality {
    pub(crate) sentence: String,
    /// Whether it now says both sides; `None` if it says both in one place and one in another.
    pub(crate) both: Option<bool>,
}

/// Exchanges the words; `None` if the sentence has none of them.
pub(crate) fn swapped(sentence: &str) -> Option<SwappedLaterality> {
    let words = Words::read(sentence);
    let other = |word: &str| {
        let [one, both] = LATERALITY.into_iter().find(|pair| pair.contains(&word))?;
        Some(if word == one { both } else { one })
    };
    let lower = words.all_lower();
    let changed = lower.iter().filter_map(|word| other(word)).collect::<Vec<_>>();
    let both = changed.first()?.starts_with("bi");
    let same = changed.iter().all(|word| word.starts_with("bi") == both);
    let sentence = words.with(|at| match other(&lower[at]) {
        Some(word) => with_capitals_of(words.word(at), word),
        None => words.word(at).to_owned(),
    });
    Some(SwappedLaterality { sentence, both: same.then_some(both) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_side_becomes_both_and_back() {
        let (one, both) =
            ("Unilateral infection, seen unilaterally.", "Bilateral infection, seen bilaterally.");
        let (there, back) = (swapped(one).unwrap(), swapped(both).unwrap());
        assert_eq!((there.sentence.as_str(), there.both), (both, Some(true)));
        assert_eq!((back.sentence.as_str(), back.both), (one, Some(false)));
        assert_eq!(swapped("unilateral, not bilateral").unwrap().both, None);
        assert!(swapped("Both lungs.").is_none());
    }
}
