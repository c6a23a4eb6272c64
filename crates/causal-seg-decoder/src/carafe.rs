//! Content-aware upsampling by two.

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use vision_layers::{Conv, FoldedConv};

use crate::padding::pad_zero;

/// Each output cell is a weighted mean of the 3x3 input cells around it; the weights come from the
/// input itself.
///
/// "CARAFE: Content-Aware ReAssembly of FEatures", ICCV 2019; kernel 3, factor 2.
#[derive(Module, Debug)]
pub struct Carafe {
    down: Conv,
    encoder: Conv,
    out: Conv,
}

impl Carafe {
    /// A fresh layer of `channels`.
    pub fn new(channels: usize, device: &Device) -> Self {
        Self {
            down: Conv::new(channels, channels / 4, 1, device).with_bias(device),
            encoder: Conv::new(channels / 4, 36, 3, device).with_bias(device),
            out: Conv::new(channels, channels, 1, device).with_bias(device),
        }
    }

    /// # Shapes
    ///
    /// - `x`: `[batch, channels, height, width]`
    /// - output: `[batch, channels, 2 height, 2 width]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let weights = self.encoder.forward(self.down.forward(x.clone()));
        self.out.forward(reassembled(x, weights))
    }

    pub(crate) fn fold(self) -> FoldedCarafe {
        let [down, encoder, out] =
            [&self.down, &self.encoder, &self.out].map(|conv| FoldedConv::new(conv, None));
        FoldedCarafe { down, encoder, out }
    }
}

/// A [`Carafe`] for inference.
#[derive(Debug)]
pub(crate) struct FoldedCarafe {
    down: FoldedConv,
    encoder: FoldedConv,
    out: FoldedConv,
}

impl FoldedCarafe {
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let weights = self.encoder.forward(self.down.forward(x.clone()));
        self.out.forward(reassembled(x, weights))
    }
}

/// `x [batch, channels, height, width]` at twice the size, by `weights [batch, 36, height, width]`
/// before their softmax: channel `4 · tap + phase`, the pixel shuffle's order.
fn reassembled(x: Tensor<4>, weights: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let cells = height * width;
    let weights = softmax(weights.reshape([batch, 9, 4, cells]), 1); // over the 9 taps

    let padded = pad_zero(x, 1, 1);
    let mut sum: Option<Tensor<4>> = None;
    for tap in 0..9 {
        let (dy, dx) = (tap / 3, tap % 3);
        let neighbour = padded
            .clone()
            .slice([0..batch, 0..channels, dy..dy + height, dx..dx + width])
            .reshape([batch, 1, channels, cells]);
        let weight = weights
            .clone()
            .slice([0..batch, tap..tap + 1, 0..4, 0..cells])
            .reshape([batch, 4, 1, cells]);
        let part = neighbour * weight; // [batch, 4 phases, channels, cells]
        sum = Some(match sum {
            Some(sum) => sum + part,
            None => part,
        });
    }
    let phases = sum.expect("there are nine taps");
    phases
        .reshape([batch, 2, 2, channels, height, width])
        .permute([0, 3, 4, 1, 5, 2]) // [batch, channels, height, row phase, width, column phase]
        .reshape([batch, channels, 2 * height, 2 * width])
}
