//! Minimum, median and maximum of some numbers.

use serde::Serialize;

/// Minimum, median and maximum of some numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct MedianRange {
    /// The minimum.
    pub min: f64,
    /// The median; for an even count, the mean of the two in the middle.
    pub median: f64,
    /// The maximum.
    pub max: f64,
}

impl MedianRange {
    /// All zeros if there are no numbers.
    pub(crate) fn from_numbers(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted = numbers.into_iter().collect::<Vec<_>>();
        sorted.sort_by(f64::total_cmp);
        let (Some(min), Some(max)) = (sorted.first(), sorted.last()) else {
            return Self::default();
        };
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Self { min: *min, median: (low + high) / 2.0, max: *max }
    }
}

/// The mean; `None` if there are no numbers.
pub(crate) fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}

/// `part` of `whole` in `[0, 1]`; 0 if `whole` is 0.
pub(crate) fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// A share in percent with one decimal.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_lies_between() {
        let spread = |numbers: &[f64]| MedianRange::from_numbers(numbers.iter().copied());
        assert_eq!(spread(&[4.0, 1.0, 2.0, 9.0]), MedianRange { min: 1.0, median: 3.0, max: 9.0 });
        assert_eq!(spread(&[5.0]), MedianRange { min: 5.0, median: 5.0, max: 5.0 });
        assert_eq!(spread(&[]), MedianRange::default());
    }
}
