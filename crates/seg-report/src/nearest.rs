//! Which convention brings a set's own scores nearest to a published pair.

use std::path::Path;

use seg_metrics::{Package, PublishedPair};
use serde::Serialize;
use serde_json::Value;

use crate::error::ReportError;
use crate::format::signed;

/// Dice and IoU of a set under one convention, beside a published pair.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// The convention of Dice, by its name in a `conventions.json`.
    pub dice_convention: &'static str,
    /// The convention of IoU.
    pub iou_convention: &'static str,
    /// Dice of the set, in percent.
    pub dice: f64,
    /// IoU of the set, in percent.
    pub iou: f64,
    /// The larger difference of the two to the published ones, in points.
    pub away: f64,
    /// Whether both are the published numbers, to their last digits.
    pub fits: bool,
}

/// Conventions that stand together in one evaluation.
const PAIRS: [[&str; 2]; 15] = [
    ["dice_per_image", "iou_per_image"],
    ["dice_both_empty_zero", "iou_both_empty_zero"],
    ["dice_both_empty_left_out", "iou_both_empty_left_out"],
    ["dice_per_image_non_empty", "iou_per_image_non_empty"],
    ["dice_lvit", "iou_both_empty_zero"],
    ["dice_medclipseg", "iou_per_image"],
    ["dice_transunet", "iou_per_image"],
    ["dice_smoothed", "iou_per_image"],
    ["dice_mean_of_thresholds", "iou_mean_of_thresholds"],
    ["dice_two_classes_per_image", "iou_two_classes_per_image"],
    ["dice_two_classes_per_image", "iou_two_classes_pairwise"],
    ["dice_two_classes_pooled", "iou_two_classes_pooled"],
    ["dice_pooled", "iou_pooled"],
    ["dice_pooled_non_empty", "iou_pooled_non_empty"],
    ["dice_per_image", "iou_pooled"],
];

/// The conventions of a `conventions.json`, as [`ConventionTable::write`] leaves it, nearest to the
/// pair first. Conventions that the file lacks are passed over.
///
/// [`ConventionTable::write`]: crate::ConventionTable::write
///
/// # Errors
///
/// If the file cannot be read, is not valid JSON, or has no Dice and IoU by convention.
pub fn nearest_conventions(
    file: &Path,
    pair: &PublishedPair,
) -> Result<Vec<Candidate>, ReportError> {
    let text = std::fs::read(file)
        .map_err(|source| ReportError::Read { file: file.to_owned(), source })?;
    let json: Value = serde_json::from_slice(&text)
        .map_err(|source| ReportError::NoJson { file: file.to_owned(), source })?;
    let of = |name: &str| {
        let value = json.get("conventions")?.get(name)?.get("value")?.as_f64()?;
        (0.0..=1.0).contains(&value).then_some(100.0 * value)
    };
    let candidate = |[dice_convention, iou_convention]: [&'static str; 2]| {
        let (dice, iou) = (of(dice_convention)?, of(iou_convention)?);
        let away = [(dice, pair.dice()), (iou, pair.iou())].map(|(own, published)| {
            let half = 0.5 * 0.1f64.powi(published.decimals().min(9) as i32) + 1e-9;
            let away = (own - published.value()).abs();
            (away, away <= half)
        });
        let fits = away.iter().all(|(_, fits)| *fits);
        let away = away[0].0.max(away[1].0);
        Some(Candidate { dice_convention, iou_convention, dice, iou, away, fits })
    };
    let mut found = PAIRS.into_iter().filter_map(candidate).collect::<Vec<_>>();
    if found.is_empty() {
        return Err(ReportError::NoConventions { file: file.to_owned() });
    }
    found.sort_by(|a, b| a.away.total_cmp(&b.away));
    Ok(found)
}

/// The candidates as a table, and who prints the nearest one.
pub fn describe_candidates(candidates: &[Candidate], pair: &PublishedPair) -> String {
    let Some(first) = candidates.first() else { return String::new() };
    let decimals = pair.dice().decimals().max(pair.iou().decimals()).clamp(2, 6);
    let verdict = match first.fits {
        true => "fits to the last digit",
        false => "is nearest; other masks than the published ones would explain the rest",
    };
    let mut lines = vec![
        "These masks under each convention, nearest to the published pair first:".to_owned(),
        String::new(),
        "| Dice as | IoU as | Dice | IoU | minus published, points |".to_owned(),
        "| --- | --- | --- | --- | --- |".to_owned(),
    ];
    lines.extend(candidates.iter().map(|candidate| {
        let Candidate { dice_convention, iou_convention, dice, iou, .. } = candidate;
        let [of_dice, of_iou] = [(dice, pair.dice()), (iou, pair.iou())]
            .map(|(own, published)| signed(Some(own - published.value()), decimals));
        format!(
            "| {dice_convention} | {iou_convention} | {dice:.decimals$} | {iou:.decimals$} | \
             {of_dice}, {of_iou} |"
        )
    }));
    let conventions = [first.dice_convention, first.iou_convention];
    let printed = Package::all().iter().filter(|p| conventions.iter().any(|c| p.prints(c)));
    let printed = printed.map(|package| package.name).collect::<Vec<_>>().join(", ");
    lines.extend([
        String::new(),
        format!(
            "{} with {} {verdict}. Printed by: {}.",
            first.dice_convention,
            first.iou_convention,
            if printed.is_empty() { "none of the packages of `score --as`" } else { &printed }
        ),
        String::new(),
    ]);
    lines.join("\n")
}
