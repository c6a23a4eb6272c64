//! Looks a set over before anything is trained on it:
//! `cargo run --release --example inspect_data -- --data DIR --out DIR`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use causal_clip_seg::Tokenizer;
use clap::Parser;
use examples::say;
use indicatif::{ProgressBar, ProgressStyle};
use seg_data::{Dataset, OpenOptions, Split};
use seg_inspect::{InspectOptions, Inspection};

/// Looks a set over before anything is trained on it.
///
/// Counts, sizes, masks and sentences; patients in more than one split; equal and nearly equal
/// pictures and whether their masks agree; likely typing errors; what left and right mean, measured
/// from the masks, and which augmentation is safe because of it. Every finding names file and row.
/// With --out also report.html (one page, pictures inside) and report.json (everything).
///
/// Exit code 1 if the set cannot be trained on.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// Folder of the set, as train takes it
    #[arg(long)]
    data: PathBuf,
    /// Folder that the reports go to
    #[arg(short, long)]
    out: Option<PathBuf>,
    /// What belongs together, as a pattern on pictures' names (QaTa: sub-S\d+)
    #[arg(long, value_name = "PATTERN")]
    group: Option<String>,
}

fn main() -> ExitCode {
    examples::exit_code(run(Args::parse()))
}

fn run(args: Args) -> anyhow::Result<bool> {
    let options = OpenOptions { group_pattern: args.group.clone(), ..OpenOptions::default() };
    let data = Dataset::open_with(&args.data, &options).context("opening the set")?;
    let cases = Split::ALL.iter().map(|split| data.cases(*split).len()).sum::<usize>();
    let style = ProgressStyle::with_template("looking {bar:30} {pos}/{len} {eta}")?;
    let bar = ProgressBar::new(cases as u64).with_style(style);
    let tokenizer = Tokenizer::clip();
    let tokens = |sentence: &str| match tokenizer.encode(sentence, 77) {
        Ok(encoded) => encoded.uncut_len,
        Err(_) => 0,
    };
    let tick = || bar.inc(1);
    let options = InspectOptions { tick: &tick, ..InspectOptions::new(&tokens) };
    let inspection = Inspection::run(&data, &options)?;
    bar.finish_and_clear();
    say!("{}", inspection.summary());
    if let Some(out) = &args.out {
        std::fs::create_dir_all(out)
            .with_context(|| format!("making the folder {}", out.display()))?;
        let page = out.join("report.html");
        whole_file::write(&page, inspection.html().as_bytes())?;
        whole_file::write(&out.join("report.json"), &serde_json::to_vec_pretty(&inspection)?)?;
        say!("-> {} and report.json", page.display());
    }
    Ok(inspection.can_train())
}
