//! For people: a picture and a sentence in, a mask out.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Int, Tensor, TensorData};
use causal_seg_decoder::PictureMaps;
use clip_encoder::tokenizer::END;
use clip_encoder::{MaskView, RgbView, TokenBatch, Tokenizer};
use seg_image::{BinaryMask, RgbImage};
use vision_layers::host;

use crate::checkpoint::Checkpoint;
use crate::config::{Branch, CausalClipSegConfig, InputConfig, Sides};
use crate::errors::{ConfigError, SegError};
use crate::inference::{InferenceNetwork, at_once};
use crate::mask::Mask;
#[cfg(doc)]
use crate::network::CausalClipSeg;
use crate::sentences::{Reading, Sentence, SentenceCache};
use crate::tiling::Tiling;

/// A trained network with everything that stands before and after it.
///
/// It can be shared: threads may ask one segmenter at the same time, and each gets the answer that it
/// would get alone.
///
/// A picture that several sentences ask about is computed once, and what the last
/// [few hundred](Segmenter::SENTENCES_KEPT) sentences say is kept.
#[derive(Debug)]
pub struct Segmenter {
    /// With both projectors if there are both, so that the branch can still be chosen.
    network: InferenceNetwork,
    tokenizer: Tokenizer,
    sentences: Mutex<SentenceCache>,
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
    /// As [`Checkpoint::open`] and [`Checkpoint::prepare`].
    pub fn load(path: impl AsRef<Path>, device: &Device) -> Result<Self, SegError> {
        Self::new(Checkpoint::open(path)?.prepare(device)?)
    }

    /// A network at hand, on the device where it is: a [`CausalClipSeg`], which is taken out of
    /// training and [prepared](CausalClipSeg::prepare), or a prepared one.
    ///
    /// # Errors
    ///
    /// If the network's vocabulary is smaller than CLIP's.
    pub fn new(network: impl Into<InferenceNetwork>) -> Result<Self, SegError> {
        let network = network.into();
        let text = &network.config().clip.text;
        if text.vocabulary <= END as usize {
            return Err(ConfigError::Vocabulary { vocabulary: text.vocabulary }.into());
        }
        let tokenizer = Tokenizer::clip().with_context(text.context);
        let sentences = Mutex::new(SentenceCache::new(Self::SENTENCES_KEPT));
        Ok(Self { network, tokenizer, sentences })
    }

    /// The network's sizes and input.
    pub fn config(&self) -> &CausalClipSegConfig {
        self.network.config()
    }

    /// Whose left and right the network's sentences mean; `None` if its weights do not say.
    pub fn sides(&self) -> Option<Sides> {
        self.config().input.sides
    }

    /// The segmenter with another threshold: a pixel belongs to the mask from this probability on.
    ///
    /// # Errors
    ///
    /// If the threshold does not lie between 0 and 1.
    pub fn with_threshold(self, threshold: f32) -> Result<Self, SegError> {
        self.with(|input| input.threshold = threshold)
    }

    /// The segmenter with masks from other logits.
    ///
    /// # Errors
    ///
    /// If the weights were prepared without that branch.
    pub fn with_branch(self, branch: Branch) -> Result<Self, SegError> {
        self.with(|input| input.branch = branch)
    }

    /// The segmenter with another threshold of presence: from this [`Mask::presence`] on there is
    /// something; with `None` it is not judged.
    ///
    /// # Errors
    ///
    /// If the threshold does not lie in `[0, 1]`.
    pub fn with_presence(self, threshold: Option<f32>) -> Result<Self, SegError> {
        self.with(|input| input.presence = threshold)
    }

    /// The segmenter with answers by tiles of another side, or whole ones; see
    /// [`Segmenter::segment_tiled`].
    ///
    /// # Errors
    ///
    /// If the side is not one of a [`Tiling`].
    pub fn with_tile(self, side: Option<u32>) -> Result<Self, SegError> {
        self.with(|input| input.tile = side)
    }

    /// The segmenter with another input: any of the above, and the size of pictures and the length of
    /// sentences.
    ///
    /// # Errors
    ///
    /// If the input is impossible, or asks for a branch that the weights were prepared without.
    pub fn with_input(mut self, input: InputConfig) -> Result<Self, SegError> {
        if input.word_len != self.config().input.word_len {
            self.sentences = Mutex::new(SentenceCache::new(Self::SENTENCES_KEPT));
        }
        self.network = self.network.with_input(input)?;
        Ok(self)
    }

    fn with(self, change: impl FnOnce(&mut InputConfig)) -> Result<Self, SegError> {
        let mut input = self.config().input.clone();
        change(&mut input);
        self.with_input(input)
    }

    /// What `sentence` means in `image`, at the image's own size. A network that was trained on crops
    /// answers by [tiles](InputConfig::tile) of their size, as [`Segmenter::segment_tiled`] does.
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
        let Some(side) = self.config().input.tile else { return self.segment_whole(queries) };
        let tiling = Tiling::new(side)?;
        let (pictures, order) = by_picture(queries);
        let mut masks = vec![None; queries.len()];
        for asked in order.chunk_by(|(a, _), (b, _)| a == b) {
            let sentences = asked.iter().map(|(_, query)| queries[*query].1).collect::<Vec<_>>();
            let answers = self.segment_tiled_many(pictures[asked[0].0], &sentences, tiling)?;
            for ((_, query), mask) in asked.iter().zip(answers) {
                masks[*query] = Some(mask);
            }
        }
        Ok(masks.into_iter().flatten().collect())
    }

    /// As [`Segmenter::segment_many`], each picture whole, whatever the input says of tiles.
    pub(crate) fn segment_whole(
        &self,
        queries: &[(&RgbImage, &str)],
    ) -> Result<Vec<Mask>, SegError> {
        let size = self.config().input.size;
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

    pub(crate) fn picture_maps(&self, pictures: &[&RgbImage]) -> Result<PictureMaps, SegError> {
        let input = &self.config().input;
        let size = input.size;
        let mut pixels = Vec::with_capacity(pictures.len() * 3 * size * size);
        for picture in pictures {
            pixels.extend(network_pixels(picture, input)?);
        }
        let pixels = TensorData::new(pixels, [pictures.len(), 3, size, size]);
        let pixels = Tensor::<4>::from_data(pixels, self.network.device());
        Ok(self.network.picture_maps(pixels, input.branch))
    }

    /// `places` says which of the maps each query asks about.
    fn answers(
        &self,
        maps: &PictureMaps,
        places: &[usize],
        queries: &[(&RgbImage, &str)],
    ) -> Result<Vec<Mask>, SegError> {
        let sentences = queries.iter().map(|(_, sentence)| *sentence).collect::<Vec<_>>();
        let sentences = self.read(&sentences)?;
        let probabilities = host(self.probabilities(maps, places, &sentences));
        self.masks(&probabilities, queries, &sentences)
    }

    /// The maps of sentences, on the device: `[sentences, 1, size, size]`.
    pub(crate) fn probabilities(
        &self,
        maps: &PictureMaps,
        places: &[usize],
        sentences: &[Sentence],
    ) -> Tensor<4> {
        let states = sentences.iter().flat_map(|s| s.state.iter().copied()).collect::<Vec<_>>();
        let states = TensorData::new(states, [sentences.len(), self.config().clip.embed_dim]);
        let states = Tensor::from_data(states, self.network.device());
        sigmoid(self.network.logits(maps, places, states))
    }

    /// Maps as masks of their pictures' sizes.
    pub(crate) fn masks(
        &self,
        probabilities: &[f32],
        queries: &[(&RgbImage, &str)],
        sentences: &[Sentence],
    ) -> Result<Vec<Mask>, SegError> {
        let InputConfig { size, resize, threshold, presence, .. } = self.config().input;
        let answers = probabilities.chunks_exact(size * size).zip(queries).zip(sentences);
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
                    tiles_presence: None,
                    sentence_cut: sentence.cut,
                })
            })
            .collect()
    }

    /// Forgets what sentences say, but for these, which are read now, a few together. What they say depends in
    /// its last bits on which ones are read together: answers that several segmenters share out begin with
    /// this, and do not depend on who gives them. `false` if there are too many to be kept: then none is.
    ///
    /// # Errors
    ///
    /// If a sentence cannot be read.
    pub fn learn_sentences(&self, sentences: &[&str]) -> Result<bool, SegError> {
        const TOGETHER: usize = 16;
        let mut seen = HashSet::new();
        let new = sentences.iter().copied().filter(|text| seen.insert(*text)).collect::<Vec<_>>();
        let empty = SentenceCache::new(Self::SENTENCES_KEPT);
        *self.sentences.lock().unwrap_or_else(PoisonError::into_inner) = empty;
        if new.len() > Self::SENTENCES_KEPT {
            return Ok(false);
        }
        new.chunks(TOGETHER).try_for_each(|part| self.read(part).map(drop))?;
        Ok(true)
    }

    /// What sentences say: kept, or computed now, all that are new together.
    fn read(&self, sentences: &[&str]) -> Result<Vec<Sentence>, SegError> {
        // Held until the end: who asks the same at the same time waits, and finds it.
        let mut kept = self.kept();
        let reading = Reading::new(sentences, &mut kept);
        let Some(tokens) = self.tokens(&reading)? else { return Ok(reading.known()) };
        let states = host(self.states(&tokens));
        Ok(reading.done(&states, &tokens.cut, &mut kept))
    }

    /// What was kept of sentences.
    pub(crate) fn kept(&self) -> MutexGuard<'_, SentenceCache> {
        self.sentences.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is to compute of sentences, if there is anything.
    pub(crate) fn tokens(&self, reading: &Reading<'_>) -> Result<Option<TokenBatch>, SegError> {
        if reading.unknown().is_empty() {
            return Ok(None);
        }
        let most = self.config().input.word_len;
        Ok(Some(self.tokenizer.encode_batch(reading.unknown(), most)?))
    }

    /// What new sentences say, on the device: `[sentences, embed_dim]`.
    pub(crate) fn states(&self, tokens: &TokenBatch) -> Tensor<2> {
        self.network.states(token_tensor(tokens, self.network.device()))
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
