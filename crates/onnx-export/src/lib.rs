//! Writes a network as an ONNX model: pixels and tokens to the causal branch's logits, what a mask needs.
//!
//! ```no_run
//! use causal_clip_seg::{Checkpoint, Device};
//! use onnx_export::{OnnxOptions, write_onnx};
//!
//! # fn main() -> Result<(), onnx_export::OnnxError> {
//! let checkpoint = Checkpoint::open("net.safetensors")?;
//! write_onnx(&checkpoint, OnnxOptions::default(), &Device::flex(), "net.onnx")?;
//! # Ok(())
//! # }
//! ```
//!
//! | value | shape | what |
//! | --- | --- | --- |
//! | `pixels` | `[batch, 3, size, size]`, f32 | the picture, brought to `size` and normalised as the metadata says |
//! | `tokens` | `[batch, words]`, i64 | CLIP's tokens from its start to its end token; zeros behind it change nothing |
//! | `logits` | `[batch, 1, size, size]`, f32 | the sigmoid of it is the probability |
//!
//! `batch` and `words` (up to the network's context) are free, `size` is the model's. Operators are those of opset
//! 18 without extensions. Batch norms are folded into convolutions. The configuration stands in the metadata under
//! `config`, as in a weight file.
#![deny(missing_docs)]

mod decoder;
mod error;
mod graph;
mod image;
mod projector;
mod proto;
mod text;

use std::path::Path;

use causal_clip_seg::config::Branch;
use causal_clip_seg::format::CONFIG_KEY;
use causal_clip_seg::{CausalClipSegConfig, Checkpoint, Device};
use prost::Message;

pub use crate::error::OnnxError;
use crate::graph::Graph;
use crate::proto::{
    Dimension, IR_VERSION, ModelProto, OPSET, OperatorSetIdProto, StringStringEntryProto,
    TensorShapeProto, TensorType, TypeProto, ValueInfoProto, data_type,
};

/// How a model is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnnxOptions {
    /// Side of the pictures in pixels, a multiple of 32; `None` for the network's own.
    pub size: Option<usize>,
    /// Whether channels are mixed before maps are enlarged, which computes the same logits but for rounding with a
    /// sixth of the arithmetic; else the operators stand in the paper's order.
    pub mixed_first: bool,
}

impl Default for OnnxOptions {
    fn default() -> Self {
        Self { size: None, mixed_first: true }
    }
}

/// Largest side of pictures: constants grow with its square.
const LARGEST: usize = 2048;
/// What a protocol buffer may have.
const MOST_BYTES: usize = (1 << 31) - 1;

/// A model's bytes; the weights are folded on `device`.
///
/// # Errors
///
/// If the weights cannot be read, are answered by the mean of both branches, or the size does not fit.
pub fn encode_onnx(
    checkpoint: &Checkpoint,
    options: OnnxOptions,
    device: &Device,
) -> Result<Vec<u8>, OnnxError> {
    let config = checkpoint.config();
    let size = options.size.unwrap_or(config.input.size);
    if size == 0 || !size.is_multiple_of(32) || size > LARGEST {
        return Err(OnnxError::Size { size });
    }
    if config.input.branch != Branch::Causal {
        return Err(OnnxError::BothBranches);
    }
    let model = model(checkpoint, size, options.mixed_first, device)?;
    let bytes = model.encoded_len();
    if bytes > MOST_BYTES {
        return Err(OnnxError::TooLarge { bytes });
    }
    Ok(model.encode_to_vec())
}

/// Writes a model, as [`encode_onnx`] makes it; an earlier file is there until the new one is whole.
///
/// # Errors
///
/// As [`encode_onnx`], and if the file cannot be written.
pub fn write_onnx(
    checkpoint: &Checkpoint,
    options: OnnxOptions,
    device: &Device,
    path: impl AsRef<Path>,
) -> Result<(), OnnxError> {
    let model = encode_onnx(checkpoint, options, device)?;
    Ok(whole_file::write(path.as_ref(), &model)?)
}

fn model(
    checkpoint: &Checkpoint,
    size: usize,
    mixed_first: bool,
    device: &Device,
) -> Result<ModelProto, OnnxError> {
    let config = checkpoint.config();
    let mut graph = Graph::new(checkpoint.folded(device)?);
    let (pixels, tokens) = ("pixels".to_owned(), "tokens".to_owned());
    let cells = size / 16;
    let state = text::text_tower(&mut graph, &config.clip.text, &tokens)?;
    let levels = image::image_tower(&mut graph, &config.clip.image, &pixels, size)?;
    let has_adapter = config.decoder().has_adapter();
    let map = decoder::neck(&mut graph, levels, has_adapter, cells)?;
    let logits = projector::projector(&mut graph, &map, &state, cells, mixed_first)?;

    let batch = || named("batch");
    let inputs = vec![
        info("pixels", data_type::FLOAT, vec![batch(), fixed(3), fixed(size), fixed(size)]),
        info("tokens", data_type::INT64, vec![batch(), named("words")]),
    ];
    let output =
        info("logits", data_type::FLOAT, vec![batch(), fixed(1), fixed(size), fixed(size)]);
    Ok(ModelProto {
        ir_version: IR_VERSION,
        producer_name: "causal-clip-seg".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: "CausalCLIPSeg (arXiv 2503.15949), the causal branch. For research only, not for clinical use."
            .to_owned(),
        graph: Some(graph.finish(&logits, inputs, output)),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        metadata_props: metadata(checkpoint, config, size),
    })
}

/// What the weight file says of itself, with the model's own size.
fn metadata(
    checkpoint: &Checkpoint,
    config: &CausalClipSegConfig,
    size: usize,
) -> Vec<StringStringEntryProto> {
    let mut config = config.clone();
    config.input.size = size;
    let mut notes = checkpoint.metadata().clone();
    if let Ok(text) = serde_json::to_string(&config) {
        notes.insert(CONFIG_KEY.to_owned(), text);
    }
    notes.into_iter().map(|(key, value)| StringStringEntryProto { key, value }).collect()
}

fn info(name: &str, elem_type: i32, dim: Vec<Dimension>) -> ValueInfoProto {
    let tensor_type = Some(TensorType { elem_type, shape: Some(TensorShapeProto { dim }) });
    let kind = Some(TypeProto { tensor_type });
    ValueInfoProto { name: name.to_owned(), kind, doc_string: String::new() }
}

fn fixed(side: usize) -> Dimension {
    Dimension { dim_value: Some(side as i64), dim_param: None }
}

fn named(name: &str) -> Dimension {
    Dimension { dim_value: None, dim_param: Some(name.to_owned()) }
}
