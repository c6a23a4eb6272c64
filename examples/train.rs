//! Trains CausalCLIPSeg on pictures, sentences and masks:
//! `cargo run --release --example train -- --data DIR --preset small --out runs/first`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use causal_clip_seg::{CausalClipSeg, CausalClipSegConfig, Resize, Segmenter};
use clap::Parser;
use examples::{DeviceArg, print_scores, say, write_sheet};
use seg_data::{Dataset, Split};
use trainer::{Order, TrainConfig, train};

/// Trains CausalCLIPSeg on pictures, sentences and masks.
///
/// DIR holds manifest.csv (columns image, mask, text, split; paths relative to DIR) or the folders
/// of LViT's sets (Train_Folder/{img, labelcol, Train_text.xlsx}, the same for Val and Test).
///
/// In the folder of --out are left: best.safetensors (the epoch with the best validation Dice),
/// last.safetensors, log.jsonl (each step and epoch), validation.png (answers amber, references
/// green). At the end the best network is scored on validation cases with their own sentences, with
/// those of other cases, and, where a picture has a sentence for either side, against the other
/// side's mask: a network that reads does well on the first and badly on the others.
///
/// On a CPU start with --preset small: tens of minutes for a few thousand cases.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// Folder of the set
    #[arg(long)]
    data: PathBuf,
    /// Sizes of the network: tiny, small, rn50 or rn101
    #[arg(long, default_value = "small")]
    preset: String,
    /// Start the towers from this CLIP checkpoint (safetensors, .pt) instead of random weights
    #[arg(long)]
    clip: Option<PathBuf>,
    /// Where the run's files go
    #[arg(long, default_value = "runs/train")]
    out: PathBuf,
    /// Side of the network's input in pixels, a multiple of 32 (the preset's)
    #[arg(long)]
    size: Option<usize>,
    /// How pictures get that size: letterbox or stretch (the preset's)
    #[arg(long)]
    resize: Option<Resize>,
    /// Passes over the training cases
    #[arg(long, default_value_t = TrainConfig::default().epochs)]
    epochs: usize,
    /// Cases in a step
    #[arg(long, default_value_t = TrainConfig::default().batch)]
    batch: usize,
    /// Highest learning rate
    #[arg(long, default_value_t = TrainConfig::default().learning_rate)]
    lr: f64,
    /// How the two players take turns: alternating, simultaneous or off
    #[arg(long, default_value = "alternating")]
    order: Order,
    /// Share of the epochs with the gates held open
    #[arg(long, default_value_t = TrainConfig::default().warm_up)]
    warm_up: f64,
    /// How much the gates mind the confounding branch
    #[arg(long, default_value_t = TrainConfig::default().adversary)]
    adversary: f64,
    /// Share of the sentences shown among random words: for text towers from random weights
    #[arg(long, default_value_t = TrainConfig::default().fillers)]
    fillers: f64,
    /// Validation cases that are scored, from the first on
    #[arg(long, default_value_t = TrainConfig::default().validation_cases)]
    validation_cases: usize,
    /// Of initial weights, order of cases and jitter
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    device: DeviceArg,
}

fn main() -> ExitCode {
    examples::exit_code(run(Args::parse()))
}

fn run(args: Args) -> anyhow::Result<bool> {
    let device = args.device.open()?.autodiff();
    let data = Dataset::open(&args.data).context("opening the set")?;
    let mut model = CausalClipSegConfig::preset(&args.preset)?;
    let network = match &args.clip {
        Some(file) => {
            let loaded = CausalClipSeg::start_from_clip(file, args.seed, &device)?;
            say!("{}: {}", file.display(), loaded.report);
            model = loaded.config;
            loaded.network
        }
        None => CausalClipSeg::new(&model, &device)?.with_random_weights(args.seed, |_| true),
    };
    model.input.size = args.size.unwrap_or(model.input.size);
    model.input.resize = args.resize.unwrap_or(model.input.resize);
    let config = TrainConfig {
        seed: args.seed,
        epochs: args.epochs,
        batch: args.batch,
        learning_rate: args.lr,
        order: args.order,
        warm_up: args.warm_up,
        adversary: args.adversary,
        fillers: args.fillers,
        validation_cases: args.validation_cases,
        ..TrainConfig::default()
    };
    let report = train(network, &model, &config, &data, &args.out, &device)?;
    say!("{} steps in {:.0} s; best network: {}", report.steps, report.wall, report.best.display());

    let segmenter = Segmenter::load(&report.best, &device)?;
    let cases = data.cases(Split::Val);
    let cases = &cases[..cases.len().min(args.validation_cases)];
    let sheet = args.out.join("validation.png");
    write_sheet(&segmenter, cases, &sheet)?;
    say!("some of them -> {}", sheet.display());
    print_scores(&segmenter, cases, "validation", args.seed)?;
    Ok(true)
}
