//! Cases at the network's size, kept in memory, and batches of them as tensors.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;

use burn::tensor::{Device, Tensor, TensorData};
use causal_clip_seg::{InputConfig, SegError, TokenBatch, Tokenizer, token_tensor};
use clip_encoder::{MaskView, RgbView};
use seg_data::Case;
use vision_layers::SplitMix64;

use crate::config::TrainConfig;
use crate::error::TrainError;
use crate::fillers::with_fillers;
use crate::players::Example;

/// Cases ready for training: pictures and masks as bytes at the network's size.
#[derive(Debug)]
pub struct Samples {
    input: InputConfig,
    tokenizer: Tokenizer,
    /// `[size, size, 3]` each; a picture with several sentences stands here once.
    pictures: Vec<Vec<u8>>,
    cases: Vec<Prepared>,
    /// How many sentences are longer than the network reads.
    pub sentences_cut: usize,
}

#[derive(Debug)]
struct Prepared {
    id: String,
    picture: usize,
    /// `[size, size]`, 255 inside
    mask: Vec<u8>,
    sentence: String,
}

/// A batch, and who is in it.
#[derive(Debug)]
pub struct Batch {
    /// As a step takes it.
    pub example: Example,
    /// Ids of its cases.
    pub ids: Vec<String>,
}

impl Samples {
    /// Reads every case; `tick` is called after each.
    ///
    /// # Errors
    ///
    /// The first picture or mask that cannot be read, by its name.
    pub fn load(
        cases: &[&Case],
        input: &InputConfig,
        mut tick: impl FnMut(),
    ) -> Result<Self, TrainError> {
        let tokenizer = Tokenizer::clip();
        let mut known: HashMap<PathBuf, usize> = HashMap::new();
        let mut samples = Self {
            input: input.clone(),
            tokenizer,
            pictures: Vec::new(),
            cases: Vec::with_capacity(cases.len()),
            sentences_cut: 0,
        };
        for case in cases {
            let sample = seg_data::load(case)?;
            let picture = match known.get(&case.image) {
                Some(index) => *index,
                None => {
                    samples.pictures.push(samples.picture_bytes(&sample.image)?);
                    known.insert(case.image.clone(), samples.pictures.len() - 1);
                    samples.pictures.len() - 1
                }
            };
            let mask = samples.mask_bytes(&sample.mask)?;
            let encoded =
                samples.tokenizer.encode(&case.sentence, input.word_len).map_err(SegError::from)?;
            samples.sentences_cut += usize::from(encoded.cut);
            let (id, sentence) = (case.id.clone(), case.sentence.clone());
            samples.cases.push(Prepared { id, picture, mask, sentence });
            tick();
        }
        Ok(samples)
    }

    fn picture_bytes(&self, image: &causal_clip_seg::RgbImage) -> Result<Vec<u8>, TrainError> {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let view = RgbView::new(width, height, image.as_raw()).map_err(SegError::from)?;
        Ok(self.input.resize.image(view, self.input.size).map_err(SegError::from)?)
    }

    fn mask_bytes(&self, mask: &causal_clip_seg::BinaryMask) -> Result<Vec<u8>, TrainError> {
        let bytes = mask.values.iter().map(|inside| u8::from(*inside) * 255).collect::<Vec<_>>();
        let (width, height) = (mask.width as usize, mask.height as usize);
        let view = MaskView::new(width, height, &bytes).map_err(SegError::from)?;
        Ok(self.input.resize.mask(view, self.input.size).map_err(SegError::from)?)
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// The cases at `indices` as a batch, pictures and sentences varied as [`TrainConfig::jitter`]
    /// and [`TrainConfig::fillers`] say.
    ///
    /// # Errors
    ///
    /// If a sentence cannot be encoded.
    pub fn batch(
        &self,
        indices: &[usize],
        config: &TrainConfig,
        stream: &mut SplitMix64,
        device: &Device,
    ) -> Result<Batch, TrainError> {
        let size = self.input.size;
        let cases = indices.iter().filter_map(|i| self.cases.get(*i)).collect::<Vec<_>>();
        let mut pixels = Vec::with_capacity(cases.len() * 3 * size * size);
        let mut masks = Vec::with_capacity(cases.len() * size * size);
        let mut sentences = Vec::with_capacity(cases.len());
        for case in &cases {
            let jitter = config.jitter;
            let contrast = 1.0 + jitter * stream.uniform();
            let brightness = 127.5 * (1.0 - contrast) + 255.0 * jitter * stream.uniform();
            let table: [u8; 256] =
                std::array::from_fn(|v| (v as f32 * contrast + brightness).round() as u8);
            let bytes = self.pictures[case.picture].iter().map(|v| table[usize::from(*v)]);
            pixels.extend(self.input.normalisation.normalise(&bytes.collect::<Vec<_>>()));
            masks.extend(case.mask.iter().map(|v| f32::from(*v) / 255.0));
            // In [0, 1).
            let chance = f64::from(stream.uniform() + 1.0) / 2.0;
            sentences.push(match chance < config.fillers {
                true => Cow::Owned(with_fillers(&case.sentence, &self.tokenizer, stream)),
                false => Cow::Borrowed(case.sentence.as_str()),
            });
        }
        let sentences = sentences.iter().map(AsRef::as_ref).collect::<Vec<_>>();
        let tokens: TokenBatch =
            self.tokenizer.encode_batch(&sentences, self.input.word_len).map_err(SegError::from)?;
        let rows = cases.len();
        let tensor = |values, channels| {
            let data = TensorData::new(values, [rows, channels, size, size]);
            Tensor::<4>::from_data(data, device)
        };
        let example = Example {
            pixels: tensor(pixels, 3),
            mask: tensor(masks, 1),
            tokens: token_tensor(&tokens, device),
        };
        Ok(Batch { example, ids: cases.iter().map(|case| case.id.clone()).collect() })
    }
}
