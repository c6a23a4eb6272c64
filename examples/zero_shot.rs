//! Asks CLIP which of several sentences fits a picture:
//! `cargo run --release --example zero_shot -- --clip RN50.pt -i x.png "a chest x-ray" "a photo of a dog"`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use burn::tensor::{Tensor, TensorData};
use causal_clip_seg::RgbImage;
use causal_clip_seg::config::{Normalisation, Resize};
use causal_clip_seg::parts::token_tensor;
use clap::Parser;
use clip_encoder::tokenizer::END;
use clip_encoder::{Activation, Clip, RgbView, Tokenizer};
use examples::{DeviceArg, say};
use seg_image::read_rgb;
use weight_files::WeightFile;

/// Says how well each of several sentences fits a picture, by CLIP's ResNet.
///
/// Probabilities are among the sentences given: they sum to 100 %, also when none of them fits.
/// Sentences like CLIP's training captions work best ("a photo of a dog", not "dog").
/// Weights: RN50.pt, RN101.pt or RN50x4.pt of OpenAI, an open_clip checkpoint of these, or what
/// import_weights --clip-only made of one.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// CLIP's weights (.pt, TorchScript, safetensors)
    #[arg(short, long)]
    clip: PathBuf,
    /// The text tower was trained with plain GELU (open_clip's models without `-quickgelu`)
    #[arg(long)]
    gelu: bool,
    /// Picture: PNG, JPEG, TIFF or BMP
    #[arg(short, long)]
    image: PathBuf,
    /// The whole picture, stretched to a square, instead of its central square
    #[arg(long)]
    whole: bool,
    #[command(flatten)]
    device: DeviceArg,
    /// Two or more sentences, each in quotes
    #[arg(required = true, num_args = 2..)]
    sentences: Vec<String>,
}

fn main() -> ExitCode {
    examples::exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    let device = args.device.open()?;
    let file = WeightFile::open(&args.clip)?;
    let gelu = args.gelu || file.metadata().get("activation").is_some_and(|name| name == "gelu");
    let activation = if gelu { Activation::Gelu } else { Activation::QuickGelu };
    let (clip, config, _) = Clip::load(&file, activation, &device).context("loading CLIP")?;
    ensure!(
        config.text.vocabulary > END as usize,
        "{}: its vocabulary has {} tokens, CLIP's sentences need {}",
        args.clip.display(),
        config.text.vocabulary,
        END + 1
    );

    let size = config.image.image_size;
    let image = read_rgb(&args.image)?;
    let image = if args.whole { image } else { central_square(&image) };
    let view = RgbView::new(image.width() as usize, image.height() as usize, image.as_raw())?;
    let pixels = Normalisation::Clip.normalise(&Resize::Stretch.image(view, size)?);
    let pixels = Tensor::<4>::from_data(TensorData::new(pixels, [1, 3, size, size]), &device);

    let context = config.text.context;
    let sentences = args.sentences.iter().map(String::as_str).collect::<Vec<_>>();
    let batch = Tokenizer::clip().with_context(context).encode_batch(&sentences, context)?;
    for row in &batch.cut {
        eprintln!("note: longer than {context} tokens, its end is not read: {}", sentences[*row]);
    }

    let found = clip.zero_shot(pixels, token_tensor(&batch, &device));
    let values = |x: Tensor<2>| x.into_data().convert::<f32>().try_into_vec::<f32>();
    let (probabilities, logits) = (values(found.probabilities())?, values(found.logits)?);
    let mut rows = sentences.into_iter().zip(probabilities).zip(logits).collect::<Vec<_>>();
    rows.sort_by(|((_, a), _), ((_, b), _)| b.total_cmp(a));
    say!("probability   logit  sentence");
    for ((sentence, probability), logit) in rows {
        say!("{:9.2} % {logit:7.3}  {sentence}", 100.0 * probability);
    }
    Ok(())
}

/// What CLIP was trained on: the middle of a picture.
fn central_square(image: &RgbImage) -> RgbImage {
    let (width, height) = image.dimensions();
    let side = width.min(height);
    let (left, top) = ((width - side) / 2, (height - side) / 2);
    RgbImage::from_fn(side, side, |x, y| *image.get_pixel(left + x, top + y))
}
