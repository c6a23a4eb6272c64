//! Zeros around a map.

use burn::tensor::Tensor;

/// `x` with `rows` zeros above and below, and `columns` left and right.
///
/// Burn's own padding makes its border with `Tensor::full`, which on an autodiff device is filled on the host
/// and sent: over a network, a whole map for each one that is padded.
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`
/// - output: `[batch, channels, height + 2 rows, width + 2 columns]`
pub(crate) fn pad_zero(x: Tensor<4>, rows: usize, columns: usize) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let shape = [batch, channels, height + 2 * rows, width + 2 * columns];
    let border = Tensor::zeros(shape, (&x.device(), x.dtype()));
    let inside = [0..batch, 0..channels, rows..rows + height, columns..columns + width];
    border.slice_assign(inside, x)
}

#[cfg(test)]
mod tests {
    use burn::tensor::ops::PadMode;
    use burn::tensor::{Device, Distribution};

    use super::*;

    #[test]
    fn borders_are_burns() {
        let device = Device::flex().autodiff();
        let x = Tensor::<4>::random([2, 3, 4, 5], Distribution::Uniform(-1.0, 1.0), &device);
        let burns = x.clone().pad([(2, 2), (1, 1)], PadMode::Constant(0.0));
        assert_eq!(pad_zero(x, 2, 1).into_data(), burns.into_data());
    }
}
