//! The threshold of presence, fitted after the last epoch.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use causal_clip_seg::{CausalClipSeg, Precision, Segmenter};
use evaluation::{ask_presence, presence_of};
use seg_augment::Sides;
use seg_data::Case;

use crate::error::TrainError;

/// Fits the threshold of presence of the network in a file on some cases of a split, and stores it
/// there; `None` if the cases do not have answers of both kinds.
pub(crate) fn store_threshold(
    file: &Path,
    (cases, split): (&[&Case], &[&Case]),
    sides: Sides,
    notes: &BTreeMap<String, String>,
    device: &Device,
) -> Result<Option<f32>, TrainError> {
    let loaded = CausalClipSeg::load(file, &device.clone().inner())?;
    let (network, mut config) = (loaded.network, loaded.config);
    let segmenter = Segmenter::new(network.clone(), config.clone(), device)?;
    let answers = ask_presence(&segmenter, cases, split, sides, || ())?;
    let fitted = presence_of(&answers).and_then(|presence| presence.fit_threshold());
    config.input.presence = fitted.ok().map(|threshold| threshold as f32);
    network.save(file, &config, Precision::F32, notes)?;
    Ok(config.input.presence)
}
