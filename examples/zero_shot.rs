//! Asks CLIP which of several sentences fits a picture:
//! `cargo run --release -p examples --example zero_shot -- RN50.pt x.png "a chest x-ray" "a dog"`
//!
//! Without arguments the towers of the demonstration network answer; they never learned this task.

use causal_clip_seg::burn::tensor::{Tensor, TensorData};
use causal_clip_seg::parts::token_tensor;
use causal_clip_seg::{Device, read_rgb};
use clip_encoder::{Activation, Clip, Normalisation, Resize, RgbView, Tokenizer};
use weight_files::WeightFile;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let weights = arguments.next().unwrap_or_else(|| "assets/demo/tiny.safetensors".to_owned());
    let picture = arguments.next().unwrap_or_else(|| "assets/demo/chest.png".to_owned());
    let mut sentences = arguments.collect::<Vec<_>>();
    if sentences.is_empty() {
        sentences = ["a chest x-ray", "a photo of a dog"].map(str::to_owned).to_vec();
    }
    let sentences = sentences.iter().map(String::as_str).collect::<Vec<_>>();

    let device = Device::flex();
    let file = WeightFile::open(&weights)?;
    let (clip, config, _) = Clip::load(&file, Activation::QuickGelu, &device)?;

    // The picture, stretched to CLIP's square, in CLIP's colours: [1, 3, size, size].
    let size = config.image.image_size;
    let image = read_rgb(&picture)?;
    let view = RgbView::new(image.width() as usize, image.height() as usize, image.as_raw())?;
    let pixels = Normalisation::Clip.normalise(&Resize::Stretch.image(view, size)?);
    let pixels = Tensor::from_data(TensorData::new(pixels, [1, 3, size, size]), &device);

    let context = config.text.context;
    let tokens = Tokenizer::clip().with_context(context).encode_batch(&sentences, context)?;
    let found = clip.zero_shot(pixels, token_tensor(&tokens, &device));

    // The probabilities are among these sentences: they sum to one even if none of them fits.
    let probabilities = found.probabilities().into_data().try_into_vec::<f32>()?;
    for (sentence, probability) in sentences.iter().zip(probabilities) {
        println!("{:6.2} %  {sentence}", 100.0 * probability);
    }
    Ok(())
}
