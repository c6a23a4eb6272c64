//! How many cases each split has.

use std::collections::BTreeSet;

use seg_data::Split;
use serde::Serialize;

use crate::finding::{Finding, Level};
use crate::scan::Scan;
use crate::spread::mean;

/// What a split holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SplitFacts {
    /// train, val or test.
    pub split: String,
    /// Rows: a picture, a sentence and its mask.
    pub cases: usize,
    /// Different picture files.
    pub pictures: usize,
    /// Different groups (patients), of the cases that have one.
    pub groups: usize,
    /// Mean share of a picture that is inside its mask, in `[0, 1]`, over the cases whose files can
    /// be read.
    pub mean_area: Option<f64>,
    /// Cases whose mask is empty.
    pub empty: usize,
    /// Cases whose mask covers the whole picture.
    pub full: usize,
}

impl SplitFacts {
    pub(crate) fn all(scan: &Scan<'_>, groups: &[Option<String>]) -> Vec<Self> {
        let facts = |split: Split| {
            let places = scan.places(split).collect::<Vec<_>>();
            let regions = places.iter().filter_map(|place| scan.region(&scan.cases[*place]));
            let regions = regions.collect::<Vec<_>>();
            let pictures = places.iter().map(|place| scan.cases[*place].picture);
            let named = places.iter().filter_map(|place| groups[*place].as_deref());
            Self {
                split: split.to_string(),
                cases: places.len(),
                pictures: pictures.collect::<BTreeSet<_>>().len(),
                groups: named.collect::<BTreeSet<_>>().len(),
                mean_area: mean(&regions.iter().map(|r| r.coverage()).collect::<Vec<_>>()),
                empty: regions.iter().filter(|region| region.area == 0).count(),
                full: regions.iter().filter(|r| r.area == r.pixels && r.area > 0).count(),
            }
        };
        Split::ALL.into_iter().map(facts).collect()
    }

    /// What stands against training.
    pub(crate) fn findings(all: &[Self], scan: &Scan<'_>) -> Vec<Finding> {
        let mut found = Vec::new();
        let split = |split: Split| all.iter().find(|facts| facts.split == split.to_string());
        let is_missing = |wanted| split(wanted).is_none_or(|facts| facts.cases == 0);
        if is_missing(Split::Train) {
            let message = "the train split has no cases: there is nothing to learn from";
            found.push(Finding::new(Level::Error, "no_train", message.to_owned()));
        }
        if is_missing(Split::Val) {
            let message = "the val split has no cases: epoch and settings would be chosen on test \
                           or not at all";
            found.push(Finding::new(Level::Warning, "no_val", message.to_owned()));
        }
        if is_missing(Split::Test) {
            let message = "the test split has no cases: there is nothing to report on";
            found.push(Finding::new(Level::Note, "no_test", message.to_owned()));
        }
        let regions = scan.places(Split::Train).filter_map(|at| scan.region(&scan.cases[at]));
        let regions = regions.collect::<Vec<_>>();
        if !regions.is_empty() && regions.iter().all(|region| region.area == 0) {
            let message =
                "every mask of the train split is empty: does the mask rule fit the files?";
            found.push(Finding::new(Level::Error, "all_empty", message.to_owned()));
        }
        let of_val = scan.places(Split::Val).filter_map(|at| scan.region(&scan.cases[at]));
        let of_val = of_val.collect::<Vec<_>>();
        if !of_val.is_empty() && of_val.iter().all(|region| region.area == 0) {
            let message =
                "every mask of the val split is empty: the best epoch cannot be chosen by Dice";
            found.push(Finding::new(Level::Error, "all_empty_val", message.to_owned()));
        }
        if !regions.is_empty() && regions.iter().all(|region| region.area == region.pixels) {
            let message = "every mask of the train split covers its whole picture: does the mask rule \
                           fit the files?";
            found.push(Finding::new(Level::Error, "all_full", message.to_owned()));
        }
        found
    }
}
