//! How well the masks fit, at each reference's own size.

use std::collections::HashMap;

use causal_clip_seg::{BinaryMask, RgbImage, Segmenter};
use seg_data::Case;
use seg_metrics::{Grid, MetricError, Overlap, overlap};

use crate::error::TrainError;

/// A sentence to ask of a case's picture, and the case whose mask the answer is held against.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// Whose picture.
    pub picture: &'a Case,
    /// What is asked.
    pub sentence: &'a str,
    /// Whose mask.
    pub reference: &'a Case,
}

/// Which sentences are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Each case's own.
    True,
    /// Each case has the sentence of another: all are moved on by this many cases.
    Shuffled(usize),
    /// Each case's own, held against the mask of the same picture's sentence with left and right
    /// exchanged; cases without such a sentence are left out.
    Opposite,
}

impl Control {
    /// The queries of these cases.
    pub fn queries<'a>(self, cases: &[&'a Case]) -> Vec<Query<'a>> {
        match self {
            Self::True => own(cases).collect(),
            Self::Shuffled(by) => own(cases)
                .zip(cases.iter().cycle().skip(by))
                .map(|(query, other)| Query { sentence: &other.sentence, ..query })
                .collect(),
            Self::Opposite => {
                let by_sentence = cases
                    .iter()
                    .map(|case| ((case.image.as_path(), case.sentence.clone()), *case))
                    .collect::<HashMap<_, _>>();
                own(cases)
                    .filter_map(|query| {
                        let swapped = swap_sides(query.sentence);
                        if swapped == query.sentence {
                            return None;
                        }
                        let other = by_sentence.get(&(query.picture.image.as_path(), swapped))?;
                        Some(Query { reference: other, ..query })
                    })
                    .collect()
            }
        }
    }
}

fn own<'a>(cases: &[&'a Case]) -> impl Iterator<Item = Query<'a>> {
    cases.iter().map(|case| Query { picture: case, sentence: &case.sentence, reference: case })
}

/// `left` and `right` exchanged, in lower case, as whole words.
fn swap_sides(sentence: &str) -> String {
    let swap = |word: &str| match word {
        "left" => "right".to_owned(),
        "right" => "left".to_owned(),
        _ => word.to_owned(),
    };
    sentence.split_inclusive(|c: char| !c.is_alphanumeric()).fold(String::new(), |out, piece| {
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
        out + &swap(word) + &piece[word.len()..]
    })
}

/// A step for [`Control::Shuffled`] that depends on the seed and moves every sentence.
pub fn shuffled(seed: u64, cases: usize) -> Control {
    let mut stream = vision_layers::SplitMix64::new(seed);
    Control::Shuffled(1 + stream.below(cases.saturating_sub(1)))
}

/// Scores of each query, in order.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// Dice, 1 where both masks are empty.
    pub dice: Vec<f64>,
    /// Intersection over union, 1 where both are empty.
    pub iou: Vec<f64>,
}

impl Evaluation {
    /// Mean over the queries: the per-image convention.
    pub fn mean_dice(&self) -> f64 {
        mean(&self.dice)
    }

    /// Mean over the queries.
    pub fn mean_iou(&self) -> f64 {
        mean(&self.iou)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Asks every query and scores the answer at the reference's own size; `tick` is called after each.
///
/// # Errors
///
/// If a picture or mask cannot be read.
pub fn evaluate(
    segmenter: &Segmenter,
    queries: &[Query<'_>],
    mut tick: impl FnMut(),
) -> Result<Evaluation, TrainError> {
    /// Pictures in one forward pass.
    const TOGETHER: usize = 16;
    let mut result = Evaluation::default();
    for part in queries.chunks(TOGETHER) {
        let pictures = part
            .iter()
            .map(|query| seg_data::load(query.picture).map(|sample| sample.image))
            .collect::<Result<Vec<RgbImage>, _>>()?;
        let asked = pictures.iter().zip(part).map(|(image, query)| (image, query.sentence));
        let answers = segmenter.segment_many(&asked.collect::<Vec<_>>())?;
        for (answer, query) in answers.iter().zip(part) {
            let reference = seg_data::load(query.reference)?.mask;
            let overlap = score(&answer.binary(), &reference)?;
            result.dice.push(overlap.dice());
            result.iou.push(overlap.iou());
            tick();
        }
    }
    Ok(result)
}

/// How the answer, brought to the reference's size where they differ, overlaps it.
fn score(answer: &BinaryMask, reference: &BinaryMask) -> Result<Overlap, MetricError> {
    let (width, height) = (reference.width, reference.height);
    let answer = answer.resize_nearest(width, height);
    let grid = |mask| Grid::new(width as usize, height as usize, mask);
    overlap(&grid(&answer.values)?, &grid(&reference.values)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_swapped_as_whole_words() {
        let sentence = "the patient's right lung, on the left side; leftmost";
        let swapped = "the patient's left lung, on the right side; leftmost";
        assert_eq!(swap_sides(sentence), swapped);
        assert_eq!(swap_sides(swapped), sentence);
    }
}
