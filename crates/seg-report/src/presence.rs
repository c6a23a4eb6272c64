//! Whether a network notices that there is nothing to draw.

use serde::Serialize;

/// Why presence could not be judged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum PresenceError {
    /// The two lists have different lengths.
    #[error("found {labels} labels for {scores} scores: give one for each")]
    Lengths { scores: usize, labels: usize },
    /// A score is out of range.
    #[error("score {place} is {found}, expected a number from 0 to 1")]
    Score { place: usize, found: f64 },
    /// There are not queries of both kinds, between which a threshold could lie.
    #[error(
        "{present} queries with a target and {absent} without: a threshold needs at least one of each"
    )]
    OneKind { present: usize, absent: usize },
}

/// Scores of queries, and whether the target of each is in its picture.
///
/// ```
/// use seg_report::Presence;
/// // Fitted where settings are chosen, reported where nothing is.
/// let val = Presence::new(&[0.9, 0.7, 0.3, 0.2], &[true, true, false, false])?;
/// let threshold = val.fit_threshold()?;
/// assert_eq!(threshold, 0.5);
/// let test = Presence::new(&[0.8, 0.4, 0.1], &[true, true, false])?.report(threshold);
/// assert_eq!((test.target_accuracy, test.no_target_accuracy), (Some(0.5), Some(1.0)));
/// assert_eq!(test.auroc, Some(1.0));
/// # Ok::<(), seg_report::PresenceError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Presence {
    /// Highest score first.
    queries: Vec<Query>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Query {
    score: f64,
    present: bool,
}

/// Whether the network tells an absent target from a present one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PresenceReport {
    /// Scores from this one on count as "present".
    pub threshold: f64,
    /// The share of queries without a target that are recognised as such, in `[0, 1]`: the
    /// specificity, called N-acc. in generalised referring segmentation (Liu et al., CVPR 2023).
    /// `None` if there are no such queries.
    pub no_target_accuracy: Option<f64>,
    /// The share of queries with a target that are recognised as such, in `[0, 1]`: the
    /// sensitivity, called T-acc. there. `None` if there are no such queries.
    pub target_accuracy: Option<f64>,
    /// The probability that a query with a target scores higher than one without, where equal
    /// scores count half: exact, over all pairs. `None` if one kind is missing.
    pub auroc: Option<f64>,
    /// [`no_target_accuracy`](Self::no_target_accuracy) by its other name.
    pub specificity: Option<f64>,
    /// The number of queries with a target.
    pub present: usize,
    /// The number of queries without a target.
    pub absent: usize,
    /// Queries with a target that are recognised as such.
    pub found: usize,
    /// Queries without a target that are recognised as such.
    pub rejected: usize,
}

impl Presence {
    /// Scores in `[0, 1]`, such as the mean of each answer's most probable pixels, and whether each
    /// query has a target.
    ///
    /// # Errors
    ///
    /// If there is not one label for each score, or a score is out of range.
    pub fn new(scores: &[f64], present: &[bool]) -> Result<Self, PresenceError> {
        if scores.len() != present.len() {
            let (scores, labels) = (scores.len(), present.len());
            return Err(PresenceError::Lengths { scores, labels });
        }
        let wrong = scores.iter().position(|score| !(0.0..=1.0).contains(score));
        if let Some(place) = wrong {
            return Err(PresenceError::Score { place, found: scores[place] });
        }
        let queries = scores.iter().zip(present);
        let queries = queries.map(|(score, present)| Query { score: *score, present: *present });
        let mut queries = queries.collect::<Vec<_>>();
        queries.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(Self { queries })
    }

    /// The threshold that maximises the smaller of target and no-target accuracy.
    ///
    /// The thresholds that are as good as each other are one interval, since one accuracy only
    /// rises with the threshold and the other only falls; its middle is taken.
    ///
    /// # Errors
    ///
    /// If there are not queries of both kinds.
    pub fn fit_threshold(&self) -> Result<f64, PresenceError> {
        let (present, absent) = self.counts();
        if present == 0 || absent == 0 {
            return Err(PresenceError::OneKind { present, absent });
        }
        let equal = |a: &Query, b: &Query| a.score == b.score;
        let (mut found, mut loud) = (0, 0);
        // Above the highest score nothing is found.
        let (mut best, mut low, mut high, mut above) = (0.0, 1.0, 1.0, 1.0);
        for run in self.queries.chunk_by(equal) {
            // Thresholds from below the run before down to this one's score leave the counts as
            // they are; the interval is closed by the next run.
            let score = run.first().map_or(above, |query| query.score);
            let quality = (found as f64 / present as f64).min(1.0 - loud as f64 / absent as f64);
            if quality > best {
                (best, high) = (quality, above);
            }
            if quality == best {
                low = score;
            }
            above = score;
            found += run.iter().filter(|query| query.present).count();
            loud += run.iter().filter(|query| !query.present).count();
        }
        // At the lowest score and below everything is found: as bad as above the highest.
        if best == 0.0 {
            low = 0.0;
        }
        let middle = f64::midpoint(low, high);
        // Two neighbouring numbers have no middle.
        Ok(if middle > low { middle } else { high })
    }

    /// How well a threshold tells the two kinds apart.
    pub fn report(&self, threshold: f64) -> PresenceReport {
        let (present, absent) = self.counts();
        let seen = |query: &&Query| query.score >= threshold;
        let of = |kind: bool| self.queries.iter().filter(move |query| query.present == kind);
        let found = of(true).filter(seen).count();
        let rejected = absent - of(false).filter(seen).count();
        let share = |part: usize, all: usize| (all > 0).then(|| part as f64 / all as f64);
        let no_target_accuracy = share(rejected, absent);
        PresenceReport {
            threshold,
            no_target_accuracy,
            target_accuracy: share(found, present),
            auroc: self.auroc(),
            specificity: no_target_accuracy,
            present,
            absent,
            found,
            rejected,
        }
    }

    /// The share of pairs in order, where equal ones count half; `None` if one kind is missing.
    fn auroc(&self) -> Option<f64> {
        let (present, absent) = self.counts();
        let (mut before, mut won) = (0usize, 0.0);
        for run in self.queries.chunk_by(|a, b| a.score == b.score) {
            let here = run.iter().filter(|query| query.present).count();
            let others = run.len() - here;
            won += others as f64 * (before as f64 + here as f64 / 2.0);
            before += here;
        }
        (present > 0 && absent > 0).then(|| won / (present as f64 * absent as f64))
    }

    /// With a target and without.
    fn counts(&self) -> (usize, usize) {
        let present = self.queries.iter().filter(|query| query.present).count();
        (present, self.queries.len() - present)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn presence(scores: &[f64], present: &[bool]) -> Presence {
        Presence::new(scores, present).unwrap()
    }

    /// Six pairs: 0.8 wins two, 0.6 wins one and ties one, 0.4 wins one: 4.5 of 6.
    #[test]
    fn the_area_is_that_of_all_pairs() {
        let made = presence(&[0.8, 0.6, 0.4, 0.6, 0.2], &[true, true, true, false, false]);
        assert_eq!(made.report(0.5).auroc, Some(0.75));
        let same = presence(&[0.5; 4], &[true, false, true, false]);
        assert_eq!(same.report(0.5).auroc, Some(0.5));
        let wrong = presence(&[0.1, 0.9], &[true, false]);
        assert_eq!(wrong.report(0.5).auroc, Some(0.0));
    }

    #[test]
    fn a_threshold_lies_in_the_middle_of_the_gap() {
        let made = presence(&[0.75, 1.0, 0.25, 0.0], &[true, true, false, false]);
        assert_eq!(made.fit_threshold(), Ok(0.5));
        let report = made.report(0.5);
        assert_eq!((report.target_accuracy, report.specificity), (Some(1.0), Some(1.0)));
        assert_eq!((report.present, report.absent), (2, 2));
        assert_eq!((report.found, report.rejected), (2, 2));
    }

    /// Down from 1: P 0.9, A 0.8, P 0.6, A 0.2. Just above 0.8 a half is found and none is loud
    /// (0.5), from 0.8 down to 0.6 a half and a half (0.5), from 0.6 all and a half (0.5): the best
    /// thresholds are those above 0.2 and up to 0.9.
    #[test]
    fn equally_good_thresholds_are_one_interval() {
        let made = presence(&[0.9, 0.8, 0.6, 0.2], &[true, false, true, false]);
        assert!((made.fit_threshold().unwrap() - 0.55).abs() < 1e-12);
    }

    #[test]
    fn one_kind_has_no_threshold() {
        let made = presence(&[0.5, 0.6], &[true, true]);
        let expected = PresenceError::OneKind { present: 2, absent: 0 };
        assert_eq!(made.fit_threshold(), Err(expected));
        let report = made.report(0.55);
        assert_eq!((report.auroc, report.no_target_accuracy), (None, None));
        assert_eq!(report.target_accuracy, Some(0.5));
        assert!(presence(&[], &[]).fit_threshold().is_err());
        let lengths = Presence::new(&[0.5], &[]).unwrap_err();
        assert_eq!(lengths, PresenceError::Lengths { scores: 1, labels: 0 });
        for found in [1.5, -0.1, f64::INFINITY] {
            let error = Presence::new(&[0.5, found], &[true; 2]).unwrap_err();
            assert_eq!(error, PresenceError::Score { place: 1, found });
        }
        assert!(Presence::new(&[f64::NAN], &[true]).is_err());
    }

    proptest! {
        /// Against every threshold and every pair.
        #[test]
        fn the_fit_is_the_best_and_the_area_that_of_pairs(
            queries in prop::collection::vec((0u8..9, any::<bool>()), 2..20),
        ) {
            let scores = queries.iter().map(|(score, _)| f64::from(*score) / 8.0).collect::<Vec<_>>();
            let present = queries.iter().map(|(_, present)| *present).collect::<Vec<_>>();
            let made = presence(&scores, &present);
            let Ok(threshold) = made.fit_threshold() else { return Ok(()) };
            let quality = |at: f64| {
                let report = made.report(at);
                report.target_accuracy.unwrap().min(report.no_target_accuracy.unwrap())
            };
            let best = (0..=17).map(|step| quality(f64::from(step) / 16.0)).fold(0.0, f64::max);
            prop_assert_eq!(quality(threshold), best);
            let (mut won, mut pairs) = (0.0, 0.0);
            for (a, _) in scores.iter().zip(&present).filter(|(_, present)| **present) {
                for (b, _) in scores.iter().zip(&present).filter(|(_, present)| !**present) {
                    won += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
                    pairs += 1.0;
                }
            }
            prop_assert!((made.report(threshold).auroc.unwrap() - won / pairs).abs() < 1e-12);
        }
    }
}
