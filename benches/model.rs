//! The network of a case as an ONNX model, for peers that run such.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use causal_clip_seg::format::Precision;
use causal_clip_seg::{CausalClipSegConfig, Checkpoint};
use onnx_export::{OnnxOptions, write_onnx};

/// What stands in a peer's command for a model with channels mixed before enlarging.
const MIXED_FIRST: &str = "{onnx}";
/// What stands there for a model in the paper's order.
const PUBLISHED: &str = "{onnx-published}";

/// Random weights as ONNX files, each written when a command first asks for it.
#[derive(Debug)]
pub struct Models {
    folder: tempfile::TempDir,
    preset: String,
}

impl Models {
    /// Models of a preset's sizes.
    ///
    /// # Errors
    ///
    /// If there is no folder for them.
    pub fn new(preset: &str) -> anyhow::Result<Self> {
        Ok(Self { folder: tempfile::tempdir()?, preset: preset.to_owned() })
    }

    /// A command with the names of models in place of `{onnx}` and `{onnx-published}`.
    ///
    /// # Errors
    ///
    /// If a model cannot be written.
    pub fn fill(&self, command: &str, size: usize, device: &Device) -> anyhow::Result<String> {
        let mut command = command.to_owned();
        for (word, mixed_first) in [(MIXED_FIRST, true), (PUBLISHED, false)] {
            if command.contains(word) {
                let file = self.model(size, mixed_first, device)?;
                command = command.replace(word, &file.to_string_lossy());
            }
        }
        Ok(command)
    }

    fn model(&self, size: usize, mixed_first: bool, device: &Device) -> anyhow::Result<PathBuf> {
        let order = if mixed_first { "mixed-first" } else { "published" };
        let file = self.folder.path().join(format!("{size}-{order}.onnx"));
        if !file.exists() {
            let weights = self.weights(device)?;
            let options = OnnxOptions { size: Some(size), mixed_first };
            write_onnx(&Checkpoint::open(weights)?, options, device, &file)?;
        }
        Ok(file)
    }

    fn weights(&self, device: &Device) -> anyhow::Result<PathBuf> {
        let file = self.folder.path().join("network.safetensors");
        if !Path::exists(&file) {
            let network = CausalClipSegConfig::preset(&self.preset)?.init(device)?;
            let network = network.with_random_weights(0, |_| true);
            network.save(&file, Precision::F32, &BTreeMap::new())?;
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_gets_the_models_that_it_asks_for() {
        let models = Models::new("tiny").unwrap();
        let device = causal_clip_seg::devices::open("flex", false).unwrap();
        let filled = models.fill("run {onnx} {onnx-published} x", 64, &device).unwrap();
        let files = filled.split(' ').skip(1).take(2).collect::<Vec<_>>();
        assert_ne!(files[0], files[1]);
        assert!(files.iter().all(|file| std::fs::metadata(file).is_ok_and(|f| f.len() > 100_000)));
        assert_eq!(models.fill("no model", 64, &device).unwrap(), "no model");
    }
}
