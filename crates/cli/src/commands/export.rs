//! `export`

use std::path::PathBuf;

use causal_clip_seg::devices;
use causal_clip_seg_cli::Console;
use onnx_export::{OnnxOptions, write_onnx};
use serde_json::json;

use crate::arguments::Weights;

/// Writes a network for other runtimes, as an ONNX model (opset 18, no extensions).
///
/// The model takes pixels, brought to its size and normalised, and CLIP's tokens, and gives the causal branch's
/// logits: what a mask needs. How pixels and tokens are made stands in its metadata, key config; `causal-clip-seg
/// tokens` prints a sentence's tokens. Batch size and sentence length are free, the picture's size is not.
///
/// Channels are mixed before maps are enlarged, which gives the same logits for a sixth of the arithmetic;
/// --published-order writes the operators in the paper's order.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  causal-clip-seg export -w runs/first --onnx net.onnx --size 224"
)]
pub(crate) struct Export {
    /// Weight file, a run's folder, chest or phantom, hf:OWNER/REPO
    #[arg(short, long, value_name = "WEIGHTS")]
    weights: PathBuf,
    /// The ONNX file to write
    #[arg(long, value_name = "FILE")]
    onnx: PathBuf,
    /// Side of the pictures in pixels, a multiple of 32 [default: the network's own]
    #[arg(long, value_name = "PIXELS")]
    size: Option<usize>,
    /// Write the operators in the paper's order
    #[arg(long)]
    published_order: bool,
}

impl Export {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        let weights = Weights::open(&self.weights, console)?;
        let options = OnnxOptions { size: self.size, mixed_first: !self.published_order };
        write_onnx(weights.checkpoint(), options, &devices::open("flex", false)?, &self.onnx)?;
        let size = self.size.unwrap_or(weights.checkpoint().config().input.size);
        let bytes = std::fs::metadata(&self.onnx)?.len();
        let told = json!({ "onnx": self.onnx, "opset": 18, "size": size, "bytes": bytes });
        console.result(&told, || {
            format!("{size} pixels, {:.1} MB -> {}", bytes as f64 / 1e6, self.onnx.display())
        })?;
        Ok(true)
    }
}
