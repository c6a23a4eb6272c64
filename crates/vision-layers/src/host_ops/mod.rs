//! Operations that Burn's CPU backend lacks as one: it makes them of several passes over memory, most of them on one
//! core. Here each is a pass or two on all cores, with its gradients.
//!
//! Each has a form of tensor operations beside it, which other backends use and which it is tested against.

mod enlarge;
mod inference;
mod norm;
mod planes;
mod winograd;

#[cfg(feature = "autodiff")]
mod gradients;
#[cfg(all(test, feature = "autodiff"))]
mod tests;

use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{DType, Tensor};

use crate::is_host;

pub(crate) use inference::{add_taps, bias_act, conv3x3_by, conv3x3_kernel, enlarge_lines};

/// The operations, by the backend that has them.
#[backend_extension(Flex, Autodiff: cfg(feature = "autodiff"))]
pub(crate) trait HostOps: Backend {
    /// Batch norm by the batch's statistics, `residual` added and ReLU behind it where they are asked for: output, mean
    /// and the variance with which it was divided.
    ///
    /// - `x`, `residual`: `[batch, channels, height, width]`; `residual` is only read if `add`
    /// - `gamma`, `beta`: `[channels]`
    fn norm_act(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        act: Act,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// A 3x3 convolution of stride 1, padded by zeros.
    ///
    /// - `x`: `[batch, inputs, height, width]`
    /// - `weight`: `[outputs, inputs, 3, 3]`
    fn conv3x3(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;

    /// What nine taps of a 3x3 convolution, padded by zeros, give behind a fourfold bilinear enlargement.
    ///
    /// - `z`: `[batch, 9 outputs (output, dy, dx), height, width]`
    /// - output: `[batch, outputs, 4 height, 4 width]`
    fn enlarge_taps(z: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// What follows a norm.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Act {
    /// Whether another map is added.
    pub add: bool,
    /// Whether what is negative becomes zero.
    pub relu: bool,
}

impl Act {
    /// Nothing comes out that is lower.
    fn low(self) -> f32 {
        if self.relu { 0.0 } else { f32::NEG_INFINITY }
    }
}

impl HostOps for Flex {
    fn norm_act(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        residual: FlexTensor,
        act: Act,
        epsilon: f64,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        norm::forward(&x, [&gamma, &beta], &residual, act, epsilon)
    }

    fn conv3x3(x: FlexTensor, weight: FlexTensor) -> FlexTensor {
        winograd::forward(&x, &weight)
    }

    fn enlarge_taps(z: FlexTensor) -> FlexTensor {
        enlarge::forward(&z)
    }
}

/// Whether these operations take a tensor: on the CPU backend, of 32 bits, where there are threads.
pub(crate) fn take<const D: usize>(x: &Tensor<D>) -> bool {
    let device = x.device();
    let autodiff = cfg!(feature = "autodiff") || !device.is_autodiff();
    autodiff && !cfg!(target_family = "wasm") && x.dtype() == DType::F32 && is_host(&device)
}

/// Whether these operations and those of inference take a tensor.
pub(crate) fn take_in_inference<const D: usize>(x: &Tensor<D>) -> bool {
    take(x) && !x.device().is_autodiff()
}

/// [`HostOps::norm_act`] of tensors: output, mean and variance.
pub(crate) fn norm_act<const D: usize>(
    x: Tensor<D>,
    [gamma, beta]: [Tensor<1>; 2],
    residual: Option<Tensor<D>>,
    relu: bool,
    epsilon: f64,
) -> (Tensor<D>, Tensor<1>, Tensor<1>) {
    let act = Act { add: residual.is_some(), relu };
    // Something has to stand there.
    let residual = residual.map_or_else(|| gamma.clone().into_dispatch(), Tensor::into_dispatch);
    let [gamma, beta] = [gamma, beta].map(Tensor::into_dispatch);
    let (y, mean, variance) =
        <Dispatch as HostOps>::norm_act(x.into_dispatch(), gamma, beta, residual, act, epsilon);
    (Tensor::from_dispatch(y), Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
}

/// [`HostOps::conv3x3`] of tensors.
pub(crate) fn conv3x3(x: Tensor<4>, weight: Tensor<4>) -> Tensor<4> {
    let y = <Dispatch as HostOps>::conv3x3(x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(y)
}

/// [`HostOps::enlarge_taps`] of a tensor.
pub(crate) fn enlarge_taps(z: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as HostOps>::enlarge_taps(z.into_dispatch()))
}
