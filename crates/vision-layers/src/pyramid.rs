//! What an image tower gives and a decoder takes.

use burn::tensor::Tensor;

/// The features of a picture at three scales, finest first, none of them negative.
#[derive(Clone, Debug)]
pub struct Pyramid {
    /// `[batch, channels, height / 8, width / 8]`
    pub c3: Tensor<4>,
    /// `[batch, channels, height / 16, width / 16]`
    pub c4: Tensor<4>,
    /// `[batch, channels, height / 32, width / 32]`
    pub c5: Tensor<4>,
}
