//! Masks whose area, or emptiness, does not go with the others' or with their sentence.

use std::collections::BTreeSet;

use seg_sentences::words;

use crate::finding::{Finding, Level, count};
use crate::scan::Scan;
use crate::spread::{MedianRange, percent};

/// Masks whose area is far from the set's, and sentences that name something where the mask is empty.
pub(crate) fn findings(scan: &Scan<'_>) -> Vec<Finding> {
    [far(scan), named_but_empty(scan)].into_iter().flatten().collect()
}

/// Masks far from the median area, on the scale of logits and in the spread of the set itself.
fn far(scan: &Scan<'_>) -> Option<Finding> {
    /// Fewer masks have no usual area.
    const FEWEST: usize = 5;
    /// Steps of the spread, in standard deviations of a normal one.
    const STEPS: f64 = 5.0;
    /// Where all have one area: a factor of 50 in the odds, and of 12 where inside and outside seem
    /// to be exchanged.
    const APART: f64 = 3.9;
    const EXCHANGED: f64 = 2.5;
    let place = |at: usize| {
        let region = scan.region(&scan.cases[at])?;
        let is_whole = region.area == 0 || region.area == region.pixels;
        (!is_whole).then(|| (at, region.coverage()))
    };
    let areas = (0..scan.cases.len()).filter_map(place).collect::<Vec<_>>();
    if areas.len() < FEWEST {
        return None;
    }
    let logit = |share: f64| (share / (1.0 - share)).ln();
    let middle = MedianRange::from_numbers(areas.iter().map(|(_, area)| logit(*area))).median;
    let away = |area: f64| (logit(area) - middle).abs();
    let deviation = MedianRange::from_numbers(areas.iter().map(|(_, area)| away(*area))).median;
    let is_far = |(_, area): &&(usize, f64)| {
        let exchanged = (*area > 0.5) != (middle > 0.0);
        let least = if exchanged { EXCHANGED } else { APART };
        away(*area) > least.max(STEPS * 1.4826 * deviation)
    };
    let mut found = areas.iter().filter(is_far).collect::<Vec<_>>();
    if found.is_empty() {
        return None;
    }
    found.sort_by(|a, b| away(b.1).total_cmp(&away(a.1)));
    let median = MedianRange::from_numbers(areas.iter().map(|(_, area)| *area)).median;
    let message = format!(
        "{} whose area is far from the others' (median {} of the picture): inside and outside \
         exchanged, or another picture's mask?",
        count(found.len(), "mask"),
        percent(median)
    );
    let places = found.iter().map(|(at, area)| format!("{}: {}", scan.row(*at), percent(*area)));
    Some(Finding::new(Level::Warning, "mask_area", message).at(places))
}

/// Rows whose mask is empty although each word of their sentence also stands where there is a mask: no
/// word says that there is nothing, in whatever language.
fn named_but_empty(scan: &Scan<'_>) -> Option<Finding> {
    let own = |at: &usize| {
        let sentence = scan.cases[*at].case.sentence.as_str();
        words(sentence).into_iter().map(str::to_lowercase).collect::<Vec<_>>()
    };
    let area = |at: &usize| scan.region(&scan.cases[*at]).map(|region| region.area);
    let (empty, filled) = (0..scan.cases.len())
        .filter(|at| area(at).is_some())
        .partition::<Vec<_>, _>(|at| area(at) == Some(0));
    let known = filled.iter().flat_map(own).collect::<BTreeSet<_>>();
    let is_named = |at: &usize| {
        let words = own(at);
        !words.is_empty() && words.iter().all(|word| known.contains(word))
    };
    let found = empty.into_iter().filter(is_named).collect::<Vec<_>>();
    if found.is_empty() {
        return None;
    }
    let message = format!(
        "{} whose sentence names something as others do, and whose mask is empty: is the mask missing?",
        count(found.len(), "row")
    );
    let place = |at: usize| format!("{}: {}", scan.row(at), scan.cases[at].case.sentence);
    Some(Finding::new(Level::Warning, "named_but_empty", message).at(found.into_iter().map(place)))
}
