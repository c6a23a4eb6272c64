//! A report as tables that people read.

use std::fmt::Write;

use crate::control::{ControlDifference, ControlReport};
use crate::format::{number, signed, with_interval};
use crate::interval::MeanInterval;
use crate::report::ScoreReport;

/// The scores of a control's row between Dice and HD95.
const SHARES: [&str; 4] = ["iou", "precision", "recall", "nsd"];

pub(crate) fn markdown(report: &ScoreReport) -> String {
    let header = &report.header;
    let within = header.nsd_tolerance;
    let threshold = header.threshold.map_or(String::new(), |at| format!(", threshold {at}"));
    let drawing = &report.bootstrap;
    let mut lines = vec![
        format!("# Scores on {}: {} cases", header.split, report.cases),
        String::new(),
        format!("Predictions: {}{threshold}.", header.resize),
    ];
    if let Some(hash) = &header.weights_sha256 {
        lines.push(format!("Weights: sha256 {hash}."));
    }
    lines.extend([
        format!("Conventions: {}", report.convention),
        format!(
            "Intervals: {} resamples of {} {}, seed {}.",
            drawing.resamples, drawing.n, drawing.units, drawing.seed
        ),
        String::new(),
        format!(
            "| control | cases | Dice (95 % interval) | IoU | precision | recall | NSD@{within} | \
             HD95, both masks filled (cases with one empty; with both) | pooled Dice | pooled IoU |"
        ),
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |".to_owned(),
    ]);
    lines.extend(report.controls.iter().map(|(name, control)| control_row(name, control)));
    if !report.differences.is_empty() {
        lines.extend([
            String::new(),
            format!(
                "| difference, paired | pairs | Dice (95 % interval) | IoU | precision | recall | \
                 NSD@{within} | HD95, all masks filled (pairs) |"
            ),
            "| --- | --- | --- | --- | --- | --- | --- | --- |".to_owned(),
        ]);
        let rows = report.differences.iter();
        lines.extend(rows.map(|(name, difference)| difference_row(name, difference)));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn control_row(name: &str, control: &ControlReport) -> String {
    let all = &control.all;
    let mean = |score| all.per_image.get(score);
    let mut row = format!("| {name} | {} | {}", all.cases, dice(mean("dice"), number));
    for score in SHARES {
        let _ = write!(row, " | {}", number(mean(score).and_then(|m| m.mean), 4)); // a String takes all
    }
    let hd95 = number(all.filled.get("hd95").and_then(|m| m.mean), 2);
    let one = all.infinite.get("hd95").copied().unwrap_or_default();
    let (both, pooled) = (all.both_empty, &all.pooled);
    let _ = write!(row, " | {hd95} ({one}; {both}) | {:.4} | {:.4} |", pooled.dice, pooled.iou);
    row
}

fn difference_row(name: &str, difference: &ControlDifference) -> String {
    let mean = |score| difference.get(score).map(|found| &found.difference);
    let pairs = |score| difference.get(score).map_or(0, |found| found.pairs);
    let mut row = format!("| {name} | {} | {}", pairs("dice"), dice(mean("dice"), signed));
    for score in SHARES {
        let _ = write!(row, " | {}", signed(mean(score).and_then(|m| m.mean), 4));
    }
    let hd95 = signed(mean("hd95_filled").and_then(|m| m.mean), 2);
    let _ = write!(row, " | {hd95} ({}) |", pairs("hd95_filled"));
    row
}

fn dice(found: Option<&MeanInterval>, write: fn(Option<f64>, usize) -> String) -> String {
    let (mean, ci95) = found.map_or((None, None), |found| (found.mean, found.ci95));
    with_interval(mean, ci95, |value| write(Some(value), 4))
}
