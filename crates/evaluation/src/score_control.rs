//! How well a network's masks fit under one control, case by case.

use std::collections::HashMap;

use causal_clip_seg::{RgbImage, Segmenter};
use seg_data::{Case, Dataset, Sample, Split, distinct_names};
use seg_metrics::Scores;
use seg_report::{ControlScores, ScoredCase};

use crate::controls::{Control, Query, commonest_sentence};
use crate::error::EvaluationError;
use crate::evaluate::{alone, evaluate_by, evaluate_on};
use crate::prior::Prior;
use crate::views::{MeanMask, Views};

/// The cases that are scored, and what their controls are drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Questions<'a> {
    /// The whole set: [`Control::Fixed`] asks the commonest sentence of its training cases.
    pub data: &'a Dataset,
    /// The cases that are scored.
    pub cases: &'a [&'a Case],
    /// Decides whose sentence a case gets under [`Control::Shuffled`] and [`Control::Stratified`].
    pub seed: u64,
}

/// Scores the cases under one control. `see` is called once for each query, with its place among
/// them, the prediction and the case that it is held against: to keep masks, or to move a progress bar.
///
/// # Errors
///
/// If a picture or mask cannot be read, or `see` has one.
pub fn score_control(
    segmenter: &Segmenter,
    questions: Questions<'_>,
    control: Control,
    views: Option<&Views>,
    see: impl FnMut(usize, &MeanMask, &Sample) -> Result<(), EvaluationError>,
) -> Result<ControlScores, EvaluationError> {
    score_control_on((segmenter, &[]), questions, control, views, see)
}

/// [`score_control`] with one network on several devices; see [`evaluate_on`].
///
/// # Errors
///
/// As [`score_control`].
pub fn score_control_on(
    (segmenter, others): (&Segmenter, &[Segmenter]),
    questions: Questions<'_>,
    control: Control,
    views: Option<&Views>,
    see: impl FnMut(usize, &MeanMask, &Sample) -> Result<(), EvaluationError>,
) -> Result<ControlScores, EvaluationError> {
    let Questions { data, cases, seed } = questions;
    let train = data.cases(Split::Train);
    let queries = control.queries(cases, commonest_sentence(&train), seed);
    let scores = match control {
        Control::Prior if train.is_empty() => {
            return Ok(ControlScores::new(control.to_string(), Vec::new()));
        }
        Control::Prior => by_prior(&train, &queries, see)?,
        _ => evaluate_on(segmenter, others, &queries, views, see)?,
    };
    let names = distinct_names(cases);
    let places = cases.iter().zip(&names).map(|(case, name)| (std::ptr::from_ref(*case), name));
    let places = places.collect::<HashMap<_, _>>();
    let several = names.iter().zip(cases).any(|(name, case)| *name != case.id);
    let scored = queries.iter().zip(scores).filter_map(|(query, scores)| {
        // Sentences about one picture are no independent cases.
        let picture = several.then(|| query.picture.image.display().to_string());
        Some(ScoredCase {
            case: (*places.get(&std::ptr::from_ref(query.picture))?).clone(),
            group: query.picture.group.clone().or(picture),
            sentence: Some(query.sentence.clone().into_owned()),
            scores,
        })
    });
    Ok(ControlScores::new(control.to_string(), scored.collect()))
}

/// Scores of the training cases' prior; each sentence is guessed once.
fn by_prior(
    train: &[&Case],
    queries: &[Query<'_>],
    see: impl FnMut(usize, &MeanMask, &Sample) -> Result<(), EvaluationError>,
) -> Result<Vec<Scores>, EvaluationError> {
    let prior = Prior::learn(train)?;
    let mut guesses = HashMap::new();
    let answer = |pairs: &[(&RgbImage, &str)]| {
        let guessed = pairs.iter().map(|(picture, sentence)| {
            let known = guesses.entry((*sentence).to_owned());
            let guess = known.or_insert_with(|| prior.guess(sentence));
            alone(guess.mask(picture.width(), picture.height()))
        });
        Ok(guessed.collect())
    };
    evaluate_by(answer, queries, see)
}
