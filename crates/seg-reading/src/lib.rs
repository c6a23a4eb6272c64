//! Tells whether the sentence decides.
//!
//! A network that is asked for the left lung and draws it may have read the sentence, or may draw
//! that lung whatever it is asked. Here the sentence is edited, one thing at a time, and the answer
//! to the edited sentence is held against the answer to the original one, on the same picture:
//! "left" for "right" must move the mask, "No tumor." must empty it, a word without which nothing
//! changes was not read.
//!
//! ```
//! use seg_image::BinaryMask;
//! use seg_reading::{Answer, Reading, ReadingOptions, Trial};
//! use seg_sentences::{EditKind, Grammar};
//!
//! // A network that reads one word.
//! let ask = |sentence: &str| {
//!     let left = sentence.contains("left");
//!     BinaryMask::from_fn(32, 32, |x, y| (x < 12) == left && x != 16 && (8..20).contains(&y))
//! };
//!
//! let grammar = Grammar::default();
//! let mut reading = Reading::new(ReadingOptions::default());
//! let sentence = "The left lung.";
//! let original = ask(sentence);
//! for (edit, edited) in grammar.edits_of(sentence) {
//!     let answer = ask(&edited);
//!     reading.add(&Trial {
//!         case: "a",
//!         group: "a.png",
//!         edit,
//!         sentence,
//!         edited: &edited,
//!         original: Answer::new(&original),
//!         answer: Answer::new(&answer),
//!         reference: Some(&original),
//!         edited_reference: None,
//!     })?;
//! }
//! let report = reading.report()?;
//! let sides = report.edit(EditKind::SwapSides).expect("the sentence names a side");
//! assert_eq!(sides.moved_right.mean, Some(1.0));
//! let negated = report.edit(EditKind::Negate).expect("every sentence can be negated");
//! assert_eq!(negated.moved_right.mean, Some(0.0)); // it still draws something
//!
//! let folder = tempfile::tempdir()?;
//! report.write(folder.path(), &[])?; // reading.json, reading.md, reading.html
//! reading.write_cases(&folder.path().join("reading.csv"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Whether there is anything to draw at all is a question of its own: see [`Presence`].
#![deny(missing_docs)]

mod comparison;
mod components;
mod error;
mod example;
mod html;
mod importance;
mod markdown;
mod mean;
mod presence;
mod reading;
mod report;
mod summary;
mod title;

pub use comparison::{Answer, Comparison};
pub use error::{PresenceError, ReadingError};
pub use example::{Example, Shown};
pub use importance::{WordImportance, WordImportances};
pub use mean::Mean;
pub use presence::{Presence, PresenceReport};
pub use reading::{CaseRecord, Reading, ReadingOptions, Trial};
pub use report::{Drawing, ReadingReport};
pub use summary::{AreaRatio, EditSummary, PairedDice};
