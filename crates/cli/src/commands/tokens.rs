//! `tokens`

use anyhow::Context;
use causal_clip_seg_cli::Console;
use clip_encoder::Tokenizer;
use clip_encoder::tokenizer::CONTEXT;
use serde::Serialize;

/// Shows what the network reads of a sentence.
///
/// CLIP reads pieces of words, called tokens, and at most 77 of them, the start and the end included. A
/// network trained with a shorter word_len never sees the rest of a longer sentence, which is often
/// where the location of a lesion is: 17 (CRIS and the released code) and 16 (MedEquiSeg) cut most
/// sentences of the public sets.
///
/// Prints id and text of each token, and which words are cut. Capitals, doubled spaces and HTML entities
/// make no difference.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  causal-clip-seg tokens --word-len 16 \"Bilateral infection, two lesions.\""
)]
pub(crate) struct Tokens {
    /// Sentences, each in quotes
    #[arg(required = true)]
    sentences: Vec<String>,
    /// Most tokens that are read, start and end included: 2 to 77
    #[arg(short = 'l', long, default_value_t = CONTEXT, value_name = "N")]
    word_len: usize,
    /// Print only the row of ids that the network gets
    #[arg(long)]
    ids: bool,
}

/// A sentence in tokens.
#[derive(Serialize)]
struct Read {
    sentence: String,
    /// The row that the network gets, padding included.
    ids: Vec<u32>,
    tokens: Vec<Token>,
}

#[derive(Serialize)]
struct Token {
    id: u32,
    text: String,
    cut: bool,
}

impl Tokens {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        let tokenizer = Tokenizer::clip();
        let read = self.sentences.iter().map(|sentence| self.read(&tokenizer, sentence));
        let read = read.collect::<anyhow::Result<Vec<_>>>()?;
        console.result(&read, || {
            let describe = |read: &Read| match self.ids {
                true => format!("{:?}\n", read.ids),
                false => self.describe(read),
            };
            read.iter().map(describe).collect()
        })?;
        Ok(true)
    }

    fn read(&self, tokenizer: &Tokenizer, sentence: &str) -> anyhow::Result<Read> {
        let encoded = tokenizer
            .encode(sentence, self.word_len)
            .with_context(|| format!("cannot read the sentence \"{sentence}\""))?;
        let ids = tokenizer.ids(sentence)?;
        let last = ids.len().saturating_sub(1);
        let token = |(place, id): (usize, &u32)| Token {
            id: *id,
            text: tokenizer.piece(*id).unwrap_or_default().to_owned(),
            // A cut sentence keeps its first ids and ends with the end token.
            cut: encoded.cut && (self.word_len - 1..last).contains(&place),
        };
        Ok(Read {
            sentence: sentence.to_owned(),
            tokens: ids.iter().enumerate().map(token).collect(),
            ids: encoded.ids.to_vec(),
        })
    }

    fn describe(&self, read: &Read) -> String {
        let tokens = &read.tokens;
        let mut lines = vec![format!("\"{}\": {} tokens", read.sentence, tokens.len())];
        lines.extend(tokens.iter().map(|Token { id, text, cut }| {
            format!("  {id:5} {text}{}", if *cut { "    <- cut" } else { "" })
        }));
        let mut lengths = vec![self.word_len, 17, 16];
        lengths.dedup();
        for word_len in lengths.into_iter().filter(|word_len| tokens.len() > *word_len) {
            let cut = text(&tokens[word_len - 1..tokens.len() - 1]);
            lines.push(format!("word_len {word_len} cuts \"{cut}\""));
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

/// The tokens put together, a space after each word's last.
fn text(tokens: &[Token]) -> String {
    let pieces = tokens.iter().map(|token| token.text.as_str());
    pieces.collect::<String>().replace("</w>", " ").trim_end().to_owned()
}
