//! `devices`

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use causal_clip_seg::devices::{self, kernels};
use causal_clip_seg::{Device, RgbImage, Segmenter};
use causal_clip_seg_cli::{Console, DeviceArg, UsageError, kernels_compiled};
use serde::Serialize;
use serde_json::json;

use crate::arguments::Weights;

/// Lists the devices that this build can compute on, or prepares one.
///
/// Each line starts with the name that --device takes. A backend without a device on this machine, or
/// one that is not compiled in, is listed with the reason. GPU backends are features of the build:
/// `cargo install --path crates/cli --features cuda` (or wgpu, or vulkan).
///
/// --prepare has a network answer twice on a device: the kernels that it needs are compiled, and kept if the
/// program was built with the feature `persistence`; what a first and a later answer take is told, and how far
/// the probabilities are from the CPU's. A device that answers otherwise than the CPU is an error.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  causal-clip-seg devices\n  \
    causal-clip-seg devices --prepare vulkan -w net.safetensors --save-bundle kernels.db\n  \
    causal-clip-seg devices --add-bundle kernels.db")]
pub(crate) struct Devices {
    /// Have a network answer on this device
    #[arg(long, value_name = "DEVICE")]
    prepare: Option<String>,
    /// The network [default: the one that the program carries]
    #[arg(short, long, value_name = "FILE", requires = "prepare")]
    weights: Option<PathBuf>,
    /// Accept a software adapter in place of a GPU
    #[arg(long, requires = "prepare")]
    software_adapter: bool,
    /// Write all kernels that are kept into a file, for other machines with the same device
    #[arg(long, value_name = "FILE")]
    save_bundle: Option<PathBuf>,
    /// Take over kernels from such a file; those of other devices do no harm
    #[arg(long, value_name = "FILE")]
    add_bundle: Option<PathBuf>,
}

/// How a device did.
#[derive(Serialize)]
struct Prepared {
    /// As `--device` takes it.
    device: String,
    /// Compiled in this process.
    kernels: usize,
    /// Where they are kept.
    kept_in: Option<PathBuf>,
    /// Seconds of the first answer, loading included.
    first_s: f64,
    /// Seconds of the second answer.
    second_s: f64,
    /// Largest difference of a probability from the CPU's; `None` in a build without `flex`.
    difference: Option<f32>,
}

/// A probability may differ by this much: far above rounding, TF32's too, and far below a wrong kernel.
const TOLERANCE: f32 = 0.02;

impl Devices {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        if let Some(file) = &self.add_bundle {
            kernels::configure(kernels::folder().as_deref());
            let count = kernels::add_bundle(file).context("no kernels were taken over")?;
            console.line(format!("{count} new entries from {}", file.display()));
        }
        let prepared = self.prepare.as_ref().map(|device| self.prepare(device, console));
        let prepared = prepared.transpose()?;
        if let Some(file) = &self.save_bundle {
            kernels::configure(kernels::folder().as_deref());
            kernels::save_bundle(file).context("no bundle was written")?;
            console.line(format!("-> {}", file.display()));
        }
        match prepared {
            Some(prepared) => console.result(&prepared, || text(&prepared))?,
            None if self.add_bundle.is_none() && self.save_bundle.is_none() => list(console)?,
            None => (),
        }
        Ok(true)
    }

    fn prepare(&self, name: &str, console: Console) -> anyhow::Result<Prepared> {
        let start = Instant::now();
        let device = DeviceArg::new(name, self.software_adapter).open(console)?;
        let weights = match &self.weights {
            Some(path) => Weights::open(path, console)?,
            None => Weights::carried(console)?,
        };
        let none =
            || UsageError("no picture to ask about: this build carries no network".to_owned());
        let (_, picture) = weights.content().and_then(|c| c.pictures.first()).ok_or_else(none)?;
        let picture = seg_image::decode_rgb(picture, "the picture of the program")?;
        let answer = |device: &Device| -> anyhow::Result<_> {
            let segmenter = weights.segmenter(device)?;
            let first = segmenter.segment(&picture, SENTENCE)?;
            Ok((segmenter, first))
        };
        let (segmenter, first) = answer(&device)?;
        let first_s = start.elapsed().as_secs_f64();
        let second_s = seconds_of(&segmenter, &picture)?;
        let kernels = kernels_compiled();

        let expected = devices::open("flex", false).ok().map(|cpu| answer(&cpu)).transpose()?;
        let difference = expected.map(|(_, expected)| {
            let pairs = first.probabilities.iter().zip(&expected.probabilities);
            // A probability that is no number is as wrong as can be.
            pairs
                .map(|(a, b)| (a - b).abs())
                .map(|d| if d.is_nan() { 1.0 } else { d })
                .fold(0.0, f32::max)
        });
        if let Some(difference) = difference.filter(|difference| *difference > TOLERANCE) {
            anyhow::bail!(
                "device `{name}` answers otherwise than the CPU: a probability differs by {difference:.3}; \
                 do not use it with this driver"
            );
        }
        let device = name.to_owned();
        Ok(Prepared { device, kernels, kept_in: kernels::folder(), first_s, second_s, difference })
    }
}

/// What is asked; its meaning does not matter here.
const SENTENCE: &str = "the left lung";

fn seconds_of(segmenter: &Segmenter, picture: &RgbImage) -> anyhow::Result<f64> {
    let start = Instant::now();
    segmenter.segment(picture, SENTENCE)?;
    Ok(start.elapsed().as_secs_f64())
}

fn list(console: Console) -> anyhow::Result<()> {
    let listed = devices::list();
    let rows = listed
        .iter()
        .map(|device| json!({ "name": device.name, "what": device.what, "usable": device.usable }));
    console.result(&rows.collect::<Vec<_>>(), || {
        let lines = listed.iter().map(|device| format!("{:10} {}\n", device.name, device.what));
        lines.collect()
    })
}

fn text(prepared: &Prepared) -> String {
    let Prepared { device, kernels, kept_in, first_s, second_s, difference } = prepared;
    let kept = match kept_in {
        Some(folder) => format!("kept in {}", folder.display()),
        None => "not kept".to_owned(),
    };
    let difference = difference.map_or_else(String::new, |difference| {
        format!("\nprobabilities within {difference:.1e} of the CPU's")
    });
    format!(
        "{device}: first answer after {first_s:.1} s, the next one after {second_s:.3} s\n\
         {kernels} kernels compiled, {kept}{difference}"
    )
}
