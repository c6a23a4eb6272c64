//! Words that mean nothing, put into sentences in training.

use clip_encoder::Tokenizer;
use seeded::SplitMix64;
use seg_augment::{Role, role};

/// The sentence with random words of CLIP's vocabulary before, after and here and there inside it.
///
/// A text tower that starts from random weights sees a few dozen sentences and learns nothing about
/// other words; what it does with them then is chance. Among fillers it learns to pass over what it
/// does not know and not to count positions. CLIP's own weights need no such thing.
pub(crate) fn with_fillers(
    sentence: &str,
    tokenizer: &Tokenizer,
    stream: &mut SplitMix64,
) -> String {
    /// Most words before and after the sentence.
    const AROUND: usize = 7;
    /// One gap in this many gets a word.
    const GAPS: usize = 8;
    let mut words = Vec::new();
    let fill = |words: &mut Vec<String>, count: usize, stream: &mut SplitMix64| {
        words.extend((0..count).map(|_| filler(tokenizer, stream)));
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

/// Random words: a sentence about nothing that a set shows.
pub(crate) fn nonsense(tokenizer: &Tokenizer, stream: &mut SplitMix64) -> String {
    /// Fewest and most words.
    const WORDS: [usize; 2] = [3, 12];
    let count = WORDS[0] + stream.below(WORDS[1] - WORDS[0] + 1);
    (0..count).map(|_| filler(tokenizer, stream)).collect::<Vec<_>>().join(" ")
}

/// A word of the vocabulary that neither decides anything nor belongs to what sentences are built
/// of: see [`Role`].
fn filler(tokenizer: &Tokenizer, stream: &mut SplitMix64) -> String {
    /// Ids from here on are merges, not single bytes.
    const FIRST: usize = 512;
    /// The ids of words, start and end left out.
    const WORDS: usize = 48_894;
    // Two thirds of the vocabulary are whole words in letters: this ends.
    loop {
        let piece = tokenizer.piece((FIRST + stream.below(WORDS)) as u32).unwrap_or_default();
        if let Some(word) = piece.strip_suffix("</w>")
            && word.len() > 1
            && word.bytes().all(|byte| byte.is_ascii_lowercase())
            && role(word) == Role::Other
        {
            return word.to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentences_words_stay_in_their_order() {
        let (tokenizer, mut stream) = (Tokenizer::clip(), SplitMix64::new(5));
        let sentence = "Upper half of the patient's right lung.";
        let mut grown = 0;
        for _ in 0..200 {
            let filled = with_fillers(sentence, &tokenizer, &mut stream);
            let mut words = filled.split_whitespace();
            assert!(sentence.split_whitespace().all(|word| words.any(|found| found == word)));
            grown += usize::from(filled.len() > sentence.len());
            let sides = filled.matches("left").count() + filled.matches("lower").count();
            assert!(sides == 0 || filled.split(' ').all(|w| w != "left" && w != "lower"));
        }
        assert!(grown > 180);
    }

    /// The vocabulary has some 30 000 words; of a million draws each turns up.
    #[test]
    fn no_filler_says_where_or_turns_a_sentence_around() {
        let (tokenizer, mut stream) = (Tokenizer::clip(), SplitMix64::new(1));
        let turns = ["no", "not", "none", "without", "patient", "patients", "above", "two"];
        for _ in 0..1_000_000 {
            let word = filler(&tokenizer, &mut stream);
            assert!(seg_augment::places(&word).is_empty(), "`{word}` is a place");
            assert!(!turns.contains(&&*word), "`{word}` turns a sentence around");
        }
    }
}
