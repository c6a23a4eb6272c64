//! Segments pictures by a sentence:
//! `cargo run --release --example segment -- -w net.safetensors -i x.png "left lung"`

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use causal_clip_seg::explanation::Explanation;
use causal_clip_seg::{Checkpoint, Mask, Segmenter};
use clap::Parser;
use examples::{DeviceArg, say};
use seg_image::{OverlayStyle, RgbImage, contact_sheet, overlay, read_rgb, write_mask, write_rgb};

/// Next to this file, whatever folder the program is started from.
const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/demo");

/// Segments pictures by sentences.
///
/// For each picture and sentence NAME.mask.png (0 and 255) and NAME.overlay.png (the mask and the
/// sentence on the picture) are left in the folder of --out; with several sentences they are called
/// NAME.1, NAME.2 and so on. Without --weights and --image the demonstration network answers about
/// its own generated picture; on a real X-ray its answer means nothing.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// What to segment; several sentences are answered one by one
    #[arg(default_value = "Lesion in the upper right lung.")]
    sentences: Vec<String>,
    /// A picture: PNG, JPEG, TIFF or BMP; may be given several times
    #[arg(short, long = "image", value_name = "FILE",
        default_values_os_t = [Path::new(DEMO).join("chest.png")])]
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
    /// Draw nothing where the network says that there is nothing: by the threshold in the weights,
    /// or by this one in 0 to 1
    #[arg(long, value_name = "FROM", num_args = 0..=1, require_equals = true)]
    presence: Option<Option<f32>>,
    /// Leave NAME.probability.png too
    #[arg(long)]
    probability: bool,
    /// Leave NAME.explain.png too: both branches' answers and the three gates
    #[arg(long)]
    explain: bool,
    /// Also all overlays side by side in one picture, a row for each image
    #[arg(long, value_name = "PNG")]
    sheet: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArg,
}

fn main() -> ExitCode {
    examples::tune_allocator();
    examples::exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    let device = args.device.open()?;
    let segmenter = Segmenter::load(&args.weights, &device).context("loading the network")?;
    let mut input = segmenter.config().input.clone();
    input.threshold = args.threshold.unwrap_or(input.threshold);
    match args.presence {
        Some(Some(from)) => input.presence = Some(from),
        Some(None) => ensure!(
            input.presence.is_some(),
            "{}: these weights have no threshold of presence: give one, --presence=0.5, or train \
             with data.negatives",
            args.weights.display()
        ),
        None => input.presence = None,
    }
    let segmenter = segmenter.with_input(input)?;
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("making the folder {}", args.out.display()))?;
    // Beside the prepared network the one as trained: the other branch and the gates are its own.
    let trained = match args.explain {
        true => Some(Checkpoint::open(&args.weights)?.load(&device)?),
        false => None,
    };
    let (mut names, mut overlays) = (HashSet::new(), Vec::new());
    for path in &args.images {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        // Two pictures of one name from two folders would leave one another's files.
        ensure!(names.insert(name.clone()), "{}: a second picture of that name", path.display());
        let image = read_rgb(path)?;
        let queries = args.sentences.iter().map(|sentence| (&image, sentence.as_str()));
        let masks = segmenter.segment_many(&queries.collect::<Vec<_>>())?;
        for (number, (sentence, mask)) in args.sentences.iter().zip(&masks).enumerate() {
            let name = match args.sentences.len() {
                1 => name.to_string(),
                _ => format!("{name}.{}", number + 1),
            };
            let overlay = write(&args, &name, &image, sentence, mask)?;
            say!("{}: \"{}\": {}", path.display(), short(sentence), found(mask));
            overlays.push(overlay);
            if let Some(network) = &trained {
                let told = Explanation::new(network, &image, sentence)?;
                let file = args.out.join(format!("{name}.explain.png"));
                write_rgb(&file, &told.sheet(&image, sentence))?;
            }
        }
    }
    say!("{} answers -> {}", overlays.len(), args.out.display());
    if let Some(sheet) = &args.sheet {
        write_rgb(sheet, &contact_sheet(&overlays, args.sentences.len()))?;
    }
    Ok(())
}

/// Leaves the files of one answer; gives its overlay.
fn write(
    args: &Args,
    name: &str,
    image: &RgbImage,
    sentence: &str,
    mask: &Mask,
) -> anyhow::Result<RgbImage> {
    let file = |kind: &str| args.out.join(format!("{name}.{kind}.png"));
    let answer = mask.decided();
    let overlay = overlay(image, &answer, &OverlayStyle::default(), sentence);
    write_mask(&file("mask"), &answer)?;
    write_rgb(&file("overlay"), &overlay)?;
    if args.probability {
        mask.write_probabilities(&file("probability"))?;
    }
    if mask.sentence_cut {
        eprintln!("note: longer than the network reads, its end was not seen: {}", short(sentence));
    }
    Ok(overlay)
}

/// What of a sentence fits on a line.
fn short(sentence: &str) -> String {
    const MOST: usize = 80;
    match sentence.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &sentence[..end]),
        None => sentence.to_owned(),
    }
}

fn found(mask: &Mask) -> String {
    if mask.is_present() == Some(false) {
        return format!("not there (presence {:.3})", mask.presence());
    }
    match mask.binary().bounding_box() {
        None => "nothing found".to_owned(),
        Some(b) => format!(
            "{:.1} % of the picture, columns {} to {}, rows {} to {}",
            100.0 * mask.coverage(),
            b.left,
            b.right,
            b.top,
            b.bottom
        ),
    }
}
