//! What happens inside on the way to a mask.

use burn::module::Module;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Tensor, TensorData};
use causal_seg_decoder::ProjectorForm;
use clip_encoder::Tokenizer;
use seg_image::{BinaryMask, OverlayStyle, Rgb, RgbImage, contact_sheet, overlay};
use vision_layers::host;

use crate::errors::SegError;
use crate::mask::Mask;
use crate::network::CausalClipSeg;
use crate::segmenter::{network_pixels, token_tensor};

/// Both branches' answers to a sentence, and the gates that split the picture's features.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The answer of the causal branch.
    pub causal: Mask,
    /// The answer of the confounding branch.
    pub confounding: Mask,
    /// The gates of the three levels, finest first: means over the channels at the picture's size,
    /// row-major, in `[0, 1]`. One keeps a feature for the causal side, zero for the other. They do
    /// not depend on the sentence.
    pub gates: [Vec<f32>; 3],
}

impl Explanation {
    /// Looks into a network as it was trained, out of training.
    ///
    /// # Errors
    ///
    /// If the picture has no pixels.
    pub fn new(
        network: &CausalClipSeg,
        image: &RgbImage,
        sentence: &str,
    ) -> Result<Self, SegError> {
        let network = network.valid();
        let (device, input) = (network.device(), &network.config().input);
        let (size, (width, height)) = (input.size, image.dimensions());
        let batch = Tokenizer::clip().encode_batch(&[sentence], input.word_len)?;
        let pixels = TensorData::new(network_pixels(image, input)?, [1, 3, size, size]);
        let pixels = Tensor::<4>::from_data(pixels, &device);
        let stages = network.stages(pixels, token_tensor(&batch, &device), ProjectorForm::Fast);
        let at_picture = |map: &[f32]| {
            let back = input.resize.back(map, size, width as usize, height as usize);
            // A bicubic warp overshoots a little.
            back.map(|map| map.iter().map(|value| value.clamp(0.0, 1.0)).collect::<Vec<_>>())
        };
        let answer = |logits: Tensor<4>| -> Result<Mask, SegError> {
            Ok(Mask {
                width,
                height,
                probabilities: at_picture(&host(sigmoid(logits)))?,
                threshold: input.threshold,
                presence_threshold: None,
                tiles_presence: None,
                sentence_cut: !batch.cut.is_empty(),
            })
        };
        let gate = |gate: Tensor<4>| -> Result<Vec<f32>, SegError> {
            let side = gate.dims()[3];
            let cells = host(gate.mean_dim(1));
            let step = size / side;
            let pixel = |at: usize| cells[at / size / step * side + at % size / step];
            Ok(at_picture(&(0..size * size).map(pixel).collect::<Vec<_>>())?)
        };
        let [fine, middle, coarse] = stages.neck.gates.causal;
        Ok(Self {
            causal: answer(stages.logits.causal)?,
            confounding: answer(stages.logits.confounding)?,
            gates: [gate(fine)?, gate(middle)?, gate(coarse)?],
        })
    }

    /// Six tiles: the picture with the causal answer, with the confounding one, where both agree;
    /// and the three gates, white at the highest value of each, with the range below.
    pub fn sheet(&self, image: &RgbImage, sentence: &str) -> RgbImage {
        let style = OverlayStyle::default();
        let (causal, confounding) = (self.causal.binary(), self.confounding.binary());
        let both = causal.values.iter().zip(&confounding.values).map(|(a, b)| *a && *b).collect();
        let both = BinaryMask { values: both, ..causal.clone() };
        let mut tiles = vec![
            overlay(image, &causal, &style, &format!("causal: {sentence}")),
            overlay(image, &confounding, &style, "confounding"),
            overlay(image, &both, &style, "in both"),
        ];
        let nothing = BinaryMask { values: vec![false; causal.values.len()], ..causal };
        for (gate, name) in self.gates.iter().zip(["c3", "c4", "c5"]) {
            let (low, high) = gate
                .iter()
                .fold((1.0f32, 0.0f32), |(low, high), value| (low.min(*value), high.max(*value)));
            let mut heat = RgbImage::new(image.width(), image.height());
            for (pixel, value) in heat.pixels_mut().zip(gate) {
                let share = (value - low) / (high - low).max(f32::EPSILON);
                *pixel = Rgb([(share * 255.0).round() as u8; 3]);
            }
            let caption = format!("gate on {name}: {low:.3} (black) to {high:.3} (white)");
            tiles.push(overlay(&heat, &nothing, &style, &caption));
        }
        contact_sheet(&tiles, 3)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::config::CausalClipSegConfig;
    use crate::segmenter::Segmenter;

    #[test]
    fn the_causal_answer_is_the_segmenters() {
        let device = Device::flex();
        let mut config = CausalClipSegConfig::tiny();
        config.input.size = 64;
        let network = config.init(&device).unwrap().with_random_weights(3, |_| true);
        let image = RgbImage::from_fn(50, 40, |x, y| Rgb([(x * 5) as u8, (y * 6) as u8, 90]));
        let told = Explanation::new(&network, &image, "left").unwrap();
        let segmenter = Segmenter::new(network).unwrap();
        let answer = segmenter.segment(&image, "left").unwrap();
        let worst = answer.probabilities.iter().zip(&told.causal.probabilities);
        let worst = worst.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{worst}");
        assert!(told.gates.iter().all(|gate| gate.len() == 2000));
        assert!(told.gates.iter().flatten().all(|value| (0.0..=1.0).contains(value)));
        assert!(told.sheet(&image, "left").width() >= 3 * 448);
    }
}
