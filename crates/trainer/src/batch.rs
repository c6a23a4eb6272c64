//! Cases at the network's size, and batches of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use causal_clip_seg::config::InputConfig;
use causal_clip_seg::parts::{TokenBatch, Tokenizer, network_mask, token_tensor};
use causal_clip_seg::{RgbImage, SegError};
use clip_encoder::RgbView;
use evaluation::{Cover, other_side};
use rayon::prelude::*;
use seeded::{SplitMix64, mix64};
use seg_augment::Augmentation;
use seg_data::{Case, NoteCounts, Sample};
use seg_metrics::{Grid, distance_map};
use seg_sentences::{nonsense, reworded, with_fillers};

use crate::error::TrainError;
use crate::example::{Example, Target};
use crate::fillers::draw_word;
use crate::inputs::hash;
use crate::negatives::{Variant, draw};
use crate::recipe::Recipe;

/// Cases ready for training: pictures and masks as bytes at the network's size, as many of them in
/// memory as [`DataRecipe::memory`](crate::config::DataRecipe::memory) allows.
#[derive(Debug)]
pub struct Samples<'a> {
    input: InputConfig,
    tokenizer: Tokenizer,
    /// `[size, size, 3]` each; a picture with several sentences stands here once. `None` if memory
    /// ended before it: it is read again.
    pictures: Vec<Option<Vec<u8>>>,
    cases: Vec<Prepared<'a>>,
    /// What was seen of each case when it was read.
    looks: Vec<Look>,
    /// How many sentences are longer than the network reads.
    pub sentences_cut: usize,
    /// What was decided while files were read.
    pub notes: NoteCounts,
}

/// What is kept of a case that was read, whether memory holds it or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// The mask has a pixel inside.
    pub any: bool,
    /// It covers the whole picture.
    pub full: bool,
    /// It has no pixel at the network's size.
    pub lost: bool,
    /// Pixels at the network's size in the left and the right half.
    pub halves: [usize; 2],
    /// Hashes of picture and mask at the network's size.
    pub picture: u64,
    pub mask: u64,
}

impl Look {
    fn new(values: &[bool], picture: &[u8], mask: &[u8], size: usize) -> Self {
        let mut halves = [0; 2];
        for row in mask.chunks_exact(size.max(1)) {
            let inside = |part: &[u8]| part.iter().filter(|value| **value >= 128).count();
            halves[0] += inside(&row[..size / 2]);
            halves[1] += inside(&row[size / 2..]);
        }
        Self {
            any: values.contains(&true),
            full: !values.contains(&false),
            lost: halves == [0; 2],
            halves,
            picture: hash(picture),
            mask: hash(mask),
        }
    }
}

#[derive(Debug)]
struct Prepared<'a> {
    case: &'a Case,
    picture: usize,
    /// No other case is about the picture.
    alone: bool,
    /// `[size, size]`, 255 inside; `None` if memory ended before it.
    mask: Option<Vec<u8>>,
    /// `[size, size]`, 255 where pixels count nowhere; `None` if all count, or with the mask.
    ignored: Option<Vec<u8>>,
}

/// A batch on the host, and who is in it.
#[derive(Debug)]
pub struct Batch {
    /// Ids of its cases.
    pub ids: Vec<String>,
    /// `[rows, 3, size, size]`
    pixels: Vec<f32>,
    /// `[rows, 1, size, size]`
    masks: Vec<f32>,
    /// `[rows, 1, size, size]`; empty without a boundary loss.
    distances: Vec<f32>,
    /// 1 for pixels that count, 0 for those that do not, `[rows, 1, size, size]`; empty if all do.
    counted: Vec<f32>,
    tokens: TokenBatch,
    size: usize,
}

impl<'a> Samples<'a> {
    /// Reads every case once, with all processors; `tick` is called after each.
    ///
    /// # Errors
    ///
    /// The first picture or mask in the set's order that cannot be read, by its row; a sentence
    /// that cannot be encoded.
    pub fn load(
        cases: &[&'a Case],
        input: &InputConfig,
        memory: usize,
        tick: impl Fn() + Sync,
    ) -> Result<Self, TrainError> {
        let tokenizer = Tokenizer::clip();
        let mut places: HashMap<&Path, usize> = HashMap::new();
        let mut sentences_cut = 0;
        let mut prepared = Vec::with_capacity(cases.len());
        for case in cases {
            let next = places.len();
            let picture = *places.entry(case.image.as_path()).or_insert(next);
            let encoded =
                tokenizer.encode(&case.sentence, input.word_len).map_err(SegError::from)?;
            sentences_cut += usize::from(encoded.cut);
            prepared.push(Prepared { case, picture, alone: true, mask: None, ignored: None });
        }
        let mut asked = vec![0; places.len()];
        prepared.iter().for_each(|prepared| asked[prepared.picture] += 1);
        prepared.iter_mut().for_each(|prepared| prepared.alone = asked[prepared.picture] == 1);
        // What memory holds is decided by the order of cases alone.
        let area = input.size * input.size;
        let mut room = memory.saturating_mul(1 << 20);
        let mut fits = |bytes: usize| {
            let fits = bytes <= room;
            room -= if fits { bytes } else { 0 };
            fits
        };
        let mut samples = Self {
            input: input.clone(),
            tokenizer,
            pictures: (0..places.len()).map(|_| None).collect(),
            cases: prepared,
            looks: Vec::new(),
            sentences_cut,
            notes: NoteCounts::default(),
        };
        let mut seen = vec![false; samples.pictures.len()];
        let work = samples.cases.iter().map(|prepared| {
            let first = !std::mem::replace(&mut seen[prepared.picture], true);
            (prepared.case, first && fits(3 * area), fits(area))
        });
        type Read = Result<(Kept, Look, NoteCounts), TrainError>;
        let work = work.collect::<Vec<_>>();
        let read = work.par_iter().map(|(case, keep_picture, keep_mask)| -> Read {
            let sample = seg_data::load(case)?;
            let bytes = Bytes::new(&sample, input)?;
            let look = Look::new(&sample.mask.values, &bytes.picture, &bytes.mask, input.size);
            tick();
            let (picture, mask) = (bytes.picture, bytes.mask);
            let (picture, mask) = (keep_picture.then_some(picture), keep_mask.then_some(mask));
            let ignored = bytes.ignored.filter(|_| *keep_mask);
            Ok((Kept { picture, mask, ignored }, look, sample.notes))
        });
        let read = read.collect::<Vec<_>>();
        for (prepared, read) in samples.cases.iter_mut().zip(read) {
            let (kept, look, notes) = read?;
            samples.looks.push(look);
            if kept.picture.is_some() {
                samples.pictures[prepared.picture] = kept.picture;
            }
            (prepared.mask, prepared.ignored) = (kept.mask, kept.ignored);
            samples.notes.merge(notes);
        }
        Ok(samples)
    }

    /// The cases with what was seen of them.
    pub(crate) fn looks(&self) -> Vec<(&'a Case, Look)> {
        self.cases.iter().map(|prepared| prepared.case).zip(self.looks.iter().copied()).collect()
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// The cases at `indices` as a batch. What happens to a case depends on seed, epoch and its
    /// place in the set alone.
    ///
    /// # Errors
    ///
    /// If a case that memory did not hold cannot be read any more.
    pub fn batch(
        &self,
        indices: &[usize],
        epoch: usize,
        recipe: &Recipe,
    ) -> Result<Batch, TrainError> {
        let size = self.input.size;
        let (area, seed) = (size * size, recipe.training.seed);
        let mut batch = Batch {
            ids: Vec::with_capacity(indices.len()),
            pixels: Vec::with_capacity(indices.len() * 3 * area),
            masks: Vec::with_capacity(indices.len() * area),
            distances: Vec::new(),
            counted: Vec::new(),
            tokens: TokenBatch { ids: Vec::new(), rows: 0, columns: 0, cut: Vec::new() },
            size,
        };
        let mut sentences = Vec::with_capacity(indices.len());
        for index in indices {
            let Some(prepared) = self.cases.get(*index) else { continue };
            let sentence = prepared.case.sentence.as_str();
            let change =
                Augmentation::draw(&recipe.augment, seed, epoch as u64, *index as u64, sentence);
            let bytes = self.bytes(prepared)?;
            let mut mask = change.mask(&bytes.mask, size).into_owned();
            let mut picture = change.image(&bytes.picture, size).into_owned();
            let ignored = bytes.ignored.as_deref().map(|ignored| change.mask(ignored, size));
            let mut sentence = change.sentence().to_owned();
            let negatives = recipe.data.negatives;
            let stream = &mut stream(ABSENCE, epoch, *index, seed);
            // What the set itself says to be absent is left alone.
            if negatives > 0.0 && mask.iter().any(|value| *value >= 128) {
                let halves = Cover::halves(mask.iter().map(|value| *value >= 128), size);
                let sides = recipe.augment.sides;
                let free = prepared.alone.then(|| other_side(&sentence, halves, sides)).flatten();
                let shown = draw(negatives, stream, &sentence, halves, free);
                match &shown {
                    Variant::Beside(cover) | Variant::Covered(cover) => {
                        cover.paint(&mut picture, size)
                    }
                    _ => {}
                }
                if !matches!(shown, Variant::AsItIs | Variant::Beside(_)) {
                    mask.fill(0);
                }
                match shown {
                    Variant::Asked(other) => sentence = other,
                    Variant::Nonsense => {
                        let word = |stream: &mut _| draw_word(&self.tokenizer, stream);
                        sentence = nonsense(&word, stream);
                    }
                    _ => {}
                }
            }
            batch.pixels.extend(self.input.normalisation.normalise(&picture));
            if recipe.loss.boundary > 0.0 {
                batch.distances.extend(signed_distance(&mask, size)?);
            }
            batch.masks.extend(mask.iter().map(|value| f32::from(*value) / 255.0));
            if let Some(ignored) = ignored {
                let start = (batch.ids.len()) * area;
                batch.counted.resize(start, 1.0);
                batch.counted.extend(ignored.iter().map(|value| f32::from(u8::from(*value < 128))));
            }
            sentences.push(self.said_otherwise(sentence, epoch, *index, recipe));
            batch.ids.push(prepared.case.id.clone());
        }
        let sentences = sentences.iter().map(String::as_str).collect::<Vec<_>>();
        batch.tokens =
            self.tokenizer.encode_batch(&sentences, self.input.word_len).map_err(SegError::from)?;
        Ok(batch)
    }

    /// The sentence reworded and among fillers, each as often as the recipe says.
    fn said_otherwise(
        &self,
        mut sentence: String,
        epoch: usize,
        index: usize,
        recipe: &Recipe,
    ) -> String {
        let chosen = |purpose: u64, share: f64| {
            let mut stream = stream(purpose, epoch, index, recipe.training.seed);
            // In [0, 1).
            let chance = f64::from(stream.uniform() + 1.0) / 2.0;
            (chance < share).then_some(stream)
        };
        if let Some(mut stream) = chosen(REWORDINGS, recipe.data.rewordings) {
            sentence = reworded(&sentence, &mut stream);
        }
        if let Some(mut stream) = chosen(FILLERS, recipe.data.fillers) {
            let word = |stream: &mut _| draw_word(&self.tokenizer, stream);
            sentence = with_fillers(&sentence, &word, &mut stream);
        }
        sentence
    }

    /// A case's picture and mask, read again if memory did not hold them.
    fn bytes<'b>(&'b self, prepared: &'b Prepared<'_>) -> Result<Shown<'b>, TrainError> {
        let picture = self.pictures.get(prepared.picture).and_then(Option::as_deref);
        if let (Some(picture), Some(mask)) = (picture, prepared.mask.as_deref()) {
            let ignored = prepared.ignored.as_deref().map(Cow::Borrowed);
            return Ok(Shown { picture: picture.into(), mask: mask.into(), ignored });
        }
        let Bytes { picture, mask, ignored } =
            Bytes::new(&seg_data::load(prepared.case)?, &self.input)?;
        let ignored = ignored.map(Cow::Owned);
        Ok(Shown { picture: picture.into(), mask: mask.into(), ignored })
    }
}

/// A case at the network's size.
struct Bytes {
    /// `[size, size, 3]`
    picture: Vec<u8>,
    /// `[size, size]`, 255 inside
    mask: Vec<u8>,
    /// `[size, size]`, 255 where pixels count nowhere; `None` if all count.
    ignored: Option<Vec<u8>>,
}

impl Bytes {
    fn new(sample: &Sample, input: &InputConfig) -> Result<Self, TrainError> {
        let ignored = sample.ignored.as_ref().map(|ignored| network_mask(ignored, input));
        Ok(Self {
            picture: picture_bytes(&sample.image, input)?,
            mask: network_mask(&sample.mask, input)?,
            ignored: ignored.transpose()?,
        })
    }
}

/// What memory keeps of a case.
struct Kept {
    picture: Option<Vec<u8>>,
    mask: Option<Vec<u8>>,
    ignored: Option<Vec<u8>>,
}

/// A case at the network's size, from memory or read again.
struct Shown<'a> {
    picture: Cow<'a, [u8]>,
    mask: Cow<'a, [u8]>,
    ignored: Option<Cow<'a, [u8]>>,
}

impl Batch {
    /// The batch on a device.
    pub fn example(&self, device: &Device) -> Example {
        let (rows, size) = (self.ids.len(), self.size);
        let tensor = |values: &[f32], channels| {
            let data = TensorData::new(values.to_vec(), [rows, channels, size, size]);
            Tensor::<4>::from_data(data, device)
        };
        let distance = (!self.distances.is_empty()).then(|| tensor(&self.distances, 1));
        let counted = (!self.counted.is_empty()).then(|| {
            let mut counted = self.counted.clone();
            counted.resize(rows * size * size, 1.0);
            tensor(&counted, 1)
        });
        Example {
            pixels: tensor(&self.pixels, 3),
            tokens: token_tensor(&self.tokens, device),
            target: Target { mask: tensor(&self.masks, 1), distance, counted },
        }
    }
}

/// Tells the [`stream`] of fillers from the others, and from what the picture's changes are drawn from.
const FILLERS: u64 = 0x6669_6c6c;
/// Tells the [`stream`] of rewordings from the others.
const REWORDINGS: u64 = 0x776f_7264;
/// Tells the [`stream`] of what is not there from the others.
const ABSENCE: u64 = 0x6162_7365;

/// Random numbers for one purpose, of a case in an epoch.
fn stream(purpose: u64, epoch: usize, index: usize, seed: u64) -> SplitMix64 {
    let place = mix64((epoch as u64) << 32 ^ index as u64 ^ purpose << 48);
    SplitMix64::new(mix64(seed) ^ place)
}

fn picture_bytes(image: &RgbImage, input: &InputConfig) -> Result<Vec<u8>, TrainError> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let view = RgbView::new(width, height, image.as_raw()).map_err(SegError::from)?;
    Ok(input.resize.image(view, input.size).map_err(SegError::from)?)
}

/// Distance to the mask's border in sides of the picture, negative inside; 0 for an empty mask and
/// for a full one, which have no border.
fn signed_distance(mask: &[u8], size: usize) -> Result<Vec<f32>, TrainError> {
    let inside = mask.iter().map(|value| *value >= 128).collect::<Vec<_>>();
    let outside = inside.iter().map(|inside| !inside).collect::<Vec<_>>();
    let to_inside = distance_map(&Grid::new(size, size, &inside)?);
    let to_outside = distance_map(&Grid::new(size, size, &outside)?);
    let signed = to_inside.iter().zip(&to_outside).map(|(to_inside, to_outside)| {
        let distance = to_inside - to_outside;
        if distance.is_finite() { (distance / size as f64) as f32 } else { 0.0 }
    });
    Ok(signed.collect())
}
