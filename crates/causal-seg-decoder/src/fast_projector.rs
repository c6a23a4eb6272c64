//! The projector with a tenth of the arithmetic, exactly.
//!
//! Enlarging acts on each channel alone and a convolution's channel mixing on each cell alone, so
//! the order can be exchanged: the nine taps mix channels on the small map, and what is enlarged
//! are their results. Between the last ReLU and the logits nothing is nonlinear, so the 1x1
//! convolution and the sentence's kernel become one kernel.

use burn::nn::BatchNorm;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use vision_layers::{
    ConvNormRelu, batch_norm_in_training, batch_norm_relu, enlarge_taps, scale_and_shift,
};

use crate::padding::pad_zero;
use crate::projector::{Projector, SentenceKernel};

pub(crate) fn forward(
    projector: &Projector,
    map: Tensor<4>,
    sentence: SentenceKernel,
) -> Tensor<4> {
    let x = enlarged_layer(&projector.conv1, map); // [batch, d, 4 h, 4 w]
    let x = enlarged_layer(&projector.conv2, x); // [batch, d / 2, 16 h, 16 w]
    let (weight, bias) = (projector.mix.weight.val(), projector.mix.bias.as_ref());
    let channels = weight.dims()[0];
    let bias = match bias {
        Some(bias) => bias.val(),
        None => Tensor::zeros([channels], &weight.device()),
    };
    let weight = weight.reshape([channels, channels]);
    sentence_conv(x, weight, bias, sentence.kernel, sentence.offset)
}

/// Enlarge, convolve, batch norm, ReLU. In evaluation the norm's scale goes into the kernel, which
/// is small, rather than over the large map.
fn enlarged_layer(layer: &ConvNormRelu, x: Tensor<4>) -> Tensor<4> {
    let kernel = layer.conv.weight.val();
    if batch_norm_in_training(&layer.norm, &x) {
        return batch_norm_relu(&layer.norm, enlarged_conv(x, kernel));
    }
    let (kernel, shift) = fold(&layer.norm, kernel);
    relu(enlarged_conv(x, kernel) + shift)
}

/// `kernel · scale` and the shift as `[1, outputs, 1, 1]`.
fn fold(norm: &BatchNorm, kernel: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
    let (scale, shift) = scale_and_shift(norm);
    let outputs = kernel.dims()[0];
    (kernel * scale.reshape([outputs, 1, 1, 1]), shift.reshape([1, outputs, 1, 1]))
}

/// A 3x3 convolution, zero padding 1, of the fourfold bilinear enlargement of `x`.
///
/// Sixteen times fewer multiply-adds for the channels than enlarging first.
///
/// # Shapes
///
/// - `x`: `[batch, inputs, h, w]`
/// - `kernel`: `[outputs, inputs, 3, 3]`
/// - output: `[batch, outputs, 4 h, 4 w]`
pub fn enlarged_conv(x: Tensor<4>, kernel: Tensor<4>) -> Tensor<4> {
    let [batch, inputs, h, w] = x.dims();
    let outputs = kernel.dims()[0];
    // Nine channel mixings, one for each tap.
    let taps = kernel.permute([0, 2, 3, 1]).reshape([1, 9 * outputs, inputs]);
    let z = taps.matmul(x.reshape([batch, inputs, h * w]));
    enlarge_taps(z.reshape([batch, 9 * outputs, h, w]))
}

/// A 1x1 convolution, then each sentence's own 3x3 kernel with zero padding 1, as one step.
///
/// The sentences of one map stand side by side; each map has as many.
///
/// # Shapes
///
/// - `x`: `[maps, c, height, width]`
/// - `weight`: `[c, c]`, `bias`: `[c]`: the 1x1 convolution
/// - `kernel`: `[sentences, c, 3, 3]`, `offset`: `[sentences]`: the sentences' kernels
/// - output: `[sentences, 1, height, width]`
pub fn sentence_conv(
    x: Tensor<4>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    kernel: Tensor<4>,
    offset: Tensor<1>,
) -> Tensor<4> {
    let [maps, c, height, width] = x.dims();
    let sentences = kernel.dims()[0];
    let taps = 9 * sentences / maps;
    let kernel = kernel.reshape([sentences, c, 9]).swap_dims(1, 2).reshape([9 * sentences, c]);
    let merged = kernel.clone().matmul(weight).reshape([maps, taps, c]);
    // The bias counts for the taps that fall inside the map: it is added before the padding.
    let border = kernel.matmul(bias.reshape([c, 1])).reshape([maps, taps, 1]);
    let p = merged.matmul(x.reshape([maps, c, height * width])) + border; // [maps, taps, h w]
    // Columns first, then rows: in the backward pass each slice is a whole map of zeros.
    let p = p.reshape([3 * sentences, 3, height, width]);
    let p = pad_zero(p, 0, 1);
    let column = |dx| p.clone().slice([0..3 * sentences, dx..dx + 1, 0..height, dx..dx + width]);
    let p = column(0) + column(1) + column(2);
    let p = p.reshape([sentences, 3, height, width]);
    let p = pad_zero(p, 1, 0);
    let row = |dy| p.clone().slice([0..sentences, dy..dy + 1, dy..dy + height, 0..width]);
    row(0) + row(1) + row(2) + offset.reshape([sentences, 1, 1, 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projector::{ProjectorForm, enlarge};
    use burn::tensor::module::conv2d;
    use burn::tensor::ops::ConvOptions;
    use burn::tensor::{Device, Distribution};

    fn worst<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
        (a - b).abs().max().into_scalar::<f32>()
    }

    #[test]
    fn enlarged_conv_is_enlarging_then_convolving() {
        let device = Device::flex();
        device.seed(1);
        for (h, w) in [(1, 1), (1, 4), (2, 3), (7, 5), (14, 14)] {
            let x = Tensor::<4>::random([2, 6, h, w], Distribution::Uniform(-1.0, 1.0), &device);
            let k = Tensor::<4>::random([5, 6, 3, 3], Distribution::Uniform(-1.0, 1.0), &device);
            let options = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
            let plain = conv2d(enlarge(x.clone()), k.clone(), None, options);
            assert!(worst(plain, enlarged_conv(x, k)) < 2e-5, "{h} x {w}");
        }
    }

    #[test]
    fn sentences_share_a_map() {
        let device = Device::flex();
        device.seed(3);
        let uniform = Distribution::Uniform(-1.0, 1.0);
        let projector = Projector::new(8, 10, &device);
        let maps = Tensor::<4>::random([2, 8, 3, 2], uniform, &device);
        let states = Tensor::<2>::random([6, 10], uniform, &device);
        for form in [ProjectorForm::Fast, ProjectorForm::Plain] {
            let shared = projector.forward(maps.clone(), states.clone(), form);
            let map = |row: usize| maps.clone().narrow(0, row / 3, 1);
            let state = |row: usize| states.clone().narrow(0, row, 1);
            let alone = (0..6).map(|row| projector.forward(map(row), state(row), form)).collect();
            assert!(worst(shared, Tensor::cat(alone, 0)) < 1e-5, "{form:?}");
        }
    }

    #[test]
    fn both_forms_agree_in_evaluation_and_in_training() {
        for training in [false, true] {
            let device = Device::flex();
            let device = if training { device.autodiff() } else { device };
            device.seed(2);
            let projector = Projector::new(8, 10, &device);
            for (h, w) in [(1, 1), (2, 3), (5, 4)] {
                let uniform = Distribution::Uniform(-1.0, 1.0);
                let x = Tensor::<4>::random([3, 8, h, w], uniform, &device);
                let state = Tensor::<2>::random([3, 10], uniform, &device);
                let [fast, plain] = [ProjectorForm::Fast, ProjectorForm::Plain]
                    .map(|form| projector.forward(x.clone(), state.clone(), form));
                assert!(worst(fast, plain) < 2e-5, "{h} x {w}, training {training}");
            }
        }
    }
}
