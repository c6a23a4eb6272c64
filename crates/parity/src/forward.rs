//! Whole forward passes: the network's, and CLIP's own.

use std::collections::BTreeMap;

use burn::tensor::Device;
use causal_clip_seg::config::Branch;
use causal_clip_seg::format::{Precision, names};
use causal_clip_seg::parts::ProjectorForm;
use causal_clip_seg::{CausalClipSeg, Checkpoint};

use crate::case::{Case, ParityError, Row};
use crate::rule;

/// A case's network, with weights by the rule.
///
/// # Errors
///
/// If the case has no sizes, or no network can have them.
pub fn network(case: &Case, device: &Device) -> Result<CausalClipSeg, ParityError> {
    let network = case.network_config()?.init(device)?;
    Ok(names().replace(network, |slot| Some(rule::parameter(&slot.name, &slot.shape))))
}

/// Every stage of a forward pass in evaluation mode.
pub(crate) fn forward(
    case: &Case,
    form: ProjectorForm,
    device: &Device,
) -> Result<Vec<Row>, ParityError> {
    let network = network(case, device)?;
    let s = network.stages(case.pixel_tensor(device), case.token_tensor(device), form);
    let [q3, q4, q5] = s.neck.levels;
    let [m3, m4, m5] = s.neck.gates.causal;
    let maps = [
        ("image.stem", s.trunk.stem),
        ("image.layer1", s.trunk.layer1),
        ("image.c3", s.trunk.c3),
        ("image.c4", s.trunk.c4),
        ("image.layer4", s.trunk.layer4),
        ("image.c5", s.c5),
        ("adapter", s.adapted),
        ("neck.q3", q3),
        ("neck.q4", q4),
        ("neck.q5", q5),
        ("neck.gate3", m3),
        ("neck.gate4", m4),
        ("neck.gate5", m5),
        ("neck.causal", s.neck.split.causal),
        ("neck.confounding", s.neck.split.confounding),
        ("logits.causal", s.logits.causal),
        ("logits.confounding", s.logits.confounding),
    ];
    let mut rows =
        maps.into_iter().filter_map(|(key, map)| case.check(key, map)).collect::<Vec<_>>();
    rows.extend(case.check("text.words", s.text.words));
    rows.extend(case.check("text.state", s.text.state));
    // What users run must be the same: the causal branch alone, and prepared for inference.
    let mut also = |what, causal| {
        let named = |row| Row { stage: format!("logits.causal ({what})"), ..row };
        rows.extend(case.check("logits.causal", causal).map(named));
    };
    let causal = network.forward_causal(case.pixel_tensor(device), case.token_tensor(device));
    also("alone", causal);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("prepared.safetensors");
    network.save_prepared(&file, Precision::F32, &BTreeMap::new())?;
    let prepared = network.prepare(Branch::Causal);
    let causal = prepared.forward_causal(case.pixel_tensor(device), case.token_tensor(device));
    also("prepared", causal);
    drop(prepared);
    let prepared = Checkpoint::open(&file)?.prepare(device)?;
    let causal = prepared.forward_causal(case.pixel_tensor(device), case.token_tensor(device));
    also("prepared, from its file", causal);
    Ok(rows)
}

/// CLIP's embeddings and zero-shot logits.
pub(crate) fn clip(case: &Case, device: &Device) -> Result<Vec<Row>, ParityError> {
    let network = network(case, device)?;
    let found = network.backbone.zero_shot(case.pixel_tensor(device), case.token_tensor(device));
    let tensors = [
        ("clip.image", found.image),
        ("clip.text", found.text),
        ("clip.logits_per_image", found.logits),
    ];
    Ok(tensors.into_iter().filter_map(|(key, tensor)| case.check(key, tensor)).collect())
}
