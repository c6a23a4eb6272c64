//! The cases of a split at the network's size, in memory as far as it goes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use causal_clip_seg::config::InputConfig;
use causal_clip_seg::parts::{Tokenizer, network_mask};
use causal_clip_seg::{RgbImage, SegError};
use clip_encoder::RgbView;
use rayon::prelude::*;
use seeded::SplitMix64;
use seg_data::{Case, NoteCounts, Sample};
use seg_sentences::spare_words;

use crate::crop::Crop;
use crate::error::TrainError;
use crate::inputs::hash;

/// Cases ready for training: pictures and masks as bytes at the network's size, as many of them in
/// memory as [`DataRecipe::memory`](crate::config::DataRecipe::memory) allows.
#[derive(Debug)]
pub struct Samples<'a> {
    pub(crate) input: InputConfig,
    pub(crate) tokenizer: Tokenizer,
    /// `[size, size, 3]` each; a picture with several sentences stands here once. `None` if memory
    /// ended before it: it is read again.
    pictures: Vec<Option<Vec<u8>>>,
    /// What is asked for of a picture; a mask with several sentences stands here once.
    masks: Vec<Kept>,
    pub(crate) cases: Vec<Prepared<'a>>,
    /// Words of the sentences that mean nothing by themselves.
    pub(crate) spare_words: Vec<String>,
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
pub(crate) struct Prepared<'a> {
    pub(crate) case: &'a Case,
    picture: usize,
    mask: usize,
    /// No other case is about the picture.
    pub(crate) alone: bool,
}

/// A mask, and what was seen when it was read.
#[derive(Debug)]
struct Kept {
    look: Look,
    /// `[size, size]`, 255 inside; `None` if memory ended before it.
    inside: Option<Vec<u8>>,
    /// `[size, size]`, 255 where pixels count nowhere; `None` if all count, or with `inside`.
    ignored: Option<Vec<u8>>,
}

impl<'a> Samples<'a> {
    /// Reads every picture with each of its masks once, with all processors; `tick` is called for each
    /// case.
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
        /// A picture and a mask of it, and how many cases ask for that.
        struct Read<'a> {
            case: &'a Case,
            picture: usize,
            cases: usize,
        }
        let tokenizer = Tokenizer::clip();
        let mut pictures: HashMap<&Path, usize> = HashMap::new();
        let mut masks: HashMap<(usize, &[PathBuf]), usize> = HashMap::new();
        let (mut reads, mut asked) = (Vec::<Read<'_>>::new(), Vec::<usize>::new());
        let mut sentences_cut = 0;
        let mut prepared = Vec::with_capacity(cases.len());
        for case in cases.iter().copied() {
            let next = pictures.len();
            let picture = *pictures.entry(case.image.as_path()).or_insert(next);
            asked.resize(pictures.len(), 0);
            asked[picture] += 1;
            let next = masks.len();
            let mask = *masks.entry((picture, case.masks.as_slice())).or_insert(next);
            if mask == reads.len() {
                reads.push(Read { case, picture, cases: 0 });
            }
            reads[mask].cases += 1;
            let encoded =
                tokenizer.encode(&case.sentence, input.word_len).map_err(SegError::from)?;
            sentences_cut += usize::from(encoded.cut);
            prepared.push(Prepared { case, picture, mask, alone: true });
        }
        prepared.iter_mut().for_each(|prepared| prepared.alone = asked[prepared.picture] == 1);
        // What memory holds is decided by the order of cases alone.
        let area = input.size * input.size;
        let mut room = memory.saturating_mul(1 << 20);
        let mut fits = |bytes: usize| {
            let fits = bytes <= room;
            room -= if fits { bytes } else { 0 };
            fits
        };
        let mut seen = vec![false; pictures.len()];
        let plan = reads.iter().map(|read| {
            let first = !std::mem::replace(&mut seen[read.picture], true);
            (read, first && fits(3 * area), fits(area))
        });
        type Found = Result<(Option<Vec<u8>>, Kept, NoteCounts), TrainError>;
        let plan = plan.collect::<Vec<_>>();
        let found = plan.par_iter().map(|(read, keep_picture, keep_mask)| -> Found {
            let sample = seg_data::load(read.case)?;
            let Bytes { picture, mask, ignored } = Bytes::new(&sample, input)?;
            let look = Look::new(&sample.mask.values, &picture, &mask, input.size);
            (0..read.cases).for_each(|_| tick());
            let inside = keep_mask.then_some(mask);
            let ignored = ignored.filter(|_| *keep_mask);
            Ok((keep_picture.then_some(picture), Kept { look, inside, ignored }, sample.notes))
        });
        let mut samples = Self {
            input: input.clone(),
            tokenizer,
            pictures: (0..pictures.len()).map(|_| None).collect(),
            masks: Vec::with_capacity(reads.len()),
            spare_words: spare_words(cases.iter().map(|case| case.sentence.as_str())),
            cases: prepared,
            sentences_cut,
            notes: NoteCounts::default(),
        };
        for (read, found) in reads.iter().zip(found.collect::<Vec<_>>()) {
            let (picture, mask, notes) = found?;
            if picture.is_some() {
                samples.pictures[read.picture] = picture;
            }
            samples.masks.push(mask);
            samples.notes.merge(notes);
        }
        Ok(samples)
    }

    /// The cases with what was seen of them.
    pub(crate) fn looks(&self) -> Vec<(&'a Case, Look)> {
        let look = |prepared: &Prepared<'a>| (prepared.case, self.masks[prepared.mask].look);
        self.cases.iter().map(look).collect()
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// The order in which an epoch shows the cases: by `sentences` of one picture side by side, pictures
    /// in an order that seed and epoch decide. A picture whose sentences do not fill its last turn is
    /// asked some of them again.
    pub(crate) fn order(&self, sentences: usize, epoch: usize, seed: u64) -> Vec<usize> {
        let mut stream = SplitMix64::new(seed ^ ((epoch as u64 + 1) << 32));
        let mut pictures = vec![Vec::new(); self.pictures.len()];
        if sentences == 1 {
            let mut order = (0..self.cases.len()).collect::<Vec<_>>();
            stream.shuffle(&mut order);
            return order;
        }
        for (index, prepared) in self.cases.iter().enumerate() {
            pictures[prepared.picture].push(index);
        }
        let mut turns = Vec::new();
        for mut asked in pictures {
            stream.shuffle(&mut asked);
            for first in (0..asked.len()).step_by(sentences) {
                let turn = asked.iter().cycle().skip(first).take(sentences).copied();
                turns.push(turn.collect::<Vec<_>>());
            }
        }
        stream.shuffle(&mut turns);
        turns.concat()
    }

    /// A case's picture and mask, read again if memory did not hold them.
    pub(crate) fn bytes<'b>(&'b self, prepared: &'b Prepared<'_>) -> Result<Shown<'b>, TrainError> {
        let picture = self.pictures.get(prepared.picture).and_then(Option::as_deref);
        let mask = self.masks.get(prepared.mask);
        if let (Some(picture), Some(Kept { inside: Some(inside), ignored, .. })) = (picture, mask) {
            let ignored = ignored.as_deref().map(Cow::Borrowed);
            return Ok(Shown { picture: picture.into(), mask: inside.into(), ignored });
        }
        Ok(Bytes::new(&seg_data::load(prepared.case)?, &self.input)?.shown())
    }

    /// A square of a case, whose files are read again.
    pub(crate) fn cropped(
        &self,
        prepared: &Prepared<'_>,
        crop: Crop,
    ) -> Result<Shown<'static>, TrainError> {
        Ok(Bytes::new(&crop.of(&seg_data::load(prepared.case)?), &self.input)?.shown())
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

    fn shown(self) -> Shown<'static> {
        let Self { picture, mask, ignored } = self;
        Shown { picture: picture.into(), mask: mask.into(), ignored: ignored.map(Cow::Owned) }
    }
}

/// A case at the network's size, from memory or read again.
pub(crate) struct Shown<'a> {
    pub(crate) picture: Cow<'a, [u8]>,
    pub(crate) mask: Cow<'a, [u8]>,
    pub(crate) ignored: Option<Cow<'a, [u8]>>,
}

fn picture_bytes(image: &RgbImage, input: &InputConfig) -> Result<Vec<u8>, TrainError> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let view = RgbView::new(width, height, image.as_raw()).map_err(SegError::from)?;
    Ok(input.resize.image(view, input.size).map_err(SegError::from)?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use seg_data::{Dataset, Split};
    use tempfile::TempDir;

    use super::*;
    use crate::recipe::Recipe;

    /// Three pictures with 5, 1 and 2 cases, each half white.
    fn set() -> (TempDir, Dataset) {
        let folder = tempfile::tempdir().unwrap();
        let mut table = "image,mask,text,split\n".to_owned();
        for (picture, sentences) in [("a", 5), ("b", 1), ("c", 2)] {
            for side in ["left", "right"] {
                let inside = |x: u32| (x < 16) == (side == "left");
                let mask = seg_image::BinaryMask::from_fn(32, 32, |x, _| inside(x));
                let file = folder.path().join(format!("{picture}-{side}.png"));
                seg_image::write_mask(&file, &mask).unwrap();
            }
            let grey = RgbImage::from_pixel(32, 32, seg_image::Rgb([90; 3]));
            seg_image::write_rgb(&folder.path().join(format!("{picture}.png")), &grey).unwrap();
            for sentence in 0..sentences {
                let side = ["left", "right"][sentence % 2];
                table += &format!("{picture}.png,{picture}-{side}.png,{side} {sentence},train\n");
            }
        }
        std::fs::write(folder.path().join("manifest.csv"), table).unwrap();
        let set = Dataset::open(folder.path()).unwrap();
        (folder, set)
    }

    fn samples(set: &Dataset, memory: usize) -> Samples<'_> {
        let input = InputConfig { size: 32, ..InputConfig::default() };
        Samples::load(&set.cases(Split::Train), &input, memory, || {}).unwrap()
    }

    #[test]
    fn sentences_of_a_picture_stand_side_by_side() {
        let (_folder, set) = set();
        let samples = samples(&set, 1);
        let order = samples.order(2, 3, 7);
        // 3 turns of the first picture, one of each other.
        assert_eq!(order.len(), 10);
        assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), samples.len());
        for turn in order.chunks(2) {
            assert_eq!(samples.cases[turn[0]].picture, samples.cases[turn[1]].picture);
        }
        assert_eq!(order, samples.order(2, 3, 7));
        assert_ne!(order, samples.order(2, 4, 7));
        let mut alone = samples.order(1, 3, 7);
        alone.sort();
        assert_eq!(alone, [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn what_memory_does_not_hold_is_read_again() {
        let (_folder, set) = set();
        let mut recipe = Recipe::default();
        recipe.data.sentences = 2;
        recipe.data.negatives = 0.5;
        recipe.augment.brightness = 0.3;
        recipe.augment.affine = 1.0;
        recipe.augment.shift = 0.1;
        let (held, read) = (samples(&set, 1), samples(&set, 0));
        for epoch in 0..4 {
            let order = held.order(2, epoch, 0);
            let shown = |samples: &Samples<'_>| {
                format!("{:?}", samples.batch(&order, epoch, &recipe).unwrap())
            };
            assert_eq!(shown(&held), shown(&read));
        }
    }

    /// The words of synonyms are shown in place of the set's, and never as words that mean nothing.
    #[test]
    fn synonyms_are_asked() {
        let (_folder, set) = set();
        let samples = samples(&set, 1);
        let mut recipe = Recipe::default();
        let order = (0..samples.len()).collect::<Vec<_>>();
        let shown = |recipe: &Recipe| {
            let batches = (0..6).map(|epoch| samples.batch(&order, epoch, recipe).unwrap());
            batches.map(|batch| format!("{batch:?}")).collect::<BTreeSet<_>>()
        };
        assert_eq!(shown(&recipe).len(), 1);
        let table = [("left".to_owned(), vec!["left-hand".to_owned()])];
        recipe.data.synonyms = seg_sentences::Synonyms::new(table.into()).unwrap();
        assert!(shown(&recipe).len() > 1);
    }

    /// A cover that hides one half leaves the cases about the other.
    #[test]
    fn a_cover_is_the_same_for_all_of_a_pictures_cases() {
        let (_folder, set) = set();
        let mut recipe = Recipe::default();
        recipe.data.sentences = 2;
        recipe.data.negatives = 1.0;
        let samples = samples(&set, 1);
        let device = burn::tensor::Device::flex();
        let mut seen = BTreeSet::new();
        for epoch in 0..20 {
            // One case about each half of the first picture.
            let batch = samples.batch(&[0, 1], epoch, &recipe).unwrap();
            let example = batch.example(&device);
            assert_eq!(example.pixels.dims(), [1, 3, 32, 32]);
            let sums = example.target.mask.sum_dim(3).sum_dim(2).into_data();
            let sums = sums.try_to_vec::<f32>().unwrap();
            assert!(sums[0] == 0.0 || sums[1] == 0.0, "{sums:?}");
            seen.insert([sums[0] > 0.0, sums[1] > 0.0]);
        }
        assert!(seen.contains(&[true, false]) && seen.contains(&[false, true]), "{seen:?}");
    }
}
