//! A published pair of Dice and IoU, as printed.

use std::fmt;
use std::str::FromStr;

use crate::convention::{Convention, pooled_dice};
use crate::error::MetricError;

/// A score in percent, in `[0, 100]`, that remembers how many decimals it was typed with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percent {
    value: f64,
    decimals: usize,
}

impl Percent {
    /// In `[0, 100]`.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Digits behind the point.
    pub fn decimals(&self) -> usize {
        self.decimals
    }

    fn rounded(&self) -> (f64, u32) {
        (self.value, u32::try_from(self.decimals).unwrap_or(u32::MAX))
    }
}

/// Digits, and behind a point more digits: `83`, `83.66`.
impl FromStr for Percent {
    type Err = MetricError;

    fn from_str(typed: &str) -> Result<Self, MetricError> {
        let refused = || MetricError::Typed { found: typed.to_owned() };
        let (whole, part) = match typed.split_once('.') {
            Some((whole, part)) => (whole, Some(part)),
            None => (typed, None),
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !part.is_none_or(digits) {
            return Err(refused());
        }
        let value = typed.parse::<f64>().map_err(|_| refused())?;
        if value > 100.0 {
            return Err(MetricError::Percent { score: "score", found: value });
        }
        Ok(Self { value, decimals: part.map_or(0, str::len) })
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.*}", self.decimals, self.value)
    }
}

/// A published pair of Dice and IoU, and what the two numbers tell together.
///
/// ```
/// use seg_metrics::{Convention, PublishedPair};
///
/// # fn main() -> Result<(), seg_metrics::MetricError> {
/// let pair = PublishedPair::new("83.66".parse()?, "75.11".parse()?)?;
/// assert_eq!(pair.convention(), Convention::PerImage);
/// assert!((pair.gap() + 2.126).abs() < 1e-3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedPair {
    dice: Percent,
    iou: Percent,
}

impl PublishedPair {
    /// A pair in percent.
    ///
    /// # Errors
    ///
    /// If neither is above 1 and one is above 0: these are shares, not percentages.
    pub fn new(dice: Percent, iou: Percent) -> Result<Self, MetricError> {
        let both = [dice, iou];
        if both.iter().all(|score| score.value <= 1.0) && both.iter().any(|s| s.value > 0.0) {
            let percent = |score: Percent| {
                format!("{:.*}", score.decimals.saturating_sub(2), 100.0 * score.value)
            };
            return Err(MetricError::Shares {
                found: format!("Dice {dice} and IoU {iou}"),
                percent: format!("{} and {}", percent(dice), percent(iou)),
            });
        }
        Ok(Self { dice, iou })
    }

    /// The published Dice.
    pub fn dice(&self) -> Percent {
        self.dice
    }

    /// The published IoU.
    pub fn iou(&self) -> Percent {
        self.iou
    }

    /// How the two were averaged, as far as they tell, each within its own rounding.
    pub fn convention(&self) -> Convention {
        Convention::of_rounded(self.dice.rounded(), self.iou.rounded())
    }

    /// `2 · IoU / (1 + IoU)` in percent: the Dice of pooled pixels that have this IoU.
    pub fn pooled_dice(&self) -> f64 {
        pooled_dice(self.iou.value)
    }

    /// How far Dice stands from [`pooled_dice`](Self::pooled_dice), in points; below it is
    /// negative.
    pub fn gap(&self) -> f64 {
        self.dice.value - self.pooled_dice()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pair(dice: &str, iou: &str) -> Result<PublishedPair, MetricError> {
        PublishedPair::new(dice.parse()?, iou.parse()?)
    }

    #[test]
    fn decimals_are_as_typed() {
        for (typed, value, decimals) in
            [("83.66", 83.66, 2), ("83.60", 83.6, 2), ("84", 84.0, 0), ("100.0", 100.0, 1)]
        {
            let found = typed.parse::<Percent>().unwrap();
            assert_eq!((found.value(), found.decimals()), (value, decimals));
            assert_eq!(found.to_string(), typed);
        }
    }

    #[test]
    fn what_is_no_percentage_is_refused() {
        for typed in ["", ".", "83,66", "83.", ".5", "83.66%", "-1", "+1", "1e1", "NaN", "inf"] {
            let refused = typed.parse::<Percent>().unwrap_err();
            assert_eq!(refused, MetricError::Typed { found: typed.to_owned() });
        }
        let refused = "100.1".parse::<Percent>().unwrap_err().to_string();
        assert_eq!(refused, "the score is 100.1: give it in percent, 0 to 100");
        let refused = pair("0.8366", "0.7511").unwrap_err().to_string();
        let expected = "Dice 0.8366 and IoU 0.7511 look like shares: \
                        give them in percent, 83.66 and 75.11";
        assert_eq!(refused, expected);
        assert!(pair("1.8", "0.9").is_ok() && pair("0.00", "0.00").is_ok());
    }

    #[test]
    fn each_number_keeps_its_own_rounding() {
        // 2 · 0.8 / 1.8 = 0.88888...
        let of = |dice, iou| pair(dice, iou).unwrap().convention();
        assert_eq!(of("88.9", "80.00"), Convention::Pooled);
        assert_eq!(of("88.90", "80"), Convention::Pooled);
        assert_eq!(of("88.90", "80.00"), Convention::Neither);
        assert_eq!(of("88.80", "80.00"), Convention::PerImage);
    }

    /// The published pairs on QaTa-COV19, and how far each Dice stands from `2 IoU / (1 + IoU)`.
    #[test]
    fn published_pairs_stand_where_they_do() {
        use Convention::{PerImage, Pooled};
        for (dice, iou, convention, gap) in [
            ("83.66", "75.11", PerImage, -2.13),
            ("85.22", "77.00", PerImage, -1.79),
            ("85.25", "76.97", PerImage, -1.74),
            ("85.21", "76.90", PerImage, -1.73),
            ("81.85", "72.91", PerImage, -2.48),
            ("90.88", "83.28", Pooled, 0.00),
            ("83.97", "75.48", PerImage, -2.06),
            ("90.46", "82.58", Pooled, 0.00),
            ("90.59", "82.81", Pooled, -0.01),
        ] {
            let pair = pair(dice, iou).unwrap();
            assert_eq!(pair.convention(), convention, "{dice}/{iou}");
            assert!((pair.gap() - gap).abs() <= 0.005, "{dice}/{iou}: {}", pair.gap());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_percentage_or_refused(typed in ".{0,12}") {
            if let Ok(found) = typed.parse::<Percent>() {
                prop_assert!((0.0..=100.0).contains(&found.value()));
            }
        }
    }
}
