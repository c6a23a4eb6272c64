//! How reports write numbers.

/// A number with so many decimals; a dash if it is `None`.
pub(crate) fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.decimals$}"))
}

/// A number with its sign; what rounds to nothing is `+0`.
pub(crate) fn signed(value: Option<f64>, decimals: usize) -> String {
    value.map_or("–".to_owned(), |value| {
        let text = format!("{value:+.decimals$}");
        match text.strip_prefix('-') {
            Some(digits) if digits.bytes().all(|b| b"0.".contains(&b)) => format!("+{digits}"),
            _ => text,
        }
    })
}

/// A number and, in brackets, its interval; a dash if one of them is missing.
pub(crate) fn with_interval(
    mean: Option<f64>,
    ci95: Option<[f64; 2]>,
    write: impl Fn(f64) -> String,
) -> String {
    match (mean, ci95) {
        (Some(mean), Some([low, high])) => {
            format!("{} ({} to {})", write(mean), write(low), write(high))
        }
        _ => number(None, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rounds_to_nothing_has_no_minus() {
        let found = [-0.004, 0.004, -0.006].map(|value| signed(Some(value), 2));
        assert_eq!(found, ["+0.00", "+0.00", "-0.01"]);
    }

    #[test]
    fn what_is_missing_is_a_dash() {
        let write = |value| number(Some(value), 1);
        assert_eq!(with_interval(Some(0.5), Some([0.25, 1.0]), write), "0.5 (0.2 to 1.0)");
        assert_eq!(with_interval(Some(0.5), None, write), "–");
        assert_eq!(signed(None, 3), "–");
    }
}
