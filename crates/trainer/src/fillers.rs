//! Random words of CLIP's vocabulary, for sentences in training.

use clip_encoder::Tokenizer;
use seeded::SplitMix64;

/// Draws a piece of CLIP's vocabulary; `None` if it is not a whole word.
pub(crate) fn draw_word(tokenizer: &Tokenizer, stream: &mut SplitMix64) -> Option<String> {
    /// Ids from here on are merges, not single bytes.
    const FIRST: usize = 512;
    /// The ids of words, start and end left out.
    const WORDS: usize = 48_894;
    let piece = tokenizer.piece((FIRST + stream.below(WORDS)) as u32)?;
    Some(piece.strip_suffix("</w>")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use seg_sentences::{nonsense, places, with_fillers};

    /// The vocabulary has some 30 000 words; of a million draws each turns up.
    #[test]
    fn no_filler_says_where_or_turns_a_sentence_around() {
        let (tokenizer, mut stream) = (Tokenizer::clip(), SplitMix64::new(1));
        let draw = |stream: &mut SplitMix64| draw_word(&tokenizer, stream);
        let turns = ["no", "not", "none", "without", "patient", "patients", "above", "two"];
        let mut drawn = 0;
        while drawn < 1_000_000 {
            for word in nonsense(&draw, &mut stream).split(' ') {
                assert!(places(word).is_empty(), "`{word}` is a place");
                assert!(!turns.contains(&word), "`{word}` turns a sentence around");
                drawn += 1;
            }
        }
    }

    #[test]
    fn a_sentence_grows_by_words_of_the_vocabulary() {
        let (tokenizer, mut stream) = (Tokenizer::clip(), SplitMix64::new(5));
        let draw = |stream: &mut SplitMix64| draw_word(&tokenizer, stream);
        let grown = (0..200).filter(|_| with_fillers("A lesion.", &draw, &mut stream).len() > 9);
        assert!(grown.count() > 180);
    }
}
