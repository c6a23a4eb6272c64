//! Where in a checkpoint the network's tensors are.

use std::collections::BTreeSet;

/// What checkpoints call their state dict. The first one in a file is the one that
/// [`WeightFile::open`](crate::WeightFile::open) shows; averages come last.
pub const STATE_DICTS: [&str; 20] = [
    "state_dict",
    "model",
    "model_state_dict",
    "model_state",
    "model_dict",
    "net",
    "network",
    "net_state_dict",
    "network_state_dict",
    "network_weights",
    "module",
    "weights",
    "params",
    "ema",
    "model_ema",
    "ema_model",
    "state_dict_ema",
    "ema_state_dict",
    "model_ema_state_dict",
    "params_ema",
];

/// The part that holds the state dict, by its name: with its dot, or empty if that is the whole.
pub(crate) fn state_dict(parts: &BTreeSet<String>) -> String {
    let part = STATE_DICTS.iter().find(|&&name| parts.contains(name));
    part.map(|name| format!("{name}.")).unwrap_or_default()
}
