//! A 3x3 convolution with four products for nine.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};

use crate::{PerSize, joined};

/// F(2x2, 3x3) of "Fast Algorithms for Convolutional Neural Networks", CVPR 2016.
#[derive(Debug)]
pub(crate) struct Winograd {
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

/// Most windows in a tile, along each axis; each gives two cells.
const TILE: usize = 18;

/// What a window of four becomes, along one axis.
const BEFORE: [f32; 16] = [1., 0., -1., 0., 0., 1., 1., 0., 0., -1., 1., 0., 0., 1., 0., -1.];

impl Winograd {
    /// From a weight `[outputs, inputs, 3, 3]`.
    pub(crate) fn new(weight: Tensor<4>) -> Self {
        let [outputs, inputs, ..] = weight.dims();
        let device = weight.device();
        const KERNEL: [f32; 12] = [1.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0.0, 0.0, 1.0];
        const AFTER: [f32; 8] = [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, -1.0, -1.0];
        // As the weight lies: a tap's row before its column, where the windows have the column first.
        let taps = weight.reshape([outputs * inputs, 9]).transpose();
        let kernel = both_axes(&KERNEL, 3, &device).reshape([16, 3, 3]).swap_dims(1, 2);
        let weight = kernel.reshape([16, 9]).matmul(taps).reshape([4, 4, outputs, inputs]);
        Self { weight, after: both_axes(&AFTER, 4, &device), tiles: PerSize::default() }
    }

    pub(crate) fn forward(&self, x: Tensor<4>, outputs: usize) -> Tensor<4> {
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
    use burn::tensor::module::conv2d;
    use burn::tensor::ops::ConvOptions;
    use burn::tensor::{Device, Distribution};

    use super::*;

    #[test]
    fn the_form_of_every_backend_is_the_convolution() {
        let device = Device::flex();
        device.seed(4);
        let uniform = Distribution::Uniform(-1.0, 1.0);
        let weight = Tensor::<4>::random([5, 3, 3, 3], uniform, &device);
        let winograd = Winograd::new(weight.clone());
        for shape in [[1, 3, 1, 1], [2, 3, 3, 5], [1, 3, 7, 7], [2, 3, 49, 3], [1, 3, 75, 41]] {
            let x = Tensor::<4>::random(shape, uniform, &device);
            let options = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
            let plain = conv2d(x.clone(), weight.clone(), None, options);
            let worst = (winograd.forward(x, 5) - plain).abs().max().into_scalar::<f32>();
            assert!(worst < 2e-5, "{shape:?}: {worst}");
        }
    }
}
