//! The network from and to files.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use burn::module::Module;
use burn::tensor::Device;
use clip_encoder::{
    Difference, FoundNetwork, LateReads, LoadReport, NetworkKind, WeightsError, check_sizes,
    clip_config, defer_module, find_network, fresh_in_clip, load_module, tensors_of,
};
use vision_layers::{Slot, is_host};
use weight_files::{NewTensor, Precision, WeightFile, write_safetensors};

use crate::config::{Branch, CausalClipSegConfig, InputConfig};
use crate::devices;
use crate::errors::SegError;
use crate::inference::InferenceNetwork;
use crate::network::{CausalClipSeg, names};
use crate::prepared::{folded_away, folded_tensors, left_out, neutral_variance};
use crate::weights::WeightSource;

/// Key of the configuration in a weight file's metadata.
pub const CONFIG_KEY: &str = "config";
/// Key of the format's version in a weight file's metadata.
pub const FORMAT_KEY: &str = "format";
/// The version that [`CausalClipSeg::save`] writes and the newest that can be read.
pub const FORMAT: &str = "causal-clip-seg 1";
/// The version that [`CausalClipSeg::save_prepared`] writes.
pub const PREPARED: &str = "causal-clip-seg 1 prepared";

/// An open weight file: of ours, of the released code, of a training on top of it, or of CLIP.
///
/// Opening reads the names and shapes of its tensors; the weights are read by [`load`](Self::load).
///
/// ```no_run
/// use causal_clip_seg::{Checkpoint, Device};
///
/// # fn main() -> Result<(), causal_clip_seg::SegError> {
/// let device = Device::flex();
/// let network = Checkpoint::open("net.safetensors")?.load(&device)?;
/// // A fresh decoder on the towers of CLIP, from which training starts.
/// let network = Checkpoint::open("RN50.pt")?.clip_towers(7).load(&device)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Checkpoint {
    found: FoundNetwork,
    config: CausalClipSegConfig,
    /// Whether the configuration is written in the file's metadata.
    recorded: bool,
    /// Whether it holds a network for inference alone.
    prepared: bool,
    /// The seed of everything but the towers, if those alone are taken from the file.
    towers: Option<u64>,
}

impl Checkpoint {
    /// Opens a weight file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or holds no CLIP ResNet with CLIP's text tower; if its metadata
    /// is of another version, impossible, or at odds with its shapes.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SegError> {
        Self::of(&WeightFile::open(path)?, None)
    }

    /// Opens a weight file that may hold several networks, and takes the one under `key`: `ema`,
    /// `state_dict.student`. [`Checkpoint::open`] takes the network itself rather than an average or a
    /// teacher of it; the rule is at [`find_network`](crate::format::find_network).
    ///
    /// # Errors
    ///
    /// As [`Checkpoint::open`]; and if there is no network under `key`.
    pub fn open_key(path: impl AsRef<Path>, key: &str) -> Result<Self, SegError> {
        Self::of(&WeightFile::open(path)?, Some(key))
    }

    /// Opens a weight file's content in memory, such as one that a program embeds; errors call it
    /// `name`.
    ///
    /// # Errors
    ///
    /// As [`Checkpoint::open`].
    pub fn from_bytes(
        content: impl Into<Cow<'static, [u8]>>,
        name: impl AsRef<Path>,
    ) -> Result<Self, SegError> {
        Self::of(&WeightFile::from_bytes(content, name)?, None)
    }

    /// Weights by name: a file, a folder, `phantom`, `hf:OWNER/REPO`, `clip:RN50`; see
    /// [`WeightSource`](crate::weights::WeightSource), which also tells how far a download is.
    ///
    /// ```no_run
    /// use causal_clip_seg::{Checkpoint, Device};
    ///
    /// # fn main() -> Result<(), causal_clip_seg::SegError> {
    /// // With the feature `hub`.
    /// let network = Checkpoint::fetch("clip:RN50")?.clip_towers(7).load(&Device::flex())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the name means nothing or the weights cannot be fetched, and as [`Checkpoint::open`].
    pub fn fetch(name: impl AsRef<Path>) -> Result<Self, SegError> {
        Self::of(&WeightSource::parse(name)?.open(&mut |_| ())?.file, None)
    }

    /// The network in an open file; with `key` the one of that name, as [`Checkpoint::open_key`].
    ///
    /// # Errors
    ///
    /// As [`Checkpoint::open_key`].
    pub fn of(file: &WeightFile, key: Option<&str>) -> Result<Self, SegError> {
        let found = find_network(file, key)?;
        let file = &found.file;
        let (config, recorded) = match recorded_config(file)? {
            Some(config) => {
                check_sizes(file, &found.clip, &config.clip)?;
                (config, true)
            }
            None => {
                let clip = clip_config(file, &found.clip)?;
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
        Ok(Self { found, config, recorded, prepared, towers: None })
    }

    /// The file that was opened: the one in a folder, or the index of several.
    pub fn path(&self) -> &Path {
        self.found.file.path()
    }

    /// Where in the file the network is (`state_dict`, `ema`); empty if at its top.
    pub fn key(&self) -> &str {
        &self.found.key
    }

    /// The keys of other networks in the file, which differ from the one that was taken: an average of
    /// it, a teacher. [`Checkpoint::open_key`] takes one of them.
    pub fn others(&self) -> &[String] {
        &self.found.others
    }

    /// A sentence that says which network was taken and what else there was, if there was more than one.
    pub fn note(&self) -> Option<String> {
        self.found.note()
    }

    /// Whether the file holds CLIP and no part of a decoder: no segmentation network.
    pub fn is_clip_alone(&self) -> bool {
        self.found.kind != NetworkKind::Segmentation && self.found.decoder.is_none()
    }

    /// The network's sizes and input: from the metadata or, in a foreign file, from the shapes, with
    /// CLIP's rules for the heads and the input that CLIP was trained on.
    pub fn config(&self) -> &CausalClipSegConfig {
        &self.config
    }

    /// Whether the file holds a network [prepared](CausalClipSeg::save_prepared) for inference, which
    /// cannot be trained.
    pub fn is_prepared(&self) -> bool {
        self.prepared
    }

    /// What the file says beside its tensors: recipe, licence, scores.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        self.found.file.metadata()
    }

    /// The checkpoint with a configuration for what a foreign file does not say: the heads, the
    /// activation and the input.
    ///
    /// # Errors
    ///
    /// If the configuration is impossible, or at odds with what the file says.
    pub fn with_config(mut self, config: CausalClipSegConfig) -> Result<Self, SegError> {
        config.check()?;
        check_sizes(&self.found.file, &self.found.clip, &config.clip)?;
        let difference = self.config.clip.first_difference(&config.clip);
        if let Some(Difference { field, ours, theirs }) = difference.filter(|_| self.recorded) {
            let what = format!("{field} is {ours}, the configuration asked for says {theirs}");
            return Err(self.refused(CONFIG_KEY, what));
        }
        self.config = config;
        Ok(self)
    }

    /// Takes the image and text towers alone from the file; the decoder, and the dense head's
    /// shortcut if the file lacks it, are drawn from `seed`.
    #[must_use]
    pub fn clip_towers(mut self, seed: u64) -> Self {
        self.towers = Some(seed);
        self
    }

    /// The network.
    ///
    /// # Errors
    ///
    /// If the file holds CLIP alone and not its [towers](Self::clip_towers) are asked for, if it holds
    /// a prepared network, or if a tensor is missing, has another shape or is not finite; the message
    /// names file and tensor.
    pub fn load(&self, device: &Device) -> Result<CausalClipSeg, SegError> {
        Ok(self.load_reported(device)?.0)
    }

    /// The network, and what became of each of the file's tensors.
    ///
    /// # Errors
    ///
    /// As [`Checkpoint::load`].
    pub fn load_reported(&self, device: &Device) -> Result<(CausalClipSeg, LoadReport), SegError> {
        if self.prepared {
            let what = "a network prepared for inference, of which no other can be made: name the \
                        file that it was prepared from";
            return Err(self.refused(FORMAT_KEY, what.to_owned()));
        }
        match self.towers {
            Some(seed) => self.towers(seed, device),
            None => self.network(device),
        }
    }

    /// The network for inference, whether the file holds it as trained or prepared.
    ///
    /// # Errors
    ///
    /// As [`Checkpoint::load`], but for a prepared network.
    pub fn prepare(&self, device: &Device) -> Result<InferenceNetwork, SegError> {
        let kept = if self.prepared { self.config.input.branch } else { Branch::Mean };
        let device = device.clone().inner();
        // Made on a GPU, a module's first values, which the file's replace at once, cost it some two dozen kernels.
        // In a browser it is left: a GPU's values cannot be waited for there.
        let apart = !is_host(&device) && !cfg!(target_family = "wasm");
        let cpu = devices::open("flex", false).ok().filter(|_| apart);
        let start = cpu.as_ref().unwrap_or(&device);
        let (network, late) = match self.towers {
            Some(seed) if !self.prepared => (self.towers(seed, start)?.0, LateReads::default()),
            _ => self.read_late(start)?,
        };
        let network = if cpu.is_some() { network.to_device(&device) } else { network };
        let network = network.prepare(kept);
        late.end()?;
        Ok(network)
    }

    /// The tensors of the network for inference under their released names: each batch norm folded into the
    /// convolution before it, of which its shift is left under `bias`; as [`CausalClipSeg::save_prepared`] writes
    /// them.
    ///
    /// # Errors
    ///
    /// As [`Checkpoint::prepare`].
    pub fn folded(&self, device: &Device) -> Result<Vec<NewTensor>, SegError> {
        let device = device.clone().inner();
        let (network, _) = match self.prepared {
            true => self.network(&device)?,
            false => self.load_reported(&device)?,
        };
        Ok(folded_tensors(&network))
    }

    fn refused(&self, key: &'static str, what: String) -> SegError {
        SegError::Metadata { file: self.found.file.path().to_owned(), key, what }
    }

    fn foreign(&self, what: String) -> SegError {
        SegError::Weights(WeightsError::Foreign { file: self.found.file.path().to_owned(), what })
    }

    /// Why there is no segmentation network, though there is a CLIP.
    fn no_decoder(&self) -> SegError {
        let prefix = self.found.clip.prefix();
        let Some(neck) = &self.found.decoder else {
            return self.foreign(format!(
                "CLIP alone, without the segmentation network (`{prefix}visual.…`, no `neck_ad.…`)"
            ));
        };
        let root = neck.split_once("neck_ad.").map_or("", |(root, _)| root);
        let rename = match prefix {
            "" => String::new(),
            _ => format!(
                "; if that is its CLIP, rename it, in Python: torch.save({{k.replace(\"{prefix}\", \
                 \"{root}{TOWERS}\"): v for k, v in state_dict.items()}}, new_file)"
            ),
        };
        self.foreign(format!(
            "a decoder (`{neck}`) without its CLIP, expected `{root}{TOWERS}visual.…`, found \
             `{prefix}visual.…`{rename}"
        ))
    }

    /// Towers and decoder from the file.
    fn network(&self, device: &Device) -> Result<(CausalClipSeg, LoadReport), SegError> {
        self.filled(device, |network, in_file, fresh| {
            load_module(network, &names(), &self.found.file, in_file, fresh)
        })
    }

    /// The network with weights that are read when they are first used: folded layer by layer it is never in memory as
    /// a whole.
    fn read_late(&self, device: &Device) -> Result<(CausalClipSeg, LateReads), SegError> {
        let mut late = LateReads::default();
        let (network, _) = self.filled(device, |network, in_file, fresh| {
            let (network, report, reads) =
                defer_module(network, &names(), &self.found.file, in_file, fresh)?;
            late = reads;
            Ok((network, report))
        })?;
        Ok((network, late))
    }

    /// The network that `fill` makes of a fresh one, what its tensors are called in the file, and which the file may
    /// lack.
    fn filled(
        &self,
        device: &Device,
        fill: impl FnOnce(
            CausalClipSeg,
            &dyn Fn(&Slot) -> Option<String>,
            &dyn Fn(&Slot) -> bool,
        ) -> Result<(CausalClipSeg, LoadReport), WeightsError>,
    ) -> Result<(CausalClipSeg, LoadReport), SegError> {
        let clip = &self.found.clip;
        let root = clip.prefix().strip_suffix(TOWERS);
        let Some(prefix) = root.filter(|_| self.found.kind == NetworkKind::Segmentation) else {
            return Err(self.no_decoder());
        };
        // MedEquiSeg keeps its adapter beside the network, not in it.
        let beside = prefix.strip_suffix(WRAPPER);
        let in_file = |slot: &Slot| match beside {
            Some(outer) if slot.name.starts_with(ADAPTER) => Some(format!("{outer}{}", slot.name)),
            _ => Some(match slot.name.strip_prefix(TOWERS) {
                Some(name) => clip.of(name),
                None => format!("{prefix}{}", slot.name),
            }),
        };
        let mut network = self.config.init(device)?;
        let mut absent = BTreeSet::new();
        if self.prepared {
            absent = folded_away(&names().slots(&network));
            network = names().replace(network, neutral_variance);
        }
        let fresh = |slot: &Slot| {
            self.prepared
                && (absent.contains(&slot.name) || left_out(&self.config.input, &slot.name))
        };
        let (network, report) = fill(network, &in_file, &fresh)?;
        self.refuse_additions(prefix, beside, &report)?;
        Ok((network, report))
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
    fn towers(&self, seed: u64, device: &Device) -> Result<(CausalClipSeg, LoadReport), SegError> {
        let in_file =
            |slot: &Slot| slot.name.strip_prefix(TOWERS).map(|name| self.found.clip.of(name));
        let network = self.config.init(device)?;
        let (network, report) =
            load_module(network, &names(), &self.found.file, in_file, fresh_in_clip)?;
        let fresh = report.fresh.iter().collect::<BTreeSet<_>>();
        let network = network.with_random_weights(seed, |slot| fresh.contains(&slot.name));
        Ok((network, report))
    }
}

/// What the released code calls the towers.
const TOWERS: &str = "backbone.";
/// The module that MedEquiSeg's trainings put around the released network; the adapter stands
/// beside it.
const WRAPPER: &str = "base_model.";
/// What brings c5 to the decoder's channels, in MedEquiSeg's names.
const ADAPTER: &str = "v5_proj.";

impl CausalClipSeg {
    /// Writes the network with its configuration and `notes` (recipe, licence, scores) in the
    /// metadata. The file is written beside and renamed: an earlier one is there until the new one
    /// is whole.
    ///
    /// # Errors
    ///
    /// If the file cannot be written, or a value does not fit f16.
    pub fn save(
        &self,
        path: impl AsRef<Path>,
        precision: Precision,
        notes: &BTreeMap<String, String>,
    ) -> Result<(), SegError> {
        let path = path.as_ref();
        let metadata = metadata(path, self.config(), FORMAT, notes)?;
        Ok(write_safetensors(path, &metadata, tensors_of(self, &names()), precision)?)
    }

    /// Writes the network for inference: batch norms are folded into the convolutions before them,
    /// and if the mask is the causal branch's, the confounding projector is left out.
    /// [`Segmenter::load`](crate::Segmenter::load) and [`Checkpoint::prepare`] read it; it can no
    /// longer be trained.
    ///
    /// # Errors
    ///
    /// As [`CausalClipSeg::save`].
    pub fn save_prepared(
        &self,
        path: impl AsRef<Path>,
        precision: Precision,
        notes: &BTreeMap<String, String>,
    ) -> Result<(), SegError> {
        let path = path.as_ref();
        let metadata = metadata(path, self.config(), PREPARED, notes)?;
        Ok(write_safetensors(path, &metadata, folded_tensors(self), precision)?)
    }
}

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
