//! The report of one control, and of the difference of two.

use std::collections::HashMap;

use seg_metrics::{Bootstrap, MetricError, Overlap, Scores, SetScores, Spread, Summary};
use serde::Serialize;

use crate::case::{ControlScores, ScoredCase};
use crate::error::ReportError;
use crate::interval::{MeanInterval, Pooled};
use crate::named::Named;

/// The scores that may be infinite.
const DISTANCES: [&str; 3] = ["hd", "hd95", "assd"];

/// The scores of surfaces, which say nothing where there is none.
const SURFACES: [&str; 4] = ["nsd", "hd", "hd95", "assd"];

/// Scores of a group of cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupReport {
    /// The number of cases.
    pub cases: usize,
    /// By score, in the order of [`Scores::COLUMNS`]: the mean over the cases. For distances only
    /// finite ones count, those of two empty masks as 0: quote [`filled`](Self::filled) instead.
    pub per_image: Named<MeanInterval>,
    /// Scores of all pixels together.
    pub pooled: Pooled,
    /// By `nsd`, `hd`, `hd95` and `assd`: the mean over the cases both of whose masks have pixels. Do
    /// not quote it without [`infinite`](Self::infinite), or a network that is silent is the best.
    pub filled: Named<MeanInterval>,
    /// By distance: the number of cases where it is infinite, since exactly one mask is empty.
    pub infinite: Named<usize>,
    /// The number of cases both of whose masks are empty: distances of 0 in
    /// [`per_image`](Self::per_image).
    pub both_empty: usize,
    /// By score: the sample standard deviation over the cases; `None` for a single case.
    pub sd: Named<Option<f64>>,
    /// By `0.5` to `0.9`: the share of cases whose IoU is above it.
    pub precision_at: Named<f64>,
}

/// Scores of one control.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ControlReport {
    /// All cases.
    #[serde(flatten)]
    pub all: GroupReport,
    /// The cases whose reference is not empty; `None` if there are none.
    pub non_empty: Option<GroupReport>,
    /// Cases whose reference is empty.
    pub empty_references: usize,
    /// The share of these whose prediction is empty too, in `[0, 1]`; `None` if there are none.
    pub specificity: Option<f64>,
}

/// A mean difference over the cases of two controls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PairedInterval {
    /// The mean and its interval.
    #[serde(flatten)]
    pub difference: MeanInterval,
    /// The number of cases in it: those that both controls have and where the score is finite in
    /// both.
    pub pairs: usize,
}

/// By score: how much higher it is in one control than in the other, case by case; and `hd95_filled`,
/// over the cases of which no mask is empty in either.
pub type ControlDifference = Named<PairedInterval>;

impl GroupReport {
    fn new(
        cases: &[&ScoredCase],
        summary: &Summary,
        bootstrap: &Bootstrap,
    ) -> Result<Self, (String, MetricError)> {
        let values = |score: &'static str| {
            cases.iter().filter_map(move |c| Some((*c, c.scores.get(score)?)))
        };
        let mean = |score: &'static str| match MeanInterval::from_values(values(score), bootstrap) {
            Ok(mean) => Ok((score, mean)),
            Err(source) => Err((score.to_owned(), source)),
        };
        let is_filled = |case: &ScoredCase| {
            let Overlap { prediction, reference, .. } = case.scores.overlap;
            prediction > 0 && reference > 0
        };
        let per_image =
            Scores::COLUMNS.into_iter().map(mean).collect::<Result<Named<MeanInterval>, _>>()?;
        let filled_cases = cases.iter().filter(|case| is_filled(case)).count();
        let filled = |score: &'static str| match per_image.get(score) {
            // The same cases: no need to draw them again.
            Some(mean) if filled_cases == cases.len() => Ok((score, *mean)),
            _ => {
                let found = values(score).filter(|(case, _)| is_filled(case));
                let found = MeanInterval::from_values(found, bootstrap);
                found.map(|mean| (score, mean)).map_err(|source| (score.to_owned(), source))
            }
        };
        let empty = |case: &&&ScoredCase| case.scores.overlap == Overlap::default();
        let infinite = |score| (score, values(score).filter(|(_, v)| v.is_infinite()).count());
        let sd = |(name, spread): (&'static str, Spread)| (name, spread.sd);
        let shares = [
            ("dice", summary.dice),
            ("iou", summary.iou),
            ("precision", summary.precision),
            ("recall", summary.recall),
            ("nsd", summary.nsd),
        ];
        let above = Summary::PRECISION_AT.iter().zip(summary.precision_at);
        Ok(Self {
            cases: cases.len(),
            filled: SURFACES.into_iter().map(filled).collect::<Result<_, _>>()?,
            both_empty: cases.iter().filter(empty).count(),
            per_image,
            pooled: Pooled::from_cases(cases, bootstrap)
                .map_err(|source| ("pooled".to_owned(), source))?,
            infinite: DISTANCES.into_iter().map(infinite).collect(),
            sd: shares.into_iter().map(sd).collect(),
            precision_at: above.map(|(iou, share)| (iou.to_string(), share)).collect(),
        })
    }
}

impl ControlReport {
    pub(crate) fn from_control(
        control: &ControlScores,
        bootstrap: &Bootstrap,
    ) -> Result<Self, ReportError> {
        let failed = |(score, source)| {
            let control = control.name.clone();
            ReportError::Score { control, score, source }
        };
        let scores = control.cases.iter().map(|case| case.scores).collect::<Vec<_>>();
        let report = SetScores::from_cases(&scores)
            .map_err(|source| failed(("a set of no cases".to_owned(), source)))?;
        let all = control.cases.iter().collect::<Vec<_>>();
        let filled = |case: &&ScoredCase| case.scores.overlap.reference > 0;
        let filled = all.iter().copied().filter(filled).collect::<Vec<_>>();
        let of = |cases, summary| GroupReport::new(cases, summary, bootstrap).map_err(failed);
        let of_all = of(&all, &report.all)?;
        let non_empty = match &report.non_empty {
            // The same cases: no need to draw them again.
            Some(_) if report.empty_references == 0 => Some(of_all.clone()),
            Some(summary) => Some(of(&filled, summary)?),
            None => None,
        };
        Ok(Self {
            all: of_all,
            non_empty,
            empty_references: report.empty_references,
            specificity: report.specificity,
        })
    }
}

/// The difference over the cases that both have, paired by name; groups are those of `a`.
pub(crate) fn difference(
    a: &ControlScores,
    b: &ControlScores,
    bootstrap: &Bootstrap,
) -> Result<ControlDifference, ReportError> {
    let of_b = b.cases.iter().map(|case| (&case.case, &case.scores)).collect::<HashMap<_, _>>();
    let pairs = a.cases.iter().filter_map(|case| Some((case, *of_b.get(&case.case)?)));
    let pairs = pairs.collect::<Vec<_>>();
    let empty = |scores: &Scores| scores.overlap.prediction == 0 || scores.overlap.reference == 0;
    let of = |score: &'static str| {
        let pair = |(case, b): &(&'_ ScoredCase, &Scores)| {
            let (column, any) = match score.strip_suffix("_filled") {
                Some(column) => (column, !empty(&case.scores) && !empty(b)),
                None => (score, true),
            };
            let (a, b) = (case.scores.get(column)?, b.get(column)?);
            (any && !a.is_infinite() && !b.is_infinite()).then_some((a, b))
        };
        let found = pairs.iter().filter_map(|both| Some((both.0, pair(both)?)));
        let found = found.map(|(case, (a, b))| (case, a - b)).collect::<Vec<_>>();
        let count = found.len();
        match MeanInterval::from_values(found, bootstrap) {
            Ok(difference) => Ok((score, PairedInterval { difference, pairs: count })),
            Err(source) => {
                let control = format!("{}-{}", a.name, b.name);
                Err(ReportError::Score { control, score: score.to_owned(), source })
            }
        }
    };
    Scores::COLUMNS.into_iter().chain(["hd95_filled"]).map(of).collect()
}
