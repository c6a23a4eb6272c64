//! The words of sentences about medical images: which places they name and whose side they mean,
//! what a turn of the picture makes of them, and edits that change what they ask for.
//!
//! ```
//! use seg_sentences::{Edit, Grammar, Place, Role, Sides, Turn, places, rewrite, role};
//!
//! let sentence = "Two infected areas, upper left lung and lower right lung.";
//! assert_eq!(places(sentence), [Place { x: -1, y: -1 }, Place { x: 1, y: 1 }]);
//!
//! // The same statement about the mirrored picture.
//! let flipped = rewrite(sentence, Turn::FLIP_HORIZONTAL, Sides::Image)?;
//! assert_eq!(flipped, "Two infected areas, upper right lung and lower left lung.");
//! // There are no words for a lung that lies on its side.
//! assert!(rewrite(sentence, Turn::QUARTER, Sides::Image).is_err());
//!
//! // Another question about the same picture.
//! let negated = Grammar::default().apply(Edit::Negate, "The left lung.");
//! assert_eq!(negated.as_deref(), Some("No lung."));
//! assert_eq!(role("patient's"), Role::Decides);
//! # Ok::<(), seg_sentences::Veto>(())
//! ```
//!
//! All lists of words are in one file, `lexicon.rs`.
#![deny(missing_docs)]

mod aim;
mod count;
mod edit;
mod fill;
mod grammar;
mod language;
mod laterality;
mod lexicon;
mod negation;
mod order;
mod orientation;
mod picture_sides;
mod place;
mod place_word;
mod reword;
mod rewrite;
mod role;
mod sentence;
mod sides;
mod swap;
mod synonyms;
mod tie;
mod turn;
mod veto;
mod whose;
mod words;

pub use aim::{Aim, Axis};
pub use edit::{Edit, EditKind};
pub use fill::{DrawWord, nonsense, with_fillers};
pub use grammar::Grammar;
pub use language::is_known_language;
pub use picture_sides::{PictureSides, shown_side, side_note};
pub use place::{Place, places};
pub use reword::{reworded, spare_words};
pub use rewrite::rewrite;
pub use role::{Role, role};
pub use sides::{Sides, UnknownSides};
pub use synonyms::{BadSynonym, Synonyms};
pub use tie::Tie;
pub use turn::Turn;
pub use veto::Veto;
pub use whose::{named_places, one_height, one_side};
pub use words::words;
