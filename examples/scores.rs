//! How well a network's masks fit, for people to read.

use std::collections::HashMap;

use causal_clip_seg::{BinaryMask, Segmenter};
use indicatif::{ProgressBar, ProgressStyle};
use seg_data::{Case, Dataset, Split, distinct_names};
use seg_metrics::Bootstrap;
use seg_report::{ControlScores, ReportHeader, ScoreReport, ScoredCase};
use trainer::{Answer, Control, TrainError, Views, commonest_sentence, evaluate};

/// What is to be asked of which cases.
#[derive(Debug)]
pub struct Questions<'a> {
    /// The whole set: the commonest sentence is that of its training cases.
    pub data: &'a Dataset,
    /// Those that are scored.
    pub cases: &'a [&'a Case],
    /// Of the steps by which sentences are moved on.
    pub seed: u64,
}

/// Scores the cases under one control, with a progress bar; `see` is shown the place of each case,
/// the answer and the reference.
///
/// # Errors
///
/// If a picture or mask cannot be read, or `see` has one.
pub fn score_control(
    segmenter: &Segmenter,
    questions: &Questions<'_>,
    control: Control,
    views: Option<&Views>,
    mut see: impl FnMut(usize, &Answer, &BinaryMask) -> Result<(), TrainError>,
) -> anyhow::Result<ControlScores> {
    let Questions { data, cases, seed } = questions;
    let train = data.cases(Split::Train);
    let queries = control.queries(cases, commonest_sentence(&train), *seed);
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {eta}")?;
    let bar = ProgressBar::new(queries.len() as u64).with_style(style);
    bar.set_message(control.to_string());
    let scores = evaluate(segmenter, &queries, views, |place, answer, reference| {
        bar.inc(1);
        see(place, answer, reference)
    })?;
    bar.finish_and_clear();
    let names = distinct_names(cases);
    let places = cases.iter().zip(&names).map(|(case, name)| (std::ptr::from_ref(*case), name));
    let places = places.collect::<HashMap<_, _>>();
    let several = names.iter().zip(*cases).any(|(name, case)| *name != case.id);
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

/// Scores the cases with their own sentences, with those of other cases, and, where a picture has a
/// sentence for either side, against the other side's mask, and prints the table.
///
/// # Errors
///
/// If a picture or mask cannot be read.
pub fn print_scores(
    segmenter: &Segmenter,
    data: &Dataset,
    cases: &[&Case],
    split: &str,
    seed: u64,
) -> anyhow::Result<()> {
    let questions = Questions { data, cases, seed };
    let mut controls = Vec::new();
    for control in [Control::True, Control::Shuffled, Control::Opposite] {
        let scored = score_control(segmenter, &questions, control, None, |_, _, _| Ok(()))?;
        if !scored.cases.is_empty() {
            controls.push(scored);
        }
    }
    let header = ReportHeader::new(split);
    let bootstrap = Bootstrap { seed, ..Bootstrap::default() };
    say!("{}", ScoreReport::from_controls(header, &controls, bootstrap)?.markdown());
    Ok(())
}
