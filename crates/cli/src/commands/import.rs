//! `import`

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::ensure;
use causal_clip_seg::config::{Branch, ClipConfig, InputConfig, Normalisation, Resize, Sides};
use causal_clip_seg::format::{FORMAT, FORMAT_KEY, LoadReport, Precision, find_network};
use causal_clip_seg::parts::Clip;
use causal_clip_seg::weights::{HubName, WeightSource};
use causal_clip_seg::{Checkpoint, Device};
use causal_clip_seg_cli::{Console, DeviceArg};
use clip_encoder::{Activation, CLIP_NAMES, tensors_of};
use serde_json::json;
use vision_layers::Names;
use weight_files::{WeightFile, write_safetensors};

use crate::arguments::open_weights;

/// Converts a PyTorch checkpoint, or a weight file of ours, to a weight file.
///
/// Reads the released network, MedEquiSeg's trainings of it, and CLIP's ResNets from OpenAI and
/// open_clip: files of torch.save of any age (.pt, .pth, .ckpt, with or without `state_dict`, `model`,
/// `module.`), TorchScript archives, safetensors, and folders with a model.safetensors or
/// pytorch_model.bin. Sizes follow from the tensors' shapes. A tensor that is missing, has another shape or
/// is not finite is an error; one that is not used is listed.
///
/// If a file holds several networks, the segmentation network is taken rather than CLIP, the network itself
/// rather than an average or a teacher of it (`ema`, `swa`, `teacher`), and `state_dict` or `model` rather
/// than other names. A note says so; --key takes another.
///
/// A checkpoint does not say how pictures and sentences were prepared, so say it here, and the weight file
/// will know. For a MedEquiSeg training, for example:
/// --resize stretch --normalisation none --word-len 16 --branch mean.
/// For one by the recipe of CRIS at 416 pixels:
/// --size 416 --resize letterbox --word-len 17 --threshold 0.35.
///
/// A weight file of ours is converted with --f16 or --prepare to a smaller one that only answers.
///
/// CLIP alone is not a segmentation network: --clip-only converts it as it is (for zero-shot),
/// --start-from-clip adds a decoder with random weights (to be trained).
#[derive(clap::Args)]
#[command(after_help = "Example:
  causal-clip-seg import --input released.pth --out net.safetensors")]
pub(crate) struct Import {
    /// The checkpoint, a folder or an index (.index.json) of one, hf:OWNER/REPO[/FILE][@REVISION] from
    /// Hugging Face's hub, clip:RN50 or clip:RN101
    #[arg(short, long, value_name = "FILE|NAME")]
    input: PathBuf,
    /// Take the network under this name of a checkpoint that holds several, such as `ema`
    #[arg(long, value_name = "NAME")]
    key: Option<String>,
    /// The weight file to write (.safetensors)
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Write 16-bit numbers: half the size, 11 significant bits
    #[arg(long)]
    f16: bool,
    /// The text tower was trained with plain GELU (open_clip's models without `-quickgelu`)
    #[arg(long)]
    gelu: bool,
    /// Convert CLIP alone, from a CLIP checkpoint or from a segmentation network
    #[arg(long, conflicts_with = "start_from_clip")]
    clip_only: bool,
    /// Take the towers and give the decoder random weights
    #[arg(long)]
    start_from_clip: bool,
    /// Prepare for inference alone: batch norms are folded into the convolutions, and the confounding
    /// projector is left out where the mask is the causal branch's. The result cannot be trained any more
    #[arg(long, conflicts_with_all = ["clip_only", "start_from_clip"])]
    prepare: bool,
    /// Seed of the decoder's random weights
    #[arg(long, default_value_t = 0, requires = "start_from_clip")]
    seed: u64,
    #[command(flatten)]
    trained: Trained,
    #[command(flatten)]
    device: DeviceArg,
}

/// Which network of a file was taken.
struct Taken {
    key: String,
    others: Vec<String>,
    note: Option<String>,
}

/// The names, with many that begin alike as one line: `optimizer.… (526 tensors)`.
fn summary(names: &[String]) -> Vec<String> {
    const MANY: usize = 20;
    let first = |name: &str| name.split('.').next().unwrap_or(name).to_owned();
    let mut counts = BTreeMap::<String, usize>::new();
    for name in names {
        *counts.entry(first(name)).or_default() += 1;
    }
    let mut lines = Vec::new();
    for name in names {
        let start = first(name);
        match counts.get(&start) {
            Some(&count) if count > MANY => {
                let line = format!("{start}.… ({count} tensors)");
                if lines.last() != Some(&line) {
                    lines.push(line);
                }
            }
            _ => lines.push(name.clone()),
        }
    }
    lines
}

/// How the network was trained, where it differs from what the file says or from the defaults.
#[derive(clap::Args)]
#[group(multiple = true, conflicts_with = "clip_only")]
#[command(next_help_heading = "How the network was trained")]
struct Trained {
    /// Side of the network's input in pixels, a multiple of 32 [default: CLIP's own]
    #[arg(long, value_name = "PIXELS")]
    size: Option<usize>,
    /// How pictures were brought to that size: letterbox or stretch [default: letterbox]
    #[arg(long)]
    resize: Option<Resize>,
    /// How pixels were normalised: clip (CLIP's mean and deviation) or none [default: clip]
    #[arg(long)]
    normalisation: Option<Normalisation>,
    /// Longest sentence in tokens, start and end included [default: all that CLIP reads]
    #[arg(long, value_name = "N")]
    word_len: Option<usize>,
    /// Probability from which a pixel belongs to the mask [default: 0.5]
    #[arg(long, value_name = "FROM")]
    threshold: Option<f32>,
    /// Which logits the mask is made from: causal, or the mean of both [default: causal]
    #[arg(long)]
    branch: Option<Branch>,
    /// Whose left and right its sentences mean: image, patient, or stated (they say whose) [default:
    /// not recorded]
    #[arg(long)]
    sides: Option<Sides>,
}

impl Trained {
    fn apply(&self, input: &mut InputConfig) {
        input.size = self.size.unwrap_or(input.size);
        input.resize = self.resize.unwrap_or(input.resize);
        input.normalisation = self.normalisation.unwrap_or(input.normalisation);
        input.word_len = self.word_len.unwrap_or(input.word_len);
        input.threshold = self.threshold.unwrap_or(input.threshold);
        input.branch = self.branch.unwrap_or(input.branch);
        input.sides = self.sides.or(input.sides);
    }
}

impl Import {
    pub(crate) fn run(mut self, console: Console) -> anyhow::Result<bool> {
        let device = self.device.open(console)?;
        let open = open_weights(&WeightSource::parse(&self.input)?, console)?;
        let file = open.file;
        // Of the hub's names the one that will always mean these weights.
        self.input = open.name;
        match self.clip_only {
            true => self.clip(&file, &device, console)?,
            false => self.network(&file, &device, console)?,
        }
        Ok(true)
    }

    fn activation(&self) -> Activation {
        if self.gelu { Activation::Gelu } else { Activation::QuickGelu }
    }

    fn precision(&self) -> Precision {
        if self.f16 { Precision::F16 } else { Precision::F32 }
    }

    /// What the new file says about the old one; a file of ours keeps its recipe, licence and scores.
    fn notes(&self, file: &WeightFile) -> BTreeMap<String, String> {
        let is_ours = file.metadata().get(FORMAT_KEY).is_some_and(|format| format == FORMAT);
        let mut notes = if is_ours { file.metadata().clone() } else { BTreeMap::new() };
        let name = match self.input.to_str().filter(|name| HubName::is_meant(name)) {
            Some(name) => name.to_owned(),
            None => self.input.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        notes.entry("source".to_owned()).or_insert(name);
        notes
    }

    fn clip(&self, file: &WeightFile, device: &Device, console: Console) -> anyhow::Result<()> {
        let found = find_network(file, self.key.as_deref())?;
        let (clip, config, report) = Clip::load_found(&found, self.activation(), device)?;
        let mut tensors = tensors_of(&clip, &Names::new(&[CLIP_NAMES]));
        // The dense head's shortcut is not part of CLIP.
        tensors.retain(|tensor| !report.fresh.contains(&tensor.name));
        let mut notes = self.notes(file);
        let notes = BTreeMap::from([
            ("source".to_owned(), notes.remove("source").unwrap_or_default()),
            ("activation".to_owned(), if self.gelu { "gelu" } else { "quick_gelu" }.to_owned()),
        ]);
        write_safetensors(&self.out, &notes, tensors, self.precision())?;
        let note = found.note();
        let taken = Taken { key: found.key, others: found.others, note };
        self.describe(&config, &report, None, &taken, console)
    }

    fn network(&self, file: &WeightFile, device: &Device, console: Console) -> anyhow::Result<()> {
        let checkpoint = Checkpoint::of(file, self.key.as_deref())?;
        ensure!(
            self.start_from_clip || !checkpoint.is_clip_alone(),
            "{}: found CLIP alone, expected a segmentation network; --clip-only converts CLIP as it is, \
             --start-from-clip adds a decoder with random weights",
            self.input.display()
        );
        let taken = Taken {
            key: checkpoint.key().to_owned(),
            others: checkpoint.others().to_vec(),
            note: checkpoint.note(),
        };
        let mut config = checkpoint.config().clone();
        if self.gelu {
            config.clip.text.activation = self.activation();
        }
        self.trained.apply(&mut config.input);
        let mut checkpoint = checkpoint.with_config(config)?;
        if self.start_from_clip {
            checkpoint = checkpoint.clip_towers(self.seed);
        }
        let (network, report) = checkpoint.load_reported(device)?;
        let (notes, precision) = (self.notes(file), self.precision());
        match self.prepare {
            true => network.save_prepared(&self.out, precision, &notes),
            false => network.save(&self.out, precision, &notes),
        }?;
        let config = network.config();
        self.describe(&config.clip, &report, Some(&config.input), &taken, console)
    }

    /// Says what the shapes tell, and what became of the file's tensors.
    fn describe(
        &self,
        clip: &ClipConfig,
        report: &LoadReport,
        input: Option<&InputConfig>,
        taken: &Taken,
        console: Console,
    ) -> anyhow::Result<()> {
        if let Some(note) = &taken.note {
            let other = taken.others.iter().find(|key| !key.is_empty());
            let hint = other.map(|key| format!(" (--key {key} takes that)")).unwrap_or_default();
            console.note(format!("{note}{hint}"));
        }
        let name = clip.published_name();
        let told = json!({
            "source": self.input,
            "key": taken.key,
            "others": taken.others,
            "clip": name,
            "sizes": clip,
            "input": input,
            "fresh": report.fresh,
            "unused": report.unused,
            "trained": !self.start_from_clip,
            "weights": self.out,
        });
        console.result(&told, || {
            let mut lines = vec![
                format!(
                    "{}: CLIP {} by the shapes of its tensors: {clip:?}",
                    self.input.display(),
                    name.unwrap_or("of no published size")
                ),
                report.to_string(),
            ];
            for (title, names) in [("fresh by design", &report.fresh), ("unused", &report.unused)] {
                lines.extend(summary(names).iter().map(|name| format!("  {title}: {name}")));
            }
            lines.extend(input.map(|input| format!("recorded as its input: {input:?}")));
            if self.start_from_clip {
                let seed = self.seed;
                lines.push(format!("NOT TRAINED: the decoder's weights are random (seed {seed})"));
            }
            lines.push(format!("-> {}", self.out.display()));
            lines.join("\n")
        })
    }
}
