//! The network for inference in a file: each batch norm is folded into the convolution before it.
//!
//! Names and layouts stay the released ones. Of a batch norm the shift is left, under `bias`: a
//! layer is `convolution + bias`. A network whose mask is the causal branch's lacks `proj_ad`.

use std::collections::BTreeSet;

use clip_encoder::tensors_of;
use vision_layers::Slot;
use weight_files::NewTensor;

use crate::config::{Branch, InputConfig};
use crate::network::{CausalClipSeg, names};

/// What Burn and PyTorch add to a variance.
const EPSILON: f64 = 1e-5;

/// What a prepared network's file holds.
pub(crate) fn folded_tensors(network: &CausalClipSeg) -> Vec<NewTensor> {
    let mut tensors = tensors_of(network, &names());
    fold_norms(&mut tensors);
    tensors.retain(|tensor| !left_out(&network.config().input, &tensor.name));
    tensors
}

/// Whether a prepared network has no use for a tensor.
pub(crate) fn left_out(input: &InputConfig, name: &str) -> bool {
    input.branch == Branch::Causal && name.starts_with(CONFOUNDING)
}

/// The confounding projector's tensors begin so.
const CONFOUNDING: &str = "proj_ad.";

/// Folds every batch norm of a network's tensors, which stand in the order of its fields: a norm
/// after its convolution.
fn fold_norms(tensors: &mut Vec<NewTensor>) {
    for variance in 0..tensors.len() {
        if !tensors[variance].name.ends_with(".running_var") {
            continue;
        }
        let [gamma, beta, mean] = [3, 2, 1].map(|before| variance - before);
        let [scale, mean, var] =
            [gamma, mean, variance].map(|place| std::mem::take(&mut tensors[place].data));
        let scale = scale.iter().zip(&var);
        let scale =
            scale.map(|(gamma, var)| f64::from(*gamma) / (f64::from(*var) + EPSILON).sqrt());
        let scale = scale.collect::<Vec<_>>();
        for ((shift, mean), scale) in tensors[beta].data.iter_mut().zip(mean).zip(&scale) {
            *shift = (f64::from(*shift) - f64::from(mean) * scale) as f32;
        }
        let is_kernel = |tensor: &NewTensor| tensor.shape.len() == 4;
        let Some(kernel) = tensors[..gamma].iter().rposition(is_kernel) else { continue };
        // The kernel, and its bias where there is one.
        for tensor in &mut tensors[kernel..gamma] {
            let of_one_output = tensor.data.len() / scale.len();
            for (values, scale) in tensor.data.chunks_exact_mut(of_one_output).zip(&scale) {
                values.iter_mut().for_each(|value| *value = (f64::from(*value) * scale) as f32);
            }
        }
    }
    tensors.retain(|tensor| !tensor.data.is_empty());
}

/// What [`fold_norms`] leaves out, of a network with these slots.
pub(crate) fn folded_away(slots: &[Slot]) -> BTreeSet<String> {
    let norms = slots.iter().filter_map(|slot| slot.name.strip_suffix("running_var"));
    norms
        .flat_map(|norm| {
            ["weight", "running_mean", "running_var"].map(|part| format!("{norm}{part}"))
        })
        .collect()
}

/// The variance with which a norm of scale 1 and mean 0 only adds its shift; none for a slot that
/// is none.
pub(crate) fn neutral_variance(slot: &Slot) -> Option<Vec<f32>> {
    let is_variance = slot.name.ends_with(".running_var");
    is_variance.then(|| vec![(1.0 - EPSILON) as f32; slot.len()])
}
