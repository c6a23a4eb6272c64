//! Words that mean nothing, put into sentences in training.

use seeded::SplitMix64;

use crate::role::{Role, role};

/// Draws a word from some vocabulary. Words that cannot be fillers are drawn again.
pub type DrawWord<'a> = dyn Fn(&mut SplitMix64) -> Option<String> + 'a;

/// The sentence with random words of a vocabulary before, after and here and there inside it.
///
/// A text tower that starts from random weights sees a few dozen sentences and learns nothing about
/// other words, so its answer to them is arbitrary. Fillers teach it to ignore words that it does
/// not know and not to rely on positions. CLIP's own weights do not need this.
///
/// A filler has two letters or more, all from a to z in lower case, and its [`role`] is
/// [`Role::Other`]: it neither says where, how many or whose side, nor turns the sentence around.
pub fn with_fillers(sentence: &str, draw: &DrawWord<'_>, stream: &mut SplitMix64) -> String {
    /// Most words before and after the sentence.
    const AROUND: usize = 7;
    /// One gap in this many gets a word.
    const GAPS: usize = 8;
    let mut words = Vec::new();
    let fill = |words: &mut Vec<String>, count: usize, stream: &mut SplitMix64| {
        words.extend((0..count).filter_map(|_| filler(draw, stream)));
    };
    let before = stream.below(AROUND + 1);
    fill(&mut words, before, stream);
    for word in sentence.split_whitespace() {
        let inside = usize::from(stream.below(GAPS) == 0);
        fill(&mut words, inside, stream);
        words.push(word.to_owned());
    }
    let after = stream.below(AROUND + 1);
    fill(&mut words, after, stream);
    words.join(" ")
}

/// A sentence of random words, all of them fillers: it is about nothing that a set shows.
pub fn nonsense(draw: &DrawWord<'_>, stream: &mut SplitMix64) -> String {
    /// Fewest and most words.
    const WORDS: [usize; 2] = [3, 12];
    let count = WORDS[0] + stream.below(WORDS[1] - WORDS[0] + 1);
    (0..count).filter_map(|_| filler(draw, stream)).collect::<Vec<_>>().join(" ")
}

/// The first drawn word that can be a filler; `None` after a thousand tries.
fn filler(draw: &DrawWord<'_>, stream: &mut SplitMix64) -> Option<String> {
    const TRIES: usize = 1000;
    (0..TRIES).find_map(|_| draw(stream).filter(|word| is_filler(word)))
}

fn is_filler(word: &str) -> bool {
    word.len() > 1
        && word.bytes().all(|byte| byte.is_ascii_lowercase())
        && role(word) == Role::Other
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOCABULARY: [&str; 12] = [
        "left", "superior", "no", "patient", "image", "the", "X", "two", "bicycle", "wall", "a",
        "upward",
    ];

    fn draw(stream: &mut SplitMix64) -> Option<String> {
        Some(VOCABULARY[stream.below(VOCABULARY.len())].to_owned())
    }

    #[test]
    fn the_sentences_words_stay_in_their_order() {
        let mut stream = SplitMix64::new(5);
        let sentence = "Upper half of the patient's right lung.";
        let mut grown = 0;
        for _ in 0..200 {
            let filled = with_fillers(sentence, &draw, &mut stream);
            let own = sentence.split_whitespace().collect::<Vec<_>>();
            let kept = filled.split_whitespace().filter(|word| !["bicycle", "wall"].contains(word));
            assert_eq!(kept.collect::<Vec<_>>(), own, "{filled}");
            grown += usize::from(filled.len() > sentence.len());
        }
        assert!(grown > 180);
    }

    #[test]
    fn nonsense_says_nothing() {
        let mut stream = SplitMix64::new(1);
        for _ in 0..200 {
            let text = nonsense(&draw, &mut stream);
            assert!((3..=12).contains(&text.split(' ').count()));
            assert!(text.split(' ').all(|word| ["bicycle", "wall"].contains(&word)), "{text}");
        }
    }

    #[test]
    fn a_vocabulary_without_a_filler_gives_none() {
        let mut stream = SplitMix64::new(1);
        assert_eq!(nonsense(&|_: &mut SplitMix64| Some("left".to_owned()), &mut stream), "");
        let filled = with_fillers("A lesion.", &|_: &mut SplitMix64| None, &mut stream);
        assert_eq!(filled, "A lesion.");
    }
}
