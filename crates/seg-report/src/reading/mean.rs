//! Means with their intervals.

use std::collections::BTreeMap;

use seg_metrics::{Bootstrap, MetricError, Units};
use serde::Serialize;

/// A mean with its 95 % interval; both are `None` if there are no values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// The number of values.
    pub cases: usize,
    /// Their mean.
    pub mean: Option<f64>,
    /// Lower and upper end of the percentile bootstrap, groups drawn whole.
    pub ci95: Option<[f64; 2]>,
}

impl Mean {
    /// The mean of values, each with its group.
    pub(crate) fn from_values<'a>(
        values: impl IntoIterator<Item = (&'a str, f64)>,
        bootstrap: &Bootstrap,
    ) -> Result<Self, MetricError> {
        // A group has a trial for each word of each of its sentences: summed once, not at each
        // draw.
        let mut sums: BTreeMap<&str, (f64, usize)> = BTreeMap::new();
        for (group, value) in values {
            let sum = sums.entry(group).or_default();
            *sum = (sum.0 + value, sum.1 + 1);
        }
        let sums = sums.into_values().collect::<Vec<_>>();
        let cases = sums.iter().map(|(_, count)| count).sum();
        if cases == 0 {
            return Ok(Self { cases, mean: None, ci95: None });
        }
        let found = bootstrap.interval(&Units::cases(sums.len()), |drawn| {
            let (sum, count) = drawn.iter().fold((0.0, 0), |(sum, count), group| {
                let (more, cases) = sums[*group];
                (sum + more, count + cases)
            });
            sum / count as f64
        })?;
        Ok(Self { cases, mean: Some(found.estimate), ci95: Some([found.low, found.high]) })
    }
}

/// The median: the middle value, or the mean of the two in the middle; `None` if there are no
/// values.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values = values.into_iter().collect::<Vec<_>>();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    match values.len() % 2 {
        1 => Some(upper),
        _ => values.get(values.len() / 2 - 1).map(|lower| (lower + upper) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_drawn_whole() {
        let bootstrap = Bootstrap { resamples: 200, ..Bootstrap::default() };
        let found = Mean::from_values([("a", 0.0), ("a", 1.0), ("a", 2.0)], &bootstrap).unwrap();
        let expected = Mean { cases: 3, mean: Some(1.0), ci95: Some([1.0, 1.0]) };
        assert_eq!(found, expected); // one group: nothing to draw from
        let none = Mean::from_values([], &bootstrap).unwrap();
        assert_eq!((none.cases, none.mean, none.ci95), (0, None, None));
    }

    /// Against the bootstrap that draws case by case.
    #[test]
    fn sums_of_groups_give_the_same_interval() {
        let values = (0..60).map(|i| f64::from(i * i % 17)).collect::<Vec<_>>();
        let groups = (0..60).map(|i| format!("{:02}", i / (1 + i % 5))).collect::<Vec<_>>();
        let mut cases = groups.iter().map(String::as_str).zip(values).collect::<Vec<_>>();
        cases.sort_by_key(|(group, _)| *group);
        let bootstrap = Bootstrap { resamples: 300, ..Bootstrap::default() };
        let found = Mean::from_values(cases.iter().copied(), &bootstrap).unwrap();
        let (groups, values): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
        let plain = bootstrap.mean(&values, &Units::groups(&groups)).unwrap();
        let [low, high] = found.ci95.unwrap();
        let pairs = [(found.mean.unwrap(), plain.estimate), (low, plain.low), (high, plain.high)];
        assert!(pairs.iter().all(|(a, b)| (a - b).abs() < 1e-12), "{pairs:?}");
    }

    #[test]
    fn the_middle_is_of_the_sorted_values() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median([]), None);
    }
}
