//! CLIP's byte-pair tokens, and what a sentence loses when it is cut.
//!
//! A sentence is cleaned, split into words, numbers and punctuation, and each piece is merged from its
//! bytes by the ranks of OpenAI's vocabulary, as in `simple_tokenizer.py` of OpenAI's CLIP.

mod clean;

use std::io::Read;
use std::sync::{Arc, LazyLock};

use flate2::read::GzDecoder;
use regex::Regex;
use tokenizers::Model;
use tokenizers::models::bpe::{BPE, Vocab};

/// The token before every sentence.
pub const START: u32 = 49406;
/// The token after every sentence; the largest id, by which the text tower finds the end.
pub const END: u32 = 49407;
/// What fills a row after the end. Also the id of `!`: only the end token tells them apart.
pub const PAD: u32 = 0;
/// Tokens that CLIP's text tower was trained for, start and end included.
pub const CONTEXT: usize = 77;

/// The merges of `bpe_simple_vocab_16e6.txt` that CLIP uses; the rest of the file is not.
const MERGES: usize = 48_894;

/// What a word's last piece ends with.
const WORD_END: &str = "</w>";

/// OpenAI's file, as it is published (MIT; `assets/NOTICE`).
static VOCABULARY: &[u8] = include_bytes!("../assets/bpe_simple_vocab_16e6.txt.gz");

/// Only the literals fold case: a folded `\p{L}` would take U+0345, which folds to a letter.
/// The reference's engine matches U+0345 with no class at all, so it is left out of the last one.
const PIECES: &str = concat!(
    r"(?i:<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d)",
    r"|\p{L}+|\p{N}|[^\s\p{L}\p{N}\x{345}]+",
);

/// Why a sentence was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum TokenError {
    /// A row too short for a start and an end, or longer than the text tower's context.
    #[error("word_len is {found}, expected 2 to {context}")]
    WordLen { found: usize, context: usize },
    /// The merging of one piece of the sentence failed in the `tokenizers` crate.
    #[error("cannot merge the bytes of a piece of {length} bytes")]
    Merge { length: usize, source: tokenizers::Error },
}

/// One sentence as a row of ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// `[word_len]`: start, words, end, then zeros. Each id is below 49408.
    pub ids: Vec<u32>,
    /// How many of `ids` are used, the end token included: 2 to `word_len`.
    pub used: usize,
    /// Whether the sentence lost its tail.
    pub cut: bool,
    /// The ids of the whole sentence, start and end included: more than `used` if it was cut.
    pub uncut_len: usize,
}

/// Sentences as rows of one length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBatch {
    /// `[rows, columns]`, row after row.
    pub ids: Vec<u32>,
    /// Sentences.
    pub rows: usize,
    /// The longest `used` of the sentences, at most `word_len`; 0 without sentences.
    pub columns: usize,
    /// The rows that lost their tail, in order.
    pub cut: Vec<usize>,
}

/// CLIP's tokenizer. Cheap to clone; the vocabulary is read once a process.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    vocabulary: Arc<Vocabulary>,
    context: usize,
}

impl Tokenizer {
    /// OpenAI's vocabulary, with CLIP's context of [`CONTEXT`] tokens.
    pub fn clip() -> Self {
        static CLIP: LazyLock<Arc<Vocabulary>> = LazyLock::new(|| {
            Arc::new(Vocabulary::read(VOCABULARY).expect("the vocabulary in the crate is whole"))
        });
        Self { vocabulary: CLIP.clone(), context: CONTEXT }
    }

    /// The tokenizer for a text tower of another context: the longest `word_len` that is accepted.
    pub fn with_context(self, context: usize) -> Self {
        Self { context, ..self }
    }

    /// The longest `word_len`.
    pub fn context(&self) -> usize {
        self.context
    }

    /// A sentence as exactly `word_len` ids.
    ///
    /// A longer one keeps its first `word_len - 1` ids and ends with the end token, as in the
    /// reference; [`Encoded::cut`] says so. Published: 17 (CRIS), 16 (MedEquiSeg), 77 (CLIP).
    ///
    /// # Errors
    ///
    /// `word_len` outside 2 to the context.
    pub fn encode(&self, sentence: &str, word_len: usize) -> Result<Encoded, TokenError> {
        self.check(word_len)?;
        let mut ids = self.ids(sentence)?;
        let uncut_len = ids.len();
        let used = uncut_len.min(word_len);
        let cut = uncut_len > word_len;
        ids.resize(word_len, PAD);
        if cut && let Some(last) = ids.last_mut() {
            *last = END;
        }
        Ok(Encoded { ids, used, cut, uncut_len })
    }

    /// Sentences as rows of the longest one's length, at most `word_len`.
    ///
    /// # Errors
    ///
    /// `word_len` outside 2 to the context.
    pub fn encode_batch(
        &self,
        sentences: &[&str],
        word_len: usize,
    ) -> Result<TokenBatch, TokenError> {
        self.check(word_len)?;
        let encoded: Vec<Encoded> = sentences
            .iter()
            .map(|sentence| self.encode(sentence, word_len))
            .collect::<Result<_, _>>()?;
        let columns = encoded.iter().map(|e| e.used).max().unwrap_or(0);
        Ok(TokenBatch {
            ids: encoded.iter().flat_map(|e| e.ids.iter().take(columns)).copied().collect(),
            rows: encoded.len(),
            columns,
            cut: (0..).zip(&encoded).filter(|(_, e)| e.cut).map(|(row, _)| row).collect(),
        })
    }

    /// All ids of a sentence, uncut: start, pieces, end.
    ///
    /// # Errors
    ///
    /// None for the embedded vocabulary, which has every byte.
    pub fn ids(&self, sentence: &str) -> Result<Vec<u32>, TokenError> {
        let text = clean::clean(sentence);
        let mut ids = vec![START];
        for piece in self.vocabulary.pieces.find_iter(&text) {
            match piece.as_str() {
                // The literal text of a special token is that token, in the reference too.
                "<|startoftext|>" => ids.push(START),
                "<|endoftext|>" => ids.push(END),
                piece => self.vocabulary.merge(piece, &mut ids)?,
            }
        }
        ids.push(END);
        Ok(ids)
    }

    /// The text of an id, with `</w>` where a word ends; a piece may hold a part of a character,
    /// which is then shown as U+FFFD. None for an id outside the vocabulary.
    pub fn piece(&self, id: u32) -> Option<String> {
        match id {
            START => Some("<|startoftext|>".to_owned()),
            END => Some("<|endoftext|>".to_owned()),
            _ => self.vocabulary.text(id),
        }
    }

    fn check(&self, word_len: usize) -> Result<(), TokenError> {
        if (2..=self.context).contains(&word_len) {
            return Ok(());
        }
        Err(TokenError::WordLen { found: word_len, context: self.context })
    }
}

#[derive(Debug)]
struct Vocabulary {
    bpe: BPE,
    pieces: Regex,
    /// The character that stands for each byte.
    symbols: [char; 256],
}

impl Vocabulary {
    /// Ids: 256 byte symbols, 256 with the end-of-word mark, then one for each merge.
    fn read(gz: &[u8]) -> Result<Self, tokenizers::Error> {
        let mut text = String::new();
        GzDecoder::new(gz).read_to_string(&mut text)?;
        let merges: Vec<(String, String)> = text
            .lines()
            .skip(1) // a version line
            .take(MERGES)
            .filter_map(|line| line.split_once(' '))
            .map(|(left, right)| (left.to_owned(), right.to_owned()))
            .collect();
        let (order, symbols) = byte_symbols();
        let single = order.iter().map(|&byte| symbols[usize::from(byte)].to_string());
        let last = single.clone().map(|symbol| symbol + WORD_END);
        let merged = merges.iter().map(|(left, right)| format!("{left}{right}"));
        let vocab: Vocab = single.chain(last).chain(merged).zip(0..).collect();
        let bpe = BPE::builder()
            .vocab_and_merges(vocab, merges)
            .end_of_word_suffix(WORD_END.to_owned())
            // The crate's cache lives in each thread and is never emptied.
            .cache_capacity(0)
            .build()?;
        Ok(Self { bpe, pieces: Regex::new(PIECES)?, symbols })
    }

    fn text(&self, id: u32) -> Option<String> {
        let token = self.bpe.id_to_token(id)?;
        let (symbols, end) = match token.strip_suffix(WORD_END) {
            Some(symbols) => (symbols, WORD_END),
            None => (&*token, ""),
        };
        let byte = |symbol| self.symbols.iter().position(|s| *s == symbol);
        let bytes: Vec<u8> = symbols.chars().filter_map(byte).map(|byte| byte as u8).collect();
        Some(String::from_utf8_lossy(&bytes).into_owned() + end)
    }

    fn merge(&self, piece: &str, ids: &mut Vec<u32>) -> Result<(), TokenError> {
        let symbols: String = piece.bytes().map(|byte| self.symbols[usize::from(byte)]).collect();
        let tokens = self
            .bpe
            .tokenize(&symbols)
            .map_err(|source| TokenError::Merge { length: piece.len(), source })?;
        ids.extend(tokens.iter().map(|token| token.id));
        Ok(())
    }
}

/// GPT-2's bytes as visible characters: themselves where they print, else U+0100 and on. The
/// order (printing ones first) is the order of the ids.
fn byte_symbols() -> (Vec<u8>, [char; 256]) {
    let prints = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let (mut order, hidden): (Vec<u8>, Vec<u8>) = (0..=255).partition(prints);
    let mut symbols: [char; 256] = std::array::from_fn(|byte| char::from(byte as u8));
    for (&byte, symbol) in hidden.iter().zip('\u{100}'..) {
        symbols[usize::from(byte)] = symbol;
    }
    order.extend(hidden);
    (order, symbols)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vocabulary_has_all_ids_below_the_special_ones() {
        let tokenizer = Tokenizer::clip();
        assert_eq!(tokenizer.vocabulary.bpe.get_vocab_size(), START as usize);
    }

    #[test]
    fn a_cut_sentence_still_ends() {
        let encoded = Tokenizer::clip().encode("left lung, left lung", 4).unwrap();
        assert_eq!(encoded.ids[0], START);
        assert_eq!(encoded.ids[3], END);
        assert_eq!((encoded.used, encoded.cut, encoded.uncut_len), (4, true, 7));
    }

    #[test]
    fn a_sentence_that_just_fits_is_not_cut() {
        let encoded = Tokenizer::clip().encode("left lung", 4).unwrap();
        assert_eq!((encoded.used, encoded.cut, encoded.uncut_len), (4, false, 4));
    }

    #[test]
    fn a_batch_is_as_wide_as_its_longest_sentence() {
        let batch = Tokenizer::clip().encode_batch(&["lung", "left lung", ""], 4).unwrap();
        assert_eq!((batch.rows, batch.columns), (3, 4));
        assert_eq!(batch.ids.len(), 12);
        assert!(batch.cut.is_empty());
        let batch = Tokenizer::clip().encode_batch(&["lung", "left lung", ""], 3).unwrap();
        assert_eq!((batch.columns, batch.cut), (3, vec![1]));
        assert_eq!(Tokenizer::clip().encode_batch(&[], 77).unwrap().columns, 0);
    }

    #[test]
    fn word_len_stays_within_the_context() {
        let tokenizer = Tokenizer::clip();
        assert!(tokenizer.encode("lung", 1).is_err());
        let error = tokenizer.encode("lung", 78).unwrap_err();
        assert_eq!(error.to_string(), "word_len is 78, expected 2 to 77");
        assert!(tokenizer.encode_batch(&[], 0).is_err());
        assert_eq!(tokenizer.with_context(256).encode("lung", 256).unwrap().used, 3);
    }

    #[test]
    fn pieces_read_back_as_text() {
        let tokenizer = Tokenizer::clip();
        let pieces = |sentence: &str| {
            let ids = tokenizer.ids(sentence).unwrap();
            ids.into_iter().map(|id| tokenizer.piece(id).unwrap()).collect::<String>()
        };
        let expected = "<|startoftext|>left</w>opa</w>cities</w>!</w><|endoftext|>";
        let found = pieces("Left opacities!");
        assert_eq!(found.replace("</w>", ""), expected.replace("</w>", ""));
        assert!(found.starts_with("<|startoftext|>left</w>"), "{found}");
        assert_eq!(pieces("Lübeck").replace("</w>", ""), "<|startoftext|>lübeck<|endoftext|>");
        assert_eq!(tokenizer.piece(49408), None);
    }
}
