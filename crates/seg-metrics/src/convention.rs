//! Which convention a published pair of scores follows.

use crate::error::MetricError;

/// How a published pair of Dice and IoU was averaged, as far as the pair itself tells.
///
/// For one pair of masks, and for pooled pixels, `dice = 2 · iou / (1 + iou)`. Dice is concave in
/// IoU, so means over images whose scores differ fall short of that. No mean of Dice is less than
/// the same cases' mean of IoU. Means over classes or over repeated runs fall short like those over
/// images: the pair alone cannot tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// Dice is what IoU makes it, within rounding: pooled (or all images scored alike).
    Pooled,
    /// Dice is less, and not less than IoU: both are means over images.
    PerImage,
    /// Dice is more, or less than IoU: the two cannot be means over the same images.
    Neither,
}

impl Convention {
    /// The convention of two numbers in percent that were rounded to this many decimals.
    ///
    /// # Errors
    ///
    /// If one of them is not in `[0, 100]`.
    pub fn of_percent(dice: f64, iou: f64, decimals: u32) -> Result<Self, MetricError> {
        for (score, found) in [("Dice", dice), ("IoU", iou)] {
            if !(0.0..=100.0).contains(&found) {
                return Err(MetricError::Percent { score, found });
            }
        }
        Ok(Self::of_rounded((dice, decimals), (iou, decimals)))
    }

    /// The convention of two scores in `[0, 100]`, each with its number of decimals.
    pub(crate) fn of_rounded(dice: (f64, u32), iou: (f64, u32)) -> Self {
        // Beyond half of the last digit, room for the decimal numbers' own rounding.
        let half = |decimals: u32| 0.5 * 0.1f64.powi(decimals.min(9) as i32) + 1e-10;
        let least = |(value, decimals): (f64, u32)| value - half(decimals);
        let most = |(value, decimals): (f64, u32)| value + half(decimals);
        if most(dice) < least(iou) || least(dice) > pooled_dice(most(iou)) {
            Self::Neither
        } else if most(dice) < pooled_dice(least(iou)) {
            Self::PerImage
        } else {
            Self::Pooled
        }
    }
}

/// The Dice that one pair of masks, or pooled pixels, of this IoU has; both in percent.
pub(crate) fn pooled_dice(iou: f64) -> f64 {
    200.0 * iou / (100.0 + iou)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_pairs_are_told_apart() {
        let of = |dice, iou| Convention::of_percent(dice, iou, 2).unwrap();
        assert_eq!(of(90.88, 83.28), Convention::Pooled);
        assert_eq!(of(83.66, 75.11), Convention::PerImage);
        assert_eq!(of(90.88, 82.00), Convention::Neither);
        assert_eq!(of(75.11, 83.66), Convention::Neither, "Dice and IoU exchanged");
        assert_eq!(of(75.11, 75.11), Convention::PerImage, "scores of 0 and 1 alone");
        assert_eq!([of(0.0, 0.0), of(100.0, 100.0)], [Convention::Pooled; 2]);
    }

    #[test]
    fn digits_decide() {
        // 2 · 0.8 / 1.8 = 0.88888...
        let of = |dice, decimals| Convention::of_percent(dice, 80.0, decimals).unwrap();
        assert_eq!([of(88.9, 1), of(88.89, 2), of(88.9, 0)], [Convention::Pooled; 3]);
        assert_eq!(of(88.9, 3), Convention::Neither);
        assert_eq!(of(88.88, 4), Convention::PerImage);
        assert_eq!(of(88.9, u32::MAX), Convention::Neither);
    }

    #[test]
    fn scores_are_in_percent() {
        let refused = Convention::of_percent(90.0, f64::NAN, 2).unwrap_err().to_string();
        assert_eq!(refused, "the IoU is NaN: give it in percent, 0 to 100");
        assert!(Convention::of_percent(100.1, 90.0, 2).is_err());
        assert!(Convention::of_percent(-0.1, 90.0, 2).is_err());
    }
}
