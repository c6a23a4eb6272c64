//! A first calculation on a GPU, whose result is known.
//!
//! Opening a GPU proves little: a driver that is too old, a missing kernel compiler, no memory and a wrong index
//! show at the first kernel, as a panic, and a kernel that was compiled wrongly as a wrong number.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{Device, Tensor};

/// Gives the device that `open` gives if it calculates right, else the reason why not.
///
/// Element-wise kernels alone are tried unless `products` is set: with autotune a first matrix product takes
/// many seconds.
pub(super) fn tried(open: impl FnOnce() -> Device, products: bool) -> Result<Device, String> {
    let trial = || {
        let device = open();
        let right = adds(&device)? && (!products || multiplies(&device)?);
        right.then_some(device).ok_or_else(|| "it calculates wrongly".to_owned())
    };
    match catch_unwind(AssertUnwindSafe(trial)) {
        Ok(found) => found,
        Err(panic) => Err(first_line(&message(&*panic))),
    }
}

/// Small whole numbers, so that every order of summation is exact.
fn adds(device: &Device) -> Result<bool, String> {
    let x = Tensor::<1>::from_floats([1.0, 2.0, 3.0, 4.0, 5.0], device);
    Ok(read(x * 2.0 + 1.0)? == [3.0, 5.0, 7.0, 9.0, 11.0])
}

/// A product of odd sizes, which leaves some of every kernel's tile empty.
fn multiplies(device: &Device) -> Result<bool, String> {
    let (rows, inner, columns) = (5_usize, 7_usize, 3_usize);
    let numbers = |count: usize| (0..count).map(|i| (i % 11) as f32 - 5.0).collect::<Vec<_>>();
    let (left, right) = (numbers(rows * inner), numbers(inner * columns));
    let matrix = |values: &[f32], height, width| {
        Tensor::<1>::from_floats(values, device).reshape([height, width])
    };
    let product = matrix(&left, rows, inner).matmul(matrix(&right, inner, columns));
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    let expected = cells.map(|(row, column)| {
        (0..inner).map(|k| left[row * inner + k] * right[k * columns + column]).sum::<f32>()
    });
    Ok(read(product.reshape([rows * columns]))? == expected.collect::<Vec<_>>())
}

fn read(x: Tensor<1>) -> Result<Vec<f32>, String> {
    let data = x.try_into_data().map_err(|error| first_line(&error.to_string()))?;
    data.try_to_vec::<f32>().map_err(|error| first_line(&format!("{error:?}")))
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it failed without a word").to_owned()
}

/// Backends' messages go on with backtraces and lists of what the adapter has.
fn first_line(text: &str) -> String {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_calculates_right_passes() {
        assert!(tried(Device::flex, true).is_ok());
    }

    #[test]
    fn a_device_that_panics_is_told_in_one_line() {
        let panics = || -> Device { panic!("\n  no kernel compiler\nbacktrace: ...") };
        assert_eq!(tried(panics, false).unwrap_err(), "no kernel compiler");
    }
}
