//! Tokens against the reference `simple_tokenizer.py` (with ftfy 6.3.1): 230 sentences.

#![allow(clippy::unwrap_used)] // on vectors of our own

use std::time::Instant;

use clip_encoder::Tokenizer;
use clip_encoder::tokenizer::{END, START};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    ids_full: Vec<u32>,
    at_16: Row,
    at_17: Row,
    at_77: Row,
}

#[derive(Deserialize)]
struct Row {
    ids: Vec<u32>,
    cut: bool,
}

fn cases() -> Vec<Case> {
    let vectors: Vectors = serde_json::from_str(include_str!("data/tokens.json")).unwrap();
    vectors.cases
}

#[test]
fn every_sentence_has_the_references_tokens() {
    let tokenizer = Tokenizer::clip();
    for case in cases() {
        assert_eq!(tokenizer.ids(&case.text).unwrap(), case.ids_full, "{:?}", case.text);
        for (word_len, row) in [(16, &case.at_16), (17, &case.at_17), (77, &case.at_77)] {
            let encoded = tokenizer.encode(&case.text, word_len).unwrap();
            assert_eq!(encoded.ids, row.ids, "{:?} at {word_len}", case.text);
            assert_eq!(encoded.cut, row.cut, "{:?} at {word_len}", case.text);
            assert_eq!(encoded.uncut_len, case.ids_full.len());
        }
    }
}

#[test]
fn a_batch_holds_the_rows_of_its_sentences() {
    let tokenizer = Tokenizer::clip();
    let cases = cases();
    let sentences: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    let batch = tokenizer.encode_batch(&sentences, 17).unwrap();
    assert_eq!((batch.rows, batch.columns), (cases.len(), 17));
    for (row, case) in batch.ids.chunks_exact(17).zip(&cases) {
        assert_eq!(row, case.at_17.ids);
    }
    let cut: Vec<usize> = (0..cases.len()).filter(|&row| cases[row].at_17.cut).collect();
    assert_eq!(batch.cut, cut);
}

#[test]
fn a_megabyte_of_anything_is_encoded_in_seconds() {
    let tokenizer = Tokenizer::clip();
    let texts = [
        "a".repeat(1 << 20),
        " ".repeat(1 << 20),
        "lung ".repeat(1 << 18),
        "é’ ".repeat(1 << 17),
        "Ã©Â".repeat(1 << 18),
        "\u{1}\u{85}\n".repeat(1 << 18),
        "&amp".repeat(1 << 18),
        format!("&{}", "amp;".repeat(1 << 18)),
        format!("&#{};", "9".repeat(1 << 20)),
        "a\u{301}".repeat(1 << 18),
        "\u{301}".repeat(1 << 18),
        "<|endoftext".repeat(1 << 16),
        "\u{fdfa}".repeat(1 << 16),
    ];
    for text in texts {
        let start = Instant::now();
        let encoded = tokenizer.encode(&text, 77).unwrap();
        let head: String = text.chars().take(8).collect();
        assert!(start.elapsed().as_secs() < 20, "{head:?}: {:?}", start.elapsed());
        assert!(encoded.used <= 77);
    }
}

proptest! {
    #[test]
    fn any_text_is_a_row_that_starts_and_ends(text in any::<String>(), word_len in 2_usize..=77) {
        check(&text, word_len);
    }

    #[test]
    fn damaged_text_is_a_row_too(
        text in "([a-z ]|[\\x00-\\xff]|&#?[a-zA-Z0-9]{0,6};?|[’“ﬁＦÃÂâ€™]|\\x1b\\[|<\\|endoftext\\|>|\u{345}){0,40}",
        word_len in 2_usize..=77,
    ) {
        check(&text, word_len);
    }
}

fn check(text: &str, word_len: usize) {
    let encoded = Tokenizer::clip().encode(text, word_len).unwrap();
    assert_eq!(encoded.ids.len(), word_len);
    assert_eq!(encoded.ids[0], START);
    assert_eq!(encoded.ids[encoded.used - 1], END);
    assert!(encoded.ids.iter().all(|&id| id <= END));
    assert!(encoded.ids[encoded.used..].iter().all(|&id| id == 0));
    assert_eq!(encoded.cut, encoded.uncut_len > word_len);
    assert_eq!(encoded.used, encoded.uncut_len.min(word_len));
}
