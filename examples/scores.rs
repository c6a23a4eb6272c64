//! Scores with a progress bar.

use causal_clip_seg::Segmenter;
use causal_clip_seg::mask::BinaryMask;
use evaluation::{Control, EvaluationError, Prediction, Questions, Views, score_control};
use indicatif::{ProgressBar, ProgressStyle};
use seg_data::{Case, Dataset};
use seg_metrics::Bootstrap;
use seg_report::{ControlScores, ReportHeader, ScoreReport};

/// A bar for work on so many cases.
///
/// # Errors
///
/// Never: the template is constant.
pub fn progress(cases: usize, name: impl Into<String>) -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {eta}")?;
    Ok(ProgressBar::new(cases as u64).with_style(style).with_message(name.into()))
}

/// [`score_control`] with a progress bar.
///
/// # Errors
///
/// As [`score_control`].
pub fn score_with_progress(
    segmenter: &Segmenter,
    questions: Questions<'_>,
    control: Control,
    views: Option<&Views>,
    mut see: impl FnMut(usize, &Prediction, &BinaryMask) -> Result<(), EvaluationError>,
) -> anyhow::Result<ControlScores> {
    let bar = progress(questions.cases.len(), control.to_string())?;
    let scores =
        score_control(segmenter, questions, control, views, |place, answer, reference| {
            bar.inc(1);
            see(place, answer, reference)
        })?;
    bar.finish_and_clear();
    Ok(scores)
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
        let scored = score_with_progress(segmenter, questions, control, None, |_, _, _| Ok(()))?;
        if !scored.cases.is_empty() {
            controls.push(scored);
        }
    }
    let header = ReportHeader::new(split);
    let bootstrap = Bootstrap { seed, ..Bootstrap::default() };
    say!("{}", ScoreReport::of(header, &controls, bootstrap)?.markdown());
    Ok(())
}
