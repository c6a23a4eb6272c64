//! Confidence intervals of means over cases.

use std::collections::BTreeMap;

use seeded::SplitMix64;

use crate::error::MetricError;
use crate::quantile::quantile;

/// What is drawn, with replacement: single cases, or groups of cases that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    cases: usize,
    /// The cases of each group, by place, in the order of their first cases; `None` if each case
    /// is a unit.
    groups: Option<Vec<Vec<usize>>>,
}

impl Units {
    /// Draws each case by itself.
    pub fn cases(count: usize) -> Self {
        Self { cases: count, groups: None }
    }

    /// Draws cases with the same key together: the subject's id, for instance. Pictures of one
    /// person are not independent, and intervals that treat them as such are too narrow.
    pub fn groups<K: Ord>(keys: &[K]) -> Self {
        let mut places = BTreeMap::new();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (case, key) in keys.iter().enumerate() {
            let place = *places.entry(key).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.push(case),
                None => groups.push(vec![case]),
            }
        }
        Self { cases: keys.len(), groups: Some(groups) }
    }

    /// How many can be drawn.
    pub fn len(&self) -> usize {
        self.groups.as_ref().map_or(self.cases, Vec::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.cases == 0
    }
}

/// Settings of a percentile bootstrap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// The number of resamples, each of as many units as there are; 10 000 by default, at most
    /// [`MOST_RESAMPLES`](Self::MOST_RESAMPLES).
    pub resamples: usize,
    /// The share of resamples inside the interval, in (0, 1); 0.95 by default.
    pub level: f64,
    /// Seed of the random numbers; 0 by default.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { resamples: 10_000, level: 0.95, seed: 0 }
    }
}

/// A statistic with its percentile bootstrap interval, and what is needed to compute it again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The statistic of the cases themselves.
    pub estimate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// How many units were drawn from.
    pub units: usize,
    /// The settings, with the seed.
    pub bootstrap: Bootstrap,
}

impl Bootstrap {
    /// Largest number of [`resamples`](Self::resamples).
    pub const MOST_RESAMPLES: usize = 10_000_000;

    /// The largest number of cases.
    pub const MOST_CASES: usize = 100_000_000;

    /// The interval of the mean over the cases.
    ///
    /// # Errors
    ///
    /// If a value is not finite, there is not one for each case, there are no cases or more than
    /// [`MOST_CASES`](Self::MOST_CASES), or a setting is out of its range.
    pub fn mean(&self, values: &[f64], units: &Units) -> Result<Interval, MetricError> {
        check(values, "values", units)?;
        self.interval(units, |drawn| {
            drawn.iter().map(|case| values[*case]).sum::<f64>() / drawn.len() as f64
        })
    }

    /// The interval of the mean over the cases of `a - b`, the same cases drawn for both: two
    /// methods on one test set.
    ///
    /// # Errors
    ///
    /// As [`mean`](Self::mean).
    pub fn difference(&self, a: &[f64], b: &[f64], units: &Units) -> Result<Interval, MetricError> {
        check(a, "values", units)?;
        check(b, "values to subtract", units)?;
        self.mean(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>(), units)
    }

    /// The interval of any statistic of drawn cases, given as their places; a case drawn twice is
    /// there twice. The first call is for the cases themselves.
    ///
    /// # Errors
    ///
    /// If a statistic is not finite, there are no cases or more than
    /// [`MOST_CASES`](Self::MOST_CASES), or a setting is out of its range.
    pub fn interval(
        &self,
        units: &Units,
        mut statistic: impl FnMut(&[usize]) -> f64,
    ) -> Result<Interval, MetricError> {
        self.check()?;
        let mut finite = |drawn: &[usize]| match statistic(drawn) {
            found if found.is_finite() => Ok(found),
            found => Err(MetricError::Statistic { found }),
        };
        if units.is_empty() {
            return Err(MetricError::NoCases);
        }
        if units.cases > Self::MOST_CASES {
            return Err(MetricError::TooManyCases { most: Self::MOST_CASES, found: units.cases });
        }
        let mut drawn = (0..units.cases).collect::<Vec<_>>();
        let estimate = finite(&drawn)?;
        let mut random = SplitMix64::new(self.seed);
        let mut found = Vec::with_capacity(self.resamples);
        for _ in 0..self.resamples {
            drawn.clear();
            for _ in 0..units.len() {
                let unit = below(&mut random, units.len());
                match &units.groups {
                    Some(groups) => drawn.extend_from_slice(&groups[unit]),
                    None => drawn.push(unit),
                }
            }
            found.push(finite(&drawn)?);
        }
        found.sort_by(f64::total_cmp);
        let tail = (1.0 - self.level) / 2.0;
        let at = |share| quantile(&found, share).unwrap_or(estimate); // at least one resample
        let (low, high) = (at(tail), at(1.0 - tail));
        Ok(Interval { estimate, low, high, units: units.len(), bootstrap: *self })
    }

    fn check(&self) -> Result<(), MetricError> {
        let (found, most) = (self.resamples, Self::MOST_RESAMPLES);
        if !(1..=most).contains(&found) {
            return Err(MetricError::Resamples { most, found });
        }
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(MetricError::Level { found: self.level });
        }
        Ok(())
    }
}

/// Refuses values that are not one finite number for each case.
fn check(values: &[f64], what: &'static str, units: &Units) -> Result<(), MetricError> {
    if values.len() != units.cases {
        return Err(MetricError::Lengths { what, expected: units.cases, found: values.len() });
    }
    match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((place, &found)) => Err(MetricError::NotFinite { place, found }),
        None => Ok(()),
    }
}

/// A number below `n`; uneven by less than `n / 2^64`.
fn below(random: &mut SplitMix64, n: usize) -> usize {
    ((u128::from(random.next_u64()) * n as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mean of n zeros and ones has, in resamples, the standard error `sqrt(p (1 - p) / n)`.
    #[test]
    fn the_interval_has_the_normal_width() {
        let values = (0..400).map(|i| f64::from(i % 4 == 0)).collect::<Vec<_>>();
        let found = Bootstrap::default().mean(&values, &Units::cases(400)).unwrap();
        let wide = 1.96 * (0.25f64 * 0.75 / 400.0).sqrt();
        assert_eq!((found.estimate, found.units, found.bootstrap.seed), (0.25, 400, 0));
        assert!((found.low - (0.25 - wide)).abs() < 0.004, "{found:?}");
        assert!((found.high - (0.25 + wide)).abs() < 0.004, "{found:?}");
    }

    #[test]
    fn a_seed_gives_one_interval() {
        let values = (0..50).map(|i| f64::from(i * i % 17)).collect::<Vec<_>>();
        let with = |seed| {
            let bootstrap = Bootstrap { seed, resamples: 200, ..Bootstrap::default() };
            bootstrap.mean(&values, &Units::cases(50)).unwrap()
        };
        assert_eq!(with(3), with(3));
        assert_ne!(with(3).low, with(4).low);
    }

    /// Ten subjects with forty equal values each know as much as ten cases.
    #[test]
    fn groups_are_drawn_whole() {
        let subjects = (0..400).map(|i| format!("s{}", i % 10)).collect::<Vec<_>>();
        let units = Units::groups(&subjects);
        assert_eq!(
            (units.len(), units.groups.as_ref().unwrap()[3][..2].to_vec()),
            (10, vec![3, 13])
        );
        let values = (0..400).map(|i| f64::from(i % 10)).collect::<Vec<_>>();
        let bootstrap = Bootstrap::default();
        let grouped = bootstrap.mean(&values, &units).unwrap();
        let alone = bootstrap.mean(&values[..10], &Units::cases(10)).unwrap();
        assert!((grouped.low - alone.low).abs() < 1e-9 && (grouped.high - alone.high).abs() < 1e-9);
        let naive = bootstrap.mean(&values, &Units::cases(400)).unwrap();
        assert!(naive.high - naive.low < 0.25 * (grouped.high - grouped.low));
    }

    #[test]
    fn a_constant_difference_is_certain() {
        let b = (0..30).map(|i| f64::from(i % 7)).collect::<Vec<_>>();
        let a = b.iter().map(|value| value + 0.5).collect::<Vec<_>>();
        let bootstrap = Bootstrap { resamples: 100, ..Bootstrap::default() };
        let found = bootstrap.difference(&a, &b, &Units::cases(30)).unwrap();
        assert_eq!((found.estimate, found.low, found.high), (0.5, 0.5, 0.5));
    }

    #[test]
    fn pooled_scores_have_intervals_too() {
        use crate::overlap::Overlap;
        let counts = [(3, 4, 5), (0, 2, 2), (8, 9, 9)];
        let counts =
            counts.map(|(i, p, r)| Overlap { intersection: i, prediction: p, reference: r });
        let pooled = |drawn: &[usize]| drawn.iter().map(|i| counts[*i]).sum::<Overlap>().dice();
        let found = Bootstrap::default().interval(&Units::cases(3), pooled).unwrap();
        assert_eq!(found.estimate, 22.0 / 31.0);
        assert!(found.low < found.estimate && found.estimate < found.high);
    }

    #[test]
    fn what_has_no_interval_is_refused() {
        let plain = Bootstrap::default();
        let mean = |values: &[f64], cases| plain.mean(values, &Units::cases(cases));
        let lengths = |what, found| MetricError::Lengths { what, expected: 2, found };
        assert_eq!(mean(&[], 0), Err(MetricError::NoCases));
        assert_eq!(mean(&[1.0], 2), Err(lengths("values", 1)));
        let found = f64::INFINITY;
        assert_eq!(mean(&[1.0, found], 2), Err(MetricError::NotFinite { place: 1, found }));
        let two = Units::cases(2);
        let short = plain.difference(&[0.0; 2], &[0.0; 3], &two);
        assert_eq!(short, Err(lengths("values to subtract", 3)));
        assert_eq!(plain.interval(&two, |_| found), Err(MetricError::Statistic { found }));
        let endless = plain.interval(&Units::cases(usize::MAX), |_| 0.0);
        assert!(matches!(endless, Err(MetricError::TooManyCases { .. })));
        let most = f64::MAX; // twice that is not finite
        assert!(plain.difference(&[most; 2], &[-most; 2], &two).is_err());
        for resamples in [0, usize::MAX] {
            let refused = Bootstrap { resamples, ..plain }.mean(&[0.0; 2], &two).unwrap_err();
            let most = Bootstrap::MOST_RESAMPLES;
            assert_eq!(refused, MetricError::Resamples { most, found: resamples });
        }
        for level in [0.0, 1.0, 95.0, f64::NAN] {
            let refused = Bootstrap { level, ..plain }.mean(&[0.0; 2], &two).unwrap_err();
            assert!(matches!(refused, MetricError::Level { .. }));
        }
    }
}
