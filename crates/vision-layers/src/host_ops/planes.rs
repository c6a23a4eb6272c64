//! Planes of maps `[batch, channels, height, width]` on the CPU.

use burn::backend::flex::FlexTensor;
use burn::tensor::TensorData;

/// A tensor whose values lie in order; copies one whose do not.
pub(super) fn in_order(x: &FlexTensor) -> FlexTensor {
    x.to_contiguous()
}

/// A tensor whose values lie in order and are all that is there, to be written over; copies one whose do not or are not.
/// It takes the tensor: another hold on the values would have them copied when they are written.
pub(super) fn alone(x: FlexTensor) -> FlexTensor {
    let all = x.storage::<f32>().len();
    match x.as_slice::<f32>().is_some_and(|values| values.len() == all) {
        true => x,
        false => {
            let shape = x.layout().shape().to_vec();
            tensor(values(&in_order(&x)).to_vec(), shape)
        }
    }
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
#[inline(always)]
pub(super) fn raised(value: f32, low: f32) -> f32 {
    if value < low { low } else { value }
}

/// The sum of what `each` makes of a slice's values.
#[inline(always)]
pub(super) fn sum(x: &[f32], each: impl Fn(f32) -> f32) -> f64 {
    sums3([x, x, x], |x, _, _| [each(x), 0.0])[0]
}

/// The sums of what `each` makes of three slices' values, of the same length. Several sums stand side by side, which
/// the compiler keeps in registers, each of few enough values for 32 bits.
#[inline(always)]
pub(super) fn sums3(slices: [&[f32]; 3], each: impl Fn(f32, f32, f32) -> [f32; 2]) -> [f64; 2] {
    const LANES: usize = 16;
    const BLOCK: usize = LANES * 64;
    let [a, b, c] = slices.map(|slice| slice.chunks(BLOCK));
    let mut total = [0.0; 2];
    for ((a, b), c) in a.zip(b).zip(c) {
        let (mut first, mut second) = ([0.0_f32; LANES], [0.0_f32; LANES]);
        let [a, b, c] = [a, b, c].map(|slice| slice.chunks_exact(LANES));
        let rest = a.remainder().iter().zip(b.remainder()).zip(c.remainder());
        for (lane, ((a, b), c)) in rest.enumerate() {
            [first[lane], second[lane]] = each(*a, *b, *c);
        }
        for ((a, b), c) in a.zip(b).zip(c) {
            for lane in 0..LANES {
                let [one, other] = each(a[lane], b[lane], c[lane]);
                first[lane] += one;
                second[lane] += other;
            }
        }
        total[0] += first.into_iter().map(f64::from).sum::<f64>();
        total[1] += second.into_iter().map(f64::from).sum::<f64>();
    }
    total
}

/// Does something with the widest vectors that the processor has; the program as a whole is built for any. The values
/// are the same: each is computed as it stands.
#[inline(always)]
pub(super) fn wide<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
