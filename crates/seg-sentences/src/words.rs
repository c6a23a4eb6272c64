//! A sentence as words and what stands between them.

use std::ops::Range;

/// The words of a sentence as [`Edit::LeaveOut`](crate::Edit::LeaveOut) counts them: letters,
/// digits, apostrophes and hyphens, without the punctuation around them.
///
/// ```
/// assert_eq!(seg_sentences::words("One oval-shaped tumor, left."), ["One", "oval-shaped", "tumor", "left"]);
/// ```
pub fn words(sentence: &str) -> Vec<&str> {
    let words = Words::read(sentence);
    (0..words.len()).map(|at| words.word(at)).collect()
}

/// A sentence taken apart.
pub(crate) struct Words<'s> {
    text: &'s str,
    /// In bytes.
    ranges: Vec<Range<usize>>,
}

impl<'s> Words<'s> {
    pub(crate) fn read(text: &'s str) -> Self {
        let in_word = |c: char| c.is_alphanumeric() || ['\'', '\u{2019}', '-'].contains(&c);
        let mut ranges = Vec::new();
        let mut at = 0;
        while let Some(start) = text[at..].find(in_word).map(|found| at + found) {
            let end = text[start..].find(|c| !in_word(c)).map_or(text.len(), |found| start + found);
            // A dash between blanks is no word.
            if text[start..end].contains(char::is_alphanumeric) {
                ranges.push(start..end);
            }
            at = end;
        }
        Self { text, ranges }
    }

    pub(crate) fn len(&self) -> usize {
        self.ranges.len()
    }

    /// The word as it is written; empty beyond the last one.
    pub(crate) fn word(&self, at: usize) -> &'s str {
        self.ranges.get(at).map_or("", |range| &self.text[range.clone()])
    }

    pub(crate) fn lower(&self, at: usize) -> String {
        self.word(at).to_lowercase()
    }

    /// All in lower case.
    pub(crate) fn all_lower(&self) -> Vec<String> {
        (0..self.len()).map(|at| self.lower(at)).collect()
    }

    /// What stands before a word; for the number of words, what stands after the last one.
    pub(crate) fn gap(&self, at: usize) -> &'s str {
        let start = at.checked_sub(1).and_then(|before| self.ranges.get(before));
        let start = start.map_or(0, |range| range.end);
        let end = self.ranges.get(at).map_or(self.text.len(), |range| range.start);
        self.text.get(start..end).unwrap_or_default()
    }

    /// The sentence with other words between the same blanks and punctuation.
    pub(crate) fn with(&self, word: impl Fn(usize) -> String) -> String {
        let mut written = String::with_capacity(self.text.len() + 8);
        for at in 0..self.len() {
            written.push_str(self.gap(at));
            written.push_str(&word(at));
        }
        written.push_str(self.gap(self.len()));
        written
    }
}

/// `new`, which is in lower case, with the capitals of `old`.
pub(crate) fn with_capitals_of(old: &str, new: &str) -> String {
    let mut letters = old.chars();
    let (first, second) = (letters.next(), letters.next());
    if second.is_some() && !old.chars().any(char::is_lowercase) {
        return new.to_uppercase();
    }
    if first.is_some_and(char::is_uppercase) { capital(new) } else { new.to_owned() }
}

/// The first letter as a capital.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_told_from_what_stands_between() {
        assert_eq!(words("areas,lower left - é 'x'!"), ["areas", "lower", "left", "é", "'x'"]);
        assert_eq!(words(" ... "), [""; 0]);
        let parts = Words::read("a, b.");
        assert_eq!([parts.gap(0), parts.gap(1), parts.gap(2)], ["", ", ", "."]);
        assert_eq!(with_capitals_of("One", "a single"), "A single");
        assert_eq!(with_capitals_of("ONE", "two"), "TWO");
        assert_eq!(with_capitals_of("", "two"), "two");
    }

    proptest! {
        #[test]
        fn a_sentence_with_its_own_words_is_itself(text in any::<String>()) {
            let words = Words::read(&text);
            prop_assert_eq!(words.with(|at| words.word(at).to_owned()), text);
        }
    }
}
