//! Quantiles of sorted values.

/// The value below which a share of the sorted values lies, linearly between the two at rank
/// `share · (n - 1)`, as numpy's default; `None` if there are no values.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = share * last as f64;
    let below = (rank.floor() as usize).min(last);
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    // Equal neighbours first: the difference of two infinities is not a number.
    Some(if a == b { a } else { a + (b - a) * (rank - below as f64) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_ranks() {
        let values = [1.0, 2.0, 4.0, 8.0];
        let at = |share| quantile(&values, share).unwrap();
        assert_eq!([at(0.0), at(0.5), at(0.75), at(1.0)], [1.0, 3.0, 5.0, 8.0]);
        assert_eq!(quantile(&[7.0], 0.95), Some(7.0));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
