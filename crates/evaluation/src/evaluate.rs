//! How well the masks fit, at each reference's own size.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::mpsc::sync_channel;

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
    let learned = learn(segmenter, queries, views)?;
    evaluate_by(|pairs| answers(segmenter, learned, pairs, views), queries, see)
}

/// [`evaluate`] with one network on several devices, those of `segmenter` and `others`: each answers every so many queries on a thread of its
/// own. What comes out, and in which order, does not depend on how many there are.
///
/// # Errors
///
/// As [`evaluate`].
pub fn evaluate_on(
    segmenter: &Segmenter,
    others: &[Segmenter],
    queries: &[Query<'_>],
    views: Option<&Views>,
    mut see: impl FnMut(usize, &MeanMask, &Sample) -> Result<(), EvaluationError>,
) -> Result<Vec<Scores>, EvaluationError> {
    if others.is_empty() {
        return evaluate(segmenter, queries, views, see);
    }
    let count = 1 + others.len();
    let learned = learn(segmenter, queries, views)?;
    others.iter().try_for_each(|segmenter| learn(segmenter, queries, views).map(drop))?;
    let order = order(queries);
    let parts = order.chunks(TOGETHER).collect::<Vec<_>>();
    let mut scores = vec![None; queries.len()];
    std::thread::scope(|scope| {
        let mut queues = Vec::new();
        for (first, segmenter) in std::iter::once(segmenter).chain(others).enumerate() {
            // One part may wait to be scored while the next is answered.
            let (sender, receiver) = sync_channel(1);
            queues.push(receiver);
            let parts = parts.iter().skip(first).step_by(count);
            scope.spawn(move || {
                for part in parts {
                    let answered = Answered::new(queries, part, |pairs| {
                        answers(segmenter, learned, pairs, views)
                    });
                    // Nobody listens any more: another part failed.
                    if sender.send(answered).is_err() {
                        return;
                    }
                }
            });
        }
        for (place, part) in parts.iter().enumerate() {
            // A closed queue is a thread that panicked, which the scope passes on.
            let Ok(answered) = queues[place % count].recv() else { break };
            answered?.score(queries, part, &mut scores, &mut see)?;
        }
        Ok(scores.into_iter().flatten().collect())
    })
}

/// [`evaluate`] for whatever answers a few pictures and sentences.
pub(crate) fn evaluate_by(
    mut answer: impl FnMut(&[(&RgbImage, &str)]) -> Result<Vec<MeanMask>, EvaluationError>,
    queries: &[Query<'_>],
    mut see: impl FnMut(usize, &MeanMask, &Sample) -> Result<(), EvaluationError>,
) -> Result<Vec<Scores>, EvaluationError> {
    let mut scores = vec![None; queries.len()];
    for part in order(queries).chunks(TOGETHER) {
        let answered = Answered::new(queries, part, &mut answer)?;
        answered.score(queries, part, &mut scores, &mut see)?;
    }
    Ok(scores.into_iter().flatten().collect())
}

/// Queries in one forward pass.
const TOGETHER: usize = 16;

/// Queries about one picture follow each other: it is read and looked at once.
fn order(queries: &[Query<'_>]) -> Vec<usize> {
    let mut order = (0..queries.len()).collect::<Vec<_>>();
    order.sort_by_key(|index| &queries[*index].picture.image);
    order
}

/// Reads all sentences, so that what they say does not depend on who is asked what; `false` if that cannot be
/// kept.
fn learn(
    segmenter: &Segmenter,
    queries: &[Query<'_>],
    views: Option<&Views>,
) -> Result<bool, EvaluationError> {
    // Views ask in other words too.
    let asked = if views.is_none() { queries } else { &[] };
    let sentences = asked.iter().map(|query| query.sentence.as_ref()).collect::<Vec<_>>();
    Ok(segmenter.learn_sentences(&sentences)? && views.is_none())
}

/// The answers to a part of the queries.
fn answers(
    segmenter: &Segmenter,
    learned: bool,
    pairs: &[(&RgbImage, &str)],
    views: Option<&Views>,
) -> Result<Vec<MeanMask>, EvaluationError> {
    if !learned {
        segmenter.learn_sentences(&[])?; // each part begins with nothing
    }
    match views {
        Some(views) => views.answer(segmenter, pairs),
        None => Ok(segmenter.segment_many(pairs)?.into_iter().map(alone).collect()),
    }
}

/// What tells a case from the others while all are held: where it lies.
type Name = usize;

fn name(case: &Case) -> Name {
    std::ptr::from_ref(case).addr()
}

/// A few queries with their answers.
struct Answered {
    samples: HashMap<Name, Sample>,
    answers: Vec<MeanMask>,
}

impl Answered {
    fn new(
        queries: &[Query<'_>],
        part: &[usize],
        answer: impl FnOnce(&[(&RgbImage, &str)]) -> Result<Vec<MeanMask>, EvaluationError>,
    ) -> Result<Self, EvaluationError> {
        let asked = part.iter().map(|index| &queries[*index]).collect::<Vec<_>>();
        let samples = samples(&asked)?;
        // A picture of several cases is one picture: the network sees it once.
        let mut pictures: HashMap<&Path, &RgbImage> = HashMap::new();
        let pairs = asked.iter().filter_map(|query| {
            let image = &samples.get(&name(query.picture))?.image;
            let image = *pictures.entry(&query.picture.image).or_insert(image);
            Some((image, query.sentence.as_ref()))
        });
        let answers = answer(&pairs.collect::<Vec<_>>())?;
        Ok(Self { samples, answers })
    }

    fn score(
        &self,
        queries: &[Query<'_>],
        part: &[usize],
        scores: &mut [Option<Scores>],
        see: &mut impl FnMut(usize, &MeanMask, &Sample) -> Result<(), EvaluationError>,
    ) -> Result<(), EvaluationError> {
        let references = part.iter().map(|index| name(queries[*index].reference));
        let references = references.filter_map(|case| self.samples.get(&case));
        let fits = self.answers.iter().zip(references).collect::<Vec<_>>();
        let scored = fits
            .par_iter()
            .map(|(answer, reference)| score(&answer.mask.binary(), reference))
            .collect::<Vec<_>>();
        for ((index, (answer, reference)), scored) in part.iter().zip(&fits).zip(scored) {
            scores[*index] = Some(scored?);
            see(*index, answer, reference)?;
        }
        Ok(())
    }
}

/// An answer of a single view.
pub(crate) fn alone(mask: Mask) -> MeanMask {
    MeanMask { mask, spread: None }
}

/// Everything that some queries look at, each case read once.
fn samples(queries: &[&Query<'_>]) -> Result<HashMap<Name, Sample>, EvaluationError> {
    let mut seen = HashSet::new();
    let cases = queries.iter().flat_map(|query| [query.picture, query.reference]);
    let cases = cases.filter(|case| seen.insert(name(case))).collect::<Vec<_>>();
    let read = cases.par_iter().map(|case| seg_data::load(case)).collect::<Vec<_>>();
    let named = cases.iter().zip(read);
    named.map(|(case, read)| Ok((name(case), read?))).collect()
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
