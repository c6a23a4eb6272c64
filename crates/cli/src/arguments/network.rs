//! Which network, and how its probabilities become masks.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use burn::tensor::Device;
use causal_clip_seg::{Branch, Segmenter};
use causal_clip_seg_cli::DeviceArg;
use tempfile::TempDir;

/// How probabilities become masks, where it differs from what the weights say.
#[derive(clap::Args)]
pub(crate) struct AnswerArgs {
    /// Which logits the mask is made from: causal or mean [default: as stored with the weights]
    #[arg(long)]
    branch: Option<Branch>,
    /// Probability from which a pixel belongs to the mask [default: as stored with the weights]
    #[arg(long, value_name = "FROM")]
    threshold: Option<f32>,
}

impl AnswerArgs {
    /// The segmenter with what the flags change.
    pub(crate) fn apply(&self, segmenter: Segmenter) -> anyhow::Result<Segmenter> {
        let mut input = segmenter.config().input.clone();
        input.branch = self.branch.unwrap_or(input.branch);
        input.threshold = self.threshold.unwrap_or(input.threshold);
        Ok(segmenter.with_input(input)?)
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
    pub(crate) fn open(&self) -> anyhow::Result<Network> {
        let device = self.device.open()?;
        let weights = Weights::find(&self.weights)?;
        let segmenter = self.answer.apply(weights.segmenter(&device)?)?;
        Ok(Network { segmenter, weights, device })
    }
}

/// The file a network is in.
pub(crate) struct Weights {
    file: PathBuf,
    /// Holds the embedded network as long as its file is read.
    demonstration: Option<TempDir>,
}

impl Weights {
    /// What a run's folder calls its best network.
    const BEST: &str = "best.safetensors";

    /// A weight file, or a run's folder, which stands for its best network.
    pub(crate) fn find(path: &Path) -> anyhow::Result<Self> {
        let file = match path.is_dir() {
            true => path.join(Self::BEST),
            false => path.to_owned(),
        };
        ensure!(
            file.exists() || !path.is_dir(),
            "{}: found no {} in this folder; a training writes it after its first validation",
            path.display(),
            Self::BEST
        );
        Ok(Self { file, demonstration: None })
    }

    /// The embedded network.
    #[cfg(feature = "demo")]
    pub(crate) fn demonstration() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let file = folder.path().join("demonstration.safetensors");
        std::fs::write(&file, causal_clip_seg_assets::demo::NETWORK)
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Self { file, demonstration: Some(folder) })
    }

    #[cfg(not(feature = "demo"))]
    pub(crate) fn demonstration() -> anyhow::Result<Self> {
        let why = "no network: give one with --weights (this build has no demonstration)";
        Err(causal_clip_seg_cli::UsageError(why.to_owned()).into())
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn is_demonstration(&self) -> bool {
        self.demonstration.is_some()
    }

    pub(crate) fn segmenter(&self, device: &Device) -> anyhow::Result<Segmenter> {
        Segmenter::load(&self.file, device).context("cannot load the network")
    }

    /// Whose left and right the network's sentences mean, as a sentence for its user.
    pub(crate) fn whose_left(&self) -> &'static str {
        match self.is_demonstration() {
            true => {
                "left and right are the image's: the left lung is the one on the left of the picture, \
                 not the patient's"
            }
            false => {
                "left and right mean what they meant in the training data: in QaTa-COV19 the left of \
                 the image, in a radiologist's report the patient's left"
            }
        }
    }
}
