//! A convolution that sees where it is.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use vision_layers::ConvNormRelu;

/// Two maps are appended, x then y, each linear from -1 to 1 over first to last; then convolution,
/// batch norm, ReLU.
///
/// Released name: `CoordConv`.
#[derive(Module, Debug)]
pub struct CoordConv {
    conv1: ConvNormRelu,
}

impl CoordConv {
    /// A fresh layer of `channels` in and out.
    pub fn new(channels: usize, device: &Device) -> Self {
        Self { conv1: ConvNormRelu::new(channels + 2, channels, 3, device) }
    }

    /// # Shapes
    ///
    /// - `x` and output: `[batch, channels, height, width]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, _, height, width] = x.dims();
        let places = coordinates(height, width, &x.device()).expand([batch, 2, height, width]);
        self.conv1.forward(Tensor::cat(vec![x, places], 1))
    }
}

/// `[1, 2, height, width]`: x, then y. A single column or row gets -1.
fn coordinates(height: usize, width: usize, device: &Device) -> Tensor<4> {
    let place = |i: usize, n: usize| -1.0 + 2.0 * i as f32 / n.saturating_sub(1).max(1) as f32;
    let cells = || (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
    let xs = cells().map(|(_, x)| place(x, width));
    let ys = cells().map(|(y, _)| place(y, height));
    Tensor::from_data(TensorData::new(xs.chain(ys).collect(), [1, 2, height, width]), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_run_from_minus_one_to_one() {
        let places = coordinates(1, 3, &Device::flex()).to_data().try_to_vec::<f32>().unwrap();
        assert_eq!(places, [-1.0, 0.0, 1.0, -1.0, -1.0, -1.0]);
    }
}
