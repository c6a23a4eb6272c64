//! Resizing by constant matrices, and average pooling.
//!
//! Burn's interpolation has no gradient on GPU backends and is slow on the CPU one; a product with
//! a constant matrix for each axis is neither.

use burn::tensor::{Device, Tensor, TensorData};

/// The two-tap bilinear matrix of one axis, corners not aligned.
///
/// # Shapes
///
/// - output: `[to, from]`, row-major; each row sums to one
pub fn bilinear_matrix(from: usize, to: usize) -> Vec<f32> {
    let mut matrix = vec![0.0; to * from];
    let scale = from as f64 / to as f64;
    for (i, row) in matrix.chunks_exact_mut(from).enumerate() {
        let source = ((i as f64 + 0.5) * scale - 0.5).clamp(0.0, (from - 1) as f64);
        let low = source.floor() as usize;
        let high = (low + 1).min(from - 1);
        let t = (source - low as f64) as f32;
        row[low] += 1.0 - t;
        row[high] += t;
    }
    matrix
}

/// The four-tap cubic matrix of one axis (a = -0.75), corners not aligned, indices clamped at the
/// edge, as PyTorch's bicubic interpolation has it.
///
/// # Shapes
///
/// - output: `[to, from]`, row-major; each row sums to one
pub fn bicubic_matrix(from: usize, to: usize) -> Vec<f32> {
    /// Sharpness of the cubic kernel in PyTorch and OpenCV.
    const A: f64 = -0.75;
    let near = |x: f64| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f64| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    let mut matrix = vec![0.0f32; to * from];
    let scale = from as f64 / to as f64;
    for (i, row) in matrix.chunks_exact_mut(from).enumerate() {
        let source = (i as f64 + 0.5) * scale - 0.5;
        let t = source - source.floor();
        for (k, weight) in [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)].iter().enumerate() {
            let at = source.floor() as i64 + k as i64 - 1;
            row[at.clamp(0, from as i64 - 1) as usize] += *weight as f32;
        }
    }
    matrix
}

/// Resizes every channel by one matrix for each axis.
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`
/// - `rows`: `[new height, height]`, `columns`: `[new width, width]`, row-major
/// - output: `[batch, channels, new height, new width]`
pub fn resize_with(x: Tensor<4>, rows: Vec<f32>, columns: Vec<f32>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let device = x.device();
    let rows = constant(rows, height, &device); // [new height, height]
    let columns = constant(columns, width, &device).transpose(); // [width, new width]
    let [new_height, new_width] = [rows.dims()[0], columns.dims()[1]];
    let x = x.reshape([batch * channels * height, width]).matmul(columns);
    let x = rows.unsqueeze::<3>().matmul(x.reshape([batch * channels, height, new_width]));
    x.reshape([batch, channels, new_height, new_width])
}

fn constant(matrix: Vec<f32>, columns: usize, device: &Device) -> Tensor<2> {
    let rows = matrix.len() / columns;
    Tensor::from_data(TensorData::new(matrix, [rows, columns]), device)
}

/// Mean over cells of `factor` x `factor`; what does not fill a cell is left out.
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`
/// - output: `[batch, channels, height / factor, width / factor]`
pub fn avg_pool(x: Tensor<4>, factor: usize) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let (rows, columns) = (height / factor, width / factor);
    let x = x.slice([0..batch, 0..channels, 0..rows * factor, 0..columns * factor]);
    let x = x.reshape([batch * channels * rows, factor, columns, factor]);
    let x = x.sum_dim(1).sum_dim(3) / (factor * factor) as f64;
    x.reshape([batch, channels, rows, columns])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_both_matrices_sum_to_one() {
        for (from, to) in [(1, 4), (2, 8), (7, 13), (9, 4), (7, 7)] {
            for matrix in [bilinear_matrix(from, to), bicubic_matrix(from, to)] {
                for row in matrix.chunks(from) {
                    assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{from} to {to}");
                }
            }
        }
    }

    #[test]
    fn same_size_changes_nothing() {
        let identity = |n: usize| (0..n * n).map(move |i| f32::from(u8::from(i % (n + 1) == 0)));
        assert_eq!(bicubic_matrix(5, 5), identity(5).collect::<Vec<_>>());
        assert_eq!(bilinear_matrix(5, 5), identity(5).collect::<Vec<_>>());
    }

    #[test]
    fn average_pool_takes_the_mean_and_drops_the_odd_row() {
        let device = Device::flex();
        let x = Tensor::<1, burn::tensor::Int>::arange(0..12, &device).float();
        let y = avg_pool(x.reshape([1, 1, 3, 4]), 2);
        assert_eq!(y.to_data().try_to_vec::<f32>().unwrap(), [2.5, 4.5]);
    }
}
