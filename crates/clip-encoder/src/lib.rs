//! CLIP's ResNet and text towers, tokenizer, preprocessing and weights, on Burn.
//!
//! Use this crate for CLIP alone: embeddings, zero-shot classification, or the features of a network
//! of your own. The image tower has two heads: CLIP's pooled one, and a dense one that keeps the map
//! for segmentation. Masks from sentences are the job of the crate `causal-clip-seg`, built on this one.
//!
//! # Zero-shot classification
//!
//! ```
//! use burn::tensor::{Device, Int, Tensor};
//! use clip_encoder::{Clip, ClipConfig, Tokenizer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let device = Device::flex();
//! // Random weights, so that this needs no file; `Clip::load` reads those of OpenAI and open_clip.
//! let clip = Clip::new(&ClipConfig::tiny(), &device)?;
//! let batch = Tokenizer::clip().encode_batch(&["a chest x-ray", "a photo of a dog"], 77)?;
//! let ids = batch.ids.iter().map(|id| *id as i32).collect::<Vec<_>>();
//! let tokens = Tensor::<1, Int>::from_ints(ids.as_slice(), &device);
//! let pixels = Tensor::<4>::zeros([1, 3, 64, 64], &device);
//! let found = clip.zero_shot(pixels, tokens.reshape([batch.rows, batch.columns]));
//! assert_eq!(found.probabilities().dims(), [1, 2]);
//! # Ok(())
//! # }
//! ```
//!
//! # Features and devices
//!
//! There are no features. The crate names no backend: a program chooses one by Burn's features
//! (`burn = { version = "0.22", features = ["flex"] }`) and passes a `&Device`.
//!
//! # How it is known to be right
//!
//! Tokens, preprocessed pixels and every stage of both towers are compared with values that OpenAI's
//! code, OpenCV and PyTorch computed: in this crate's tests, and for whole networks by the unpublished
//! crate `parity` of the repository.
#![deny(missing_docs)]

mod attention_pool;
mod bottleneck;
mod clip;
mod config;
mod error;
mod found;
mod image_tower;
pub mod pixels;
mod sizes;
mod text_tower;
pub mod tokenizer;
mod transformer;
mod weights;

pub use attention_pool::AttentionPool;
pub use bottleneck::Bottleneck;
pub use clip::{CLIP_NAMES, Clip, ZeroShot};
pub use config::{Activation, ClipConfig, Difference, ImageTowerConfig, TextTowerConfig};
pub use error::{ClipConfigError, WeightsError};
pub use found::{ClipNames, FoundNetwork, NetworkKind, find_network};
pub use image_tower::{FoldedImageTower, ImageTower, Trunk};
pub use pixels::{MaskView, Normalisation, PixelError, Resize, RgbView};
pub use sizes::{check_sizes, clip_config};
pub use text_tower::{TextFeatures, TextTower};
pub use tokenizer::{TokenBatch, TokenError, Tokenizer};
pub use transformer::{TextBlock, quick_gelu};
pub use vision_layers::Pyramid;
pub use weights::{LateReads, LoadReport, defer_module, fresh_in_clip, load_module, tensors_of};
