//! Whether the game split anything, for people to read.

use std::path::Path;

use burn::tensor::Device;
use causal_clip_seg::{CausalClipSeg, CausalClipSegConfig};
use indicatif::{ProgressBar, ProgressStyle};
use seg_data::Case;
use seg_metrics::Bootstrap;
use trainer::{CausalMean, CausalRow, causal_study};

/// Looks into the network on these cases and leaves causal.csv, a row for each case.
///
/// # Errors
///
/// If a picture or mask cannot be read, or the table not written.
pub fn causal_report(
    network: &CausalClipSeg,
    config: &CausalClipSegConfig,
    (cases, names): (&[&Case], &[String]),
    out: &Path,
    bootstrap: &Bootstrap,
    device: &Device,
) -> anyhow::Result<Vec<CausalMean>> {
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {eta}")?;
    let bar = ProgressBar::new(cases.len() as u64).with_style(style).with_message("inside");
    let seed = bootstrap.seed;
    let rows = causal_study(network, config, cases, names, seed, device, |done| {
        bar.inc(done as u64);
    })?;
    bar.finish_and_clear();
    let mut table = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    table.write_record([
        "case",
        "unit",
        "causal",
        "confounding",
        "overlap",
        "exchanged_sides",
        "other_gates",
        "other_map",
        "gate_c3_inside",
        "gate_c4_inside",
        "gate_c5_inside",
        "gate_c3_outside",
        "gate_c4_outside",
        "gate_c5_outside",
    ])?;
    for row in &rows {
        table.serialize(row)?;
    }
    whole_file::write(&out.join("causal.csv"), &table.into_inner()?)?;
    Ok(CausalRow::means(&rows, bootstrap)?)
}

/// A table to paste.
pub fn causal_markdown(means: &[CausalMean]) -> String {
    let mut lines = vec![
        "Inside, at the network's size (Dice against the case's mask; gates: 1 keeps a feature for \
         the causal side):"
            .to_owned(),
        String::new(),
        "| of | cases | mean (95 % interval) |".to_owned(),
        "| --- | --- | --- |".to_owned(),
    ];
    lines.extend(means.iter().map(|CausalMean { name, cases, mean, ci95: [low, high] }| {
        format!("| {name} | {cases} | {mean:.4} ({low:.4} to {high:.4}) |")
    }));
    lines.push(String::new());
    lines.join("\n")
}
