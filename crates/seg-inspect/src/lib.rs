//! Audits a data set of pictures, sentences and masks before training.
//!
//! It finds broken files, masks that do not fit, patients and pictures in two splits, sentences
//! that a short text tower cuts and misspelt places, and measures whether "left" is the image's or
//! the patient's.
//!
//! ```
//! use seg_data::{Dataset, phantom::{PhantomConfig, write_phantoms}};
//! use seg_inspect::{InspectOptions, Inspection};
//!
//! let folder = tempfile::tempdir()?;
//! let config = PhantomConfig { size: 64, ..PhantomConfig::default() };
//! write_phantoms(folder.path(), &config, [6, 2, 2], || {})?;
//!
//! let set = Dataset::open(folder.path())?;
//! // The program has the network's tokenizer here.
//! let tokens = |sentence: &str| sentence.split_whitespace().count() + 2;
//! let inspection = Inspection::run(&set, &InspectOptions::new(&tokens))?;
//! assert!(inspection.can_train());
//! assert_eq!(inspection.splits[0].pictures, 6);
//! let page = inspection.html(); // one file, pictures inside
//! assert!(page.starts_with("<!DOCTYPE html>"));
//! let report = serde_json::to_string(&inspection)?;
//! assert!(report.contains("\"findings\""));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Findings that prevent training are errors ([`Inspection::can_train`]); those that make scores
//! too high or sentences untrue are warnings. The numbers are in the sections of [`facts`].
#![deny(missing_docs)]

mod advice;
mod case_row;
mod duplicates;
mod error;
mod finding;
mod groups;
mod hash;
mod html;
mod inspection;
mod mask_areas;
mod masks;
mod notes;
mod orientation;
mod pairs;
mod pictures;
mod scan;
mod sentences;
mod sheet;
mod sides;
mod spelling;
mod splits;
mod spread;
mod summary;

pub use case_row::CaseRow;
pub use error::InspectError;
pub use finding::{Finding, Level};
pub use inspection::{InspectOptions, Inspection};

/// The sections of an [`Inspection`].
pub mod facts {
    pub use crate::advice::{Advice, AugmentAdvice, Safety};
    pub use crate::duplicates::{
        Conflict, DuplicateFacts, DuplicateGroup, DuplicatePicture, PairCount,
    };
    pub use crate::groups::{Affected, GroupFacts, GroupSource, SharedCount, SplitPair};
    pub use crate::masks::{MaskFacts, MaskValue};
    pub use crate::pairs::Closeness;
    pub use crate::pictures::{PictureFacts, PictureSize};
    pub use crate::sentences::{CommonSentence, Cut, SentenceFacts, Sentences};
    pub use crate::sides::{
        Disagreement, HeightFacts, Laterality, SideCount, SideFacts, UntoldFacts,
    };
    pub use crate::spelling::Misspelling;
    pub use crate::splits::SplitFacts;
    pub use crate::spread::MedianRange;
}
