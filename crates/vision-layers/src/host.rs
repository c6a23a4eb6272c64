//! Values of tensors on the host.

use burn::tensor::{Device, Tensor};

/// A tensor's values, row-major, as `f32`, whatever its kind of numbers. Waits for the device.
///
/// # Panics
///
/// If the device is lost: its backend has no other way to say so.
pub fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let values = tensor.into_data().convert::<f32>().try_into_vec();
    values.expect("values are f32 after the conversion")
}

/// Whether a device's tensors lie in this process's own memory, so that [`host`] and back cost no copy: Burn's CPU
/// backend `flex`.
///
/// Burn answers this by a type that is only there with that backend's feature, which a library does not choose.
pub fn is_host(device: &Device) -> bool {
    format!("{:?}", device.clone().inner()).starts_with("Device<Flex")
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, Tensor};

    use super::*;

    #[test]
    fn the_cpu_backend_computes_in_this_memory() {
        assert!(is_host(&Device::flex()) && is_host(&Device::flex().autodiff()));
    }

    #[test]
    fn values_come_in_order_whatever_their_kind_and_strides() {
        let tensor = Tensor::<2>::from_floats([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &Device::flex());
        assert_eq!(host(tensor.clone().transpose()), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(host(tensor.clone().cast(DType::F16)), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(host(tensor.slice([1..2, 0..2])), [4.0, 5.0]);
    }
}
