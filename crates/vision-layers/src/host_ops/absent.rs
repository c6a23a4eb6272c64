//! In the place of the CPU backend's own operations, in a build without that backend: none takes a tensor.

use burn::tensor::Tensor;

pub(crate) fn take<const D: usize>(_: &Tensor<D>) -> bool {
    false
}

pub(crate) fn norm_act<const D: usize>(
    x: Tensor<D>,
    [gamma, beta]: [Tensor<1>; 2],
    _: Option<Tensor<D>>,
    _: bool,
    _: f64,
) -> (Tensor<D>, Tensor<1>, Tensor<1>) {
    (x, gamma, beta)
}

pub(crate) fn conv3x3(x: Tensor<4>, _: Tensor<4>) -> Tensor<4> {
    x
}
