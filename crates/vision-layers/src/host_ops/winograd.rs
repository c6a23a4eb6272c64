//! A 3x3 convolution with four products for nine: F(2x2, 3x3) of "Fast Algorithms for Convolutional Neural Networks",
//! CVPR 2016.
//!
//! Windows of 4x4 cells at every second cell are transformed (16 numbers), multiplied with the transformed kernels, and
//! transformed back into 2x2 cells each. Of the 16 numbers each is a matrix product of its own over channels.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::backend::ops::FloatTensorOps;
use rayon::prelude::*;

use super::planes::{in_order, raised, tensor, values, wide};

/// How a map is cut into windows.
#[derive(Clone, Copy)]
struct Windows {
    height: usize,
    width: usize,
    /// Windows down and across.
    down: usize,
    across: usize,
}

impl Windows {
    fn of(x: &FlexTensor) -> Self {
        let shape = x.layout().shape();
        let [height, width] = [shape[2], shape[3]];
        Self { height, width, down: height.div_ceil(2), across: width.div_ceil(2) }
    }

    fn count(&self) -> usize {
        self.down * self.across
    }

    fn cells(&self) -> usize {
        self.height * self.width
    }
}

/// A weight `[outputs, inputs, 3, 3]` ready for products: `[16, outputs, inputs]`, as it lies `[outputs, 16, inputs]`.
pub(super) fn kernels(weight: &FlexTensor) -> FlexTensor {
    let weight = in_order(weight);
    let shape = weight.layout().shape();
    let [outputs, inputs] = [shape[0], shape[1]];
    let mut u = vec![0.0; outputs * 16 * inputs];
    u.par_chunks_exact_mut(16 * inputs).zip(values(&weight).par_chunks_exact(9 * inputs)).for_each(
        |(u, weight)| {
            let mut rows = Rows::of(u, inputs);
            for (c, taps) in weight.chunks_exact(9).enumerate() {
                rows.set(c, kernel(taps));
            }
        },
    );
    outer(u, outputs, inputs)
}

/// `[rows, 16, columns]` as it lies, seen as `[16, rows, columns]`.
fn outer(values: Vec<f32>, rows: usize, columns: usize) -> FlexTensor {
    tensor(values, vec![rows, 16, columns]).transpose(0, 1)
}

/// The convolution.
pub(super) fn forward(x: &FlexTensor, weight: &FlexTensor) -> FlexTensor {
    convolved(x, &kernels(weight), None, None, f32::NEG_INFINITY)
}

/// The convolution with kernels that were made before. To it are added a bias for each output and a residual, which may
/// be the same for all of the batch; what is below `low` becomes that.
pub(super) fn convolved(
    x: &FlexTensor,
    kernels: &FlexTensor,
    bias: Option<&[f32]>,
    residual: Option<&[f32]>,
    low: f32,
) -> FlexTensor {
    let windows = Windows::of(x);
    let batch = x.layout().shape()[0];
    let m = Flex::float_matmul(kernels.clone(), transformed(x, windows));
    let m = values(&m);
    let (outputs, count) = (kernels.layout().shape()[1], windows.count());
    let (width, cells) = (windows.width, windows.cells());
    let mut y = vec![0.0; batch * outputs * cells];
    y.par_chunks_exact_mut(cells).enumerate().for_each(|(place, y)| {
        let (b, o) = (place / outputs, place % outputs);
        let row = |k: usize| &m[((k * outputs + o) * batch + b) * count..][..count];
        let rows: [&[f32]; 16] = std::array::from_fn(row);
        wide(|| {
            for down in 0..windows.down {
                for across in 0..windows.across {
                    let window = down * windows.across + across;
                    let cells = after(rows.map(|row| row[window]));
                    let (upper, lower) = y[2 * down * width..].split_at_mut(width);
                    for (line, pair) in [upper, lower].into_iter().zip(cells.chunks_exact(2)) {
                        let line = line.iter_mut().take(width).skip(2 * across);
                        line.zip(pair).for_each(|(y, value)| *y = *value);
                    }
                }
            }
            let bias = bias.map_or(0.0, |bias| bias[o]);
            match residual {
                None => y.iter_mut().for_each(|y| *y = raised(*y + bias, low)),
                Some(residual) => {
                    let from = place * cells % residual.len();
                    let residual = &residual[from..from + cells];
                    y.iter_mut().zip(residual).for_each(|(y, r)| *y = raised(*y + bias + r, low));
                }
            }
        });
    });
    tensor(y, vec![batch, outputs, windows.height, windows.width])
}

/// The gradients of `x` and `weight`, each if it is asked for.
pub(super) fn backward(
    x: &FlexTensor,
    weight: &FlexTensor,
    grad: &FlexTensor,
    [of_x, of_weight]: [bool; 2],
) -> [Option<FlexTensor>; 2] {
    let windows = Windows::of(x);
    let shape = x.layout().shape();
    let [batch, inputs] = [shape[0], shape[1]];
    let outputs = grad.layout().shape()[1];
    let m = spread(grad, windows); // [16, outputs, batch windows]
    let dx = of_x.then(|| {
        let u = kernels(weight).transpose(1, 2);
        let v = Flex::float_matmul(u, m.clone()); // [16, inputs, batch windows]
        gathered(values(&v), batch, inputs, windows)
    });
    let dw = of_weight.then(|| {
        let v = transformed(x, windows).transpose(1, 2);
        let u = Flex::float_matmul(m, v); // [16, outputs, inputs]
        let u = values(&u);
        let mut dw = vec![0.0; outputs * inputs * 9];
        dw.par_chunks_exact_mut(9 * inputs).enumerate().for_each(|(o, dw)| {
            let row = |k: usize| &u[(k * outputs + o) * inputs..][..inputs];
            let rows: [&[f32]; 16] = std::array::from_fn(row);
            for (c, taps) in dw.chunks_exact_mut(9).enumerate() {
                taps.copy_from_slice(&kernel_transposed(rows.map(|row| row[c])));
            }
        });
        tensor(dw, vec![outputs, inputs, 3, 3])
    });
    [dx, dw]
}

/// All windows of `x`, transformed: `[16, inputs, batch windows]`, as it lies `[inputs, 16, batch windows]`.
fn transformed(x: &FlexTensor, windows: Windows) -> FlexTensor {
    let x = in_order(x);
    let shape = x.layout().shape();
    let [batch, inputs] = [shape[0], shape[1]];
    let (x, count) = (values(&x), windows.count());
    let mut v = vec![0.0; inputs * 16 * batch * count];
    v.par_chunks_exact_mut(16 * batch * count).enumerate().for_each(|(c, v)| {
        let mut rows = Rows::of(v, batch * count);
        for b in 0..batch {
            let plane = &x[(b * inputs + c) * windows.cells()..][..windows.cells()];
            wide(|| {
                for down in 0..windows.down {
                    for across in 0..windows.across {
                        let window = window(plane, windows, down, across);
                        rows.set(b * count + down * windows.across + across, before(window));
                    }
                }
            });
        }
    });
    outer(v, inputs, batch * count)
}

/// The gradients of cells as those of transformed windows: `[16, outputs, batch windows]`, as it lies
/// `[outputs, 16, batch windows]`.
fn spread(grad: &FlexTensor, windows: Windows) -> FlexTensor {
    let grad = in_order(grad);
    let shape = grad.layout().shape();
    let [batch, outputs] = [shape[0], shape[1]];
    let (grad, count) = (values(&grad), windows.count());
    let mut m = vec![0.0; outputs * 16 * batch * count];
    m.par_chunks_exact_mut(16 * batch * count).enumerate().for_each(|(o, m)| {
        let mut rows = Rows::of(m, batch * count);
        for b in 0..batch {
            let plane = &grad[(b * outputs + o) * windows.cells()..][..windows.cells()];
            wide(|| {
                for down in 0..windows.down {
                    for across in 0..windows.across {
                        let cell = |i: usize| {
                            let (y, x) = (2 * down + i / 2, 2 * across + i % 2);
                            let inside = y < windows.height && x < windows.width;
                            if inside { plane[y * windows.width + x] } else { 0.0 }
                        };
                        let cells = std::array::from_fn(cell);
                        rows.set(
                            b * count + down * windows.across + across,
                            after_transposed(cells),
                        );
                    }
                }
            });
        }
    });
    outer(m, outputs, batch * count)
}

/// The gradients of a map from those of its transformed windows `[16, inputs, batch windows]`.
fn gathered(v: &[f32], batch: usize, inputs: usize, windows: Windows) -> FlexTensor {
    let count = windows.count();
    let mut dx = vec![0.0; batch * inputs * windows.cells()];
    dx.par_chunks_exact_mut(windows.cells()).enumerate().for_each(|(place, dx)| {
        let (b, c) = (place / inputs, place % inputs);
        let row = |k: usize| &v[((k * inputs + c) * batch + b) * count..][..count];
        let rows: [&[f32]; 16] = std::array::from_fn(row);
        wide(|| {
            for down in 0..windows.down {
                for across in 0..windows.across {
                    let t = down * windows.across + across;
                    let window = before_transposed(rows.map(|row| row[t]));
                    for (i, line) in window.chunks_exact(4).enumerate() {
                        let Some(y) = (2 * down + i).checked_sub(1).filter(|y| *y < windows.height)
                        else {
                            continue;
                        };
                        for (j, value) in line.iter().enumerate() {
                            let x = (2 * across + j).checked_sub(1).filter(|x| *x < windows.width);
                            if let Some(x) = x {
                                dx[y * windows.width + x] += value;
                            }
                        }
                    }
                }
            }
        });
    });
    tensor(dx, vec![batch, inputs, windows.height, windows.width])
}

/// Sixteen rows of equal length that lie one behind the other.
struct Rows<'a>([&'a mut [f32]; 16]);

impl<'a> Rows<'a> {
    fn of(values: &'a mut [f32], length: usize) -> Self {
        let mut rows = values.chunks_exact_mut(length);
        Self(std::array::from_fn(|_| rows.next().unwrap_or_default()))
    }

    /// A value of each row.
    #[inline(always)]
    fn set(&mut self, place: usize, values: [f32; 16]) {
        for (row, value) in self.0.iter_mut().zip(values) {
            row[place] = value;
        }
    }
}

/// 4x4 cells around 2x2 of a plane; zeros outside.
#[inline(always)]
fn window(plane: &[f32], windows: Windows, down: usize, across: usize) -> [f32; 16] {
    let (height, width) = (windows.height, windows.width);
    let mut window = [0.0; 16];
    let inside = down > 0 && across > 0 && 2 * down + 2 < height && 2 * across + 2 < width;
    if inside {
        for (i, line) in window.chunks_exact_mut(4).enumerate() {
            let from = (2 * down - 1 + i) * width + 2 * across - 1;
            line.copy_from_slice(&plane[from..from + 4]);
        }
        return window;
    }
    for (i, line) in window.chunks_exact_mut(4).enumerate() {
        let Some(y) = (2 * down + i).checked_sub(1).filter(|y| *y < height) else { continue };
        for (j, cell) in line.iter_mut().enumerate() {
            let x = (2 * across + j).checked_sub(1).filter(|x| *x < width);
            *cell = x.map_or(0.0, |x| plane[y * width + x]);
        }
    }
    window
}

/// What `line` makes of the rows of a square of `N` numbers, then of the columns of that.
#[inline(always)]
fn both<const N: usize, const M: usize, const NN: usize, const NM: usize, const MM: usize>(
    square: [f32; NN],
    line: impl Fn([f32; N]) -> [f32; M],
) -> [f32; MM] {
    let mut half = [0.0; NM]; // N rows of M
    for i in 0..N {
        let row = line(std::array::from_fn(|j| square[i * N + j]));
        half[i * M..(i + 1) * M].copy_from_slice(&row);
    }
    let mut all = [0.0; MM];
    for j in 0..M {
        let column = line(std::array::from_fn(|i| half[i * M + j]));
        for (i, value) in column.into_iter().enumerate() {
            all[i * M + j] = value;
        }
    }
    all
}

#[inline(always)]
fn before(window: [f32; 16]) -> [f32; 16] {
    both::<4, 4, 16, 16, 16>(window, |[a, b, c, d]| [a - c, b + c, c - b, b - d])
}

#[inline(always)]
fn before_transposed(grads: [f32; 16]) -> [f32; 16] {
    both::<4, 4, 16, 16, 16>(grads, |[a, b, c, d]| [a, b - c + d, b + c - a, -d])
}

#[inline(always)]
fn after(products: [f32; 16]) -> [f32; 4] {
    both::<4, 2, 16, 8, 4>(products, |[a, b, c, d]| [a + b + c, b - c - d])
}

#[inline(always)]
fn after_transposed(cells: [f32; 4]) -> [f32; 16] {
    both::<2, 4, 4, 8, 16>(cells, |[a, b]| [a, a + b, a - b, -b])
}

#[inline(always)]
fn kernel(taps: &[f32]) -> [f32; 16] {
    let taps = std::array::from_fn(|i| taps[i]);
    both::<3, 4, 9, 12, 16>(taps, |[a, b, c]| [a, 0.5 * (a + b + c), 0.5 * (a - b + c), c])
}

#[inline(always)]
fn kernel_transposed(grads: [f32; 16]) -> [f32; 9] {
    both::<4, 3, 16, 12, 9>(grads, |[a, b, c, d]| {
        [a + 0.5 * (b + c), 0.5 * (b - c), 0.5 * (b + c) + d]
    })
}
