//! A report as tables that people read.

use crate::mean::Mean;
use crate::presence::PresenceReport;
use crate::report::ReadingReport;
use crate::summary::EditSummary;
use crate::title::title;

pub(crate) fn markdown(report: &ReadingReport) -> String {
    let drawing = &report.bootstrap;
    let mut lines = vec![
        format!("# {}: does the sentence decide?", report.name),
        String::new(),
        format!(
            "{} edited sentences of {} cases in {} groups. Intervals: 95 %, {} resamples of groups, \
             seed {}.",
            report.trials, report.cases, report.groups, drawing.resamples, drawing.seed
        ),
        String::new(),
        report.rules.to_owned(),
        String::new(),
        "| edit | cases | empty | Dice to original | moved right | with verdict | shift | area ratio, \
         mean (median) | Dice, edited sentence's mask | the same answers, original's mask |"
            .to_owned(),
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |".to_owned(),
    ];
    lines.extend(report.edits.iter().map(edit_row));
    if !report.words.words.is_empty() {
        lines.extend([
            String::new(),
            "| word left out | times | 1 - Dice to original | change of Dice |".to_owned(),
            "| --- | --- | --- | --- |".to_owned(),
        ]);
        lines.extend(report.words.words.iter().map(|word| {
            let (change, dice) = (with_interval(&word.change), signed(word.dice_change.mean));
            format!("| {} | {} | {change} | {dice} |", word.word, word.count)
        }));
    }
    if let Some(presence) = &report.presence {
        lines.extend([String::new(), presence_line(presence)]);
    }
    lines.push(String::new());
    lines.join("\n")
}

fn edit_row(summary: &EditSummary) -> String {
    let ratio = &summary.area_ratio;
    let both = summary.both_references.as_ref();
    let dice = |mean: Option<&Mean>| mean.map_or("–".to_owned(), with_interval);
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} ({}) | {} | {} |",
        title(summary.edit),
        summary.cases,
        summary.empty,
        with_interval(&summary.dice_to_original),
        with_interval(&summary.moved_right),
        summary.moved_right.cases,
        signed(summary.shift.mean),
        number(ratio.mean.mean),
        number(ratio.median),
        dice(both.map(|both| &both.edited)),
        dice(both.map(|both| &both.original)),
    )
}

/// What a presence report says, in one sentence.
pub(crate) fn presence_line(presence: &PresenceReport) -> String {
    format!(
        "Presence at threshold {:.3}: no-target accuracy {} ({} of {}), target accuracy {} ({} of \
         {}), AUROC {}.",
        presence.threshold,
        number(presence.no_target_accuracy),
        presence.rejected,
        presence.absent,
        number(presence.target_accuracy),
        presence.found,
        presence.present,
        number(presence.auroc),
    )
}

/// A mean with its interval, to three decimals.
pub(crate) fn with_interval(mean: &Mean) -> String {
    match (mean.mean, mean.ci95) {
        (Some(mean), Some([low, high])) => format!("{mean:.3} ({low:.3} to {high:.3})"),
        _ => number(None),
    }
}

pub(crate) fn number(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.3}"))
}

pub(crate) fn signed(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:+.3}"))
}
