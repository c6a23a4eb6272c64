//! Batches of cases, changed as the recipe says.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};
use causal_clip_seg::SegError;
use causal_clip_seg::config::Sides;
use causal_clip_seg::parts::{TokenBatch, token_tensor};
use evaluation::{Cover, other_side};
use seeded::{SplitMix64, mix64};
use seg_augment::Augmentation;
use seg_metrics::{Grid, distance_map};
use seg_sentences::{nonsense, reworded, with_fillers};

use crate::crop::Crop;
use crate::error::TrainError;
use crate::example::{Example, Target};
use crate::fillers::draw_word;
use crate::negatives::{Variant, draw, draw_cover, draw_question};
use crate::recipe::Recipe;
use crate::samples::Samples;

/// A batch on the host, and who is in it: pictures, and as many sentences of each side by side.
#[derive(Debug)]
pub struct Batch {
    /// Ids of its cases.
    pub ids: Vec<String>,
    /// `[pictures, 3, size, size]`
    pixels: Vec<f32>,
    /// `[cases, 1, size, size]`
    masks: Vec<f32>,
    /// `[cases, 1, size, size]`; empty without a boundary loss.
    distances: Vec<f32>,
    /// 1 for pixels that count, 0 for those that do not, `[cases, 1, size, size]`; empty if all do.
    counted: Vec<f32>,
    tokens: TokenBatch,
    pictures: usize,
    size: usize,
}

/// A case as it is shown.
struct Row {
    /// `[size, size]`, 255 inside
    mask: Vec<u8>,
    /// `[size, size]`, 255 where pixels count nowhere
    ignored: Option<Vec<u8>>,
    sentence: String,
}

impl Row {
    fn has_target(&self) -> bool {
        self.mask.iter().any(|value| *value >= 128)
    }

    fn halves(&self, size: usize) -> Option<evaluation::TwoHalves> {
        Cover::halves(self.mask.iter().map(|value| *value >= 128), size)
    }
}

impl Samples<'_> {
    /// The cases at `indices` as a batch, [`DataRecipe::sentences`] of one picture side by side. What
    /// happens to them depends on seed, epoch and their places in the set alone.
    ///
    /// [`DataRecipe::sentences`]: crate::config::DataRecipe::sentences
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
        let area = size * size;
        let mut batch = Batch {
            ids: Vec::with_capacity(indices.len()),
            pixels: Vec::with_capacity(indices.len() / recipe.data.sentences * 3 * area),
            masks: Vec::with_capacity(indices.len() * area),
            distances: Vec::new(),
            counted: Vec::new(),
            tokens: TokenBatch { ids: Vec::new(), rows: 0, columns: 0, cut: Vec::new() },
            pictures: 0,
            size,
        };
        let mut sentences = Vec::with_capacity(indices.len());
        for turn in indices.chunks(recipe.data.sentences) {
            let (picture, rows) = self.shown(turn, epoch, recipe)?;
            batch.pixels.extend(self.input.normalisation.normalise(&picture));
            batch.pictures += 1;
            for (index, row) in turn.iter().zip(rows) {
                if recipe.loss.boundary > 0.0 {
                    batch.distances.extend(signed_distance(&row.mask, size)?);
                }
                batch.masks.extend(row.mask.iter().map(|value| f32::from(*value) / 255.0));
                if let Some(ignored) = row.ignored {
                    let counts = |value: &u8| f32::from(u8::from(*value < 128));
                    batch.counted.resize(batch.ids.len() * area, 1.0);
                    batch.counted.extend(ignored.iter().map(counts));
                }
                sentences.push(self.said_otherwise(row.sentence, epoch, *index, recipe));
                batch.ids.push(self.cases[*index].case.id.clone());
            }
        }
        let sentences = sentences.iter().map(String::as_str).collect::<Vec<_>>();
        batch.tokens =
            self.tokenizer.encode_batch(&sentences, self.input.word_len).map_err(SegError::from)?;
        Ok(batch)
    }

    /// A picture and the cases about it, changed.
    fn shown(
        &self,
        turn: &[usize],
        epoch: usize,
        recipe: &Recipe,
    ) -> Result<(Vec<u8>, Vec<Row>), TrainError> {
        let (size, seed) = (self.input.size, recipe.training.seed);
        let asked = turn.iter().map(|index| self.cases[*index].case.sentence.as_str());
        let asked = asked.collect::<Vec<_>>();
        let place = turn.first().map_or(0, |index| *index);
        let changes =
            Augmentation::draw_for_all(&recipe.augment, seed, epoch as u64, place as u64, &asked);
        let crop = Crop::draw(&recipe.data, &asked, &mut stream(CROP, epoch, place, seed));
        let (mut picture, mut rows) = (Vec::new(), Vec::with_capacity(turn.len()));
        for (index, change) in turn.iter().zip(changes) {
            let bytes = match crop {
                Some(crop) => self.cropped(&self.cases[*index], crop)?,
                None => self.bytes(&self.cases[*index])?,
            };
            if picture.is_empty() {
                picture = change.image(&bytes.picture, size).into_owned();
            }
            rows.push(Row {
                mask: change.mask(&bytes.mask, size).into_owned(),
                ignored: bytes.ignored.map(|ignored| change.mask(&ignored, size).into_owned()),
                sentence: change.sentence().to_owned(),
            });
        }
        if recipe.data.negatives > 0.0 {
            let stream = &mut stream(ABSENCE, epoch, place, seed);
            match rows.as_mut_slice() {
                [row] => self.hide_or_ask(row, place, &mut picture, stream, recipe),
                rows => self.hide_and_ask(rows, &mut picture, stream, recipe),
            }
        }
        Ok((picture, rows))
    }

    /// Now and then makes of a case one of what is not there.
    fn hide_or_ask(
        &self,
        row: &mut Row,
        index: usize,
        picture: &mut [u8],
        stream: &mut SplitMix64,
        recipe: &Recipe,
    ) {
        // What the set itself says to be absent is left alone.
        if !row.has_target() {
            return;
        }
        let (size, sides) = (self.input.size, recipe.augment.sides);
        let halves = row.halves(size);
        let alone = self.cases[index].alone;
        let free = alone.then(|| other_side(&row.sentence, halves, sides)).flatten();
        let shown = draw(recipe.data.negatives, stream, &row.sentence, halves, free);
        match &shown {
            Variant::Beside(cover) | Variant::Covered(cover) => cover.paint(picture, size),
            _ => {}
        }
        if !matches!(shown, Variant::AsItIs | Variant::Beside(_)) {
            row.mask.fill(0);
        }
        self.ask(row, shown, stream, recipe);
    }

    /// Now and then hides a half of a picture from all cases about it, or makes one of them ask for what
    /// is not there.
    fn hide_and_ask(
        &self,
        rows: &mut [Row],
        picture: &mut [u8],
        stream: &mut SplitMix64,
        recipe: &Recipe,
    ) {
        let (size, negatives) = (self.input.size, recipe.data.negatives);
        let halves = rows.iter().filter_map(|row| row.halves(size)).collect::<Vec<_>>();
        if let Some(cover) = draw_cover(negatives, stream, &halves) {
            cover.paint(picture, size);
            rows.iter_mut().for_each(|row| cover.hide(&mut row.mask, size));
        }
        for row in rows.iter_mut().filter(|row| row.has_target()) {
            let asked = draw_question(negatives, stream, &row.sentence);
            if asked != Variant::AsItIs {
                row.mask.fill(0);
                self.ask(row, asked, stream, recipe);
            }
        }
    }

    /// The variant's sentence in place of the case's.
    fn ask(&self, row: &mut Row, variant: Variant, stream: &mut SplitMix64, recipe: &Recipe) {
        match variant {
            Variant::Asked(other) => row.sentence = other,
            Variant::Nonsense => {
                row.sentence = nonsense(&|stream| self.unknown_word(stream, recipe), stream);
            }
            _ => {}
        }
    }

    /// A word of the vocabulary; `None` if it is not whole, or one of the recipe's synonyms.
    fn unknown_word(&self, stream: &mut SplitMix64, recipe: &Recipe) -> Option<String> {
        let word = draw_word(&self.tokenizer, stream);
        word.filter(|word| !recipe.data.synonyms.decides(word))
    }

    /// The sentence with synonyms, reworded and among fillers, each as often as the recipe says.
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
        let synonyms = &recipe.data.synonyms;
        let mut draw = stream(SYNONYMS, epoch, index, recipe.training.seed);
        sentence = synonyms.replace(&sentence, &mut draw);
        if let Some(mut stream) = chosen(REWORDINGS, recipe.data.rewordings) {
            let sides = match recipe.sides() {
                Sides::Patient => seg_sentences::Sides::Patient,
                // Where a sentence has to say whose side it means, one that says nothing means the image's.
                Sides::Image | Sides::Stated => seg_sentences::Sides::Image,
            };
            sentence = reworded(&sentence, sides, synonyms, &self.spare_words, &mut stream);
        }
        if let Some(mut stream) = chosen(FILLERS, recipe.data.fillers) {
            let word = |stream: &mut _| self.unknown_word(stream, recipe);
            sentence = with_fillers(&sentence, &word, &mut stream);
        }
        sentence
    }
}

impl Batch {
    /// Pictures of a sentence each, as vectors have them.
    #[cfg(test)]
    pub(crate) fn given(
        pixels: Vec<f32>,
        masks: Vec<f32>,
        tokens: TokenBatch,
        size: usize,
    ) -> Self {
        Self {
            ids: (0..tokens.rows).map(|row| row.to_string()).collect(),
            pixels,
            masks,
            distances: Vec::new(),
            counted: Vec::new(),
            pictures: tokens.rows,
            tokens,
            size,
        }
    }

    /// Shares the pictures, each with its sentences, out to `count` batches, in their order and as evenly as
    /// they go: the first ones have one more. Where there are fewer pictures than batches, the last ones
    /// are empty.
    pub(crate) fn shared_out(&self, count: usize) -> Vec<Self> {
        let area = self.size * self.size;
        let sentences = self.ids.len() / self.pictures.max(1);
        let columns = self.tokens.columns;
        let (each, more) = (self.pictures / count, self.pictures % count);
        let mut start = 0;
        let mut part = |index: usize| {
            let pictures = start..start + each + usize::from(index < more);
            start = pictures.end;
            let rows = pictures.start * sentences..pictures.end * sentences;
            // Of what only some batches have, an empty list stays one; the end of `counted` may be left out.
            let values = |values: &[f32], width: usize, range: &Range<usize>| {
                let end = values.len();
                values[(range.start * width).min(end)..(range.end * width).min(end)].to_vec()
            };
            let mut counted = values(&self.counted, area, &rows);
            if !self.counted.is_empty() {
                counted.resize(rows.len() * area, 1.0);
            }
            Self {
                ids: self.ids[rows.clone()].to_vec(),
                pixels: values(&self.pixels, 3 * area, &pictures),
                masks: values(&self.masks, area, &rows),
                distances: values(&self.distances, area, &rows),
                counted,
                tokens: TokenBatch {
                    ids: self.tokens.ids[rows.start * columns..rows.end * columns].to_vec(),
                    rows: rows.len(),
                    columns,
                    cut: Vec::new(), // only counted while a set is read
                },
                pictures: pictures.len(),
                size: self.size,
            }
        };
        (0..count).map(&mut part).collect()
    }

    /// How many cases it has.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The batch on a device.
    pub fn example(&self, device: &Device) -> Example {
        let (rows, size) = (self.ids.len(), self.size);
        let tensor = |values: &[f32], rows, channels| {
            let data = TensorData::new(values.to_vec(), [rows, channels, size, size]);
            Tensor::<4>::from_data(data, device)
        };
        let distance = (!self.distances.is_empty()).then(|| tensor(&self.distances, rows, 1));
        let counted = (!self.counted.is_empty()).then(|| {
            let mut counted = self.counted.clone();
            counted.resize(rows * size * size, 1.0);
            tensor(&counted, rows, 1)
        });
        Example {
            pixels: tensor(&self.pixels, self.pictures, 3),
            tokens: token_tensor(&self.tokens, device),
            target: Target { mask: tensor(&self.masks, rows, 1), distance, counted },
        }
    }
}

/// Tells the [`stream`] of fillers from the others, and from what the picture's changes are drawn from.
const FILLERS: u64 = 0x6669_6c6c;
/// Tells the [`stream`] of rewordings from the others.
const REWORDINGS: u64 = 0x776f_7264;
/// Tells the [`stream`] of synonyms from the others.
const SYNONYMS: u64 = 0x7379_6e6f;
/// Tells the [`stream`] of what is not there from the others.
const ABSENCE: u64 = 0x6162_7365;
/// Tells the [`stream`] of crops from the others.
const CROP: u64 = 0x6372_6f70;

/// Random numbers for one purpose, of a case in an epoch.
fn stream(purpose: u64, epoch: usize, index: usize, seed: u64) -> SplitMix64 {
    let place = mix64((epoch as u64) << 32 ^ index as u64 ^ purpose << 48);
    SplitMix64::new(mix64(seed) ^ place)
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
