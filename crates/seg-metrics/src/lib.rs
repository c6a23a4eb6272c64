//! Segmentation scores of binary masks, with their conventions named.
//!
//! Two masks of one size have [`Scores`]; a set of cases has a [`SetScores`], per image and pooled,
//! and a mean has an [`Interval`]. No tensor, no file, all in f64.
//!
//! ```
//! use seg_metrics::{Bootstrap, Grid, SetScores, Scores, Units};
//!
//! # fn main() -> Result<(), seg_metrics::MetricError> {
//! // A square of 6 x 6 pixels in a picture of 16 x 16, and the prediction beside it.
//! let square = |top: usize, left: usize| -> Vec<bool> {
//!     let (rows, columns) = (top..top + 6, left..left + 6);
//!     (0..256).map(|i| rows.contains(&(i / 16)) && columns.contains(&(i % 16))).collect()
//! };
//! let (prediction, reference) = (square(4, 4), square(5, 6));
//! let scores = Scores::between(&Grid::new(16, 16, &prediction)?, &Grid::new(16, 16, &reference)?)?;
//! assert_eq!((scores.dice, scores.nsd), (40.0 / 72.0, 0.95));
//!
//! // A second case: nothing to find, nothing found.
//! let nothing = vec![false; 256];
//! let silent = Scores::between(&Grid::new(16, 16, &nothing)?, &Grid::new(16, 16, &nothing)?)?;
//! let report = SetScores::from_cases(&[scores, silent])?;
//! assert!((report.all.dice.mean - 0.778).abs() < 1e-3); // per image
//! assert!((report.all.pooled.dice() - 0.556).abs() < 1e-3); // of all pixels together
//! assert_eq!(report.specificity, Some(1.0));
//!
//! let interval = Bootstrap::default().mean(&[scores.dice, silent.dice], &Units::cases(2))?;
//! assert_eq!((interval.low, interval.high), (scores.dice, silent.dice));
//! # Ok(())
//! # }
//! ```
//!
//! # Conventions
//!
//! | score | both masks filled | both empty | exactly one empty |
//! | --- | --- | --- | --- |
//! | Dice, IoU, precision, recall | exact, no epsilon | 1 | 0 |
//! | NSD | share of both boundaries within 2 of the other | 1 | 0 |
//! | HD, HD95, ASSD | between boundary pixels' centres | 0 | infinite |
//!
//! Other libraries differ in the boundary, the percentile, the mean, and most of all in what an empty
//! mask scores: see [`SurfaceDistances`] and [`ElementDistances`] for the variants, [`Rule`] and
//! [`Figure`] for one set's scores under every convention in use, [`Package`] for what a Python package
//! would print of the same masks, and [`Convention`] for what a published pair of numbers tells.
//!
//! ```
//! use seg_metrics::{Grid, Package, Printed, Scores};
//!
//! # fn main() -> Result<(), seg_metrics::MetricError> {
//! let (lesion, nothing) = ([false, true, true, false], [false; 4]);
//! let between = |prediction, reference| {
//!     Scores::between(&Grid::new(4, 1, prediction)?, &Grid::new(4, 1, reference)?)
//! };
//! let set = [between(&lesion, &lesion)?, between(&nothing, &nothing)?, between(&lesion, &nothing)?];
//! let dice = |package| Package::named(package)?.figures(&set).map(|figures| figures[0].printed);
//! assert_eq!(dice("monai-1.6.1")?, Printed::Number(1.0)); // of the first alone
//! assert_eq!(dice("nnunetv2-2.8.1")?, Printed::Number(0.5)); // of the first and the last
//! # Ok(())
//! # }
//! ```

#![deny(missing_docs)]

mod aggregate;
mod bootstrap;
mod calibration;
mod convention;
mod distance;
mod elements;
mod error;
mod figure;
mod frame;
mod grid;
mod overlap;
mod package;
mod published;
mod quantile;
mod rule;
mod rules;
mod scores;
mod surface;
mod thresholds;

pub use aggregate::{FiniteMean, SetScores, Spread, Summary};
pub use bootstrap::{Bootstrap, Interval, Units};
pub use calibration::{Bin, Calibration};
pub use convention::Convention;
pub use distance::distance_map;
pub use elements::ElementDistances;
pub use error::MetricError;
pub use figure::Figure;
pub use grid::Grid;
pub use overlap::{Overlap, overlap};
pub use package::{Package, PackageFigure, Printed};
pub use published::{Percent, PublishedPair};
pub use rule::Rule;
pub use scores::{ElementScores, Scores};
pub use surface::{SurfaceDistances, boundary};
pub use thresholds::ThresholdMeans;
