//! Which network, and how its probabilities become masks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use causal_clip_seg::config::{Branch, Sides};
use causal_clip_seg::errors::{WeightFileError, WeightsError};
use causal_clip_seg::{CausalClipSeg, Checkpoint, Device, SegError, Segmenter};
#[cfg(feature = "demo")]
use causal_clip_seg_cli::sha256_of;
use causal_clip_seg_cli::{Console, DeviceArg, sha256};

/// How probabilities become masks, where it differs from what the weights say.
#[derive(clap::Args)]
pub(crate) struct AnswerArgs {
    /// Which logits the mask is made from: causal or mean [default: as stored with the weights]
    #[arg(long)]
    branch: Option<Branch>,
    /// Probability from which a pixel belongs to the mask [default: as stored with the weights]
    #[arg(long, value_name = "FROM")]
    threshold: Option<f32>,
    /// Answer by overlapping tiles of N x N pixels of the picture, each as a picture of its own; 0 for whole
    /// pictures. A place that a sentence names ("upper left") is then one in each tile [default: as
    /// stored with the weights, by training on crops]
    #[arg(long, value_name = "N")]
    tile: Option<u32>,
}

impl AnswerArgs {
    /// The segmenter with what the flags change.
    pub(crate) fn apply(&self, segmenter: Segmenter) -> anyhow::Result<Segmenter> {
        let segmenter = match self.branch {
            Some(branch) => segmenter.with_branch(branch)?,
            None => segmenter,
        };
        let segmenter = match self.tile {
            Some(side) => segmenter.with_tile((side > 0).then_some(side))?,
            None => segmenter,
        };
        Ok(match self.threshold {
            Some(threshold) => segmenter.with_threshold(threshold)?,
            None => segmenter,
        })
    }
}

/// A network from a file, and where it computes.
#[derive(clap::Args)]
pub(crate) struct NetworkArgs {
    /// Trained weights (safetensors), or a training's folder, which stands for its best.safetensors
    #[arg(short, long, value_name = "PATH")]
    weights: PathBuf,
    #[command(flatten)]
    answer: AnswerArgs,
    #[command(flatten)]
    pub(crate) device: DeviceArg,
}

/// An open network.
pub(crate) struct Network {
    pub(crate) segmenter: Segmenter,
    pub(crate) weights: Weights,
    pub(crate) device: Device,
}

impl NetworkArgs {
    pub(crate) fn open(&self, console: Console) -> anyhow::Result<Network> {
        let device = self.device.open()?;
        let weights = Weights::open(&self.weights, console)?;
        let segmenter = self.answer.apply(weights.segmenter(&device)?)?;
        Ok(Network { segmenter, weights, device })
    }
}

/// An open weight file.
pub(crate) struct Weights {
    checkpoint: Checkpoint,
    source: Source,
}

/// Where the weights are from.
enum Source {
    File(PathBuf),
    #[cfg(feature = "demo")]
    Demonstration,
}

impl Weights {
    /// What a run's folder calls its best network.
    const BEST: &str = "best.safetensors";

    /// A weight file, a run's folder, which stands for its best network, or a folder of a hub.
    pub(crate) fn open(path: &Path, console: Console) -> anyhow::Result<Self> {
        let best = path.join(Self::BEST);
        let file = if best.is_file() { &best } else { path };
        let checkpoint = match Checkpoint::open(file) {
            Err(SegError::Weights(WeightsError::File(WeightFileError::EmptyFolder { file }))) => {
                bail!(
                    "{}: found no {} in this folder, which a training writes after its first validation, \
                     and no model.safetensors or pytorch_model.bin",
                    file.display(),
                    Self::BEST
                )
            }
            opened => opened.context("cannot load the network")?,
        };
        if let Some(note) = checkpoint.note() {
            console.note(format!("{note} (`import --key NAME` takes another)"));
        }
        let file = checkpoint.path().to_owned();
        Ok(Self { checkpoint, source: Source::File(file) })
    }

    /// The embedded network.
    #[cfg(feature = "demo")]
    pub(crate) fn demonstration() -> anyhow::Result<Self> {
        use causal_clip_seg_assets::demo::NETWORK;
        let checkpoint = Checkpoint::from_bytes(NETWORK, "the demonstration")?;
        Ok(Self { checkpoint, source: Source::Demonstration })
    }

    #[cfg(not(feature = "demo"))]
    pub(crate) fn demonstration() -> anyhow::Result<Self> {
        let why = "no network: give one with --weights (this build has no demonstration)";
        Err(causal_clip_seg_cli::UsageError(why.to_owned()).into())
    }

    /// The network for answers.
    pub(crate) fn segmenter(&self, device: &Device) -> anyhow::Result<Segmenter> {
        let network = self.checkpoint.prepare(device).context("cannot load the network")?;
        Ok(Segmenter::new(network)?)
    }

    /// The network as it was trained: both branches, and gates of its own.
    pub(crate) fn as_trained(&self, device: &Device) -> anyhow::Result<CausalClipSeg> {
        self.checkpoint.load(device).context("cannot load the network as it was trained")
    }

    /// What the file says beside its tensors.
    pub(crate) fn metadata(&self) -> &BTreeMap<String, String> {
        self.checkpoint.metadata()
    }

    /// SHA-256 of the file, in hexadecimal.
    pub(crate) fn sha256(&self) -> anyhow::Result<String> {
        match &self.source {
            Source::File(file) => sha256(file),
            #[cfg(feature = "demo")]
            Source::Demonstration => Ok(sha256_of(causal_clip_seg_assets::demo::NETWORK)),
        }
    }

    /// The file's name, for messages.
    pub(crate) fn name(&self) -> String {
        match &self.source {
            Source::File(file) => file.display().to_string(),
            #[cfg(feature = "demo")]
            Source::Demonstration => "the demonstration".to_owned(),
        }
    }
}

impl Network {
    /// What left and right mean in a set's sentences, if the command line does not say: what they mean to
    /// the network, or the image's sides if its weights do not tell.
    pub(crate) fn sides(&self) -> seg_sentences::Sides {
        match self.segmenter.sides() {
            Some(Sides::Patient) => seg_sentences::Sides::Patient,
            Some(Sides::Stated) => seg_sentences::Sides::Fixed,
            Some(Sides::Image) | None => seg_sentences::Sides::Image,
        }
    }
}

/// Whose left and right a network's sentences mean, as a sentence for its user.
pub(crate) fn whose_left(segmenter: &Segmenter) -> &'static str {
    segmenter.sides().map_or(
        "these weights do not say whose left they mean: in QaTa-COV19 it is the image's, in a \
         radiologist's report the patient's",
        Sides::explanation,
    )
}
