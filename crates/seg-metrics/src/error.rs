//! Why a score could not be computed.

/// Why a score could not be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum MetricError {
    /// The number of values is not that of the pixels.
    #[error(
        "found {found} values for a mask of {width} x {height} pixels: give one for each pixel"
    )]
    Values { width: usize, height: usize, found: usize },
    /// A pixel's size is not usable.
    #[error("the spacing of {axis} is {found}: use a number from 1e-100 to 1e100, such as 1")]
    Spacing { axis: &'static str, found: f64 },
    /// The two masks have different sizes, as (width, height).
    #[error("the prediction has {} x {} pixels, the reference {} x {}: resize the prediction to the \
         reference's size",
        prediction.0, prediction.1, reference.0, reference.1)]
    Sizes { prediction: (usize, usize), reference: (usize, usize) },
    /// The two masks have different pixel sizes, as (rows, columns).
    #[error("the prediction's pixels measure {} x {}, the reference's {} x {}: give both the same spacing",
        prediction.0, prediction.1, reference.0, reference.1)]
    Spacings { prediction: (f64, f64), reference: (f64, f64) },
    /// A tolerance is negative or not a number.
    #[error("the tolerance is {found}: use a distance of 0 or more")]
    Tolerance { found: f64 },
    /// There is nothing to take a mean of.
    #[error("there are no cases to summarise: give at least one")]
    NoCases,
    /// There are more cases than can be drawn from.
    #[error("there are {found} cases: at most {most} can be resampled")]
    TooManyCases { most: usize, found: usize },
    /// Two lists that belong together have different lengths.
    #[error("found {found} {what}, expected {expected}: give one for each case")]
    Lengths { what: &'static str, expected: usize, found: usize },
    /// A value of which a mean is asked is infinite or not a number.
    #[error(
        "value {place} is {found}, expected a finite number: leave such cases out and count them"
    )]
    NotFinite { place: usize, found: f64 },
    /// A statistic of a resample is infinite or not a number.
    #[error("the statistic of a resample is {found}, expected a finite number")]
    Statistic { found: f64 },
    /// A confidence level outside (0, 1).
    #[error("the confidence level is {found}: use a share between 0 and 1, such as 0.95")]
    Level { found: f64 },
    /// A number of resamples outside the allowed range.
    #[error("the number of resamples is {found}: use 1 to {most}")]
    Resamples { most: usize, found: usize },
    /// A score in percent outside `[0, 100]`.
    #[error("the {score} is {found}: give it in percent, 0 to 100")]
    Percent { score: &'static str, found: f64 },
    /// What was typed for a score is not a decimal number.
    #[error("`{found}` is not a score: give it in percent, with digits and a point, such as 83.66")]
    Typed { found: String },
    /// A pair of scores that is a pair of shares, not of percentages; and what it is in percent.
    #[error("{found} look like shares: give them in percent, {percent}")]
    Shares { found: String, percent: String },
    /// A name that is none of the packages'.
    #[error("unknown package `{found}`: use {}", known.join(", "))]
    Package { found: String, known: Vec<&'static str> },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_thing_and_the_remedy() {
        let message = |error: MetricError| error.to_string();
        assert_eq!(
            message(MetricError::Values { width: 3, height: 2, found: 5 }),
            "found 5 values for a mask of 3 x 2 pixels: give one for each pixel"
        );
        assert_eq!(
            message(MetricError::Spacing { axis: "rows", found: f64::NAN }),
            "the spacing of rows is NaN: use a number from 1e-100 to 1e100, such as 1"
        );
        assert_eq!(
            message(MetricError::Sizes { prediction: (1, 2), reference: (3, 4) }),
            "the prediction has 1 x 2 pixels, the reference 3 x 4: \
             resize the prediction to the reference's size"
        );
        assert_eq!(
            message(MetricError::Spacings { prediction: (1.0, 2.0), reference: (1.0, 0.5) }),
            "the prediction's pixels measure 1 x 2, the reference's 1 x 0.5: \
             give both the same spacing"
        );
        assert_eq!(
            message(MetricError::Tolerance { found: -1.0 }),
            "the tolerance is -1: use a distance of 0 or more"
        );
        assert_eq!(
            message(MetricError::NoCases),
            "there are no cases to summarise: give at least one"
        );
        assert_eq!(
            message(MetricError::TooManyCases { most: 3, found: 4 }),
            "there are 4 cases: at most 3 can be resampled"
        );
        assert_eq!(
            message(MetricError::Lengths { what: "values", expected: 4, found: 3 }),
            "found 3 values, expected 4: give one for each case"
        );
        assert_eq!(
            message(MetricError::NotFinite { place: 7, found: f64::INFINITY }),
            "value 7 is inf, expected a finite number: leave such cases out and count them"
        );
        assert_eq!(
            message(MetricError::Statistic { found: f64::NAN }),
            "the statistic of a resample is NaN, expected a finite number"
        );
        assert_eq!(
            message(MetricError::Level { found: 95.0 }),
            "the confidence level is 95: use a share between 0 and 1, such as 0.95"
        );
        assert_eq!(
            message(MetricError::Resamples { most: 10, found: 0 }),
            "the number of resamples is 0: use 1 to 10"
        );
        assert_eq!(
            message(MetricError::Percent { score: "Dice", found: 101.0 }),
            "the Dice is 101: give it in percent, 0 to 100"
        );
        assert_eq!(
            message(MetricError::Typed { found: "83,66".to_owned() }),
            "`83,66` is not a score: give it in percent, with digits and a point, such as 83.66"
        );
        let (found, percent) = ("Dice 0.9 and IoU 0.82".to_owned(), "90 and 82".to_owned());
        assert_eq!(
            message(MetricError::Shares { found, percent }),
            "Dice 0.9 and IoU 0.82 look like shares: give them in percent, 90 and 82"
        );
    }
}
