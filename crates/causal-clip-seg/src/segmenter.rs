//! For people: a picture and a sentence in, a mask out.

use std::path::Path;

use burn::module::Module;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Int, Tensor, TensorData};
use clip_encoder::tokenizer::END;
use clip_encoder::{RgbView, TokenBatch, Tokenizer};
use seg_image::RgbImage;

use crate::config::{Branch, CausalClipSegConfig, InputConfig};
use crate::error::{ConfigError, SegError};
use crate::mask::Mask;
use crate::network::CausalClipSeg;

/// A trained network with everything that stands before and after it.
#[derive(Debug)]
pub struct Segmenter {
    network: CausalClipSeg,
    config: CausalClipSegConfig,
    tokenizer: Tokenizer,
    device: Device,
}

impl Segmenter {
    /// The network of a weight file.
    ///
    /// # Errors
    ///
    /// As [`CausalClipSeg::load`].
    pub fn load(path: &Path, device: &Device) -> Result<Self, SegError> {
        let device = device.clone().inner();
        let loaded = CausalClipSeg::load(path, &device)?;
        Self::new(loaded.network, loaded.config, &device)
    }

    /// A network at hand; it is taken out of training.
    ///
    /// # Errors
    ///
    /// If the configuration is impossible, or its vocabulary is not CLIP's.
    pub fn new(
        network: CausalClipSeg,
        config: CausalClipSegConfig,
        device: &Device,
    ) -> Result<Self, SegError> {
        config.check()?;
        let text = &config.clip.text;
        if text.vocabulary <= END as usize {
            return Err(ConfigError::Vocabulary { vocabulary: text.vocabulary }.into());
        }
        let tokenizer = Tokenizer::clip().with_context(text.context);
        let device = device.clone().inner();
        Ok(Self { network: network.valid(), config, tokenizer, device })
    }

    /// The network's sizes and input.
    pub fn config(&self) -> &CausalClipSegConfig {
        &self.config
    }

    /// The same network with another threshold, branch or size.
    ///
    /// # Errors
    ///
    /// If the configuration is impossible.
    pub fn with_input(mut self, input: InputConfig) -> Result<Self, SegError> {
        self.config.input = input;
        self.config.check()?;
        Ok(self)
    }

    /// What `sentence` means in `image`, at the image's own size.
    ///
    /// # Errors
    ///
    /// If the picture has no pixels.
    pub fn segment(&self, image: &RgbImage, sentence: &str) -> Result<Mask, SegError> {
        let mut masks = self.segment_many(&[(image, sentence)])?;
        Ok(masks.remove(0))
    }

    /// Several pictures with a sentence each, in one forward pass.
    ///
    /// # Errors
    ///
    /// If a picture has no pixels.
    pub fn segment_many(&self, queries: &[(&RgbImage, &str)]) -> Result<Vec<Mask>, SegError> {
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let InputConfig { size, resize, threshold, .. } = self.config.input;
        let mut pixels = Vec::with_capacity(queries.len() * 3 * size * size);
        for (image, _) in queries {
            pixels.extend(network_pixels(image, &self.config.input)?);
        }
        let pixels = TensorData::new(pixels, [queries.len(), 3, size, size]);
        let pixels = Tensor::<4>::from_data(pixels, &self.device);
        let sentences = queries.iter().map(|(_, sentence)| *sentence).collect::<Vec<_>>();
        let batch = self.tokenizer.encode_batch(&sentences, self.config.input.word_len)?;
        let probabilities = self.probabilities(pixels, token_tensor(&batch, &self.device));

        let cells = size * size;
        let answers = probabilities.chunks_exact(cells).zip(queries).enumerate();
        answers
            .map(|(row, (map, (image, _)))| {
                let (width, height) = image.dimensions();
                let mut probabilities = resize.back(map, size, width as usize, height as usize)?;
                // A bicubic warp overshoots a little.
                probabilities.iter_mut().for_each(|p| *p = p.clamp(0.0, 1.0));
                Ok(Mask {
                    width,
                    height,
                    probabilities,
                    threshold,
                    sentence_cut: batch.cut.contains(&row),
                })
            })
            .collect()
    }

    /// `[batch, size, size]`, row-major, in `(0, 1)`.
    fn probabilities(&self, pixels: Tensor<4>, tokens: Tensor<2, Int>) -> Vec<f32> {
        let logits = match self.config.input.branch {
            Branch::Causal => self.network.forward_causal(pixels, tokens),
            Branch::Mean => {
                let logits = self.network.forward(pixels, tokens);
                (logits.causal + logits.confounding) / 2.0
            }
        };
        sigmoid(logits).into_data().convert::<f32>().try_into_vec().unwrap_or_default()
    }
}

/// A picture as the network takes it: `[3, size, size]`, normalised, row-major.
///
/// # Errors
///
/// If the picture has no pixels.
pub fn network_pixels(image: &RgbImage, input: &InputConfig) -> Result<Vec<f32>, SegError> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let view = RgbView::new(width, height, image.as_raw())?;
    Ok(input.normalisation.normalise(&input.resize.image(view, input.size)?))
}

/// Token ids as a tensor `[batch, words]`.
pub fn token_tensor(batch: &TokenBatch, device: &Device) -> Tensor<2, Int> {
    let ids = batch.ids.iter().map(|id| *id as i32).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(ids, [batch.rows, batch.columns]), device)
}
