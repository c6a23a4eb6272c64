//! Evaluates referring segmentation: how well masks fit, under true sentences and under wrong ones;
//! whether a network sees that what is asked for is not there; and what its causal gates do.
//!
//! A score with the true sentence alone does not show that a network reads: most chest X-rays have
//! their lesions in the same places. So every case is also asked another case's sentence
//! ([`Control::Shuffled`]), or held against the mask of the other side ([`Control::Opposite`]); what
//! is left of the score then is what the network does without reading.
//!
//! ```
//! use causal_clip_seg::{CausalClipSegConfig, Device, Segmenter};
//! use evaluation::{Control, Questions, score_control};
//! use seg_data::phantom::{PhantomConfig, write_phantoms};
//! use seg_data::{Dataset, Split};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let phantoms = PhantomConfig { size: 64, ..PhantomConfig::default() };
//! write_phantoms(folder.path(), &phantoms, [1, 0, 2], || {})?;
//! let data = Dataset::open(folder.path())?;
//! let cases = data.cases(Split::Test);
//!
//! let network = CausalClipSegConfig::tiny().init(&Device::flex())?;
//! let segmenter = Segmenter::new(network.with_random_weights(7, |_| true))?;
//! let questions = Questions { data: &data, cases: &cases, seed: 0 };
//! let scores = score_control(&segmenter, questions, Control::Shuffled, None, |_, _, _| Ok(()))?;
//! assert_eq!(scores.cases.len(), cases.len());
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod absence;
mod causal_study;
mod controls;
mod error;
mod evaluate;
mod presence;
mod presence_study;
mod prior;
mod reading_test;
mod reliability;
mod score_control;
mod sheet;
mod table;
mod views;

pub use absence::{Absence, Cover, TwoHalves, other_side};
pub use causal_study::{CausalMean, CausalRow, CausalStudy, causal_markdown};
pub use controls::{Control, Query, commonest_sentence};
pub use error::EvaluationError;
pub use evaluate::{evaluate, evaluate_on, mean_dice};
pub use presence::{PresenceAnswer, ask_presence, presence_of};
pub use presence_study::{PresenceQuestions, PresenceStudy};
pub use prior::{Guess, Prior};
pub use reading_test::{ReadingFound, ReadingTest};
pub use reliability::reliability_plot;
pub use score_control::{Questions, score_control, score_control_on};
pub use sheet::{answer_sheet, ranked_sheet};
pub use views::{MeanMask, Views};
