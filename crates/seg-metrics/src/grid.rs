//! A mask to be scored.

use crate::error::MetricError;

/// A borrowed mask: which pixels of a picture are meant, and how large a pixel is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid<'a> {
    width: usize,
    height: usize,
    values: &'a [bool],
    spacing: (f64, f64),
}

/// Least and largest pixel size: squares and their ratios stay within f64.
const SPACING: std::ops::RangeInclusive<f64> = 1e-100..=1e100;

impl<'a> Grid<'a> {
    /// A mask from its values, row by row; a pixel measures 1 x 1.
    ///
    /// A picture without pixels is an empty mask.
    ///
    /// # Errors
    ///
    /// If there are not `width · height` values.
    pub fn new(width: usize, height: usize, values: &'a [bool]) -> Result<Self, MetricError> {
        if width.checked_mul(height) != Some(values.len()) {
            return Err(MetricError::Values { width, height, found: values.len() });
        }
        Ok(Self { width, height, values, spacing: (1.0, 1.0) })
    }

    /// The mask with pixels of another size: the distance from row to row and from column to
    /// column, both in one unit (mm, for instance). Distances are then in that unit.
    ///
    /// # Errors
    ///
    /// If one of them is not between 1e-100 and 1e100.
    pub fn with_spacing(self, rows: f64, columns: f64) -> Result<Self, MetricError> {
        for (axis, found) in [("rows", rows), ("columns", columns)] {
            if !SPACING.contains(&found) {
                return Err(MetricError::Spacing { axis, found });
            }
        }
        Ok(Self { spacing: (rows, columns), ..self })
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Which pixels are inside, row by row.
    pub fn values(&self) -> &'a [bool] {
        self.values
    }

    /// From row to row and from column to column.
    pub fn spacing(&self) -> (f64, f64) {
        self.spacing
    }

    /// How many pixels are inside.
    pub fn area(&self) -> u64 {
        self.values.iter().filter(|inside| **inside).count() as u64
    }

    /// A mask whose dimensions and spacing were checked where they came from.
    pub(crate) fn trusted(
        width: usize,
        height: usize,
        values: &'a [bool],
        spacing: (f64, f64),
    ) -> Self {
        debug_assert_eq!(width * height, values.len());
        Self { width, height, values, spacing }
    }

    /// The rows from top to bottom; empty if they have no pixels.
    pub(crate) fn rows(&self) -> std::slice::ChunksExact<'a, bool> {
        self.values.chunks_exact(self.width.max(1))
    }

    /// Refuses a reference of another size.
    pub(crate) fn check_size(&self, reference: &Grid<'_>) -> Result<(), MetricError> {
        let (prediction, reference) =
            ((self.width, self.height), (reference.width, reference.height));
        if prediction != reference {
            return Err(MetricError::Sizes { prediction, reference });
        }
        Ok(())
    }

    /// Refuses a reference with pixels of another size.
    pub(crate) fn check_spacing(&self, reference: &Grid<'_>) -> Result<(), MetricError> {
        let (prediction, reference) = (self.spacing, reference.spacing);
        if prediction != reference {
            return Err(MetricError::Spacings { prediction, reference });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_must_fit_the_values() {
        assert!(Grid::new(2, 3, &[false; 6]).is_ok());
        let refused = |width, height, values: &[bool]| {
            Grid::new(width, height, values)
                == Err(MetricError::Values { width, height, found: values.len() })
        };
        assert!(refused(2, 3, &[false; 5]));
        assert!(refused(0, 3, &[false]));
        assert!(refused(usize::MAX, 2, &[]));
        assert!(refused(1 << 63, 2, &[])); // 2^64 wraps to 0
    }

    #[test]
    fn a_grid_without_pixels_has_no_rows() {
        for (width, height) in [(0, 0), (0, 7), (usize::MAX, 0)] {
            let grid = Grid::new(width, height, &[]).unwrap();
            assert_eq!((grid.area(), grid.rows().len()), (0, 0));
        }
    }

    #[test]
    fn spacing_is_positive_and_finite() {
        let grid = Grid::new(1, 1, &[true]).unwrap();
        assert_eq!(grid.spacing(), (1.0, 1.0));
        assert_eq!(grid.with_spacing(0.5, 2.0).unwrap().spacing(), (0.5, 2.0));
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e200, 1e-200] {
            for (rows, columns, axis) in [(bad, 1.0, "rows"), (1.0, bad, "columns")] {
                let error = grid.with_spacing(rows, columns).unwrap_err().to_string();
                assert!(error.starts_with(&format!("the spacing of {axis} is {bad}: ")), "{error}");
            }
        }
    }
}
