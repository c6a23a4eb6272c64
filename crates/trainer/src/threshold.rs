//! The threshold of presence, fitted after the last epoch.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use causal_clip_seg::config::InputConfig;
use causal_clip_seg::format::Precision;
use causal_clip_seg::{Checkpoint, SegError, Segmenter};
use evaluation::{ask_presence, presence_of};
use seg_data::Case;
use seg_sentences::Sides;

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
    let network = Checkpoint::open(file)?.load(&device.clone().inner())?;
    let segmenter = Segmenter::new(network.clone())?;
    let answers = ask_presence(&segmenter, cases, split, sides, || ())?;
    let fitted = presence_of(&answers).and_then(|presence| presence.fit_threshold());
    let presence = fitted.ok().map(|threshold| threshold as f32);
    let input = InputConfig { presence, ..network.config().input.clone() };
    network.with_input(input).map_err(SegError::from)?.save(file, Precision::F32, notes)?;
    Ok(presence)
}
