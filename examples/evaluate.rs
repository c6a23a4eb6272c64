//! Scores a trained network on a set:
//! `cargo run --release --example evaluate -- -w net.safetensors --data DIR --split test`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use causal_clip_seg::Segmenter;
use clap::Parser;
use examples::{DeviceArg, print_scores, write_sheet};
use seg_data::{Dataset, Split};

/// Scores a trained network on a split of a set.
///
/// Dice and IoU are means over cases at each mask's own size (1 where answer and reference are both
/// empty, 0 where one is). Three lines: with the cases' own sentences; with those of other cases,
/// moved on by a step that the seed decides; and, where a picture has a sentence for either side,
/// against the other side's mask. A network that reads does well on the first alone. The interval is
/// of the mean Dice: pictures drawn anew 10 000 times.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// Trained weights (safetensors)
    #[arg(short, long)]
    weights: PathBuf,
    /// Folder of the set, as train takes it
    #[arg(long)]
    data: PathBuf,
    /// train, val or test
    #[arg(long, default_value_t = Split::Val)]
    split: Split,
    /// Only the first cases of the split
    #[arg(long)]
    cases: Option<usize>,
    /// Also a picture of twelve answers (amber) and references (green)
    #[arg(long, value_name = "PNG")]
    sheet: Option<PathBuf>,
    /// Of the step by which sentences are moved on, and of the interval
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    device: DeviceArg,
}

fn main() -> ExitCode {
    examples::exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    let device = args.device.open()?;
    let segmenter = Segmenter::load(&args.weights, &device).context("loading the network")?;
    let data = Dataset::open(&args.data).context("opening the set")?;
    let mut cases = data.cases(args.split);
    ensure!(!cases.is_empty(), "{}: no case in the split {}", args.data.display(), args.split);
    cases.truncate(args.cases.unwrap_or(usize::MAX));
    if let Some(sheet) = &args.sheet {
        write_sheet(&segmenter, &cases, sheet)?;
    }
    print_scores(&segmenter, &cases, &args.split.to_string(), args.seed)
}
