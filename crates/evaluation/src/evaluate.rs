//! How well the masks fit, at each reference's own size.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use causal_clip_seg::mask::BinaryMask;
use causal_clip_seg::{Mask, RgbImage, Segmenter};
use rayon::prelude::*;
use seg_data::{Case, Sample};
use seg_metrics::{Grid, MetricError, Scores};

use crate::controls::Query;
use crate::error::EvaluationError;
use crate::views::{MeanMask, Views};

/// Asks every query and scores the answer at the reference's own size: probabilities are brought to
/// the picture's size (bilinear, or the letterbox's warp) and then compared with the threshold.
/// Scores are in the queries' order; `see` is shown each query's place, answer, and the case that it is held against.
///
/// # Errors
///
/// If a picture or mask cannot be read, or `see` has one.
pub fn evaluate(
    segmenter: &Segmenter,
    queries: &[Query<'_>],
    views: Option<&Views>,
    see: impl FnMut(usize, &MeanMask, &Sample) -> Result<(), EvaluationError>,
) -> Result<Vec<Scores>, EvaluationError> {
    let answer = |pairs: &[(&RgbImage, &str)]| match views {
        Some(views) => views.answer(segmenter, pairs),
        None => Ok(segmenter.segment_many(pairs)?.into_iter().map(alone).collect()),
    };
    evaluate_by(answer, queries, see)
}

/// [`evaluate`] for whatever answers a few pictures and sentences.
pub(crate) fn evaluate_by(
    mut answer: impl FnMut(&[(&RgbImage, &str)]) -> Result<Vec<MeanMask>, EvaluationError>,
    queries: &[Query<'_>],
    mut see: impl FnMut(usize, &MeanMask, &Sample) -> Result<(), EvaluationError>,
) -> Result<Vec<Scores>, EvaluationError> {
    /// Queries in one forward pass.
    const TOGETHER: usize = 16;
    // Queries about one picture follow each other: it is read and looked at once.
    let mut order = (0..queries.len()).collect::<Vec<_>>();
    order.sort_by_key(|index| &queries[*index].picture.image);
    let mut scores = vec![None; queries.len()];
    for part in order.chunks(TOGETHER) {
        let asked = part.iter().map(|index| &queries[*index]).collect::<Vec<_>>();
        let samples = samples(&asked)?;
        // A picture of several cases is one picture: the network sees it once.
        let mut pictures: HashMap<&Path, &RgbImage> = HashMap::new();
        let pairs = asked.iter().filter_map(|query| {
            let image = &samples.get(&std::ptr::from_ref(query.picture))?.image;
            let image = *pictures.entry(&query.picture.image).or_insert(image);
            Some((image, query.sentence.as_ref()))
        });
        let pairs = pairs.collect::<Vec<_>>();
        let answers = answer(&pairs)?;
        let references = asked.iter().map(|query| std::ptr::from_ref(query.reference));
        let references = references.filter_map(|case| samples.get(&case));
        let fits = answers.iter().zip(references).collect::<Vec<_>>();
        let scored = fits
            .par_iter()
            .map(|(answer, reference)| score(&answer.mask.binary(), reference))
            .collect::<Vec<_>>();
        for ((index, (answer, reference)), scored) in part.iter().zip(&fits).zip(scored) {
            scores[*index] = Some(scored?);
            see(*index, answer, reference)?;
        }
    }
    Ok(scores.into_iter().flatten().collect())
}

/// An answer of a single view.
pub(crate) fn alone(mask: Mask) -> MeanMask {
    MeanMask { mask, spread: None }
}

/// Everything that some queries look at, each case read once.
fn samples(queries: &[&Query<'_>]) -> Result<HashMap<*const Case, Sample>, EvaluationError> {
    let mut seen = HashSet::new();
    let cases = queries.iter().flat_map(|query| [query.picture, query.reference]);
    let cases = cases.filter(|case| seen.insert(std::ptr::from_ref(*case))).collect::<Vec<_>>();
    let read = cases.par_iter().map(|case| seg_data::load(case)).collect::<Vec<_>>();
    let named = cases.iter().zip(read);
    named.map(|(case, read)| Ok((std::ptr::from_ref(*case), read?))).collect()
}

/// Per-image mean Dice: the mean over cases, 0 of none.
pub fn mean_dice(scores: &[Scores]) -> f64 {
    scores.iter().map(|scores| scores.dice).sum::<f64>() / scores.len().max(1) as f64
}

/// How the answer, brought to the reference's size where they differ, fits it. Pixels that the
/// reference ignores are taken out of both.
fn score(answer: &BinaryMask, sample: &Sample) -> Result<Scores, MetricError> {
    let reference = &sample.mask;
    let (width, height) = (reference.width, reference.height);
    let mut answer = answer.resize_nearest(width, height);
    if let Some(ignored) = &sample.ignored {
        answer.remove(ignored);
    }
    let grid = |mask| Grid::new(width as usize, height as usize, mask);
    Scores::between(&grid(&answer.values)?, &grid(&reference.values)?)
}
