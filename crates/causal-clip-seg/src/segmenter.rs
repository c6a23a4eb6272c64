//! For people: a picture and a sentence in, a mask out.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Int, Tensor, TensorData};
use causal_seg_decoder::PictureMaps;
use clip_encoder::tokenizer::END;
use clip_encoder::{MaskView, RgbView, TokenBatch, Tokenizer};
use seg_image::{BinaryMask, RgbImage};

use crate::config::{Branch, CausalClipSegConfig, InputConfig};
use crate::error::{ConfigError, SegError};
use crate::inference::{InferenceNetwork, at_once};
use crate::mask::Mask;
use crate::network::CausalClipSeg;
use crate::sentences::{Sentence, SentenceCache};

/// A trained network with everything that stands before and after it.
///
/// A picture that several sentences ask about is computed once, and what the last
/// [few hundred](Segmenter::SENTENCES_KEPT) sentences say is kept.
#[derive(Debug)]
pub struct Segmenter {
    /// With both projectors where there are both, for the branch can still be chosen.
    network: InferenceNetwork,
    config: CausalClipSegConfig,
    tokenizer: Tokenizer,
    sentences: Mutex<SentenceCache>,
    device: Device,
}

/// Pixels of all pictures that are computed at once: eight of 224 x 224. More would save no time
/// and need more memory.
const PIXELS_AT_ONCE: usize = 8 * 224 * 224;

impl Segmenter {
    /// How many sentences' states are kept.
    pub const SENTENCES_KEPT: usize = 256;

    /// The network of a weight file, as trained or [prepared](CausalClipSeg::save_prepared).
    ///
    /// # Errors
    ///
    /// As [`InferenceNetwork::load`].
    pub fn load(path: &Path, device: &Device) -> Result<Self, SegError> {
        let (network, config) = InferenceNetwork::load(path, device)?;
        Self::of(network, config, device)
    }

    /// A network at hand; it is taken out of training and [prepared](CausalClipSeg::prepare).
    ///
    /// # Errors
    ///
    /// If the configuration is impossible, or its vocabulary is not CLIP's.
    pub fn new(
        network: CausalClipSeg,
        config: CausalClipSegConfig,
        device: &Device,
    ) -> Result<Self, SegError> {
        Self::of(network.prepare(Branch::Mean), config, device)
    }

    fn of(
        network: InferenceNetwork,
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
        let sentences = Mutex::new(SentenceCache::new(Self::SENTENCES_KEPT));
        Ok(Self { network, config, tokenizer, sentences, device })
    }

    /// The network's sizes and input.
    pub fn config(&self) -> &CausalClipSegConfig {
        &self.config
    }

    /// The same network with another threshold, branch or size.
    ///
    /// # Errors
    ///
    /// If the configuration is impossible, or of a branch that the weights were prepared without.
    pub fn with_input(mut self, input: InputConfig) -> Result<Self, SegError> {
        if input.word_len != self.config.input.word_len {
            self.sentences = Mutex::new(SentenceCache::new(Self::SENTENCES_KEPT));
        }
        self.config.input = input;
        self.config.check()?;
        if !self.network.answers(self.config.input.branch) {
            return Err(ConfigError::CausalAlone.into());
        }
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

    /// Several pictures with a sentence each. Each distinct picture and each distinct sentence is
    /// computed once, a few pictures at a time.
    ///
    /// # Errors
    ///
    /// If a picture has no pixels.
    pub fn segment_many(&self, queries: &[(&RgbImage, &str)]) -> Result<Vec<Mask>, SegError> {
        let size = self.config.input.size;
        let most = (PIXELS_AT_ONCE / (size * size)).max(1);
        let (pictures, order) = by_picture(queries);
        let mut masks = vec![None; queries.len()];
        for group in groups(&order, most) {
            let first = order[group.start].0;
            let last = order[group.end - 1].0;
            // What the first answers need is read while the pictures are computed, and kept.
            let soon = order[group.clone()].iter().take(most);
            let soon = soon.map(|(_, query)| queries[*query].1).collect::<Vec<_>>();
            let (maps, read) =
                at_once(|| self.picture_maps(&pictures[first..=last]), || self.read(&soon));
            let maps = read.and(maps)?;
            // Few sentences at once: each has nine maps at the picture's size.
            for part in order[group].chunks(most) {
                let asked = part.iter().map(|(_, query)| queries[*query]).collect::<Vec<_>>();
                let places = part.iter().map(|(picture, _)| picture - first).collect::<Vec<_>>();
                let answers = self.answers(&maps, &places, &asked)?;
                for ((_, query), mask) in part.iter().zip(answers) {
                    masks[*query] = Some(mask);
                }
            }
        }
        Ok(masks.into_iter().flatten().collect())
    }

    fn picture_maps(&self, pictures: &[&RgbImage]) -> Result<PictureMaps, SegError> {
        let input = &self.config.input;
        let size = input.size;
        let mut pixels = Vec::with_capacity(pictures.len() * 3 * size * size);
        for picture in pictures {
            pixels.extend(network_pixels(picture, input)?);
        }
        let pixels = TensorData::new(pixels, [pictures.len(), 3, size, size]);
        let pixels = Tensor::<4>::from_data(pixels, &self.device);
        Ok(self.network.picture_maps(pixels, input.branch))
    }

    /// `places` says which of the maps each query asks about.
    fn answers(
        &self,
        maps: &PictureMaps,
        places: &[usize],
        queries: &[(&RgbImage, &str)],
    ) -> Result<Vec<Mask>, SegError> {
        let InputConfig { size, resize, threshold, presence, .. } = self.config.input;
        let sentences = queries.iter().map(|(_, sentence)| *sentence).collect::<Vec<_>>();
        let sentences = self.read(&sentences)?;
        let states = sentences.iter().flat_map(|s| s.state.iter().copied()).collect::<Vec<_>>();
        let states = TensorData::new(states, [queries.len(), self.config.clip.embed_dim]);
        let logits = self.network.logits(maps, places, Tensor::from_data(states, &self.device));
        let probabilities =
            sigmoid(logits).into_data().convert::<f32>().try_into_vec::<f32>().unwrap_or_default();

        let answers = probabilities.chunks_exact(size * size).zip(queries).zip(&sentences);
        answers
            .map(|((map, (image, _)), sentence)| {
                let (width, height) = image.dimensions();
                let mut probabilities = resize.back(map, size, width as usize, height as usize)?;
                // A bicubic warp overshoots a little.
                probabilities.iter_mut().for_each(|p| *p = p.clamp(0.0, 1.0));
                Ok(Mask {
                    width,
                    height,
                    probabilities,
                    threshold,
                    presence_threshold: presence,
                    sentence_cut: sentence.cut,
                })
            })
            .collect()
    }

    /// What sentences say: kept, or computed now, all that are new together.
    fn read(&self, sentences: &[&str]) -> Result<Vec<Sentence>, SegError> {
        let mut kept = self.sentences.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = sentences.iter().map(|text| kept.get(text)).collect::<Vec<_>>();
        let mut new = Vec::new();
        for (text, _) in sentences.iter().zip(&found).filter(|(_, found)| found.is_none()) {
            if !new.contains(text) {
                new.push(*text);
            }
        }
        if new.is_empty() {
            return Ok(found.into_iter().flatten().collect());
        }
        let batch = self.tokenizer.encode_batch(&new, self.config.input.word_len)?;
        let states = self.network.states(token_tensor(&batch, &self.device));
        let states = states.into_data().convert::<f32>().try_into_vec::<f32>().unwrap_or_default();
        let rows = states.chunks_exact(self.config.clip.embed_dim).enumerate();
        let read = new.iter().zip(rows).map(|(text, (row, state))| {
            (*text, Sentence { state: state.into(), cut: batch.cut.contains(&row) })
        });
        for (text, sentence) in read {
            let asked = sentences.iter().zip(&mut found).filter(|(asked, _)| **asked == text);
            asked.for_each(|(_, found)| *found = Some(sentence.clone()));
            kept.put(text, sentence);
        }
        Ok(found.into_iter().flatten().collect())
    }
}

/// The distinct pictures, and the queries in their order: which picture, which query.
fn by_picture<'a>(queries: &[(&'a RgbImage, &str)]) -> (Vec<&'a RgbImage>, Vec<(usize, usize)>) {
    let mut pictures: Vec<&RgbImage> = Vec::new();
    let mut order = Vec::with_capacity(queries.len());
    for (query, (image, _)) in queries.iter().enumerate() {
        let same = |other: &&RgbImage| std::ptr::eq(*other, *image) || *other == *image;
        let picture = pictures.iter().position(same).unwrap_or_else(|| {
            pictures.push(image);
            pictures.len() - 1
        });
        order.push((picture, query));
    }
    order.sort_unstable();
    (pictures, order)
}

/// Ranges of `order` with at most `most` pictures each.
fn groups(order: &[(usize, usize)], most: usize) -> Vec<std::ops::Range<usize>> {
    let mut start = 0;
    let groups = order.chunk_by(|(a, _), (b, _)| a / most == b / most);
    groups
        .map(|group| {
            let range = start..start + group.len();
            start = range.end;
            range
        })
        .collect()
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

/// A mask as the network is trained on it: `[size, size]`, row-major, 255 inside.
///
/// # Errors
///
/// If the mask has no pixels.
pub fn network_mask(mask: &BinaryMask, input: &InputConfig) -> Result<Vec<u8>, SegError> {
    let bytes = mask.values.iter().map(|inside| u8::from(*inside) * 255).collect::<Vec<_>>();
    let view = MaskView::new(mask.width as usize, mask.height as usize, &bytes)?;
    Ok(input.resize.mask(view, input.size)?)
}

/// Token ids as a tensor `[batch, words]`.
pub fn token_tensor(batch: &TokenBatch, device: &Device) -> Tensor<2, Int> {
    let ids = batch.ids.iter().map(|id| *id as i32).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(ids, [batch.rows, batch.columns]), device)
}
