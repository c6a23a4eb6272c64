//! From nothing to a mask: the program is started, reads its weights, and answers once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use burn::tensor::Device;
use causal_clip_seg::format::Precision;
use causal_clip_seg::{CausalClipSeg, CausalClipSegConfig, Segmenter, read_rgb};
use seg_data::phantom::{PhantomConfig, write_phantoms};
use seg_data::{Dataset, Split};
use serde::{Deserialize, Serialize};

use crate::measure::{Measured, peak_rss_mb, run_again, time};

pub(crate) const WEIGHTS: &str = "network.safetensors";
const PICTURE: &str = "picture.png";
const MASK: &str = "mask.png";

/// What a process tells that has answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answered {
    /// Most memory that it held; Linux only.
    pub peak_rss_mb: Option<f64>,
}

/// Leaves weights of 16 bits and a picture in `folder`.
pub(crate) fn prepare(folder: &Path, network: CausalClipSeg) -> anyhow::Result<()> {
    network.save(folder.join(WEIGHTS), Precision::F16, &BTreeMap::new())?;
    std::fs::rename(draw_picture(&folder.join("set"))?, folder.join(PICTURE))
        .context("moving the picture")
}

/// Writes a network prepared for inference, of 32 bits, into `folder`: the work of `--write`.
///
/// # Errors
///
/// If there is no configuration of that name, or the file cannot be written.
pub fn write_prepared(folder: &Path, preset: &str, device: &Device) -> anyhow::Result<()> {
    let network = CausalClipSegConfig::preset(preset)?.init(device)?;
    let network = network.with_random_weights(0, |_| true);
    Ok(network.save_prepared(folder.join(WEIGHTS), Precision::F32, &BTreeMap::new())?)
}

/// Seconds from starting a process until it has ended and its mask is there; the memory is the
/// process's.
pub(crate) fn time_answers(folder: &Path, runs: usize) -> anyhow::Result<Measured> {
    let text = folder.to_str().context("the temporary folder's name is not UTF-8")?;
    let mut peaks = Vec::new();
    let measured = time(runs, || {
        let answered = run_again::<Answered>(&["--answer", text])?;
        peaks.extend(answered.peak_rss_mb);
        Ok(())
    })?;
    Ok(Measured { peak_rss_mb: peaks.into_iter().reduce(f64::max), ..measured })
}

/// Answers one sentence from the files in `folder`: the work of `--answer`.
///
/// # Errors
///
/// If a file cannot be read, or the mask not written.
pub fn answer(folder: &Path, device: &Device) -> anyhow::Result<Answered> {
    let segmenter = Segmenter::load(folder.join(WEIGHTS), device)?;
    let picture = read_rgb(folder.join(PICTURE))?;
    let mask = segmenter.segment(&picture, "Bilateral infection, upper left lung.")?;
    mask.write_png(folder.join(MASK))?;
    Ok(Answered { peak_rss_mb: peak_rss_mb() })
}

/// Draws a set of one picture of 1024 x 1024 pixels and gives the picture's file.
pub(crate) fn draw_picture(root: &Path) -> anyhow::Result<PathBuf> {
    let phantoms = PhantomConfig { size: 1024, ..PhantomConfig::default() };
    write_phantoms(root, &phantoms, [1, 0, 0], || ())?;
    let set = Dataset::open(root)?;
    let picture = set.cases(Split::Train).first().map(|case| case.image.clone());
    picture.context("drawing a picture")
}
