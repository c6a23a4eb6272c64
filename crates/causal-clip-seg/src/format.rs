//! What stands in weight files: names, metadata, precision.

pub use clip_encoder::{FoundNetwork, LoadReport, NetworkKind, find_network};
pub use weight_files::{NewTensor as FoldedTensor, Precision};

pub use crate::checkpoint::{CONFIG_KEY, FORMAT, FORMAT_KEY, PREPARED};
pub use crate::network::names;
