//! CausalCLIPSeg: an image and a sentence give the mask of what the sentence means.
//!
//! ```
//! use burn::tensor::Device;
//! use causal_clip_seg::{CausalClipSeg, CausalClipSegConfig, Segmenter, SegError};
//! use seg_image::RgbImage;
//!
//! # fn main() -> Result<(), SegError> {
//! let device = Device::flex();
//! let config = CausalClipSegConfig::tiny();
//! // Random weights, so that this needs no file; `Segmenter::load(path, &device)` reads trained ones.
//! let network = CausalClipSeg::new(&config, &device)?.with_random_weights(7, |_| true);
//! let segmenter = Segmenter::new(network, config, &device)?;
//!
//! let image = RgbImage::new(80, 60);
//! let mask = segmenter.segment(&image, "The lesion in the upper left lung.")?;
//! assert_eq!((mask.width, mask.height), (80, 60));
//! println!("{:.1} % of the picture", 100.0 * mask.coverage());
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod config;
pub mod devices;
mod error;
mod explanation;
mod inference;
mod mask;
mod network;
mod prepared;
mod segmenter;
mod sentences;
mod weights;

pub use causal_seg_decoder::{Decoder, DecoderConfig, Game, PictureMaps, ProjectorForm, SegLogits};
pub use clip_encoder::{
    Clip, ClipConfig, LoadReport, Normalisation, Resize, TokenBatch, Tokenizer, WeightsError,
};
pub use config::{Branch, CausalClipSegConfig, InputConfig};
pub use error::{ConfigError, SegError};
pub use explanation::Explanation;
pub use inference::InferenceNetwork;
pub use mask::Mask;
pub use network::{CausalClipSeg, Stages, names};
pub use seg_image::{BinaryMask, RgbImage, read_rgb};
pub use segmenter::{Segmenter, network_mask, network_pixels, token_tensor};
pub use weight_files::Precision;
pub use weights::{CONFIG_KEY, FORMAT, FORMAT_KEY, Loaded, PREPARED};

/// The front page's example, run as every other.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct FrontPage;
