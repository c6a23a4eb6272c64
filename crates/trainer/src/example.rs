//! What a step learns from.

use burn::tensor::{Int, Tensor};

/// A batch as a step takes it.
#[derive(Clone, Debug)]
pub struct Example {
    /// `[pictures, 3, height, width]`, normalised
    pub pixels: Tensor<4>,
    /// `[batch, words]`, as many sentences for each picture, side by side
    pub tokens: Tensor<2, Int>,
    /// What the answer should be.
    pub target: Target,
}

/// What an answer is held against.
#[derive(Clone, Debug)]
pub struct Target {
    /// `[batch, 1, height, width]` in `[0, 1]`
    pub mask: Tensor<4>,
    /// Signed distance to the mask's border, positive outside, in sides of the picture, of the same
    /// shape; for the boundary loss.
    pub distance: Option<Tensor<4>>,
    /// 1 for pixels that count and 0 for those that do not, of the same shape; `None` if all do.
    pub counted: Option<Tensor<4>>,
}
