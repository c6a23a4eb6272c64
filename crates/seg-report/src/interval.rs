//! Means and pooled scores of chosen cases, with their intervals.

use seg_metrics::{Bootstrap, MetricError, Overlap, Units};
use serde::Serialize;

use crate::case::ScoredCase;

/// A mean with its 95 % interval; both are `None` if there are no values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MeanInterval {
    /// The mean over the cases; for a distance, over the finite ones.
    pub mean: Option<f64>,
    /// Lower and upper end of the percentile bootstrap.
    pub ci95: Option<[f64; 2]>,
}

/// Scores of all pixels of all cases together, in `[0, 1]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pooled {
    /// Twice the shared pixels over the sum of both masks.
    pub dice: f64,
    /// Shared pixels over those in either mask.
    pub iou: f64,
    /// Interval of [`dice`](Self::dice).
    pub dice_ci95: [f64; 2],
    /// Interval of [`iou`](Self::iou).
    pub iou_ci95: [f64; 2],
}

/// What a case is drawn with: those of its group, or itself alone.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Unit<'a> {
    Group(&'a str),
    Case(usize),
}

/// What is drawn: groups, where any case has one.
pub(crate) fn units<'a>(cases: impl IntoIterator<Item = &'a ScoredCase>) -> Units {
    let unit = |(place, case): (usize, &'a ScoredCase)| match &case.group {
        Some(group) => Unit::Group(group),
        None => Unit::Case(place),
    };
    let keys = cases.into_iter().enumerate().map(unit).collect::<Vec<_>>();
    if keys.iter().any(|key| matches!(key, Unit::Group(_))) {
        Units::groups(&keys)
    } else {
        Units::cases(keys.len())
    }
}

impl MeanInterval {
    const NONE: Self = Self { mean: None, ci95: None };

    /// The mean of the values that are not infinite.
    pub(crate) fn from_values<'a>(
        values: impl IntoIterator<Item = (&'a ScoredCase, f64)>,
        bootstrap: &Bootstrap,
    ) -> Result<Self, MetricError> {
        let finite = values.into_iter().filter(|(_, value)| !value.is_infinite());
        let (cases, values): (Vec<_>, Vec<_>) = finite.unzip();
        if values.is_empty() {
            return Ok(Self::NONE);
        }
        let found = bootstrap.mean(&values, &units(cases))?;
        Ok(Self { mean: Some(found.estimate), ci95: Some([found.low, found.high]) })
    }
}

impl Pooled {
    pub(crate) fn from_cases(
        cases: &[&ScoredCase],
        bootstrap: &Bootstrap,
    ) -> Result<Self, MetricError> {
        let units = units(cases.iter().copied());
        let pooled = |score: fn(&Overlap) -> f64| {
            let of = |drawn: &[usize]| {
                score(&drawn.iter().map(|case| cases[*case].scores.overlap).sum::<Overlap>())
            };
            bootstrap.interval(&units, of)
        };
        let (dice, iou) = (pooled(Overlap::dice)?, pooled(Overlap::iou)?);
        Ok(Self {
            dice: dice.estimate,
            iou: iou.estimate,
            dice_ci95: [dice.low, dice.high],
            iou_ci95: [iou.low, iou.high],
        })
    }
}
