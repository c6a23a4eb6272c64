//! What a network for inference does on the CPU: nothing is kept for gradients, and what is no longer needed is written
//! over.

use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use rayon::prelude::*;

use super::planes::{alone, in_order, raised, sizes, tensor, values, wide};
use super::{Act, enlarge, winograd};

/// The operations, by the backend that has them.
#[backend_extension(Flex)]
pub(crate) trait HostInference: Backend {
    /// A bias `[channels]` added to each of `y`'s planes, and what follows; `residual` is as `y`, or one for all of the
    /// batch, and only read if it is to be added.
    fn bias_act(
        y: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        act: Act,
    ) -> FloatTensor<Self>;

    /// A kernel `[outputs, inputs, 3, 3]` as [`HostInference::conv3x3_by`] takes it.
    fn conv3x3_kernel(weight: FloatTensor<Self>) -> FloatTensor<Self>;

    /// A 3x3 convolution of stride 1, padded by zeros, with bias and what follows as [`HostInference::bias_act`].
    fn conv3x3_by(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        act: Act,
    ) -> FloatTensor<Self>;

    /// Some lines of [`enlarge_taps`](super::enlarge_taps) of one map, without what is negative: those of `count` lines
    /// of the small map from `first` on, `[outputs, 4 count, 4 width]`.
    fn enlarge_lines(z: FloatTensor<Self>, first: usize, count: usize) -> FloatTensor<Self>;

    /// Nine maps to one: each read one cell beside, zero outside, and added.
    ///
    /// - `p`: `[n, 9 (dy, dx), height, width]`, `border`: `[9 n]`, added to the maps first
    /// - `offset`: `[n]`, added to the sum
    fn add_taps(
        p: FloatTensor<Self>,
        border: FloatTensor<Self>,
        offset: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl HostInference for Flex {
    fn bias_act(y: FlexTensor, bias: FlexTensor, residual: FlexTensor, act: Act) -> FlexTensor {
        let mut y = alone(y);
        let [_, channels, cells] = sizes(&y);
        let (bias, residual) = (in_order(&bias), in_order(&residual));
        let (bias, residual) = (values(&bias), values(&residual));
        let low = act.low();
        let all = y.storage_mut::<f32>();
        all.par_chunks_exact_mut(cells).enumerate().for_each(|(place, y)| {
            let bias = bias[place % channels];
            wide(|| match act.add {
                false => y.iter_mut().for_each(|y| *y = raised(*y + bias, low)),
                true => {
                    let from = place * cells % residual.len();
                    let residual = &residual[from..from + cells];
                    y.iter_mut().zip(residual).for_each(|(y, r)| *y = raised(*y + bias + r, low));
                }
            });
        });
        y
    }

    fn conv3x3_kernel(weight: FlexTensor) -> FlexTensor {
        winograd::kernels(&weight)
    }

    fn conv3x3_by(
        x: FlexTensor,
        kernel: FlexTensor,
        bias: FlexTensor,
        residual: FlexTensor,
        act: Act,
    ) -> FlexTensor {
        let (bias, residual) = (in_order(&bias), in_order(&residual));
        let residual = act.add.then(|| values(&residual));
        winograd::convolved(&x, &kernel, Some(values(&bias)), residual, act.low())
    }

    fn enlarge_lines(z: FlexTensor, first: usize, count: usize) -> FlexTensor {
        enlarge::lines_of(&z, first, count)
    }

    fn add_taps(p: FlexTensor, border: FlexTensor, offset: FlexTensor) -> FlexTensor {
        let [p, border, offset] = [p, border, offset].map(|x| in_order(&x));
        let shape = p.layout().shape();
        let [n, height, width] = [shape[0], shape[2], shape[3]];
        let (p, border, offset) = (values(&p), values(&border), values(&offset));
        let mut sum = vec![0.0; n * height * width];
        sum.par_chunks_exact_mut(width).enumerate().for_each(|(place, line)| {
            let (n, y) = (place / height, place % height);
            line.fill(offset[n]);
            for tap in 0..9 {
                let (dy, dx) = (tap / 3, tap % 3);
                let Some(from) = (y + dy).checked_sub(1).filter(|from| *from < height) else {
                    continue;
                };
                let border = border[9 * n + tap];
                let p = &p[((9 * n + tap) * height + from) * width..][..width];
                // One cell before, at, or behind.
                let (line, p) = match dx {
                    0 => (&mut line[1..], &p[..width - 1]),
                    1 => (&mut line[..], p),
                    _ => (&mut line[..width - 1], &p[1..]),
                };
                wide(|| line.iter_mut().zip(p).for_each(|(line, p)| *line += p + border));
            }
        });
        tensor(sum, vec![n, 1, height, width])
    }
}

/// [`HostInference::bias_act`] of tensors.
pub(crate) fn bias_act(
    y: Tensor<4>,
    bias: Tensor<1>,
    residual: Option<Tensor<4>>,
    relu: bool,
) -> Tensor<4> {
    let (residual, act) = behind(residual, &bias, relu);
    let y = <Dispatch as HostInference>::bias_act(
        y.into_dispatch(),
        bias.into_dispatch(),
        residual.into_dispatch(),
        act,
    );
    Tensor::from_dispatch(y)
}

/// [`HostInference::conv3x3_kernel`] of a tensor.
pub(crate) fn conv3x3_kernel(weight: Tensor<4>) -> Tensor<3> {
    let weight = weight.into_dispatch();
    Tensor::from_dispatch(<Dispatch as HostInference>::conv3x3_kernel(weight))
}

/// [`HostInference::conv3x3_by`] of tensors.
pub(crate) fn conv3x3_by(
    x: Tensor<4>,
    kernel: Tensor<3>,
    bias: Tensor<1>,
    residual: Option<Tensor<4>>,
    relu: bool,
) -> Tensor<4> {
    let (residual, act) = behind(residual, &bias, relu);
    let y = <Dispatch as HostInference>::conv3x3_by(
        x.into_dispatch(),
        kernel.into_dispatch(),
        bias.into_dispatch(),
        residual.into_dispatch(),
        act,
    );
    Tensor::from_dispatch(y)
}

/// [`HostInference::enlarge_lines`] of a tensor.
pub(crate) fn enlarge_lines(z: Tensor<4>, first: usize, count: usize) -> Tensor<3> {
    let z = z.into_dispatch();
    Tensor::from_dispatch(<Dispatch as HostInference>::enlarge_lines(z, first, count))
}

/// [`HostInference::add_taps`] of tensors.
pub(crate) fn add_taps(p: Tensor<4>, border: Tensor<1>, offset: Tensor<1>) -> Tensor<4> {
    let [border, offset] = [border, offset].map(Tensor::into_dispatch);
    Tensor::from_dispatch(<Dispatch as HostInference>::add_taps(p.into_dispatch(), border, offset))
}

/// Something has to stand for a residual that is not there.
fn behind(residual: Option<Tensor<4>>, bias: &Tensor<1>, relu: bool) -> (Tensor<4>, Act) {
    let act = Act { add: residual.is_some(), relu };
    let channels = bias.dims()[0];
    (residual.unwrap_or_else(|| bias.clone().reshape([1, channels, 1, 1])), act)
}
