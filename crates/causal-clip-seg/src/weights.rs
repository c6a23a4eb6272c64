//! The network from and to files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use burn::tensor::Device;
use clip_encoder::{
    Difference, LoadReport, WeightsError, check_sizes, clip_config, clip_prefix, fresh_in_clip,
    load_module, tensors_of,
};
use vision_layers::Slot;
use weight_files::{Precision, WeightFile, write_safetensors};

use crate::config::{Branch, CausalClipSegConfig, InputConfig};
use crate::error::SegError;
use crate::inference::InferenceNetwork;
use crate::network::{CausalClipSeg, names};
use crate::prepared::{fold_norms, folded_away, neutral_variance};

/// Key of the configuration in a weight file's metadata.
pub const CONFIG_KEY: &str = "config";
/// Key of the format's version.
pub const FORMAT_KEY: &str = "format";
/// The version that [`CausalClipSeg::save`] writes and the newest that can be read.
pub const FORMAT: &str = "causal-clip-seg 1";
/// The same of a file that [`CausalClipSeg::save_prepared`] writes.
pub const PREPARED: &str = "causal-clip-seg 1 prepared";

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

impl CausalClipSegConfig {
    /// What a weight file says of its network, without reading the weights: its metadata, or in a
    /// foreign file its shapes, with CLIP's rules for the heads and the input that CLIP was trained
    /// on.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or holds no CLIP ResNet with CLIP's text tower; if its metadata
    /// is of another version, impossible, or at odds with its shapes.
    pub fn from_file(path: &Path) -> Result<Self, SegError> {
        Ok(Source::open(path)?.config)
    }
}

impl CausalClipSeg {
    /// The network in a file of ours, of the released code, or of a training on top of it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, its configuration is impossible or at odds with its shapes, it
    /// holds CLIP alone or a network [prepared](CausalClipSeg::save_prepared) for inference, or a
    /// tensor is missing, has another shape or is not finite; the message names file and tensor.
    pub fn load(path: &Path, device: &Device) -> Result<Loaded, SegError> {
        let source = Source::trained(path)?;
        let config = source.config.clone();
        source.network(config, device)
    }

    /// The same for a file that does not say everything of itself: `config` tells the heads, the
    /// activation and the input.
    ///
    /// # Errors
    ///
    /// As [`CausalClipSeg::load`], and if the file disagrees with `config`.
    pub fn load_as(
        path: &Path,
        config: &CausalClipSegConfig,
        device: &Device,
    ) -> Result<Loaded, SegError> {
        let source = Source::trained(path)?;
        source.check(config)?;
        source.network(config.clone(), device)
    }

    /// The network whose image and text towers come from a CLIP checkpoint; the decoder, and the
    /// dense head's shortcut where the file lacks it, are drawn from `seed`.
    ///
    /// # Errors
    ///
    /// As [`CausalClipSeg::load`].
    pub fn start_from_clip(path: &Path, seed: u64, device: &Device) -> Result<Loaded, SegError> {
        let source = Source::trained(path)?;
        let config = source.config.clone();
        source.towers(config, seed, device)
    }

    /// The same with the heads, the activation and the input of `config`.
    ///
    /// # Errors
    ///
    /// As [`CausalClipSeg::load_as`].
    pub fn start_from_clip_as(
        path: &Path,
        config: &CausalClipSegConfig,
        seed: u64,
        device: &Device,
    ) -> Result<Loaded, SegError> {
        let source = Source::trained(path)?;
        source.check(config)?;
        source.towers(config.clone(), seed, device)
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
        let metadata = metadata(path, config, FORMAT, notes)?;
        Ok(write_safetensors(path, &metadata, tensors_of(self, &names()), precision)?)
    }

    /// Writes the network for inference: batch norms are folded into the convolutions before them,
    /// and where the mask is the causal branch's the confounding projector is left out.
    /// [`InferenceNetwork::load`] and [`Segmenter::load`](crate::Segmenter::load) read it; it can no
    /// longer be trained.
    ///
    /// # Errors
    ///
    /// As [`CausalClipSeg::save`].
    pub fn save_prepared(
        &self,
        path: &Path,
        config: &CausalClipSegConfig,
        precision: Precision,
        notes: &BTreeMap<String, String>,
    ) -> Result<(), SegError> {
        let metadata = metadata(path, config, PREPARED, notes)?;
        let mut tensors = tensors_of(self, &names());
        fold_norms(&mut tensors);
        tensors.retain(|tensor| !left_out(&config.input, &tensor.name));
        Ok(write_safetensors(path, &metadata, tensors, precision)?)
    }
}

impl InferenceNetwork {
    /// The network for inference from any file that [`CausalClipSeg::load`] reads, or from a
    /// [prepared](CausalClipSeg::save_prepared) one.
    ///
    /// # Errors
    ///
    /// As [`CausalClipSeg::load`].
    pub fn load(path: &Path, device: &Device) -> Result<(Self, CausalClipSegConfig), SegError> {
        let source = Source::open(path)?;
        let kept = if source.prepared { source.config.input.branch } else { Branch::Mean };
        let config = source.config.clone();
        let Loaded { network, config, .. } = source.network(config, &device.clone().inner())?;
        Ok((network.prepare(kept), config))
    }
}

/// Whether a prepared network has no use for a tensor.
fn left_out(input: &InputConfig, name: &str) -> bool {
    input.branch == Branch::Causal && name.starts_with(CONFOUNDING)
}

/// The confounding projector's tensors begin so.
const CONFOUNDING: &str = "proj_ad.";

/// `notes` with the configuration and the format.
fn metadata(
    path: &Path,
    config: &CausalClipSegConfig,
    format: &str,
    notes: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, SegError> {
    let mut metadata = notes.clone();
    let text = serde_json::to_string(config).map_err(|error| SegError::Metadata {
        file: path.to_owned(),
        key: CONFIG_KEY,
        what: error.to_string(),
    })?;
    metadata.insert(CONFIG_KEY.to_owned(), text);
    metadata.insert(FORMAT_KEY.to_owned(), format.to_owned());
    Ok(metadata)
}

/// An open file and where the network is in it.
struct Source {
    file: WeightFile,
    /// What stands before `visual.`.
    clip: String,
    /// What the file says of itself.
    config: CausalClipSegConfig,
    /// Whether that is written in its metadata.
    recorded: bool,
    /// Whether it holds a network for inference alone.
    prepared: bool,
}

/// The module that MedEquiSeg's trainings put around the released network; the adapter stands
/// beside it.
const WRAPPER: &str = "base_model.";
/// What brings c5 to the decoder's channels, in MedEquiSeg's names.
const ADAPTER: &str = "v5_proj.";

impl Source {
    fn open(path: &Path) -> Result<Self, SegError> {
        let file = WeightFile::open(path)?;
        let clip = clip_prefix(&file)?;
        let (config, recorded) = match recorded_config(&file)? {
            Some(config) => {
                check_sizes(&file, &clip, &config.clip)?;
                (config, true)
            }
            None => {
                let clip = clip_config(&file, &clip)?;
                let input = InputConfig {
                    size: clip.image.image_size,
                    word_len: clip.text.context,
                    ..InputConfig::default()
                };
                (CausalClipSegConfig { clip, input }, false)
            }
        };
        let format = file.metadata().get(FORMAT_KEY);
        let prepared = recorded && format.is_some_and(|format| format == PREPARED);
        Ok(Self { file, clip, config, recorded, prepared })
    }

    /// A file whose network can be trained.
    fn trained(path: &Path) -> Result<Self, SegError> {
        let source = Self::open(path)?;
        if source.prepared {
            let what = "a network prepared for inference, of which no other can be made: name the \
                        file that it was prepared from";
            return Err(source.refused(FORMAT_KEY, what.to_owned()));
        }
        Ok(source)
    }

    /// Whether the file can be of this configuration.
    fn check(&self, config: &CausalClipSegConfig) -> Result<(), SegError> {
        config.check()?;
        check_sizes(&self.file, &self.clip, &config.clip)?;
        match self.config.clip.first_difference(&config.clip).filter(|_| self.recorded) {
            None => Ok(()),
            Some(Difference { field, ours, theirs }) => Err(self.refused(
                CONFIG_KEY,
                format!("{field} is {ours}, the configuration asked for says {theirs}"),
            )),
        }
    }

    fn refused(&self, key: &'static str, what: String) -> SegError {
        SegError::Metadata { file: self.file.path().to_owned(), key, what }
    }

    fn foreign(&self, what: String) -> SegError {
        SegError::Weights(WeightsError::Foreign { file: self.file.path().to_owned(), what })
    }

    /// Towers and decoder from the file.
    fn network(self, config: CausalClipSegConfig, device: &Device) -> Result<Loaded, SegError> {
        let Some(prefix) = self.clip.strip_suffix("backbone.") else {
            return Err(self.foreign(format!(
                "CLIP alone, without the segmentation network (`{}visual.…`, no `backbone.…`)",
                self.clip
            )));
        };
        // MedEquiSeg keeps its adapter beside the network, not in it.
        let beside = prefix.strip_suffix(WRAPPER);
        let in_file = |slot: &Slot| match beside {
            Some(outer) if slot.name.starts_with(ADAPTER) => Some(format!("{outer}{}", slot.name)),
            _ => Some(format!("{prefix}{}", slot.name)),
        };
        let mut network = CausalClipSeg::new(&config, device)?;
        let mut absent = BTreeSet::new();
        if self.prepared {
            absent = folded_away(&names().slots(&network));
            network = names().replace(network, neutral_variance);
        }
        let fresh = |slot: &Slot| {
            self.prepared && (absent.contains(&slot.name) || left_out(&config.input, &slot.name))
        };
        let (network, report) = load_module(network, &names(), &self.file, in_file, fresh)?;
        self.refuse_additions(prefix, beside, &report)?;
        Ok(Loaded { network, config, report })
    }

    /// What stands beside a wrapped network takes part in its forward pass (another text encoder,
    /// gates, refinement), and so does an adapter where the sizes ask for none. Without them the
    /// weights would give other masks than they were trained for.
    fn refuse_additions(
        &self,
        prefix: &str,
        beside: Option<&str>,
        report: &LoadReport,
    ) -> Result<(), SegError> {
        let adapter = format!("{prefix}{ADAPTER}");
        let is_addition = |name: &&String| match beside {
            Some(outer) => name.starts_with(outer) && !name.starts_with(prefix),
            None => name.starts_with(&adapter),
        };
        let added = report.unused.iter().filter(is_addition).collect::<Vec<_>>();
        let Some(first) = added.first() else { return Ok(()) };
        Err(self.foreign(format!(
            "the network was trained with parts that this one does not have: `{first}`{}",
            match added.len() {
                1 => String::new(),
                n => format!(" and {} more", n - 1),
            }
        )))
    }

    /// The towers from the file, the rest from the seed.
    fn towers(
        self,
        config: CausalClipSegConfig,
        seed: u64,
        device: &Device,
    ) -> Result<Loaded, SegError> {
        let in_file = |slot: &Slot| {
            slot.name.strip_prefix("backbone.").map(|name| format!("{}{name}", self.clip))
        };
        let network = CausalClipSeg::new(&config, device)?;
        let (network, report) = load_module(network, &names(), &self.file, in_file, fresh_in_clip)?;
        let fresh = report.fresh.iter().collect::<BTreeSet<_>>();
        let network = network.with_random_weights(seed, |slot| fresh.contains(&slot.name));
        Ok(Loaded { network, config, report })
    }
}

/// The configuration in the metadata of a file of ours; others have neither, or mean other things
/// by these keys.
fn recorded_config(file: &WeightFile) -> Result<Option<CausalClipSegConfig>, SegError> {
    let refused =
        |key, what: String| SegError::Metadata { file: file.path().to_owned(), key, what };
    let family = FORMAT.split(' ').next().unwrap_or(FORMAT);
    let ours = |format: &&String| format.split(' ').next() == Some(family);
    let Some(format) = file.metadata().get(FORMAT_KEY).filter(ours) else { return Ok(None) };
    if format != FORMAT && format != PREPARED {
        return Err(refused(FORMAT_KEY, format!("expected `{FORMAT}`, found `{format}`")));
    }
    let Some(text) = file.metadata().get(CONFIG_KEY) else {
        return Err(refused(CONFIG_KEY, format!("nothing there, though the file is `{format}`")));
    };
    let config: CausalClipSegConfig =
        serde_json::from_str(text).map_err(|error| refused(CONFIG_KEY, error.to_string()))?;
    config.check().map_err(|error| refused(CONFIG_KEY, error.to_string()))?;
    Ok(Some(config))
}
