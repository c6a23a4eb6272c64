//! The layers that the encoder and the decoder share, and parameters by their PyTorch names.
//!
//! Everything here is composed of tensor operations that each Burn backend has, with gradients, in
//! the form that is fast on the CPU backend: a 1x1 convolution is a matrix product, a resize is two
//! products with constant matrices, a 2x2 average pool is a reshape and a sum. With the feature `flex`
//! some are operations of their own on that backend, with their gradients if there is `autodiff`.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use vision_layers::{Conv, avg_pool};
//!
//! let device = Device::flex();
//! let conv = Conv::new(3, 8, 3, &device);
//! let x = Tensor::<4>::zeros([1, 3, 4, 6], &device);
//! assert_eq!(avg_pool(conv.forward(x), 2).dims(), [1, 8, 2, 3]);
//! ```
//!
//! The layers are compared with values that PyTorch computed by the unpublished crate `parity` of the
//! repository.
#![deny(missing_docs)]

mod conv;
mod enlarge_taps;
mod folded;
mod host;
#[cfg_attr(not(feature = "flex"), path = "host_ops/absent.rs")]
mod host_ops;
mod names;
mod norm;
mod per_size;
mod pyramid;
mod resize;
mod winograd;

pub use conv::{Conv, ConvNormRelu};
pub use enlarge_taps::{
    ENLARGED, add_taps, enlarge_lines_relu, enlarge_taps, shifted_enlargements,
};
pub use folded::{FoldedConv, joined, rectified};
pub use host::{host, is_host};
pub use names::{FieldName, Names, Slot, Values};
pub use norm::{
    batch_norm, batch_norm_add_relu, batch_norm_in_training, batch_norm_relu, scale_and_shift,
};
pub use per_size::PerSize;
pub use pyramid::Pyramid;
pub use resize::{avg_pool, bicubic_matrix, bilinear_matrix, resize_with};
