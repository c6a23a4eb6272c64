//! Batch norm with PyTorch's running variance.

use burn::nn::BatchNorm;
use burn::tensor::Tensor;
use burn::tensor::module::batch_norm_train;

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
    if !batch_norm_in_training(norm, &x) {
        let (scale, shift) = scale_and_shift(norm);
        let mut shape = [1; D];
        shape[1] = x.dims()[1];
        return x * scale.reshape(shape) + shift.reshape(shape);
    }
    let values = x.dims().iter().product::<usize>() / x.dims()[1];
    let unbiased = values as f64 / (values.max(2) - 1) as f64;
    let result = batch_norm_train(x, norm.gamma.val(), norm.beta.val(), norm.epsilon);
    for (running, batch) in
        [(&norm.running_mean, result.mean), (&norm.running_var, result.variance * unbiased)]
    {
        let old = running.value_sync();
        let new = batch.detach().to_device(&old.device()) * norm.momentum;
        running.update(old * (1.0 - norm.momentum) + new);
        running.value_sync();
    }
    result.output
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
