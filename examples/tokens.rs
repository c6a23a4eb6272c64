//! Shows what the network reads of a sentence:
//! `cargo run --release --example tokens -- --word-len 16 "Bilateral infection, two lesions."`

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use clip_encoder::Tokenizer;
use clip_encoder::tokenizer::CONTEXT;
use examples::say;

/// Shows the tokens of sentences: id and text of each, and what is cut.
///
/// CLIP reads pieces of words, at most 77 with the start and the end. A network trained with a
/// shorter word_len never sees the rest of a longer sentence, which is often where the lesion is:
/// 17 (CRIS, the released code) and 16 (MedEquiSeg) cut most sentences of the public sets.
/// Capitals, doubled spaces and HTML entities make no difference.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// Sentences, each in quotes
    #[arg(required = true)]
    sentences: Vec<String>,
    /// Longest sentence in tokens, start and end included: 2 to 77
    #[arg(short, long, default_value_t = CONTEXT)]
    word_len: usize,
    /// The row of ids alone, as the network takes it
    #[arg(long)]
    ids: bool,
}

fn main() -> ExitCode {
    examples::exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    let tokenizer = Tokenizer::clip();
    for sentence in &args.sentences {
        let encoded = tokenizer
            .encode(sentence, args.word_len)
            .with_context(|| format!("the sentence \"{sentence}\""))?;
        if args.ids {
            say!("{:?}", encoded.ids);
            continue;
        }
        let ids = tokenizer.ids(sentence)?;
        say!("\"{sentence}\": {} tokens", ids.len());
        for (place, id) in ids.iter().enumerate() {
            // A cut sentence keeps its first ids and ends with the end token.
            let is_cut = encoded.cut && (args.word_len - 1..ids.len() - 1).contains(&place);
            let piece = tokenizer.piece(*id).unwrap_or_default();
            say!("  {id:5} {piece}{}", if is_cut { "    <- cut" } else { "" });
        }
        let mut lengths = vec![args.word_len, 17, 16];
        lengths.dedup();
        for word_len in lengths {
            let cut = ids.get(word_len - 1..ids.len() - 1).unwrap_or_default();
            if ids.len() > word_len {
                say!("word_len {word_len} cuts \"{}\"", text(&tokenizer, cut));
            }
        }
    }
    Ok(())
}

/// The pieces put together, a space after each word's last.
fn text(tokenizer: &Tokenizer, ids: &[u32]) -> String {
    let pieces = ids.iter().filter_map(|id| tokenizer.piece(*id));
    pieces.collect::<String>().replace("</w>", " ").trim_end().to_owned()
}
