//! The nine taps of a 3x3 convolution that follows a fourfold enlargement.

use std::ops::Range;

use burn::tensor::ops::PadMode;
use burn::tensor::{Tensor, TensorData};

use crate::{bilinear_matrix, host_ops};

/// How much is enlarged.
pub const ENLARGED: usize = 4;

/// What a 3x3 convolution's nine taps, mixed on the small map, give behind a fourfold bilinear enlargement
/// (`align_corners` false): each tap's map is enlarged, read one cell beside, and added. What lies outside the large
/// map is zero.
///
/// # Shapes
///
/// - `z`: `[batch, 9 outputs (output, dy, dx), h, w]`
/// - output: `[batch, outputs, 4 h, 4 w]`
pub fn enlarge_taps(z: Tensor<4>) -> Tensor<4> {
    if host_ops::take(&z) {
        return host_ops::enlarge_taps(z);
    }
    enlarged_by_matrices(z)
}

fn enlarged_by_matrices(z: Tensor<4>) -> Tensor<4> {
    let [batch, taps, h, w] = z.dims();
    let (outputs, device) = (taps / 9, z.device());
    let matrix = |n: usize| -> Tensor<2> {
        let data = TensorData::new(shifted_enlargements(n), [ENLARGED * n, 3 * n]);
        Tensor::from_data(data, &device)
    };
    // Columns: a cell of the large map takes from each dx its own shifted enlargement.
    let z = z
        .reshape([batch * outputs * 3, 3, h, w])
        .swap_dims(1, 2) // [.., h, dx, w]
        .reshape([batch * outputs * 3 * h, 3 * w]);
    let z = z.matmul(matrix(w).transpose()); // [.., 4 w]
    // Rows, likewise.
    let z = z.reshape([batch * outputs, 3 * h, ENLARGED * w]);
    let y = matrix(h).unsqueeze::<3>().matmul(z);
    y.reshape([batch, outputs, ENLARGED * h, ENLARGED * w])
}

/// Some lines of [`enlarge_taps`] of one map, without what is negative: those of `lines` of the small map. Nothing where
/// the device has no such operation of its own.
///
/// # Shapes
///
/// - `z`: `[1, 9 outputs (output, dy, dx), h, w]`
/// - output: `[outputs, 4 lines, 4 w]`
pub fn enlarge_lines_relu(z: &Tensor<4>, lines: Range<usize>) -> Option<Tensor<3>> {
    let taken = host_ops::take_in_inference(z);
    taken.then(|| host_ops::enlarge_lines(z.clone(), lines.start, lines.len()))
}

/// Nine maps to one: each read one cell beside, zero outside, and added.
///
/// # Shapes
///
/// - `p`: `[n, 9 (dy, dx), height, width]`
/// - `border`: `[9 n]`, added to the maps before; `offset`: `[n]`, added to the sum
/// - output: `[n, 1, height, width]`
pub fn add_taps(p: Tensor<4>, border: Tensor<1>, offset: Tensor<1>) -> Tensor<4> {
    if host_ops::take_in_inference(&p) {
        return host_ops::add_taps(p, border, offset);
    }
    added_by_slices(p, border, offset)
}

fn added_by_slices(p: Tensor<4>, border: Tensor<1>, offset: Tensor<1>) -> Tensor<4> {
    let [n, _, height, width] = p.dims();
    let p = (p + border.reshape([n, 9, 1, 1])).pad([(1, 1), (1, 1)], PadMode::Constant(0.0));
    let mut sum = offset.reshape([n, 1, 1, 1]).expand([n, 1, height, width]);
    for tap in 0..9 {
        let (dy, dx) = (tap / 3, tap % 3);
        let (rows, columns) = (dy..dy + height, dx..dx + width);
        sum = sum + p.clone().slice([0..n, tap..tap + 1, rows, columns]);
    }
    sum
}

/// `[4 n, 3 n]`, row-major: for d = -1, 0, 1 side by side, the enlargement read one cell before,
/// at, and after each cell of the large axis; zero where that lies outside, which is the
/// convolution's padding.
pub fn shifted_enlargements(n: usize) -> Vec<f32> {
    let large = ENLARGED * n;
    let enlarge = bilinear_matrix(n, large);
    let mut matrix = vec![0.0; large * 3 * n];
    for (to, row) in matrix.chunks_exact_mut(3 * n).enumerate() {
        for (d, part) in row.chunks_exact_mut(n).enumerate() {
            // The cell to + d - 1, where it is one.
            if let Some(from) = (to + d).checked_sub(1).filter(|from| *from < large) {
                part.copy_from_slice(&enlarge[from * n..(from + 1) * n]);
            }
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    fn worst<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
        (a - b).abs().max().into_scalar::<f32>()
    }

    #[test]
    fn the_cpus_forms_are_those_of_every_backend() {
        let device = Device::flex();
        device.seed(3);
        let uniform = Distribution::Uniform(-1.0, 1.0);
        for [h, w] in [[1, 1], [1, 3], [6, 1], [5, 9]] {
            let z = Tensor::<4>::random([1, 18, h, w], uniform, &device);
            let whole = enlarged_by_matrices(z.clone());
            assert!(worst(enlarge_taps(z.clone()), whole.clone()) < 1e-5, "{h} x {w}");
            for first in 0..h {
                let Some(lines) = enlarge_lines_relu(&z, first..h) else { continue };
                let part = whole.clone().slice([0..1, 0..2, 4 * first..4 * h, 0..4 * w]);
                let part = part.clamp_min(0.0).reshape([2, 4 * (h - first), 4 * w]);
                assert!(worst(lines, part) < 1e-5, "{h} x {w} from {first}");
            }
            let p = Tensor::<4>::random([2, 9, h, w], uniform, &device);
            let border = Tensor::<1>::random([18], uniform, &device);
            let offset = Tensor::<1>::random([2], uniform, &device);
            let slices = added_by_slices(p.clone(), border.clone(), offset.clone());
            assert!(worst(add_taps(p, border, offset), slices) < 1e-5, "{h} x {w}");
        }
    }
}
