//! What a sentence alone tells of its mask.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use causal_clip_seg::Mask;
use rayon::prelude::*;
use seg_data::Case;
use seg_sentences::words;

use crate::error::EvaluationError;

/// The best guess without a picture: for each sentence of some cases the mean of its masks, cut where it
/// fits those masks best.
///
/// In most sets a sentence says much of where its mask is, and of how often there is none. What a network
/// scores above this is what it sees.
#[derive(Debug)]
pub struct Prior {
    /// Each mask once, `[SIDE, SIDE]`; `None` for an empty one.
    masks: Vec<Option<Vec<bool>>>,
    /// The masks of each sentence's cases; a sentence is its words in lower case.
    sentences: BTreeMap<BTreeSet<String>, Vec<usize>>,
}

/// The guess for a sentence.
#[derive(Clone, Debug)]
pub struct Guess {
    /// How often each pixel was inside, `[SIDE, SIDE]`.
    mean: Vec<f32>,
    /// It is inside from here on; infinite if no mask at all is the best guess.
    threshold: f32,
}

impl Prior {
    /// Width and height at which masks are averaged, whatever their own.
    const SIDE: u32 = 96;

    /// Reads the masks of some cases, each once, with all processors.
    ///
    /// # Errors
    ///
    /// The first picture or mask in the cases' order that cannot be read.
    pub fn learn(cases: &[&Case]) -> Result<Self, EvaluationError> {
        let mut places: HashMap<&[PathBuf], usize> = HashMap::new();
        let mut first = Vec::new();
        let mut sentences: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for case in cases.iter().copied() {
            let place = *places.entry(&case.masks).or_insert_with(|| {
                first.push(case);
                first.len() - 1
            });
            sentences.entry(key(&case.sentence)).or_default().push(place);
        }
        let read = first.par_iter().map(|case| {
            if case.masks.is_empty() {
                return Ok(None);
            }
            let mask = seg_data::load(case)?.mask;
            let small = mask.resize_nearest(Self::SIDE, Self::SIDE).values;
            Ok(small.contains(&true).then_some(small))
        });
        let read = read.collect::<Vec<Result<_, EvaluationError>>>();
        Ok(Self { masks: read.into_iter().collect::<Result<_, _>>()?, sentences })
    }

    /// The guess for a sentence. One that no case has is taken as those that share most of their words
    /// with it (intersection over union of the words). Without any case the guess is an empty mask.
    pub fn guess(&self, sentence: &str) -> Guess {
        /// Where the mean is cut, in tenths.
        const CUTS: std::ops::Range<u8> = 1..10;
        let asked = key(sentence);
        let masks = match self.sentences.get(&asked) {
            Some(masks) => masks.clone(),
            None => self.nearest(&asked),
        };
        let mut mean = vec![0.0; (Self::SIDE * Self::SIDE) as usize];
        let share = 1.0 / masks.len().max(1) as f32;
        for mask in masks.iter().filter_map(|place| self.masks[*place].as_ref()) {
            let pairs = mean.iter_mut().zip(mask);
            pairs.for_each(|(mean, inside)| *mean += if *inside { share } else { 0.0 });
        }
        let fit = |threshold: f32| {
            let cut = mean.iter().map(|mean| *mean >= threshold).collect::<Vec<_>>();
            let dice = |place: &usize| dice(&cut, self.masks[*place].as_deref());
            masks.par_iter().map(dice).sum::<f64>()
        };
        let cuts = CUTS.map(|tenths| f32::from(tenths) / 10.0).chain([f32::INFINITY]);
        let best = cuts.map(|cut| (cut, fit(cut))).max_by(|a, b| a.1.total_cmp(&b.1));
        Guess { threshold: best.map_or(f32::INFINITY, |(cut, _)| cut), mean }
    }

    /// The masks of the sentences nearest to some words.
    fn nearest(&self, asked: &BTreeSet<String>) -> Vec<usize> {
        let shared = |words: &BTreeSet<String>| {
            let both = words.intersection(asked).count();
            both as f64 / (words.len() + asked.len() - both).max(1) as f64
        };
        let most = self.sentences.keys().map(shared).fold(0.0, f64::max);
        let near = self.sentences.iter().filter(|(words, _)| shared(words) >= most);
        near.flat_map(|(_, masks)| masks).copied().collect()
    }
}

impl Guess {
    /// The guess at a picture's size, each pixel as the nearest one of the mean.
    pub fn mask(&self, width: u32, height: u32) -> Mask {
        // The cell that the pixel's centre falls into.
        let near = |at: u32, size: u32| {
            ((2 * u64::from(at) + 1) * u64::from(Prior::SIDE) / (2 * u64::from(size.max(1))))
                as usize
        };
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let value = |(x, y)| self.mean[near(y, height) * Prior::SIDE as usize + near(x, width)];
        Mask {
            width,
            height,
            probabilities: pixels.map(value).collect(),
            threshold: self.threshold,
            presence_threshold: None,
            tiles_presence: None,
            sentence_cut: false,
        }
    }
}

/// The words of a sentence.
fn key(sentence: &str) -> BTreeSet<String> {
    words(sentence).into_iter().map(str::to_lowercase).collect()
}

/// 1 if both are empty.
fn dice(answer: &[bool], reference: Option<&[bool]>) -> f64 {
    let area = |mask: &[bool]| mask.iter().filter(|inside| **inside).count();
    let Some(reference) = reference else {
        return f64::from(u8::from(area(answer) == 0));
    };
    let both = answer.iter().zip(reference).filter(|(a, b)| **a && **b).count();
    2.0 * both as f64 / (area(answer) + area(reference)).max(1) as f64
}

#[cfg(test)]
mod tests {
    use seg_data::{Dataset, Split};

    use super::*;

    /// Three of four "left" masks are the left half, and two of three "spot" ones are empty.
    fn prior() -> Prior {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let half = |left: bool| seg_image::BinaryMask::from_fn(32, 32, |x, _| (x < 16) == left);
        seg_image::write_mask(&file("left.png"), &half(true)).unwrap();
        seg_image::write_mask(&file("right.png"), &half(false)).unwrap();
        let mut table = "image,mask,text,split\n".to_owned();
        for (picture, mask, text) in [
            ("a", "left.png", "the left half"),
            ("b", "left.png", "The left half."),
            ("c", "right.png", "the left half"),
            ("d", "right.png", "the other half"),
            ("a", "left.png", "spot"),
            ("b", "", "spot"),
            ("c", "", "spot"),
        ] {
            let grey = seg_image::RgbImage::from_pixel(32, 32, seg_image::Rgb([90; 3]));
            seg_image::write_rgb(&file(&format!("{picture}.png")), &grey).unwrap();
            table += &format!("{picture}.png,{mask},{text},train\n");
        }
        std::fs::write(file("manifest.csv"), table).unwrap();
        let set = Dataset::open(folder.path()).unwrap();
        Prior::learn(&set.cases(Split::Train)).unwrap()
    }

    #[test]
    fn a_sentences_masks_are_its_guess() {
        let prior = prior();
        let mask = prior.guess("The LEFT half").mask(8, 4);
        assert_eq!((mask.width, mask.height), (8, 4));
        let half = seg_image::BinaryMask::from_fn(8, 4, |x, _| x < 4);
        assert_eq!(mask.binary(), half);
        assert!((mask.probabilities[0] - 2.0 / 3.0).abs() < 1e-6);
        // Where there is mostly nothing, nothing is the best guess.
        assert_eq!(prior.guess("spot").mask(8, 4).area(), 0);
    }

    #[test]
    fn an_unknown_sentence_is_taken_as_the_nearest_one() {
        let prior = prior();
        let of = |text| prior.guess(text).mask(8, 4).binary();
        assert_eq!(of("half on the left"), of("the left half"));
        assert_eq!(of("the other"), of("the other half"));
        assert_eq!(Prior::learn(&[]).unwrap().guess("left").mask(2, 2).area(), 0);
    }
}
