//! Nine maps to one, four times as wide and high: what a 3x3 convolution's taps, mixed on the small map, become behind a
//! bilinear enlargement (`align_corners` false).
//!
//! Tap `(dy, dx)` is read one cell of the large map before, at or after. A cell of the large map has two neighbours on
//! the small one along each axis, so three taps and two neighbours decide along each.

use std::ops::Range;

use burn::backend::flex::FlexTensor;
use rayon::prelude::*;

use super::planes::{in_order, raised, tensor, values, wide};
use crate::ENLARGED;

/// How much a place in the large map, from one before to one behind the four of a small cell, takes of the small cell
/// before, of it, and of the one behind.
const SHARES: [[f32; 3]; ENLARGED + 2] = [
    [0.625, 0.375, 0.0],
    [0.375, 0.625, 0.0],
    [0.125, 0.875, 0.0],
    [0.0, 0.875, 0.125],
    [0.0, 0.625, 0.375],
    [0.0, 0.375, 0.625],
];

/// For a line of the large map and a tap: the two lines of the small one that it takes and how much of each; nothing
/// outside the large map, which is the convolution's padding.
fn lines(to: usize, tap: usize, n: usize) -> Option<[(usize, f32); 2]> {
    let from = (to + tap).checked_sub(1).filter(|from| *from < ENLARGED * n)?;
    let (cell, phase) = (from / ENLARGED, from % ENLARGED);
    let [before, at, behind] = SHARES[phase + 1];
    let other = match phase < 2 {
        true => (cell.saturating_sub(1), before),
        false => ((cell + 1).min(n - 1), behind),
    };
    Some([(cell, at), other])
}

/// `z [batch, 9 outputs (output, dy, dx), h, w]` -> `[batch, outputs, 4 h, 4 w]`
pub(super) fn forward(z: &FlexTensor) -> FlexTensor {
    let [batch, outputs, h, w] = sizes(z, 9);
    let y = enlarged(z, 0..ENLARGED * h, f32::NEG_INFINITY);
    tensor(y, vec![batch, outputs, ENLARGED * h, ENLARGED * w])
}

/// One map's lines that belong to `count` lines of the small map from `first` on, without what is negative:
/// `[outputs, 4 count, 4 w]`
pub(super) fn lines_of(z: &FlexTensor, first: usize, count: usize) -> FlexTensor {
    let [_, outputs, _, w] = sizes(z, 9);
    let y = enlarged(z, ENLARGED * first..ENLARGED * (first + count), 0.0);
    tensor(y, vec![outputs, ENLARGED * count, ENLARGED * w])
}

/// Some lines of each large map; what is below `low` becomes that.
fn enlarged(z: &FlexTensor, of_large: Range<usize>, low: f32) -> Vec<f32> {
    let z = in_order(z);
    let [batch, outputs, h, w] = sizes(&z, 9);
    let cells = of_large.len() * ENLARGED * w;
    let mut y = vec![0.0; batch * outputs * cells];
    y.par_chunks_exact_mut(cells).zip(values(&z).par_chunks_exact(9 * h * w)).for_each_init(
        || [(); 3].map(|()| vec![0.0; w + 2]),
        |taken, (y, z)| {
            for (to, y) in of_large.clone().zip(y.chunks_exact_mut(ENLARGED * w)) {
                for (dx, taken) in taken.iter_mut().enumerate() {
                    let inner = &mut taken[1..=w];
                    inner.fill(0.0);
                    for dy in 0..3 {
                        let Some(pair) = lines(to, dy, h) else { continue };
                        let [(one, share), (other, rest)] = pair;
                        let line = |line: usize| &z[((3 * dy + dx) * h + line) * w..][..w];
                        let both = line(one).iter().zip(line(other));
                        wide(|| {
                            for (taken, (one, other)) in inner.iter_mut().zip(both) {
                                *taken += share * one + rest * other;
                            }
                        });
                    }
                    // Before the first cell and behind the last, that cell again.
                    (taken[0], taken[w + 1]) = (taken[1], taken[w]);
                }
                wide(|| widened(taken, y));
                if low > f32::NEG_INFINITY {
                    wide(|| y.iter_mut().for_each(|y| *y = raised(*y, low)));
                }
            }
        },
    );
    y
}

/// A line of the large map from what its columns' taps have along a line, each with a cell more on both sides.
#[inline(always)]
fn widened(taken: &[Vec<f32>; 3], y: &mut [f32]) {
    let last = y.len() - 1;
    for (j, y) in y.chunks_exact_mut(ENLARGED).enumerate() {
        let near: [[f32; 3]; 3] =
            std::array::from_fn(|dx| std::array::from_fn(|k| taken[dx][j + k]));
        for (phase, y) in y.iter_mut().enumerate() {
            let tap = |dx: usize| {
                let [a, b, c] = SHARES[phase + dx];
                a * near[dx][0] + b * near[dx][1] + c * near[dx][2]
            };
            *y = tap(0) + tap(1) + tap(2);
        }
    }
    // These taps lie outside.
    let dropped = |dx: usize, j: usize, share: usize| {
        (0..3).map(|k| SHARES[share][k] * taken[dx][j + k]).sum::<f32>()
    };
    y[0] -= dropped(0, 0, 0);
    y[last] -= dropped(2, last / ENLARGED, ENLARGED + 1);
}

/// The gradient of [`forward`]'s input from that of its output.
pub(super) fn backward(grad: &FlexTensor) -> FlexTensor {
    let grad = in_order(grad);
    let [batch, outputs, height, width] = sizes(&grad, 1);
    let (h, w) = (height / ENLARGED, width / ENLARGED);
    let mut dz = vec![0.0; batch * outputs * 9 * h * w];
    dz.par_chunks_exact_mut(9 * h * w)
        .zip(values(&grad).par_chunks_exact(height * width))
        .for_each_init(
            || [(); 3].map(|()| vec![0.0; w + 2]),
            |taken, (dz, grad)| {
                for (to, grad) in grad.chunks_exact(width).enumerate() {
                    wide(|| narrowed(grad, taken));
                    for (dx, taken) in taken.iter().enumerate() {
                        let inner = &taken[1..=w];
                        for dy in 0..3 {
                            let Some(pair) = lines(to, dy, h) else { continue };
                            for (line, share) in pair {
                                let dz = &mut dz[((3 * dy + dx) * h + line) * w..][..w];
                                wide(|| {
                                    dz.iter_mut().zip(inner).for_each(|(dz, t)| *dz += share * t);
                                });
                            }
                        }
                    }
                }
            },
        );
    tensor(dz, vec![batch, outputs * 9, h, w])
}

/// The transpose of [`widened`].
#[inline(always)]
fn narrowed(grad: &[f32], taken: &mut [Vec<f32>; 3]) {
    let (w, last) = (grad.len() / ENLARGED, grad.len() - 1);
    for (dx, taken) in taken.iter_mut().enumerate() {
        taken.fill(0.0);
        for (j, grad) in grad.chunks_exact(ENLARGED).enumerate() {
            let near: [f32; 3] = std::array::from_fn(|k| {
                (0..ENLARGED).map(|phase| SHARES[phase + dx][k] * grad[phase]).sum::<f32>()
            });
            for (k, near) in near.into_iter().enumerate() {
                taken[j + k] += near;
            }
        }
        let outside = match dx {
            0 => Some((0, 0, grad[0])),
            2 => Some((w - 1, ENLARGED + 1, grad[last])),
            _ => None,
        };
        if let Some((j, share, grad)) = outside {
            for k in 0..3 {
                taken[j + k] -= SHARES[share][k] * grad;
            }
        }
        taken[1] += taken[0];
        taken[w] += taken[w + 1];
    }
}

/// Batch, maps in groups of `group`, height and width.
fn sizes(x: &FlexTensor, group: usize) -> [usize; 4] {
    let shape = x.layout().shape();
    [shape[0], shape[1] / group, shape[2], shape[3]]
}
