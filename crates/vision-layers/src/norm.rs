//! Batch norm with PyTorch's running variance.

use burn::nn::BatchNorm;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::module::batch_norm_train;

use crate::host_ops;

/// Whether a forward of `norm` on `x` takes the batch's own statistics (and moves the running
/// ones): on an autodiff device, unless the layer is frozen.
pub fn batch_norm_in_training<const D: usize>(norm: &BatchNorm, x: &Tensor<D>) -> bool {
    x.device().is_autodiff() && norm.training.is_enabled()
}

/// Batch norm over all dimensions but the second.
///
/// Burn's own layer keeps the biased batch variance in its running statistics; PyTorch, and so
/// every published checkpoint, keeps the unbiased one. The update is also made visible at once:
/// Burn would show it after the next step only, so a checkpoint would hold the state before.
///
/// # Shapes
///
/// - `x` and output: `[batch, channels, ...]`
pub fn batch_norm<const D: usize>(norm: &BatchNorm, x: Tensor<D>) -> Tensor<D> {
    normed(norm, x, None, false)
}

/// [`batch_norm`], then ReLU.
pub fn batch_norm_relu<const D: usize>(norm: &BatchNorm, x: Tensor<D>) -> Tensor<D> {
    normed(norm, x, None, true)
}

/// [`batch_norm`], then `residual` added, of the same shape, then ReLU.
pub fn batch_norm_add_relu<const D: usize>(
    norm: &BatchNorm,
    x: Tensor<D>,
    residual: Tensor<D>,
) -> Tensor<D> {
    normed(norm, x, Some(residual), true)
}

fn normed<const D: usize>(
    norm: &BatchNorm,
    x: Tensor<D>,
    residual: Option<Tensor<D>>,
    rectify: bool,
) -> Tensor<D> {
    let behind = |y: Tensor<D>, residual: Option<Tensor<D>>| {
        let y = match residual {
            Some(residual) => y + residual,
            None => y,
        };
        if rectify { relu(y) } else { y }
    };
    if !batch_norm_in_training(norm, &x) {
        let (scale, shift) = scale_and_shift(norm);
        let mut shape = [1; D];
        shape[1] = x.dims()[1];
        return behind(x * scale.reshape(shape) + shift.reshape(shape), residual);
    }
    let values = x.dims().iter().product::<usize>() / x.dims()[1];
    let (y, mean, variance) = match host_ops::take(&x) {
        true => {
            let affine = [norm.gamma.val(), norm.beta.val()];
            host_ops::norm_act(x, affine, residual, rectify, norm.epsilon)
        }
        false => {
            let found = batch_norm_train(x, norm.gamma.val(), norm.beta.val(), norm.epsilon);
            (behind(found.output, residual), found.mean, found.variance)
        }
    };
    let unbiased = values as f64 / (values.max(2) - 1) as f64;
    for (running, batch) in [(&norm.running_mean, mean), (&norm.running_var, variance * unbiased)] {
        let old = running.value_sync();
        let new = batch.detach().to_device(&old.device()) * norm.momentum;
        running.update(old * (1.0 - norm.momentum) + new);
        running.value_sync();
    }
    y
}

/// What batch norm does in evaluation: `x * scale + shift` for each channel.
///
/// # Shapes
///
/// - both outputs: `[channels]`
pub fn scale_and_shift(norm: &BatchNorm) -> (Tensor<1>, Tensor<1>) {
    let gamma = norm.gamma.val();
    let device = gamma.device();
    let (mean, var) = (norm.running_mean.value_sync(), norm.running_var.value_sync());
    let scale = gamma / (var.to_device(&device) + norm.epsilon).sqrt();
    let shift = norm.beta.val() - mean.to_device(&device) * scale.clone();
    (scale, shift)
}
