//! Two masks, cut to the rectangle around both.

use crate::error::MetricError;
use crate::grid::Grid;

/// A prediction and its reference without the background around both: neither boundaries nor the
/// distances between them change.
pub(crate) struct Framed {
    pub prediction: Vec<bool>,
    pub reference: Vec<bool>,
    pub width: usize,
    pub height: usize,
    /// From row to row and from column to column.
    pub spacing: (f64, f64),
}

impl Framed {
    /// Cuts two masks of one size and spacing.
    pub fn around(prediction: &Grid<'_>, reference: &Grid<'_>) -> Result<Self, MetricError> {
        prediction.check_size(reference)?;
        prediction.check_spacing(reference)?;
        let frame = Frame::around(prediction, reference);
        Ok(Self {
            prediction: frame.cut(prediction),
            reference: frame.cut(reference),
            width: frame.width,
            height: frame.height,
            spacing: prediction.spacing(),
        })
    }

    /// Values of the frame's pixels as a mask.
    pub fn grid<'a>(&self, values: &'a [bool]) -> Grid<'a> {
        Grid::trusted(self.width, self.height, values, self.spacing)
    }
}

/// The smallest upright rectangle around two masks.
#[derive(Default)]
struct Frame {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Frame {
    fn around(a: &Grid<'_>, b: &Grid<'_>) -> Self {
        let rows = || a.rows().zip(b.rows());
        let any = |(a, b): (&[bool], &[bool])| a.contains(&true) || b.contains(&true);
        let (Some(top), Some(bottom)) = (rows().position(any), rows().rposition(any)) else {
            return Self::default();
        };
        let first = |row: &[bool]| row.iter().position(|inside| *inside);
        let last = |row: &[bool]| row.iter().rposition(|inside| *inside);
        let sides = || a.rows().chain(b.rows());
        let left = sides().filter_map(first).min().unwrap_or(0);
        let right = sides().filter_map(last).max().unwrap_or(0);
        Self { left, top, width: right - left + 1, height: bottom - top + 1 }
    }

    fn cut(&self, mask: &Grid<'_>) -> Vec<bool> {
        let rows = mask.rows().skip(self.top).take(self.height);
        rows.flat_map(|row| &row[self.left..self.left + self.width]).copied().collect()
    }
}
