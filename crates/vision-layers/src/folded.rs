//! Convolutions for inference: the batch norm folded in, the weights arranged as they are read.

use std::ops::Range;
use std::sync::Arc;

use burn::nn::BatchNorm;
use burn::tensor::activation::relu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};

use crate::{Conv, PerSize, is_host, scale_and_shift};

/// A convolution whose batch norm has gone into its weights and bias.
///
/// Where there are many channels the convolution is a matrix product, which all cores share even
/// for a single small map; the convolution operator of the CPU backend computes that on one core
/// and arranges the weights anew at each call. With few channels it is the faster one.
#[derive(Debug)]
pub struct FoldedConv {
    form: Form,
    /// `[1, outputs, 1, 1]`
    bias: Option<Tensor<4>>,
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
}

/// F(2x2, 3x3) of "Fast Algorithms for Convolutional Neural Networks", CVPR 2016.
#[derive(Debug)]
struct Winograd {
    /// `[4, 4, outputs, inputs]`: a matrix for each column and row of a transformed window.
    weight: Tensor<4>,
    /// `[4, 16]`: the products to four cells.
    after: Tensor<2>,
    tiles: PerSize<Arc<[Vec<Tile>; 2]>>,
}

/// A piece of an axis. Its matrix has a bounded size, where the whole axis' grows with it and is
/// mostly zero.
#[derive(Debug)]
struct Tile {
    /// Cells that are read: one more on each side, as far as there is one.
    from: Range<usize>,
    /// How many cells come out.
    cells: usize,
    /// What its cells are multiplied with to become all transformed windows along the axis:
    /// of rows `[1, 4 windows, from.len()]`, of columns `[4, from.len(), windows]`
    windows: Tensor<3>,
}

/// From this many channels on, in and out, a 3x3 convolution saves more in its products than it
/// spends before and after them.
const WINOGRAD_CHANNELS: usize = 256;

/// Most windows in a tile, along each axis; each gives two cells.
const TILE: usize = 18;

/// What a window of four becomes, along one axis.
const BEFORE: [f32; 16] = [1., 0., -1., 0., 0., 1., 1., 0., 0., -1., 1., 0., 0., 1., 0., -1.];

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
        let many = outputs.min(inputs) >= WINOGRAD_CHANNELS;
        let form = match (kernel, stride) {
            (1, 1) => Form::Point(weight.reshape([outputs, inputs])),
            (3, 1) if many => Form::Winograd(Box::new(Winograd::new(weight))),
            _ => Form::Plain(weight),
        };
        let bias = bias.map(|bias| bias.reshape([1, outputs, 1, 1]));
        Self { form, bias, outputs, stride }
    }

    /// # Shapes
    ///
    /// - `x`: `[batch, inputs, height, width]`
    /// - output: `[batch, outputs, height / stride, width / stride]`, rounded up
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = self.product(x);
        match &self.bias {
            Some(bias) => y + bias.clone(),
            None => y,
        }
    }

    /// Without the bias.
    fn product(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, inputs, height, width] = x.dims();
        match &self.form {
            Form::Winograd(winograd) => winograd.forward(x, self.outputs),
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

impl Winograd {
    /// From a weight `[outputs, inputs, 3, 3]`.
    fn new(weight: Tensor<4>) -> Self {
        let [outputs, inputs, ..] = weight.dims();
        let device = weight.device();
        const KERNEL: [f32; 12] = [1.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0.0, 0.0, 1.0];
        const AFTER: [f32; 8] = [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, -1.0, -1.0];
        let taps = weight.swap_dims(2, 3).reshape([outputs * inputs, 9]).transpose();
        let weight = both_axes(&KERNEL, 3, &device).matmul(taps).reshape([4, 4, outputs, inputs]);
        Self { weight, after: both_axes(&AFTER, 4, &device), tiles: PerSize::default() }
    }

    fn forward(&self, x: Tensor<4>, outputs: usize) -> Tensor<4> {
        let [batch, inputs, height, width] = x.dims();
        let device = x.device();
        let tiles = self.tiles.get([height, width], || {
            let row = |tile: Tensor<2>| tile.unsqueeze();
            let column = |tile: Tensor<2>| {
                let [rows, cells] = tile.dims();
                tile.reshape([4, rows / 4, cells]).swap_dims(1, 2)
            };
            Arc::new([cut(height, row, &device), cut(width, column, &device)])
        });
        let [rows, columns] = &*tiles;
        let tile = |rows: &Tile, columns: &Tile| {
            let (down, across) = (rows.from.clone(), columns.from.clone());
            let part = match (down.len(), across.len()) == (height, width) {
                true => x.clone(),
                false => x.clone().slice([0..batch, 0..inputs, down, across]),
            };
            self.tile(part, rows, columns, outputs)
        };
        let row = |rows| joined(columns.iter().map(|columns| tile(rows, columns)).collect(), 3);
        joined(rows.iter().map(row).collect(), 2)
    }

    /// What comes out of one tile: `[batch, outputs, rows.cells, columns.cells]`
    fn tile(&self, x: Tensor<4>, rows: &Tile, columns: &Tile, outputs: usize) -> Tensor<4> {
        let [batch, inputs, height, width] = x.dims();
        let down = rows.windows.dims()[1] / 4;
        let [.., across] = columns.windows.dims();
        let x = rows.windows.clone().matmul(x.reshape([batch * inputs, height, width]));
        let x = x.reshape([1, batch * inputs * 4 * down, width]).matmul(columns.windows.clone());
        // All windows of 4x4 at every second cell, transformed, column before row.
        let cells = down * across;
        let x = match batch {
            // The products read it where it lies.
            1 => x.reshape([4, inputs, 4, cells]).swap_dims(1, 2),
            _ => x.reshape([4, batch, inputs, 4, cells]).permute([0, 3, 2, 1, 4]).reshape([
                4,
                4,
                inputs,
                batch * cells,
            ]),
        };
        let y = self.weight.clone().matmul(x); // [4, 4, outputs, batch cells]
        let y = self
            .after
            .clone()
            .matmul(y.reshape([16, outputs * batch * cells]))
            .reshape([2, 2, outputs, batch, down, across])
            .permute([3, 2, 4, 1, 5, 0])
            .reshape([batch, outputs, 2 * down, 2 * across]);
        match (2 * down, 2 * across) == (rows.cells, columns.cells) {
            true => y,
            false => y.slice([0..batch, 0..outputs, 0..rows.cells, 0..columns.cells]),
        }
    }
}

/// Tiles of nearly equal size that cover an axis of `n` cells, their matrices arranged by `arrange`.
fn cut(n: usize, arrange: impl Fn(Tensor<2>) -> Tensor<3>, device: &Device) -> Vec<Tile> {
    let all = n.div_ceil(2);
    let count = all.div_ceil(TILE);
    let tile = |i: usize| {
        let windows = i * all / count..(i + 1) * all / count;
        let (first, end) = (2 * windows.start, (2 * windows.end).min(n));
        let from = first.saturating_sub(1)..(end + 1).min(n);
        let shape = [4 * windows.len(), from.len()];
        let matrix = TensorData::new(transformed_windows(windows, from.clone()), shape);
        let windows = arrange(Tensor::from_data(matrix, device));
        Tile { from, cells: end - first, windows }
    };
    (0..count).map(tile).collect()
}

/// `[4 windows, cells]`, row-major: for each row of [`BEFORE`] what it makes of the cells in every
/// window of an axis, the first of which begins one cell before the axis.
fn transformed_windows(windows: Range<usize>, cells: Range<usize>) -> Vec<f32> {
    let mut matrix = vec![0.0; 4 * windows.len() * cells.len()];
    for (row, taps) in BEFORE.chunks_exact(4).enumerate() {
        for (place, window) in windows.clone().enumerate() {
            let row = row * windows.len() + place;
            for (k, tap) in taps.iter().enumerate() {
                let cell = (2 * window + k).checked_sub(1).filter(|cell| cells.contains(cell));
                if let Some(cell) = cell {
                    matrix[row * cells.len() + cell - cells.start] += tap;
                }
            }
        }
    }
    matrix
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

/// The Kronecker product of a matrix with itself: what it does to rows and columns of a window.
fn both_axes(matrix: &[f32], columns: usize, device: &Device) -> Tensor<2> {
    let rows = matrix.len() / columns;
    let both = (0..rows * rows).flat_map(|row| {
        (0..columns * columns).map(move |column| {
            matrix[row / rows * columns + column / columns]
                * matrix[row % rows * columns + column % columns]
        })
    });
    let shape = [rows * rows, columns * columns];
    Tensor::from_data(TensorData::new(both.collect::<Vec<_>>(), shape), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host;
    use burn::nn::BatchNormConfig;
    use burn::tensor::Distribution;

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
            [(3, 8, 3, 2), (5, 4, 3, 1), (6, 7, 1, 1), (256, 258, 3, 1)]
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
                assert!(worst(folded.forward(x), plain) < 2e-5, "{what}");
            }
        }
    }
}
