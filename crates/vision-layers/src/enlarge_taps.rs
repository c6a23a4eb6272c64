//! The nine taps of a 3x3 convolution that follows a fourfold enlargement.

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
