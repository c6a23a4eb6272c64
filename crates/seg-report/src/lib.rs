//! Reports the scores of a set so that they can be quoted: means with intervals, pooled scores,
//! what was missed, and how much of the result depends on the sentence.
//!
//! ```
//! use seg_metrics::{Bootstrap, Grid, Scores};
//! use seg_report::{ControlScores, ReportHeader, ScoreReport, ScoredCase};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let case = |name, answer: [bool; 4]| {
//!     let reference = [true, true, false, false];
//!     let scores = Scores::between(&Grid::new(4, 1, &answer)?, &Grid::new(4, 1, &reference)?)?;
//!     Ok::<_, seg_metrics::MetricError>(ScoredCase::new(name, scores))
//! };
//! let (hit, half, miss) = ([true, true, false, false], [true; 4], [false; 4]);
//! let controls = [
//!     ControlScores::new("true", vec![case("a", hit)?, case("b", half)?]),
//!     ControlScores::new("shuffled", vec![case("a", half)?, case("b", miss)?]),
//! ];
//!
//! let bootstrap = Bootstrap { resamples: 200, ..Bootstrap::default() };
//! let report = ScoreReport::from_controls(ReportHeader::new("test"), &controls, bootstrap)?;
//! let folder = tempfile::tempdir()?;
//! report.write(folder.path())?; // scores.json, scores.md
//! report.write_cases(folder.path(), &controls)?; // cases.true.csv, cases.shuffled.csv
//!
//! let json = std::fs::read_to_string(folder.path().join("scores.json"))?;
//! let json: serde_json::Value = serde_json::from_str(&json)?;
//! let dice = &json["controls"]["true"]["per_image"]["dice"]["mean"];
//! assert!((dice.as_f64().unwrap() - 5.0 / 6.0).abs() < 1e-12);
//! assert_eq!(json["controls"]["shuffled"]["infinite"]["hd95"], 1); // nothing was found
//! # Ok(())
//! # }
//! ```
//!
//! [`Reading`] tells whether the sentence decides what the mask is, and [`Presence`] whether a
//! network notices that there is nothing to draw.
//!
//! [`find_pairs`] and [`score_pairs`] score masks that another program left in a folder. A
//! [`ConventionTable`] has a set's scores under every convention in use, a [`PackageTable`] those that
//! one package would print, and [`describe_pair`] sets a published pair of Dice and IoU beside ours. [`seg_metrics`] defines the scores.

#![deny(missing_docs)]

mod case;
mod control;
mod conventions;
mod drawing;
mod error;
mod format;
mod interval;
mod json;
mod markdown;
mod named;
mod nearest;
mod package;
mod page;
mod pairs;
mod presence;
mod published;
mod reading;
mod report;
mod spacing;

pub use case::{CaseColumns, ControlScores, ScoredCase, write_cases};
pub use control::{ControlDifference, ControlReport, GroupReport, PairedInterval};
pub use conventions::{ConventionScore, ConventionTable};
pub use drawing::Drawing;
pub use error::ReportError;
pub use interval::{MeanInterval, Pooled};
pub use named::Named;
pub use nearest::{Candidate, describe_candidates, nearest_conventions};
pub use package::{PackageScore, PackageTable};
pub use page::page;
pub use pairs::{Further, MaskPair, Missing, PairScores, ScoreOptions, find_pairs, score_pairs};
pub use presence::{Presence, PresenceError, PresenceReport};
pub use published::{OwnPair, OwnScore, OwnScores, describe_pair};
pub use reading::effect::{EditEffect, Prediction};
pub use reading::error::ReadingError;
pub use reading::example::{EditExample, ExampleAnswer};
pub use reading::importance::{WordImportance, WordImportances};
pub use reading::mean::Mean;
pub use reading::report::ReadingReport;
pub use reading::summary::{AreaRatio, EditSummary, PairedDice};
pub use reading::{CaseRecord, Reading, ReadingOptions, Trial};
pub use report::{ReportHeader, ScoreReport};
pub use spacing::Spacings;
