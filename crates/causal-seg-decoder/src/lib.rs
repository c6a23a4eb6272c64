//! The cross-modal decoder and the causal gates of CausalCLIPSeg, on Burn.
//!
//! A pyramid of image features and the state of a sentence become two maps of logits: the causal
//! one, whose sigmoid is the mask, and the confounding one, which only training looks at. Use this
//! crate to put the decoder on an encoder of your own: it knows no CLIP, any encoder with three levels
//! will do. The whole network is in the crate `causal-clip-seg`.
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
//!
//! # Features and devices
//!
//! There are no features. The crate names no backend: a program chooses one by Burn's features and
//! passes a `&Device`.
//!
//! # How it is known to be right
//!
//! Every stage, forward and backward, is compared with values that PyTorch computed from the released
//! code; those tests are in the unpublished crate `parity` of the repository, since they need the whole
//! network.
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
mod padding;
mod projector;

pub use carafe::Carafe;
pub use config::{DecoderConfig, DecoderConfigError};
pub use coord_conv::CoordConv;
pub use decoder::{DECODER_NAMES, Decoder, Game, SegLogits};
pub use fast_projector::{enlarged_conv, sentence_conv};
pub use folded::{FoldedDecoder, PictureMaps};
pub use gate::Gate;
pub use neck::{GateValues, Neck, NeckStages, SplitMaps};
pub use projector::{Projector, ProjectorForm};
pub use vision_layers::Pyramid;
