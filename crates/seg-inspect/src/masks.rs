//! The contents of mask files.

use std::collections::{BTreeMap, BTreeSet};

use seg_data::Split;
use serde::Serialize;

use crate::finding::{Finding, Level, count};
use crate::scan::Scan;
use crate::spread::MedianRange;

/// The contents of mask files.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MaskFacts {
    /// Different files that can be read.
    pub files: usize,
    /// Values in them, smallest first.
    pub values: Vec<MaskValue>,
    /// Files with more than two values, as JPEG compression or a resize leaves them, and labels.
    pub blurred: usize,
    /// Share of the picture inside, in `[0, 1]`, over cases; empty masks are 0.
    pub area: MedianRange,
}

/// A value in mask files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MaskValue {
    /// As the file stores it, 0 to 65535.
    pub value: u16,
    /// Pixels that have it.
    pub pixels: u64,
    /// Files that have it anywhere.
    pub files: usize,
}

impl MaskFacts {
    pub(crate) fn from_scan(scan: &Scan<'_>) -> Self {
        let mut files = BTreeMap::new();
        for (file, values) in scan.masks().flat_map(|mask| &mask.values) {
            files.insert(*file, values);
        }
        let mut tally = BTreeMap::<u16, (u64, usize)>::new();
        for (value, pixels) in files.values().copied().flatten() {
            let seen = tally.entry(*value).or_default();
            *seen = (seen.0 + pixels, seen.1 + 1);
        }
        let value = |(value, (pixels, files))| MaskValue { value, pixels, files };
        let regions = scan.cases.iter().filter_map(|case| scan.region(case));
        Self {
            files: files.len(),
            values: tally.into_iter().map(value).collect(),
            blurred: blurred(scan).len(),
            area: MedianRange::from_numbers(regions.map(|region| region.coverage())),
        }
    }

    pub(crate) fn findings(&self, scan: &Scan<'_>) -> Vec<Finding> {
        let mut found = Vec::new();
        let of_region = |wanted: &dyn Fn(u64, u64) -> bool| {
            let places = 0..scan.cases.len();
            let is = |at: &usize| {
                scan.region(&scan.cases[*at])
                    .is_some_and(|region| wanted(region.area, region.pixels))
            };
            places.filter(is).collect::<Vec<_>>()
        };
        let blurred = blurred(scan);
        if !blurred.is_empty() {
            let message = format!(
                "{} between inside and outside, left by JPEG or a resize: the border depends on the \
                 threshold (128 here)",
                match blurred.len() {
                    1 => "1 mask file holds values".to_owned(),
                    n => format!("{n} mask files hold values"),
                }
            );
            found.push(Finding::new(Level::Warning, "blurred_mask", message).at(blurred));
        }
        let full = of_region(&|area, pixels| area == pixels && area > 0);
        if !full.is_empty() {
            let message = format!("{} that covers the whole picture", count(full.len(), "mask"));
            let message =
                if full.len() == 1 { message } else { message.replace("covers", "cover") };
            let rows = full.into_iter().map(|at| scan.row(at));
            found.push(Finding::new(Level::Warning, "full_mask", message).at(rows));
        }
        let empty = of_region(&|area, _| area == 0);
        if !empty.is_empty() {
            let parts = Split::ALL.map(|split| {
                let is_in = |at: &&usize| scan.cases[**at].case.split == split;
                (split, empty.iter().filter(is_in).count())
            });
            let parts =
                parts.iter().filter(|(_, n)| *n > 0).map(|(split, n)| format!("{n} {split}"));
            let message = format!(
                "{} ({}): their Dice is 1 or 0 and depends more on the threshold than on the outline",
                match empty.len() {
                    1 => "1 empty mask".to_owned(),
                    n => format!("{n} empty masks"),
                },
                parts.collect::<Vec<_>>().join(", ")
            );
            let rows = empty.into_iter().map(|at| scan.row(at));
            found.push(Finding::new(Level::Note, "empty_mask", message).at(rows));
        }
        found
    }
}

/// Mask files with many values, as JPEG and resizing leave between black and white.
fn blurred(scan: &Scan<'_>) -> BTreeSet<String> {
    let files = scan.masks().flat_map(|mask| &mask.values);
    let files = files.filter(|(_, values)| values.len() > 2).map(|(file, _)| *file);
    files.collect::<BTreeSet<_>>().into_iter().map(|file| scan.path(file)).collect()
}
