//! The causal gate of one pyramid level.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};
use vision_layers::{Conv, ConvNormRelu, FoldedConv, batch_norm, rectified};

use crate::coord_conv::{CoordConv, FoldedCoordConv};

/// How much of each channel, at each cell, belongs to the causal side of a level.
///
/// Released name: `Masker` (`masker3`, `masker4`, `masker5`).
#[derive(Module, Debug)]
pub struct Gate {
    coord_conv1: CoordConv,
    inner: ConvNormRelu,
    coord_conv2: CoordConv,
    score: Conv,
    score_norm: BatchNorm,
}

impl Gate {
    /// A fresh gate of `channels`.
    pub fn new(channels: usize, device: &Device) -> Self {
        Self {
            coord_conv1: CoordConv::new(channels, device),
            inner: ConvNormRelu::new(channels, channels, 3, device),
            coord_conv2: CoordConv::new(channels, device),
            score: Conv::new(channels, channels, 3, device).with_bias(device),
            score_norm: BatchNormConfig::new(channels).init(device),
        }
    }

    /// The gate of one level; `1 - gate` is its confounding side.
    ///
    /// # Shapes
    ///
    /// - `level`: `[batch, channels, height, width]`, any range
    /// - output: the same shape, in `(0, 1)`
    pub fn forward(&self, level: Tensor<4>) -> Tensor<4> {
        let x = self.inner.forward(self.coord_conv1.forward(level));
        let x = self.score.forward(self.coord_conv2.forward(x));
        sigmoid(batch_norm(&self.score_norm, x))
    }

    pub(crate) fn fold(self) -> FoldedGate {
        FoldedGate {
            coord_conv1: self.coord_conv1.fold(),
            inner: self.inner.fold(),
            coord_conv2: self.coord_conv2.fold(),
            score: FoldedConv::new(&self.score, Some(&self.score_norm)),
        }
    }
}

/// A [`Gate`] for inference.
#[derive(Debug)]
pub(crate) struct FoldedGate {
    coord_conv1: FoldedCoordConv,
    inner: FoldedConv,
    coord_conv2: FoldedCoordConv,
    score: FoldedConv,
}

impl FoldedGate {
    pub(crate) fn forward(&self, level: Tensor<4>) -> Tensor<4> {
        let x = rectified(self.inner.forward(self.coord_conv1.forward(level)));
        let x = self.score.forward(self.coord_conv2.forward(x));
        (x.neg().exp() + 1.0).recip() // the sigmoid, at half its time on the CPU backend
    }
}
