//! Which network, and how its probabilities become masks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use causal_clip_seg::config::{Branch, Sides};
use causal_clip_seg::errors::{WeightFileError, WeightsError};
use causal_clip_seg::weights::{OpenWeights, WeightSource};
use causal_clip_seg::{CausalClipSeg, Checkpoint, Device, SegError, Segmenter};
use causal_clip_seg_assets::{Content, first_network};
use causal_clip_seg_cli::{Console, DeviceArg, sha256, sha256_of};

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
    /// Trained weights: a file (safetensors), a training's folder, which stands for its best.safetensors,
    /// chest (lungs on X-rays) or phantom (generated pictures), which the program carries, or
    /// hf:OWNER/REPO[/FILE][@REVISION] from Hugging Face's hub
    #[arg(short, long, value_name = "PATH|NAME")]
    weights: PathBuf,
    #[command(flatten)]
    answer: AnswerArgs,
    #[command(flatten)]
    pub(crate) device: DeviceArg,
}

/// An open network.
pub(crate) struct Network {
    pub(crate) segmenter: Segmenter,
    /// Copies on further devices.
    pub(crate) others: Vec<Segmenter>,
    pub(crate) weights: Weights,
    pub(crate) device: Device,
}

impl NetworkArgs {
    pub(crate) fn open(&self, console: Console) -> anyhow::Result<Network> {
        let device = self.device.open(console)?;
        self.opened(device, Vec::new(), console)
    }

    /// On all devices that are named.
    pub(crate) fn open_on_all(&self, console: Console) -> anyhow::Result<Network> {
        let mut devices = self.device.open_all(console)?;
        let device = devices.remove(0); // there is a default
        self.opened(device, devices, console)
    }

    fn opened(
        &self,
        device: Device,
        others: Vec<Device>,
        console: Console,
    ) -> anyhow::Result<Network> {
        let weights = Weights::open(&self.weights, console)?;
        let on = |device| self.answer.apply(weights.segmenter(device)?);
        let segmenter = on(&device)?;
        let others = others.iter().map(on).collect::<anyhow::Result<_>>()?;
        Ok(Network { segmenter, others, weights, device })
    }
}

/// An open weight file.
pub(crate) struct Weights {
    checkpoint: Checkpoint,
    source: Source,
    /// What the weights are called, for messages.
    name: PathBuf,
}

/// Where the weights are.
enum Source {
    File(PathBuf),
    BuiltIn(Content),
}

impl Weights {
    /// What a run's folder calls its best network.
    const BEST: &str = "best.safetensors";

    /// A weight file, a run's folder, which stands for its best network, a folder of a hub, or a name.
    pub(crate) fn open(path: &Path, console: Console) -> anyhow::Result<Self> {
        let source = match WeightSource::parse(path)? {
            WeightSource::File(folder) => {
                let best = folder.join(Self::BEST);
                WeightSource::File(if best.is_file() { best } else { folder })
            }
            named => named,
        };
        Self::of(&source, console)
    }

    /// The network that the program carries.
    pub(crate) fn carried(console: Console) -> anyhow::Result<Self> {
        let Some((network, _)) = first_network() else {
            let why = "no network: give one with --weights (this build carries none)";
            return Err(causal_clip_seg_cli::UsageError(why.to_owned()).into());
        };
        Self::of(&WeightSource::BuiltIn(network), console)
    }

    /// The open weight file.
    pub(crate) fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// What comes with these weights, if the program carries them, else with the ones that it carries.
    pub(crate) fn content(&self) -> Option<Content> {
        match self.source {
            Source::BuiltIn(content) => Some(content),
            Source::File(_) => first_network().map(|(_, content)| content),
        }
    }

    fn of(source: &WeightSource, console: Console) -> anyhow::Result<Self> {
        let opened = open_weights(source, console).and_then(|open| {
            let checkpoint = Checkpoint::of(&open.file, None)?;
            Ok((open, checkpoint))
        });
        let (open, checkpoint) = match opened {
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
        let path = checkpoint.path().to_owned();
        let (source, name) = match source {
            WeightSource::BuiltIn(network) => match network.content {
                Some(content) => (Source::BuiltIn(content), open.name),
                None => (Source::File(path), open.name), // it would not have opened
            },
            WeightSource::Hub(_) => (Source::File(path), open.name),
            _ => (Source::File(path.clone()), path),
        };
        Ok(Self { checkpoint, source, name })
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
            Source::BuiltIn(content) => Ok(sha256_of(content.weights)),
        }
    }

    /// The file's name, for messages; of the hub's the one that will always mean these weights.
    pub(crate) fn name(&self) -> String {
        self.name.display().to_string()
    }
}

/// Opens weights, with a bar while they are fetched.
pub(crate) fn open_weights(
    source: &WeightSource,
    console: Console,
) -> Result<OpenWeights, SegError> {
    let mut bar = None;
    source.open(&mut |event| console.fetching(&mut bar, event))
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
