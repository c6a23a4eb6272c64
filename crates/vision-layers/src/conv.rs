//! A convolution, and convolution + batch norm + ReLU.

use burn::module::{Module, Param};
use burn::nn::{BatchNorm, BatchNormConfig, Initializer};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};

use crate::folded::HOST_3X3_CHANNELS;
use crate::{FoldedConv, batch_norm_relu, host_ops};

/// A square convolution that keeps the map's size (padding `kernel / 2`) or divides it by a stride.
#[derive(Module, Debug)]
pub struct Conv {
    /// `[outputs, inputs, kernel, kernel]`, as PyTorch keeps it.
    pub weight: Param<Tensor<4>>,
    /// `[outputs]`
    pub bias: Option<Param<Tensor<1>>>,
    stride: usize,
}

impl Conv {
    /// A convolution without bias, stride 1, uniform in ±1/sqrt(fan in) as PyTorch starts it.
    pub fn new(inputs: usize, outputs: usize, kernel: usize, device: &Device) -> Self {
        let fan_in = inputs * kernel * kernel;
        let weight = Initializer::KaimingUniform { gain: 1.0 / 3f64.sqrt(), fan_out_only: false }
            .init_with([outputs, inputs, kernel, kernel], Some(fan_in), None, device);
        Self { weight, bias: None, stride: 1 }
    }

    /// With a bias, zero at first.
    pub fn with_bias(mut self, device: &Device) -> Self {
        let outputs = self.weight.lazy_shape()[0];
        self.bias = Some(Initializer::Zeros.init([outputs], device));
        self
    }

    /// With another stride.
    pub fn with_stride(mut self, stride: usize) -> Self {
        self.stride = stride;
        self
    }

    /// By what it divides the map.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// # Shapes
    ///
    /// - `x`: `[batch, inputs, height, width]`
    /// - output: `[batch, outputs, height / stride, width / stride]`, rounded up
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [outputs, inputs, kernel, _] = self.weight.lazy_shape().dims();
        let bias = self.bias.as_ref().map(Param::val);
        // The plain operator where there are no gradients: this form is what others are compared with.
        let many = outputs.min(inputs) >= HOST_3X3_CHANNELS && x.device().is_autodiff();
        if (kernel, self.stride) == (3, 1) && many && host_ops::take(&x) {
            let y = host_ops::conv3x3(x, self.weight.val());
            return match bias {
                Some(bias) => y + bias.reshape([1, outputs, 1, 1]),
                None => y,
            };
        }
        if kernel != 1 || self.stride != 1 {
            let options = ConvOptions::new([self.stride; 2], [kernel / 2; 2], [1, 1], 1);
            return conv2d(x, self.weight.val(), bias, options);
        }
        // As a matrix product: its backward is two to four times faster than the convolution's.
        let [batch, _, height, width] = x.dims();
        let weight = self.weight.val().reshape([1, outputs, inputs]);
        let y = weight.matmul(x.reshape([batch, inputs, height * width]));
        let y = match bias {
            Some(bias) => y + bias.reshape([1, outputs, 1]),
            None => y,
        };
        y.reshape([batch, outputs, height, width])
    }
}

/// Convolution without bias, batch norm, ReLU.
#[derive(Module, Debug)]
pub struct ConvNormRelu {
    /// The convolution.
    pub conv: Conv,
    /// The batch norm of its outputs.
    pub norm: BatchNorm,
}

impl ConvNormRelu {
    /// A fresh layer; the kernel is `kernel` x `kernel`, stride 1.
    pub fn new(inputs: usize, outputs: usize, kernel: usize, device: &Device) -> Self {
        Self {
            conv: Conv::new(inputs, outputs, kernel, device),
            norm: BatchNormConfig::new(outputs).init(device),
        }
    }

    /// # Shapes
    ///
    /// - `x`: `[batch, inputs, height, width]`
    /// - output: `[batch, outputs, height, width]`, not negative
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        batch_norm_relu(&self.norm, self.conv.forward(x))
    }

    /// For inference, without the ReLU.
    pub fn fold(self) -> FoldedConv {
        FoldedConv::new(&self.conv, Some(&self.norm))
    }
}
