//! Segments pictures by a sentence:
//! `cargo run --release --example segment -- -w net.safetensors -i x.png "left lung"`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use causal_clip_seg::Segmenter;
use clap::Parser;
use examples::DeviceArg;
use seg_image::read_rgb;

/// Next to this file, whatever folder the program is started from.
const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/demo");

/// Segments pictures by a sentence.
///
/// For each picture NAME.mask.png (0 and 255) and NAME.overlay.png (the mask and the sentence on the
/// picture) are left in the folder of --out. Without --weights and --images the demonstration
/// network answers about its own generated picture; on a real X-ray its answer means nothing.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// What to segment
    #[arg(default_value = "The lesion in the upper left lung.")]
    sentence: String,
    /// Pictures: PNG, JPEG, TIFF or BMP
    #[arg(short, long, num_args = 1.., default_values_os_t = [Path::new(DEMO).join("chest.png")])]
    images: Vec<PathBuf>,
    /// Trained weights (safetensors)
    #[arg(short, long, default_value_os_t = Path::new(DEMO).join("tiny.safetensors"))]
    weights: PathBuf,
    /// Folder that the files go to
    #[arg(short, long, default_value = "runs/segment")]
    out: PathBuf,
    /// Probability from which a pixel belongs to the mask (the weights' own)
    #[arg(long)]
    threshold: Option<f32>,
    /// Leave NAME.probability.png too
    #[arg(long)]
    probability: bool,
    #[command(flatten)]
    device: DeviceArg,
}

fn main() -> ExitCode {
    examples::exit_code(run(Args::parse()))
}

fn run(args: Args) -> anyhow::Result<bool> {
    let device = args.device.open()?;
    let segmenter = Segmenter::load(&args.weights, &device).context("loading the network")?;
    let mut input = segmenter.config().input.clone();
    input.threshold = args.threshold.unwrap_or(input.threshold);
    let segmenter = segmenter.with_input(input)?;
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("making the folder {}", args.out.display()))?;
    for path in &args.images {
        let image = read_rgb(path)?;
        let mask = segmenter.segment(&image, &args.sentence)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = |kind: &str| args.out.join(format!("{name}.{kind}.png"));
        mask.write_png(&file("mask"))?;
        mask.write_overlay(&file("overlay"), &image, &args.sentence)?;
        if args.probability {
            mask.write_probabilities(&file("probability"))?;
        }
        if mask.sentence_cut {
            eprintln!("note: the sentence is longer than the network reads; its end was not seen");
        }
        let place = mask.binary().bounding_box().map_or_else(
            || "nothing found".to_owned(),
            |b| format!("columns {} to {}, rows {} to {}", b.left, b.right, b.top, b.bottom),
        );
        println!(
            "{}: {:.1} % of the picture ({place}) -> {}",
            path.display(),
            100.0 * mask.coverage(),
            file("overlay").display()
        );
    }
    Ok(true)
}
