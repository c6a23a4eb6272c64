//! Turns a checkpoint of PyTorch into a weight file of ours, and says what became of its tensors:
//! `cargo run --release --example import_weights -- --input released.pth --out net.safetensors`

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use causal_clip_seg::Checkpoint;
use causal_clip_seg::config::{Branch, ClipConfig, Normalisation, Resize};
use causal_clip_seg::format::{FORMAT, FORMAT_KEY, LoadReport, Precision};
use causal_clip_seg::parts::Clip;
use clap::Parser;
use clip_encoder::{Activation, CLIP_NAMES, clip_prefix, tensors_of};
use examples::{DeviceArg, say};
use vision_layers::Names;
use weight_files::{WeightFile, write_safetensors};

/// Turns a checkpoint into a weight file of ours (safetensors), strictly.
///
/// Reads the released network, MedEquiSeg's trainings of it, and CLIP's ResNets of OpenAI and
/// open_clip: torch.save archives (.pt, .pth, with or without `state_dict`, `model`, `module.`),
/// TorchScript archives and safetensors. Sizes come from the shapes. A tensor that is missing, has
/// another shape or is not finite is an error; one that is not used is listed.
///
/// A checkpoint does not say how pictures and sentences were prepared: say it here, and the weight
/// file will know. A MedEquiSeg training, for example, is
///   --resize stretch --normalisation none --word-len 16 --branch mean
/// and one by the recipe of CRIS at 416 pixels
///   --size 416 --resize letterbox --word-len 17 --threshold 0.35
///
/// A file of ours can be read too: in 16 bits, or with --prepare, it becomes what a program needs that
/// only answers.
///
/// CLIP alone is no segmentation network: --clip-only converts it as it is (for zero_shot),
/// --start-from-clip puts a decoder with random weights on it (to be trained).
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// The checkpoint
    #[arg(short, long)]
    input: PathBuf,
    /// Where the weight file goes
    #[arg(short, long)]
    out: PathBuf,
    /// Write 16-bit numbers: half the size, 11 significant bits
    #[arg(long)]
    f16: bool,
    /// The text tower was trained with plain GELU (open_clip's models without `-quickgelu`)
    #[arg(long)]
    gelu: bool,
    /// Convert CLIP alone, of a CLIP checkpoint or of a segmentation network
    #[arg(long, conflicts_with = "start_from_clip")]
    clip_only: bool,
    /// Take the towers, draw the decoder at random
    #[arg(long)]
    start_from_clip: bool,
    /// For inference alone: batch norms folded into the convolutions, and without the confounding
    /// projector where the mask is the causal branch's; cannot be trained any more
    #[arg(long, conflicts_with_all = ["clip_only", "start_from_clip"])]
    prepare: bool,
    /// Of the random decoder
    #[arg(long, default_value_t = 0, requires = "start_from_clip")]
    seed: u64,
    #[command(flatten)]
    trained: Trained,
    #[command(flatten)]
    device: DeviceArg,
}

/// How the network was trained, as far as it differs from what the file says or the defaults.
#[derive(clap::Args)]
#[group(multiple = true, conflicts_with = "clip_only")]
struct Trained {
    /// Side of the network's input in pixels, a multiple of 32 (CLIP's own)
    #[arg(long)]
    size: Option<usize>,
    /// How pictures got that size: letterbox or stretch (letterbox)
    #[arg(long)]
    resize: Option<Resize>,
    /// Whether CLIP's mean and deviation were taken out of the pixels: clip or none (clip)
    #[arg(long)]
    normalisation: Option<Normalisation>,
    /// Longest sentence in tokens, start and end included (all that CLIP reads)
    #[arg(long)]
    word_len: Option<usize>,
    /// Probability from which a pixel belongs to the mask (0.5)
    #[arg(long)]
    threshold: Option<f32>,
    /// What the mask is made of: causal, or mean of both logits (causal)
    #[arg(long)]
    branch: Option<Branch>,
}

fn main() -> ExitCode {
    examples::exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    let device = args.device.open()?;
    let file = WeightFile::open(&args.input)?;
    let activation = if args.gelu { Activation::Gelu } else { Activation::QuickGelu };
    let precision = if args.f16 { Precision::F16 } else { Precision::F32 };
    // A file of ours keeps its recipe, licence and scores.
    let is_ours = file.metadata().get(FORMAT_KEY).is_some_and(|format| format == FORMAT);
    let mut notes = if is_ours { file.metadata().clone() } else { BTreeMap::new() };
    let name = args.input.file_name().unwrap_or_default().to_string_lossy().into_owned();
    notes.entry("source".to_owned()).or_insert(name);

    if args.clip_only {
        let (clip, config, report) = Clip::load(&file, activation, &device)?;
        describe(&args, &config, &report);
        let mut tensors = tensors_of(&clip, &Names::new(&[CLIP_NAMES]));
        // The dense head's shortcut is no part of CLIP.
        tensors.retain(|tensor| !report.fresh.contains(&tensor.name));
        let notes = BTreeMap::from([
            ("source".to_owned(), notes.remove("source").unwrap_or_default()),
            ("activation".to_owned(), if args.gelu { "gelu" } else { "quick_gelu" }.to_owned()),
        ]);
        write_safetensors(&args.out, &notes, tensors, precision)?;
        say!("-> {}", args.out.display());
        return Ok(());
    }
    ensure!(
        args.start_from_clip || clip_prefix(&file)?.ends_with("backbone."),
        "{} holds CLIP alone: --clip-only converts it as it is, --start-from-clip puts a decoder \
         with random weights on it",
        args.input.display()
    );
    let checkpoint = Checkpoint::open(&args.input)?;
    let mut config = checkpoint.config().clone();
    if args.gelu {
        config.clip.text.activation = activation;
    }
    let (input, trained) = (&mut config.input, &args.trained);
    input.size = trained.size.unwrap_or(input.size);
    input.resize = trained.resize.unwrap_or(input.resize);
    input.normalisation = trained.normalisation.unwrap_or(input.normalisation);
    input.word_len = trained.word_len.unwrap_or(input.word_len);
    input.threshold = trained.threshold.unwrap_or(input.threshold);
    input.branch = trained.branch.unwrap_or(input.branch);
    let mut checkpoint = checkpoint.with_config(config)?;
    if args.start_from_clip {
        checkpoint = checkpoint.clip_towers(args.seed);
    }
    let (network, report) = checkpoint.load_reported(&device)?;
    describe(&args, &network.config().clip, &report);
    say!("recorded as its input: {:?}", network.config().input);
    match args.prepare {
        true => network.save_prepared(&args.out, precision, &notes),
        false => network.save(&args.out, precision, &notes),
    }?;
    if args.start_from_clip {
        say!("NOT TRAINED: the decoder's weights are random (seed {})", args.seed);
    }
    say!("-> {}", args.out.display());
    Ok(())
}

/// What the shapes say, and what became of the file's tensors.
fn describe(args: &Args, clip: &ClipConfig, report: &LoadReport) {
    let name = clip.published_name().unwrap_or("of no published size");
    say!("{}: CLIP {name} by its shapes: {clip:?}", args.input.display());
    say!("{report}");
    for (title, names) in [("fresh by design", &report.fresh), ("unused", &report.unused)] {
        for name in names {
            say!("  {title}: {name}");
        }
    }
}
