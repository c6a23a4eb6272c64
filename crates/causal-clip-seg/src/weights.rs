//! The network from and to files.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use clip_encoder::{LoadReport, WeightsError, clip_config, clip_prefix, load_module, tensors_of};
use vision_layers::Slot;
use weight_files::{Precision, WeightFile, write_safetensors};

use crate::config::{CausalClipSegConfig, InputConfig};
use crate::error::SegError;
use crate::network::{CausalClipSeg, names};

/// Key of the configuration in a weight file's metadata.
pub const CONFIG_KEY: &str = "config";
/// Key of the format's version.
pub const FORMAT_KEY: &str = "format";
/// The version that [`CausalClipSeg::save`] writes and the newest that can be read.
pub const FORMAT: &str = "causal-clip-seg 1";

/// A network from a file, with what the file says of it.
#[derive(Debug)]
pub struct Loaded {
    /// The network.
    pub network: CausalClipSeg,
    /// Its sizes and input, from the metadata or, in a foreign file, from the shapes.
    pub config: CausalClipSegConfig,
    /// What became of the file's tensors.
    pub report: LoadReport,
}

impl CausalClipSeg {
    /// The network in a file of ours, of the released code, or of a training on top of it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, its configuration is impossible, or a tensor is missing, has
    /// another shape or is not finite; the message names file and tensor.
    pub fn load(path: &Path, device: &Device) -> Result<Loaded, SegError> {
        Self::load_or_start(path, device, false)
    }

    /// The network whose image and text towers come from a CLIP checkpoint; the decoder and the
    /// dense head's shortcut are drawn from `seed`.
    ///
    /// # Errors
    ///
    /// As [`CausalClipSeg::load`].
    pub fn start_from_clip(path: &Path, seed: u64, device: &Device) -> Result<Loaded, SegError> {
        let mut loaded = Self::load_or_start(path, device, true)?;
        let fresh = |slot: &Slot| loaded.report.fresh.contains(&slot.name);
        loaded.network = loaded.network.with_random_weights(seed, fresh);
        Ok(loaded)
    }

    fn load_or_start(path: &Path, device: &Device, from_clip: bool) -> Result<Loaded, SegError> {
        let file = WeightFile::open(path)?;
        let clip = clip_prefix(&file)?; // before `visual.`
        let config = match file.metadata().get(CONFIG_KEY) {
            Some(text) => config_of(&file, text)?,
            None => CausalClipSegConfig {
                clip: clip_config(&file, &clip)?,
                input: InputConfig::default(),
            },
        };
        let network = Self::new(&config, device)?;
        let segmentation = clip.strip_suffix("backbone.");
        if segmentation.is_none() && !from_clip {
            return Err(SegError::Weights(WeightsError::Foreign {
                file: path.to_owned(),
                what: "CLIP alone, without the segmentation network (no tensor `backbone.…`)"
                    .to_owned(),
            }));
        }
        let in_file = |slot: &Slot| match (slot.name.strip_prefix("backbone."), segmentation) {
            (Some(name), _) => format!("{clip}{name}"),
            (None, Some(prefix)) => {
                let name = format!("{prefix}{}", slot.name);
                // MedEquiSeg keeps its adapter beside the network, not in it.
                if file.entry(&name).is_some() { name } else { slot.name.clone() }
            }
            (None, None) => slot.name.clone(),
        };
        let fresh = |slot: &Slot| {
            from_clip
                && (!slot.name.starts_with("backbone.") || slot.name.contains("attnpool.connect."))
        };
        let (network, report) = load_module(network, &names(), &file, in_file, fresh)?;
        Ok(Loaded { network, config, report })
    }

    /// Writes the network with its configuration and `notes` (recipe, licence, scores) in the
    /// metadata. The file is written beside and renamed: an earlier one is there until the new one
    /// is whole.
    ///
    /// # Errors
    ///
    /// If the file cannot be written, or a value does not fit f16.
    pub fn save(
        &self,
        path: &Path,
        config: &CausalClipSegConfig,
        precision: Precision,
        notes: &BTreeMap<String, String>,
    ) -> Result<(), SegError> {
        let mut metadata = notes.clone();
        let text = serde_json::to_string(config).map_err(|error| SegError::Metadata {
            file: path.to_owned(),
            key: CONFIG_KEY,
            what: error.to_string(),
        })?;
        metadata.insert(CONFIG_KEY.to_owned(), text);
        metadata.insert(FORMAT_KEY.to_owned(), FORMAT.to_owned());
        Ok(write_safetensors(path, &metadata, tensors_of(self, &names()), precision)?)
    }
}

fn config_of(file: &WeightFile, text: &str) -> Result<CausalClipSegConfig, SegError> {
    let refused =
        |key, what: String| SegError::Metadata { file: file.path().to_owned(), key, what };
    match file.metadata().get(FORMAT_KEY).map(String::as_str) {
        Some(FORMAT) => {}
        other => {
            let found = other.unwrap_or("nothing");
            return Err(refused(FORMAT_KEY, format!("expected `{FORMAT}`, found `{found}`")));
        }
    }
    let config: CausalClipSegConfig =
        serde_json::from_str(text).map_err(|error| refused(CONFIG_KEY, error.to_string()))?;
    config.check()?;
    Ok(config)
}
