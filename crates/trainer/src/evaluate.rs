//! How well the masks fit, at each reference's own size.

use std::collections::HashMap;
use std::path::Path;

use causal_clip_seg::{BinaryMask, Mask, RgbImage, SegError, Segmenter};
use seg_data::Case;
use seg_metrics::{Grid, MetricError, Scores};

use crate::batch::in_parallel;
use crate::controls::Query;
use crate::error::TrainError;
use crate::views::{Answer, Views};

/// Asks every query and scores the answer at the reference's own size: probabilities are brought to
/// the picture's size (bilinear, or the letterbox's warp) and then compared with the threshold.
/// Scores are in the queries' order; `see` is shown each query's place, answer and reference.
///
/// # Errors
///
/// If a picture or mask cannot be read, or `see` has one.
pub fn evaluate(
    segmenter: &Segmenter,
    queries: &[Query<'_>],
    views: Option<&Views>,
    mut see: impl FnMut(usize, &Answer, &BinaryMask) -> Result<(), TrainError>,
) -> Result<Vec<Scores>, TrainError> {
    /// Queries in one forward pass.
    const TOGETHER: usize = 16;
    // Queries about one picture follow each other: it is read and looked at once.
    let mut order = (0..queries.len()).collect::<Vec<_>>();
    order.sort_by_key(|index| &queries[*index].picture.image);
    let mut scores = vec![None; queries.len()];
    for part in order.chunks(TOGETHER) {
        let asked = part.iter().map(|index| &queries[*index]).collect::<Vec<_>>();
        let pictures = pictures(&asked)?;
        let pairs = asked.iter().filter_map(|query| {
            Some((pictures.get(query.picture.image.as_path())?, query.sentence.as_ref()))
        });
        let pairs = pairs.collect::<Vec<_>>();
        let answers = match views {
            Some(views) => views.answer(segmenter, &pairs)?,
            None => alone(segmenter, &pairs)?,
        };
        let scored =
            in_parallel(&answers.iter().zip(&asked).collect::<Vec<_>>(), |(answer, query)| {
                let reference = seg_data::load(query.reference)?.mask;
                let scores = score(&answer.mask.binary(), &reference)?;
                Ok::<_, TrainError>((scores, reference))
            });
        for ((index, answer), scored) in part.iter().zip(&answers).zip(scored) {
            let (found, reference) = scored?;
            scores[*index] = Some(found);
            see(*index, answer, &reference)?;
        }
    }
    Ok(scores.into_iter().flatten().collect())
}

fn alone(segmenter: &Segmenter, pairs: &[(&RgbImage, &str)]) -> Result<Vec<Answer>, SegError> {
    let masks = segmenter.segment_many(pairs)?;
    Ok(masks.into_iter().map(|mask: Mask| Answer { mask, spread: None }).collect())
}

/// The pictures of some queries.
fn pictures<'a>(queries: &[&Query<'a>]) -> Result<HashMap<&'a Path, RgbImage>, TrainError> {
    let mut cases: Vec<&'a Case> = Vec::new();
    for query in queries {
        if cases.iter().all(|case| case.image != query.picture.image) {
            cases.push(query.picture);
        }
    }
    let read = in_parallel(&cases, |case| seg_data::load(case));
    let named = cases.iter().zip(read);
    named.map(|(case, read)| Ok((case.image.as_path(), read?.image))).collect()
}

/// Per-image mean Dice: the mean over cases, 0 of none.
pub fn mean_dice(scores: &[Scores]) -> f64 {
    scores.iter().map(|scores| scores.dice).sum::<f64>() / scores.len().max(1) as f64
}

/// How the answer, brought to the reference's size where they differ, fits it.
fn score(answer: &BinaryMask, reference: &BinaryMask) -> Result<Scores, MetricError> {
    let (width, height) = (reference.width, reference.height);
    let answer = answer.resize_nearest(width, height);
    let grid = |mask| Grid::new(width as usize, height as usize, mask);
    Scores::of(&grid(&answer.values)?, &grid(&reference.values)?)
}
