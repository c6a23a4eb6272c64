//! Says which convention a published pair of Dice and IoU follows:
//! `cargo run --release --example convention -- --dice 83.66 --iou 75.11`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use examples::say;
use seg_metrics::{Percent, PublishedPair};
use seg_report::{OwnScores, describe_pair};

/// Says whether a published Dice and IoU are means over images or pooled over all pixels.
///
/// Of one pair of masks, and of all pixels of a set together, Dice is 2 IoU / (1 + IoU). A mean over
/// images falls short of that unless all images score alike, and is never below the mean IoU. So the
/// two numbers tell how they were averaged, as far as their digits go: type them as they are printed,
/// with all decimals. With --scores our own figures stand beside them in the same convention.
///
/// What a pair would be under another convention cannot be computed from it. To see how far the
/// conventions differ on masks that you have: score_masks --all-conventions.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// Published Dice in percent, as printed: 83.66
    #[arg(long)]
    dice: Percent,
    /// Published IoU in percent (often called mIoU), as printed: 75.11
    #[arg(long)]
    iou: Percent,
    /// A scores.json that evaluate or score_masks left: its control `true` is set beside the pair
    #[arg(long)]
    scores: Option<PathBuf>,
}

fn main() -> ExitCode {
    examples::exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    let pair = PublishedPair::new(args.dice, args.iou)?;
    let own = args.scores.as_deref().map(OwnScores::read).transpose()?;
    say!("{}", describe_pair(&pair, own.as_ref()).trim_end());
    Ok(())
}
