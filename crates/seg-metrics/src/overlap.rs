//! Pixel counts of two masks, and scores from them.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use crate::error::MetricError;
use crate::grid::Grid;

/// Pixel counts of a prediction, a reference and what they share.
///
/// The counts of several pictures add up to pooled (micro) scores. No score has an epsilon. All
/// are 1 if both masks are empty and 0 if exactly one is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlap {
    /// Pixels in both; at most the smaller of the two others.
    pub intersection: u64,
    /// Pixels of the prediction.
    pub prediction: u64,
    /// Pixels of the reference.
    pub reference: u64,
}

/// Counts the pixels of two masks, and those they share.
///
/// # Errors
///
/// If the masks have different sizes.
pub fn overlap(prediction: &Grid<'_>, reference: &Grid<'_>) -> Result<Overlap, MetricError> {
    prediction.check_size(reference)?;
    let pairs = prediction.values().iter().zip(reference.values());
    Ok(Overlap {
        intersection: pairs.filter(|(p, r)| **p && **r).count() as u64,
        prediction: prediction.area(),
        reference: reference.area(),
    })
}

impl Overlap {
    /// Twice the shared pixels over the sum of both masks, in `[0, 1]`.
    pub fn dice(&self) -> f64 {
        let both = self.prediction as f64 + self.reference as f64;
        self.share_of(2.0 * self.intersection as f64, both)
    }

    /// Shared pixels over those in either mask (Jaccard), in `[0, 1]`.
    pub fn iou(&self) -> f64 {
        let shared = self.intersection as f64;
        self.share_of(shared, self.prediction as f64 + self.reference as f64 - shared)
    }

    /// The share of the prediction that is right, in `[0, 1]`.
    pub fn precision(&self) -> f64 {
        self.share_of(self.intersection as f64, self.prediction as f64)
    }

    /// The share of the reference that was found (sensitivity), in `[0, 1]`.
    pub fn recall(&self) -> f64 {
        self.share_of(self.intersection as f64, self.reference as f64)
    }

    fn share_of(&self, part: f64, whole: f64) -> f64 {
        match (self.prediction, self.reference) {
            (0, 0) => 1.0,
            (0, _) | (_, 0) => 0.0,
            _ => part / whole,
        }
    }
}

impl Add for Overlap {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            intersection: self.intersection.saturating_add(other.intersection),
            prediction: self.prediction.saturating_add(other.prediction),
            reference: self.reference.saturating_add(other.reference),
        }
    }
}

impl AddAssign for Overlap {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Overlap {
    fn sum<I: Iterator<Item = Self>>(overlaps: I) -> Self {
        overlaps.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(o: Overlap) -> [f64; 4] {
        [o.dice(), o.iou(), o.precision(), o.recall()]
    }

    #[test]
    fn shares_of_a_hand_made_pair() {
        let p = [true, true, true, false, false, false];
        let r = [false, true, true, true, true, false];
        let (p, r) = (Grid::new(3, 2, &p).unwrap(), Grid::new(3, 2, &r).unwrap());
        let found = overlap(&p, &r).unwrap();
        assert_eq!(found, Overlap { intersection: 2, prediction: 3, reference: 4 });
        assert_eq!(scores(found), [4.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0, 0.5]);
    }

    #[test]
    fn empty_masks_agree_with_each_other_only() {
        assert_eq!(scores(Overlap::default()), [1.0; 4]);
        for (prediction, reference) in [(5, 0), (0, 5)] {
            assert_eq!(scores(Overlap { intersection: 0, prediction, reference }), [0.0; 4]);
        }
        assert_eq!(
            scores(Overlap { intersection: 0, prediction: 2, reference: 5 }),
            [0.0; 4],
            "disjoint masks"
        );
    }

    #[test]
    fn counts_pool() {
        let a = Overlap { intersection: 1, prediction: 2, reference: 3 };
        let b = Overlap { intersection: 4, prediction: 4, reference: 5 };
        let mut sum = a;
        sum += b;
        assert_eq!(sum, [a, b].into_iter().sum());
        assert_eq!(sum.dice(), 10.0 / 14.0);
        let most = Overlap { intersection: u64::MAX, prediction: u64::MAX, reference: u64::MAX };
        assert_eq!((most + most).dice(), 1.0);
    }

    #[test]
    fn sizes_must_be_equal() {
        let values = [false; 6];
        let (p, r) = (Grid::new(3, 2, &values).unwrap(), Grid::new(2, 3, &values).unwrap());
        let expected = MetricError::Sizes { prediction: (3, 2), reference: (2, 3) };
        assert_eq!(overlap(&p, &r), Err(expected));
    }
}
