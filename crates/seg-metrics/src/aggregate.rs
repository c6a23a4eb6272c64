//! The scores of a set of cases.

use crate::error::MetricError;
use crate::overlap::Overlap;
use crate::scores::Scores;

/// Mean and spread of a share over cases, in `[0, 1]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The mean over the cases: the per-image convention.
    pub mean: f64,
    /// Sample standard deviation, with `n - 1`; `None` for a single case.
    pub sd: Option<f64>,
}

/// Mean of a distance over the cases that have one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FiniteMean {
    /// The mean over the finite cases, two empty masks being 0 apart; `None` if there are none. It is
    /// not comparable between methods that miss different cases: do not show it without
    /// [`infinite`](Self::infinite), or where masks can be empty take the rules of filled pairs
    /// (`hd95_filled` of [`Rule`](crate::Rule)).
    pub mean: Option<f64>,
    /// Cases in the mean.
    pub finite: usize,
    /// Cases left out: exactly one of their masks is empty.
    pub infinite: usize,
}

/// The scores of a set of cases, in each convention.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The number of cases.
    pub cases: usize,
    /// Pixel counts of all cases together; its Dice and IoU are the pooled (micro) ones.
    pub pooled: Overlap,
    /// Dice, per image.
    pub dice: Spread,
    /// IoU, per image.
    pub iou: Spread,
    /// Precision, per image.
    pub precision: Spread,
    /// Recall, per image.
    pub recall: Spread,
    /// Normalised surface Dice, per image.
    pub nsd: Spread,
    /// Hausdorff distance, in the unit of the spacing.
    pub hd: FiniteMean,
    /// Its 95th percentile, in the unit of the spacing.
    pub hd95: FiniteMean,
    /// Average symmetric surface distance, in the unit of the spacing.
    pub assd: FiniteMean,
    /// Pr@{50, 60, 70, 80, 90}: the share of cases whose IoU is above each of
    /// [`PRECISION_AT`](Self::PRECISION_AT).
    pub precision_at: [f64; 5],
}

/// A summary of all cases, one of the cases with something to find, and the specificity on the
/// others.
#[derive(Clone, Debug, PartialEq)]
pub struct SetScores {
    /// All cases.
    pub all: Summary,
    /// The cases whose reference is not empty; `None` if there are none.
    pub non_empty: Option<Summary>,
    /// Cases whose reference is empty.
    pub empty_references: usize,
    /// The share of these whose prediction is empty too, in `[0, 1]`; `None` if there are none.
    pub specificity: Option<f64>,
}

impl Summary {
    /// IoU above which a case counts in [`precision_at`](Self::precision_at).
    pub const PRECISION_AT: [f64; 5] = [0.5, 0.6, 0.7, 0.8, 0.9];

    /// Summarises cases.
    ///
    /// # Errors
    ///
    /// If there are no cases.
    pub fn from_cases(cases: &[Scores]) -> Result<Self, MetricError> {
        if cases.is_empty() {
            return Err(MetricError::NoCases);
        }
        let above = |k: f64| cases.iter().filter(|case| case.iou > k).count();
        Ok(Self {
            cases: cases.len(),
            pooled: cases.iter().map(|case| case.overlap).sum(),
            dice: spread(cases.iter().map(|case| case.dice)),
            iou: spread(cases.iter().map(|case| case.iou)),
            precision: spread(cases.iter().map(|case| case.precision)),
            recall: spread(cases.iter().map(|case| case.recall)),
            nsd: spread(cases.iter().map(|case| case.nsd)),
            hd: finite_mean(cases.iter().map(|case| case.hd)),
            hd95: finite_mean(cases.iter().map(|case| case.hd95)),
            assd: finite_mean(cases.iter().map(|case| case.assd)),
            precision_at: Self::PRECISION_AT.map(|k| above(k) as f64 / cases.len() as f64),
        })
    }
}

impl SetScores {
    /// Summarises cases, with and without those whose reference is empty.
    ///
    /// # Errors
    ///
    /// If there are no cases.
    pub fn from_cases(cases: &[Scores]) -> Result<Self, MetricError> {
        let has_reference = |case: &&Scores| case.overlap.reference > 0;
        let non_empty = cases.iter().filter(has_reference).copied().collect::<Vec<_>>();
        let empty_references = cases.len() - non_empty.len();
        let silent = |case: &&Scores| case.overlap == Overlap::default();
        let rejected = cases.iter().filter(silent).count();
        Ok(Self {
            all: Summary::from_cases(cases)?,
            non_empty: Summary::from_cases(&non_empty).ok(),
            empty_references,
            specificity: (empty_references > 0).then(|| rejected as f64 / empty_references as f64),
        })
    }
}

/// The spread of at least one value.
fn spread(values: impl ExactSizeIterator<Item = f64> + Clone) -> Spread {
    let n = values.len();
    let mean = values.clone().sum::<f64>() / n as f64;
    let squares = values.map(|value| (value - mean).powi(2)).sum::<f64>();
    Spread { mean, sd: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()) }
}

fn finite_mean(values: impl ExactSizeIterator<Item = f64> + Clone) -> FiniteMean {
    let all = values.len();
    let values = values.filter(|value| value.is_finite());
    let finite = values.clone().count();
    let mean = (finite > 0).then(|| values.sum::<f64>() / finite as f64);
    FiniteMean { mean, finite, infinite: all - finite }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;

    fn scores(prediction: &[u8], reference: &[u8]) -> Scores {
        let mask = |values: &[u8]| values.iter().map(|v| *v > 0).collect::<Vec<_>>();
        let (p, r) = (mask(prediction), mask(reference));
        let grid = |values| Grid::new(4, 1, values).unwrap();
        Scores::between(&grid(&p), &grid(&r)).unwrap()
    }

    /// Right, half right, missed, rightly silent, wrongly loud.
    fn cases() -> [Scores; 5] {
        [
            scores(&[1, 1, 0, 0], &[1, 1, 0, 0]),
            scores(&[0, 1, 1, 0], &[1, 1, 0, 0]),
            scores(&[0, 0, 0, 0], &[0, 1, 0, 0]),
            scores(&[0, 0, 0, 0], &[0, 0, 0, 0]),
            scores(&[0, 0, 0, 1], &[0, 0, 0, 0]),
        ]
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn all_cases_are_summarised() {
        let all = SetScores::from_cases(&cases()).unwrap().all;
        // Dice is 1, 1/2, 0, 1, 0; its squared distances from 1/2 sum to 1.
        assert!(near(all.dice.mean, 0.5) && near(all.dice.sd.unwrap(), 0.5));
        assert!(near(all.iou.mean, (1.0 + 1.0 / 3.0 + 1.0) / 5.0));
        assert!(near(all.precision.mean, 0.5) && near(all.recall.mean, 0.5));
        assert!(near(all.nsd.mean, 0.6));
        assert_eq!(all.pooled, Overlap { intersection: 3, prediction: 5, reference: 5 });
        assert!(near(all.pooled.dice(), 0.6) && near(all.pooled.iou(), 3.0 / 7.0));
        // The second case: distances 0, 1 and 1, 0.
        assert_eq!(all.hd, FiniteMean { mean: Some(1.0 / 3.0), finite: 3, infinite: 2 });
        assert!(
            near(all.hd95.mean.unwrap(), 0.95 / 3.0) && near(all.assd.mean.unwrap(), 0.5 / 3.0)
        );
        assert_eq!(all.precision_at, [0.4; 5]);
    }

    #[test]
    fn empty_references_are_told_apart() {
        let report = SetScores::from_cases(&cases()).unwrap();
        assert_eq!((report.empty_references, report.specificity), (2, Some(0.5)));
        let found = report.non_empty.unwrap();
        assert_eq!((found.cases, found.dice.mean), (3, 0.5));
        assert_eq!((found.hd.finite, found.hd.infinite), (2, 1));

        let report = SetScores::from_cases(&cases()[..2]).unwrap();
        assert_eq!((report.empty_references, report.specificity), (0, None));
        assert_eq!(report.non_empty.as_ref(), Some(&report.all));
        let report = SetScores::from_cases(&cases()[4..]).unwrap();
        assert_eq!((report.non_empty, report.specificity), (None, Some(0.0)));
        assert_eq!(report.all.dice, Spread { mean: 0.0, sd: None });
        assert_eq!(report.all.assd, FiniteMean { mean: None, finite: 0, infinite: 1 });
    }

    #[test]
    fn an_iou_at_the_threshold_is_not_above_it() {
        let half = scores(&[1, 0, 0, 0], &[1, 1, 0, 0]);
        assert_eq!(Summary::from_cases(&[half]).unwrap().precision_at, [0.0; 5]);
        let three_quarters = scores(&[1, 1, 1, 0], &[1, 1, 1, 1]);
        let found = Summary::from_cases(&[half, three_quarters]).unwrap().precision_at;
        assert_eq!(found, [0.5, 0.5, 0.5, 0.0, 0.0]);
    }

    #[test]
    fn no_cases_have_no_summary() {
        assert_eq!(SetScores::from_cases(&[]), Err(MetricError::NoCases));
    }
}
