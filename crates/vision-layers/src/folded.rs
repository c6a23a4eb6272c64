//! Convolutions for inference: the batch norm folded in, the weights arranged as they are read.

use burn::nn::BatchNorm;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

use crate::winograd::Winograd;
use crate::{Conv, host_ops, is_host, scale_and_shift};

/// A convolution whose batch norm has gone into its weights and bias.
///
/// Where there are many channels the convolution is a matrix product, which all cores share even
/// for a single small map; the convolution operator of the CPU backend computes that on one core
/// and arranges the weights anew at each call. With few channels it is the faster one.
#[derive(Debug)]
pub struct FoldedConv {
    form: Form,
    /// `[outputs]`
    bias: Option<Tensor<1>>,
    outputs: usize,
    stride: usize,
}

#[derive(Debug)]
enum Form {
    /// A 1x1 convolution, stride 1: `[outputs, inputs]`
    Point(Tensor<2>),
    /// The convolution operator: `[outputs, inputs, kernel, kernel]`
    Plain(Tensor<4>),
    /// A 3x3 convolution, stride 1, with four products for nine.
    Winograd(Box<Winograd>),
    /// A 3x3 convolution, stride 1, by the CPU's own operations: `[16, outputs, inputs]`
    Host3x3(Tensor<3>),
}

/// From this many channels on, in and out, a 3x3 convolution saves more in its products than it
/// spends before and after them.
const WINOGRAD_CHANNELS: usize = 256;

/// Such a bound for the CPU's own operations, also in training.
pub(crate) const HOST_3X3_CHANNELS: usize = 64;

impl FoldedConv {
    /// A convolution, and the batch norm of its outputs if there is one.
    pub fn new(conv: &Conv, norm: Option<&BatchNorm>) -> Self {
        let weight = conv.weight.val();
        let [outputs, ..] = weight.dims();
        let bias = conv.bias.as_ref().map(|bias| bias.val());
        let (weight, bias) = match norm.map(scale_and_shift) {
            None => (weight, bias),
            Some((scale, shift)) => {
                let bias = match bias {
                    Some(bias) => bias * scale.clone() + shift,
                    None => shift,
                };
                (weight * scale.reshape([outputs, 1, 1, 1]), Some(bias))
            }
        };
        Self::from_weight(weight, bias, conv.stride())
    }

    /// A convolution from a weight `[outputs, inputs, kernel, kernel]` and a bias `[outputs]`.
    pub fn from_weight(weight: Tensor<4>, bias: Option<Tensor<1>>, stride: usize) -> Self {
        let [outputs, inputs, kernel, _] = weight.dims();
        let channels = outputs.min(inputs);
        let form = match (kernel, stride) {
            (1, 1) => Form::Point(weight.reshape([outputs, inputs])),
            (3, 1) if channels >= HOST_3X3_CHANNELS && host_ops::take_in_inference(&weight) => {
                Form::Host3x3(host_ops::conv3x3_kernel(weight))
            }
            (3, 1) if channels >= WINOGRAD_CHANNELS => {
                Form::Winograd(Box::new(Winograd::new(weight)))
            }
            _ => Form::Plain(weight),
        };
        Self { form, bias, outputs, stride }
    }

    /// # Shapes
    ///
    /// - `x`: `[batch, inputs, height, width]`
    /// - output: `[batch, outputs, height / stride, width / stride]`, rounded up
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.run(x, None, false)
    }

    /// [`FoldedConv::forward`], then ReLU.
    pub fn forward_relu(&self, x: Tensor<4>) -> Tensor<4> {
        self.run(x, None, true)
    }

    /// [`FoldedConv::forward`], then `residual` added, then ReLU.
    ///
    /// # Shapes
    ///
    /// - `residual`: as the output, or with a batch of one
    pub fn forward_add_relu(&self, x: Tensor<4>, residual: Tensor<4>) -> Tensor<4> {
        self.run(x, Some(residual), true)
    }

    fn run(&self, x: Tensor<4>, residual: Option<Tensor<4>>, rectify: bool) -> Tensor<4> {
        let device = x.device();
        if host_ops::take_in_inference(&x) {
            let bias = self.bias.clone();
            let bias = bias.unwrap_or_else(|| Tensor::zeros([self.outputs], &device));
            return match &self.form {
                Form::Host3x3(kernel) => {
                    host_ops::conv3x3_by(x, kernel.clone(), bias, residual, rectify)
                }
                _ => host_ops::bias_act(self.product(x), bias, residual, rectify),
            };
        }
        let y = self.product(x);
        let y = match &self.bias {
            Some(bias) => y + bias.clone().reshape([1, self.outputs, 1, 1]),
            None => y,
        };
        let y = match residual {
            Some(residual) => y + residual,
            None => y,
        };
        if rectify { rectified(y) } else { y }
    }

    /// Without the bias.
    fn product(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, inputs, height, width] = x.dims();
        match &self.form {
            Form::Winograd(winograd) => winograd.forward(x, self.outputs),
            Form::Host3x3(_) => unreachable!("it has its bias in it"),
            Form::Point(weight) => {
                let y = matmul_each(weight.clone(), x.reshape([batch, inputs, height * width]));
                y.reshape([batch, self.outputs, height, width])
            }
            Form::Plain(weight) => {
                let edge = weight.dims()[2] / 2;
                let options = ConvOptions::new([self.stride; 2], [edge; 2], [1, 1], 1);
                conv2d(x, weight.clone(), None, options)
            }
        }
    }
}

/// `weight` times each matrix of `x`; a single one as a plain product.
fn matmul_each(weight: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
    match x.dims() {
        [1, rows, columns] => weight.matmul(x.reshape([rows, columns])).unsqueeze(),
        _ => weight.unsqueeze::<3>().matmul(x),
    }
}

/// Pieces of a map side by side along an axis.
///
/// # Panics
///
/// If there is none.
pub fn joined<const D: usize>(mut pieces: Vec<Tensor<D>>, axis: usize) -> Tensor<D> {
    match pieces.len() {
        1 => pieces.remove(0),
        _ => Tensor::cat(pieces, axis),
    }
}

/// The ReLU of inference; what is no number stays none.
pub fn rectified<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if is_host(&x.device()) { relu(x) } else { clamped(x) }
}

/// The ReLU as one kernel of a GPU, where Burn's is two, a comparison and a filling, that are compiled anew for
/// each arrangement of the values.
fn clamped<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.clamp(0.0, f32::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host;
    use burn::nn::BatchNormConfig;
    use burn::tensor::{Device, Distribution};

    /// Weights, bias and statistics all different from what a fresh layer has.
    fn layer(inputs: usize, outputs: usize, kernel: usize, device: &Device) -> (Conv, BatchNorm) {
        let uniform =
            |low, high| Tensor::<1>::random([outputs], Distribution::Uniform(low, high), device);
        let mut norm = BatchNormConfig::new(outputs).init(device);
        norm.gamma = norm.gamma.map(|_| uniform(0.5, 1.5));
        norm.beta = norm.beta.map(|_| uniform(-0.5, 0.5));
        norm.running_mean.update(uniform(-0.5, 0.5));
        norm.running_var.update(uniform(0.5, 2.0));
        let mut conv = Conv::new(inputs, outputs, kernel, device).with_bias(device);
        conv.bias = conv.bias.map(|bias| bias.map(|_| uniform(-0.5, 0.5)));
        (conv, norm)
    }

    #[test]
    fn a_view_is_left_as_it_is() {
        let device = Device::flex();
        let whole = Tensor::<4>::from_floats([[[[-1.0, 2.0]], [[3.0, -4.0]]]], &device);
        let part = whole.clone().narrow(1, 1, 1);
        let bias = Tensor::<1>::from_floats([1.0], &device);
        assert_eq!(host(host_ops::bias_act(part, bias, None, true)), [4.0, 0.0]);
        assert_eq!(host(whole), [-1.0, 2.0, 3.0, -4.0]);
    }

    #[test]
    fn both_relus_keep_what_is_no_number() {
        let values = [-2.0, -0.0, 0.0, 1e-40, 3.5, f32::MAX, f32::INFINITY, f32::NEG_INFINITY];
        let x = Tensor::<1>::from_floats(values, &Device::flex());
        assert_eq!(host(clamped(x.clone())), host(rectified(x)));
        let x = Tensor::<1>::from_floats([f32::NAN, 1.0], &Device::flex());
        for found in [clamped(x.clone()), rectified(x)].map(host) {
            assert!(found[0].is_nan() && found[1] == 1.0, "{found:?}");
        }
    }

    #[test]
    fn folded_convolutions_are_convolution_and_norm() {
        let device = Device::flex();
        device.seed(4);
        for (inputs, outputs, kernel, stride) in
            [(3, 8, 3, 2), (5, 4, 3, 1), (6, 7, 1, 1), (64, 70, 3, 1), (256, 258, 3, 1)]
        {
            let (conv, norm) = layer(inputs, outputs, kernel, &device);
            let conv = conv.with_stride(stride);
            let folded = FoldedConv::new(&conv, Some(&norm));
            let unnormed = FoldedConv::new(&conv, None);
            for (batch, height, width) in
                [(1, 1, 1), (2, 3, 5), (1, 7, 7), (5, 4, 6), (2, 49, 3), (1, 75, 41)]
            {
                let shape = [batch, inputs, height, width];
                let x = Tensor::<4>::random(shape, Distribution::Uniform(-1.0, 1.0), &device);
                let plain = conv.forward(x.clone());
                let worst = |a: Tensor<4>, b: Tensor<4>| (a - b).abs().max().into_scalar::<f32>();
                let what = format!("{inputs} to {outputs}, {kernel}/{stride}, {shape:?}");
                assert!(worst(unnormed.forward(x.clone()), plain.clone()) < 2e-5, "{what}");
                let plain = crate::batch_norm(&norm, plain);
                assert!(worst(folded.forward(x.clone()), plain.clone()) < 2e-5, "{what}");
                let rectified = folded.forward_relu(x.clone());
                assert!(worst(rectified, relu(plain.clone())) < 2e-5, "{what}");
                for maps in [1, batch] {
                    let [_, channels, rows, columns] = plain.dims();
                    let shape = [maps, channels, rows, columns];
                    let residual = Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), &device);
                    let added = folded.forward_add_relu(x.clone(), residual.clone());
                    assert!(worst(added, relu(plain.clone() + residual)) < 2e-5, "{what}, {maps}");
                }
            }
        }
    }
}
