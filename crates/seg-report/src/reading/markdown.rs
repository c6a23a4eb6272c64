//! A report as tables that people read.

use crate::format::{self, number, signed};
use crate::reading::mean::Mean;
use crate::reading::report::ReadingReport;
use crate::reading::summary::EditSummary;
use crate::reading::title::title;

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
            let (change, dice) = (with_interval(&word.change), signed(word.dice_change.mean, 3));
            format!("| {} | {} | {change} | {dice} |", word.word, word.count)
        }));
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
        signed(summary.shift.mean, 3),
        number(ratio.mean.mean, 3),
        number(ratio.median, 3),
        dice(both.map(|both| &both.edited)),
        dice(both.map(|both| &both.original)),
    )
}

/// A mean with its interval, to three decimals.
fn with_interval(mean: &Mean) -> String {
    format::with_interval(mean.mean, mean.ci95, |value| number(Some(value), 3))
}
