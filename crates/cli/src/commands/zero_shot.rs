//! `zero-shot`

use std::path::PathBuf;

use anyhow::{Context, ensure};
use burn::tensor::{Tensor, TensorData};
use causal_clip_seg::config::{Normalisation, Resize};
use causal_clip_seg::parts::{TokenBatch, token_tensor};
use causal_clip_seg::weights::WeightSource;
use causal_clip_seg::{RgbImage, read_rgb};
use causal_clip_seg_cli::{Console, DeviceArg};
use clip_encoder::tokenizer::END;
use clip_encoder::{Activation, Clip, ClipConfig, RgbView, Tokenizer, find_network};
use serde::Serialize;

use crate::arguments::open_weights;

/// Says which of several sentences fits a picture best, by CLIP alone.
///
/// Prints a probability for each sentence. They are shares among the sentences given and sum to 100 %
/// even if none of them fits. Sentences like CLIP's training captions work best ("a photo of a dog", not
/// "dog").
///
/// Weights: RN50.pt, RN101.pt or RN50x4.pt from OpenAI, an open_clip checkpoint of one of these, or the
/// result of `import --clip-only`.
#[derive(clap::Args)]
#[command(after_help = "Example:
  causal-clip-seg zero-shot --clip RN50.pt -i x.png \"a chest x-ray\" \"a photo of a dog\"")]
pub(crate) struct ZeroShot {
    /// CLIP's weights: a file (.pt, TorchScript or safetensors), clip:RN50, clip:RN101, or
    /// hf:OWNER/REPO[/FILE][@REVISION] from Hugging Face's hub
    #[arg(short, long, value_name = "FILE")]
    clip: PathBuf,
    /// The text tower was trained with plain GELU (open_clip's models without `-quickgelu`)
    #[arg(long)]
    gelu: bool,
    /// A picture: PNG, JPEG, TIFF or BMP
    #[arg(short, long, value_name = "FILE")]
    image: PathBuf,
    /// Use the whole picture, stretched to a square, instead of its central square
    #[arg(long)]
    whole: bool,
    #[command(flatten)]
    device: DeviceArg,
    /// Two or more sentences, each in quotes
    #[arg(required = true, num_args = 2..)]
    sentences: Vec<String>,
}

/// How well a sentence fits.
#[derive(Serialize)]
struct Fit {
    sentence: String,
    probability: f32,
    logit: f32,
}

impl ZeroShot {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        let device = self.device.open(console)?;
        let file = open_weights(&WeightSource::parse(&self.clip)?, console)?.file;
        let named_gelu = file.metadata().get("activation").is_some_and(|name| name == "gelu");
        let activation =
            if self.gelu || named_gelu { Activation::Gelu } else { Activation::QuickGelu };
        let found = find_network(&file, None).context("cannot load CLIP")?;
        if let Some(note) = found.note() {
            console.note(format!("{note} (`import --clip-only --key NAME` takes another)"));
        }
        let (clip, config, _) =
            Clip::load_found(&found, activation, &device).context("cannot load CLIP")?;
        ensure!(
            config.text.vocabulary > END as usize,
            "{}: expected a vocabulary of at least {} tokens, which CLIP's sentences need, found {}",
            self.clip.display(),
            END + 1,
            config.text.vocabulary
        );
        let size = config.image.image_size;
        let pixels = TensorData::new(self.pixels(size)?, [1, 3, size, size]);
        let pixels = Tensor::<4>::from_data(pixels, &device);

        let batch = self.tokens(&config, console)?;
        let found = clip.zero_shot(pixels, token_tensor(&batch, &device));
        let values = |x: Tensor<2>| x.into_data().convert::<f32>().try_into_vec::<f32>();
        let (probabilities, logits) = (values(found.probabilities())?, values(found.logits)?);
        let answers = self.sentences.into_iter().zip(probabilities).zip(logits);
        let mut fits = answers
            .map(|((sentence, probability), logit)| Fit { sentence, probability, logit })
            .collect::<Vec<_>>();
        fits.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        console.result(&fits, || {
            let line = |Fit { sentence, probability, logit }: &Fit| {
                format!("{:9.2} % {logit:7.3}  {sentence}\n", 100.0 * probability)
            };
            let lines = fits.iter().map(line).collect::<String>();
            format!("probability   logit  sentence\n{lines}")
        })?;
        Ok(true)
    }

    fn pixels(&self, size: usize) -> anyhow::Result<Vec<f32>> {
        let image = read_rgb(&self.image)?;
        let image = if self.whole { image } else { central_square(&image) };
        let view = RgbView::new(image.width() as usize, image.height() as usize, image.as_raw())?;
        Ok(Normalisation::Clip.normalise(&Resize::Stretch.image(view, size)?))
    }

    fn tokens(&self, config: &ClipConfig, console: Console) -> anyhow::Result<TokenBatch> {
        let context = config.text.context;
        let sentences = self.sentences.iter().map(String::as_str).collect::<Vec<_>>();
        let batch = Tokenizer::clip().with_context(context).encode_batch(&sentences, context)?;
        for row in &batch.cut {
            console.note(format!(
                "a sentence is longer than {context} tokens, its end is not read: {}",
                sentences[*row]
            ));
        }
        Ok(batch)
    }
}

/// What CLIP was trained on: the middle of a picture.
fn central_square(image: &RgbImage) -> RgbImage {
    let (width, height) = image.dimensions();
    let side = width.min(height);
    let (left, top) = ((width - side) / 2, (height - side) / 2);
    RgbImage::from_fn(side, side, |x, y| *image.get_pixel(left + x, top + y))
}
