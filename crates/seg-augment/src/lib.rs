//! Random changes of a picture and its mask that keep the sentence true.
//!
//! A flipped picture whose sentence still says "left" teaches a network to pass over the sentence.
//! Here the words turn with the picture ([`seg_sentences::rewrite`]), and a turn that has no words
//! is not made.
//!
//! ```
//! use seg_augment::{AugmentConfig, Augmentation};
//!
//! let sentence = "Two infected areas, upper left lung and lower right lung.";
//! let config = AugmentConfig { flip_horizontal: 1.0, brightness: 0.1, ..AugmentConfig::default() };
//! config.check()?;
//! let case = seeded::fnv1a64("covid_1"); // a case's name, so that the order of cases does not matter
//! let augmentation = Augmentation::draw(&config, 7, 0, case, sentence);
//! let picture = [10, 10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 40]; // [2, 2, 3]
//! assert_eq!(augmentation.image(&picture, 2).len(), picture.len());
//! assert_eq!(augmentation.mask(&[255, 0, 0, 0], 2)[..], [0, 255, 0, 0]);
//! let flipped = "Two infected areas, upper right lung and lower left lung.";
//! assert_eq!(augmentation.sentence(), flipped);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

mod affine;
mod augmentation;
mod config;
mod error;
mod tone;
mod turned;

pub use affine::Affine;
pub use augmentation::Augmentation;
pub use config::AugmentConfig;
pub use error::AugmentError;
pub use seg_sentences::{Sides, Turn, Veto};
pub use tone::Tone;
pub use turned::turned_pixels;
