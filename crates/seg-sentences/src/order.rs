//! Words in another order, or one less.

use seeded::{SplitMix64, fnv1a64};

use crate::words::Words;

/// The words in another order, with blanks and punctuation where they were; `None` if all words are
/// equal.
pub(crate) fn shuffled(sentence: &str, seed: u64) -> Option<String> {
    let words = Words::read(sentence);
    let own = (0..words.len()).map(|at| words.word(at)).collect::<Vec<_>>();
    if own.windows(2).all(|pair| pair[0] == pair[1]) {
        return None;
    }
    let mut stream = SplitMix64::new(seed ^ fnv1a64(sentence));
    let mut order = own.clone();
    // At least every second order of a sentence with two different words is another one.
    while order == own {
        stream.shuffle(&mut order);
    }
    Some(words.with(|at| order[at].to_owned()))
}

/// The sentence without one word; `None` if there is no such word, or no other.
///
/// Punctuation after the word stays: "one infected area, left" without "area" is "one infected,
/// left".
pub(crate) fn without(sentence: &str, place: usize) -> Option<String> {
    let words = Words::read(sentence);
    if place >= words.len() || words.len() < 2 {
        return None;
    }
    let (before, after) = (words.gap(place), words.gap(place + 1));
    let last = place + 1 == words.len();
    let joint = if last || !after.trim().is_empty() { after } else { before };
    let start = |at: usize| (0..at).map(|at| words.gap(at).len() + words.word(at).len()).sum();
    let (head, tail): (usize, usize) = (start(place), start(place + 1));
    let tail = &sentence[tail + after.len()..];
    Some(if place == 0 {
        format!("{before}{tail}")
    } else {
        sentence[..head].to_owned() + joint + tail
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::words;
    use proptest::prelude::*;

    #[test]
    fn one_word_is_gone_and_its_punctuation_stays() {
        let without = |place| without("One area, lower left lung.", place);
        let expected = [
            "area, lower left lung.",
            "One, lower left lung.",
            "One area, left lung.",
            "One area, lower lung.",
            "One area, lower left.",
        ];
        for (place, expected) in expected.into_iter().enumerate() {
            assert_eq!(without(place).as_deref(), Some(expected));
        }
        assert_eq!(without(5), None);
        assert_eq!(super::without("Lungs.", 0), None);
    }

    #[test]
    fn a_seed_gives_one_order_of_the_same_words() {
        let sentence = "One area, lower left lung.";
        let found = shuffled(sentence, 1).unwrap();
        assert_eq!(shuffled(sentence, 1).unwrap(), found);
        assert_ne!(found, sentence);
        assert_eq!(shuffled("left left", 1), None);
        assert_eq!(shuffled("", 1), None);
        assert_eq!(shuffled("a b", 9).as_deref(), Some("b a"));
    }

    proptest! {
        #[test]
        fn no_word_is_lost_or_made(text in any::<String>(), seed in any::<u64>(), place in 0usize..9) {
            let own = words(&text);
            if let Some(other) = shuffled(&text, seed) {
                let (mut a, mut b) = (own.clone(), words(&other));
                a.sort_unstable();
                b.sort_unstable();
                prop_assert_eq!(a, b);
            }
            if let Some(other) = without(&text, place) {
                let mut left = own;
                left.remove(place);
                prop_assert_eq!(words(&other), left);
            }
        }
    }
}
