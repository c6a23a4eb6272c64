//! The parts of the network, and what stands between them and pictures and sentences: for training,
//! and for looking inside.

pub use causal_seg_decoder::{Decoder, Game, PictureMaps, ProjectorForm, Pyramid, SegLogits};
pub use clip_encoder::{Clip, TokenBatch, Tokenizer};

pub use crate::inference::InferenceNetwork;
pub use crate::network::Stages;
pub use crate::segmenter::{network_mask, network_pixels, token_tensor};
