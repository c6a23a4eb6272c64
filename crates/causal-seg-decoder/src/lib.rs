//! The cross-modal decoder and causal intervention of CausalCLIPSeg.
//!
//! A pyramid of image features and the state of a sentence become two maps of logits: the causal
//! one, whose sigmoid is the mask, and the confounding one, which only training looks at. The crate
//! knows no CLIP; any encoder with three levels will do.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use causal_seg_decoder::{Decoder, DecoderConfig, Pyramid};
//!
//! let device = Device::flex();
//! let config = DecoderConfig { features: 8, c4: 16, c5: 12, state: 10 };
//! let decoder = Decoder::new(&config, &device)?;
//! let zeros = |channels, side| Tensor::<4>::zeros([1, channels, side, side], &device);
//! let levels = Pyramid { c3: zeros(8, 8), c4: zeros(16, 4), c5: zeros(12, 2) };
//! let logits = decoder.forward(levels, Tensor::<2>::zeros([1, 10], &device));
//! assert_eq!(logits.causal.dims(), [1, 1, 64, 64]);
//! # Ok::<(), causal_seg_decoder::DecoderConfigError>(())
//! ```
#![deny(missing_docs)]

mod carafe;
mod config;
mod coord_conv;
mod decoder;
mod fast_projector;
mod folded;
mod folded_projector;
mod gate;
mod neck;
mod projector;

pub use carafe::Carafe;
pub use config::{DecoderConfig, DecoderConfigError};
pub use coord_conv::CoordConv;
pub use decoder::{DECODER_NAMES, Decoder, Game, SegLogits};
pub use fast_projector::{enlarged_conv, sentence_conv};
pub use folded::{FoldedDecoder, PictureMaps};
pub use gate::Gate;
pub use neck::{GateValues, Neck, NeckStages, Split};
pub use projector::{Projector, ProjectorForm};
pub use vision_layers::Pyramid;
