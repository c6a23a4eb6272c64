//! Published folder layouts and manifests of text-guided segmentation sets.
//!
//! A set is a list of cases: a picture, a sentence, and the mask of what the sentence means. One
//! picture may stand in several cases.
//!
//! ```
//! use seg_data::{Dataset, Split};
//! use seg_data::phantom::{PhantomConfig, write_phantoms};
//!
//! let folder = tempfile::tempdir()?;
//! let config = PhantomConfig { size: 64, ..PhantomConfig::default() };
//! write_phantoms(folder.path(), &config, [2, 1, 0], || {})?;
//!
//! let set = Dataset::open(folder.path())?;
//! let cases = set.cases(Split::Train);
//! let sample = seg_data::load(cases[0])?;
//! assert_eq!((sample.mask.width, sample.mask.height), sample.image.dimensions());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

mod case;
mod cell;
mod check;
mod column;
mod dataset;
mod delimited;
mod error;
mod finder;
mod folders;
mod group;
mod layout;
mod lgms;
mod lvit;
mod manifest;
mod medclipseg;
mod note;
mod parts;
pub mod phantom;
mod picture_file;
mod question;
mod row_filter;
mod sheet;
mod stratified;
mod table_text;
mod workbook;

pub use case::{Case, Origin, ReadOptions, Sample, Split, UnknownSplit, distinct_names, load};
pub use check::check;
pub use dataset::{Dataset, OpenOptions};
pub use error::DataError;
pub use group::SharedGroup;
pub use layout::{Layout, UnknownLayout};
pub use note::{DataNote, NoteKind};
pub use question::{Question, QuestionTable, read_questions};
pub use row_filter::{RowFilter, UnknownFilter};
pub use seg_image::{MaskOptions, MaskRule, NoteCounts, PictureOptions};
pub use stratified::stratified;
