//! Dice and IoU as means over all thresholds of a grey-level answer.

use crate::error::MetricError;
use crate::grid::Grid;
use crate::overlap::Overlap;

/// Dice and IoU of a grey-level answer, each the mean over the 256 thresholds 0 to 255 of "at least":
/// the mDice and mIoU of polyp papers (PraNet's evaluation, PySODMetrics 1.6.2).
///
/// The answer's least and largest value become 0 and 255 first. At threshold 0 every pixel is inside,
/// so even a mask of 0 and 255 scores below its own Dice, and an empty one above 0. Where a threshold
/// leaves nothing in either mask, or the reference is empty, the score is 0. In `[0, 1]`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ThresholdMeans {
    /// Mean Dice.
    pub dice: f64,
    /// Mean IoU.
    pub iou: f64,
}

const LEVELS: usize = 256;

impl ThresholdMeans {
    /// The means of a grey-level answer, row by row.
    ///
    /// # Errors
    ///
    /// If there is not one value for each pixel of the reference.
    pub fn of_grey(answer: &[u8], reference: &Grid<'_>) -> Result<Self, MetricError> {
        if answer.len() != reference.values().len() {
            let (width, height) = (reference.width(), reference.height());
            return Err(MetricError::Values { width, height, found: answer.len() });
        }
        let mut pixels = [[0u64; LEVELS]; 2]; // outside and inside the reference
        for (value, inside) in answer.iter().zip(reference.values()) {
            pixels[usize::from(*inside)][usize::from(*value)] += 1;
        }
        let levels = stretched(&pixels);
        let mut at = [Overlap::default(); LEVELS];
        for (value, level) in levels.into_iter().enumerate() {
            let [outside, inside] = pixels.map(|counts| counts[value]);
            at[level].intersection += inside;
            at[level].prediction += outside + inside;
        }
        let mut so_far = Overlap { reference: reference.area(), ..Overlap::default() };
        let sum = at.iter().rev().fold(Self::default(), |sum, level| {
            so_far += *level;
            sum.plus(&so_far, 1.0)
        });
        Ok(sum.over_levels())
    }

    /// The means of a mask of 0 and 255, from its counts: the whole picture at threshold 0, the mask at the
    /// other 255.
    pub(crate) fn of_mask(mask: &Overlap, pixels: u64) -> Self {
        let reference = mask.reference;
        let whole = Overlap { intersection: reference, prediction: pixels, reference };
        Self::default().plus(&whole, 1.0).plus(mask, (LEVELS - 1) as f64).over_levels()
    }

    fn plus(self, counts: &Overlap, thresholds: f64) -> Self {
        // Without any shared pixel both are 0 here, whatever else is empty.
        if counts.intersection == 0 {
            return self;
        }
        Self {
            dice: self.dice + thresholds * counts.dice(),
            iou: self.iou + thresholds * counts.iou(),
        }
    }

    fn over_levels(self) -> Self {
        Self { dice: self.dice / LEVELS as f64, iou: self.iou / LEVELS as f64 }
    }
}

/// The level that each value becomes, in the same steps of f64 as PySODMetrics takes: a value whose
/// level is whole but for rounding can fall to the one below, as it does there.
fn stretched(pixels: &[[u64; LEVELS]; 2]) -> [usize; LEVELS] {
    let there = |value: &usize| pixels.iter().any(|counts| counts[*value] > 0);
    let share = |value: usize| value as f64 / 255.0;
    let least = (0..LEVELS).find(there).map_or(0.0, share);
    let most = (0..LEVELS).rfind(there).map_or(0.0, share);
    std::array::from_fn(|value| {
        let level = match most > least {
            true => (share(value) - least) / (most - least),
            false => share(value),
        };
        ((level * 255.0) as usize).min(LEVELS - 1) // values that are not there may lie outside
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overlap::overlap;

    fn block(top: usize, left: usize) -> Vec<bool> {
        let (rows, columns) = (top..top + 6, left..left + 6);
        (0..256).map(|i| rows.contains(&(i / 16)) && columns.contains(&(i % 16))).collect()
    }

    fn near(found: ThresholdMeans, dice: f64, iou: f64) {
        assert!((found.dice - dice).abs() < 1e-12, "{found:?}");
        assert!((found.iou - iou).abs() < 1e-12, "{found:?}");
    }

    /// Values that PySODMetrics 1.6.2 gave.
    #[test]
    fn masks_and_flat_answers_have_the_packages_means() {
        let reference = block(4, 4);
        let reference = Grid::new(16, 16, &reference).unwrap();
        let grey =
            |mask: &[bool]| mask.iter().map(|inside| 255 * u8::from(*inside)).collect::<Vec<_>>();
        let of = |answer: &[u8]| ThresholdMeans::of_grey(answer, &reference).unwrap();
        let moved = block(5, 6);
        near(of(&grey(&moved)), 0.5543486015981733, 0.38366229717548095);
        near(of(&[0; 256]), 0.0009631849315068493, 0.00054931640625);
        near(of(&[100; 256]), 0.0972816780821918, 0.05548095703125);
        near(of(&[255; 256]), 0.2465753424657535, 0.140625);
        for mask in [moved, vec![false; 256], vec![true; 256]] {
            let counts = overlap(&Grid::new(16, 16, &mask).unwrap(), &reference).unwrap();
            let ThresholdMeans { dice, iou } = of(&grey(&mask));
            near(ThresholdMeans::of_mask(&counts, 256), dice, iou);
        }
        let nothing = Grid::new(16, 16, &[false; 256]).unwrap();
        for answer in [[0; 256], [255; 256]] {
            near(ThresholdMeans::of_grey(&answer, &nothing).unwrap(), 0.0, 0.0);
        }
    }

    #[test]
    fn each_pixel_needs_a_value() {
        let reference = Grid::new(2, 2, &[true; 4]).unwrap();
        let refused = ThresholdMeans::of_grey(&[0; 3], &reference);
        assert_eq!(refused, Err(MetricError::Values { width: 2, height: 2, found: 3 }));
        let nothing = Grid::new(0, 5, &[]).unwrap();
        assert_eq!(ThresholdMeans::of_grey(&[], &nothing), Ok(ThresholdMeans::default()));
    }
}
