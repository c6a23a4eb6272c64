//! Planes of maps `[batch, channels, height, width]` on the CPU.

use burn::backend::flex::FlexTensor;
use burn::tensor::TensorData;

/// A tensor whose values lie in order; copies one whose do not.
pub(super) fn in_order(x: &FlexTensor) -> FlexTensor {
    x.to_contiguous()
}

/// The values of a tensor that lies in order.
///
/// # Panics
///
/// If it does not, or is not of 32 bits.
pub(super) fn values(x: &FlexTensor) -> &[f32] {
    x.as_slice().expect("32 bits, in order")
}

/// A tensor of values in order.
pub(super) fn tensor(values: Vec<f32>, shape: Vec<usize>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// Batch, channels, and cells of a plane.
pub(super) fn sizes(x: &FlexTensor) -> [usize; 3] {
    let shape = x.layout().shape();
    [shape[0], shape[1], (2..shape.num_dims()).map(|axis| shape[axis]).product()]
}

/// A value, or `low` if it is lower. What is not a number stays so.
pub(super) fn raised(value: f32, low: f32) -> f32 {
    if value < low { low } else { value }
}

/// The sum of what `each` makes of two slices' values, of the same length. Several sums stand side by side, which the
/// compiler keeps in registers, each of few enough values for 32 bits.
pub(super) fn sum2(a: &[f32], b: &[f32], each: impl Fn(f32, f32) -> f32) -> f64 {
    const LANES: usize = 16;
    const BLOCK: usize = LANES * 64;
    let block = |(a, b): (&[f32], &[f32])| {
        let mut sums = [0.0_f32; LANES];
        let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
        let rest = a.remainder().iter().zip(b.remainder()).map(|(&a, &b)| each(a, b));
        let rest = rest.sum::<f32>();
        for (a, b) in a.zip(b) {
            for (sum, (&a, &b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                *sum += each(a, b);
            }
        }
        sums.into_iter().chain([rest]).map(f64::from).sum::<f64>()
    };
    a.chunks(BLOCK).zip(b.chunks(BLOCK)).map(block).sum()
}
