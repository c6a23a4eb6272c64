//! A convolution that sees where it is.

use burn::module::Module;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use vision_layers::{ConvNormRelu, FoldedConv, PerSize, rectified, scale_and_shift};

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

    pub(crate) fn fold(self) -> FoldedCoordConv {
        let (scale, shift) = scale_and_shift(&self.conv1.norm);
        let weight = self.conv1.conv.weight.val();
        let [outputs, inputs, ..] = weight.dims();
        let weight = weight * scale.reshape([outputs, 1, 1, 1]);
        let of = |from, to| weight.clone().slice([0..outputs, from..to, 0..3, 0..3]);
        FoldedCoordConv {
            conv: FoldedConv::from_weight(of(0, inputs - 2), None, 1),
            coordinates: of(inputs - 2, inputs) * 1.0, // a copy: a slice would keep the whole
            shift,
            maps: PerSize::default(),
        }
    }
}

/// A [`CoordConv`] for inference. What the coordinates contribute depends on the map's size alone:
/// it is computed once and takes the bias' place.
#[derive(Debug)]
pub(crate) struct FoldedCoordConv {
    conv: FoldedConv,
    /// `[outputs, 2, 3, 3]`
    coordinates: Tensor<4>,
    /// `[outputs]`
    shift: Tensor<1>,
    maps: PerSize<Tensor<4>>,
}

impl FoldedCoordConv {
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = x.dims();
        let map = self.maps.get([height, width], || {
            let places = coordinates(height, width, &self.shift.device());
            let options = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
            conv2d(places, self.coordinates.clone(), Some(self.shift.clone()), options)
        });
        rectified(self.conv.forward(x) + map)
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
