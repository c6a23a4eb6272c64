//! One file of vectors, and what became of its stages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Int, Tensor, TensorData};
use causal_clip_seg::CausalClipSegConfig;
use causal_clip_seg::config::InputConfig;
use clip_encoder::{Activation, ClipConfig, ImageTowerConfig, TextTowerConfig};
use serde::{Deserialize, Serialize};
use vision_layers::host;

use crate::{FLOORS, rule};

/// Why vectors could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum ParityError {
    /// A file could not be read.
    #[error("cannot read {}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    /// A file is not in the format.
    #[error("{}: {what}", file.display())]
    Format { file: PathBuf, what: String },
    /// A case that is not there.
    #[error("{}: no case `{name}`", folder.display())]
    NoCase { folder: PathBuf, name: String },
    /// The network's sizes.
    #[error(transparent)]
    Config(#[from] causal_clip_seg::errors::ConfigError),
    /// A network's file.
    #[error(transparent)]
    Network(#[from] causal_clip_seg::SegError),
    /// The folder for a network's file.
    #[error("no temporary folder")]
    Folder(#[from] std::io::Error),
}

/// What is stored of one tensor.
#[derive(Clone, Debug, Deserialize)]
pub struct Stage {
    /// Shape of the whole tensor.
    pub shape: Vec<usize>,
    stored: String,
    /// Largest difference between PyTorch's float32 run and the truth.
    pub floor: f64,
    mean_floor: f64,
    sum: f64,
}

/// What became of one stage.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The file it stands in.
    pub case: String,
    /// Its key there.
    pub stage: String,
    /// Largest difference from the truth.
    pub worst: f64,
    /// The stage's floor; 0 where only equality will do.
    pub floor: f64,
    /// `worst / floor`.
    pub ratio: f64,
    /// The sum's difference as a share of what it may be.
    pub sum: f64,
    /// Whether both are small enough.
    pub agrees: bool,
}

impl Row {
    /// A stage that counts what is not exactly equal.
    pub(crate) fn exact(case: &str, stage: String, different: usize) -> Self {
        let worst = different as f64;
        let ratio = if different == 0 { 0.0 } else { f64::INFINITY };
        let case = case.to_owned();
        Self { case, stage, worst, floor: 0.0, ratio, sum: 0.0, agrees: different == 0 }
    }

    /// A stage whose difference may be `allowed` at most.
    pub(crate) fn within(case: &str, stage: String, worst: f64, allowed: f64) -> Self {
        let ratio = FLOORS * worst / allowed;
        let (case, floor) = (case.to_owned(), allowed / FLOORS);
        Self { case, stage, worst, floor, ratio, sum: 0.0, agrees: worst <= allowed }
    }
}

/// The sizes of a case's network.
#[derive(Clone, Debug, Deserialize)]
struct Sizes {
    blocks: [usize; 4],
    width: usize,
    image_size: usize,
    embed_dim: usize,
    image_heads: usize,
    vocab: usize,
    context: usize,
    text_width: usize,
    text_heads: usize,
    text_layers: usize,
}

/// The optimizer of a training case.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Optimizer {
    pub(crate) name: String,
    pub(crate) lr: f64,
    #[serde(default)]
    pub(crate) weight_decay: f64,
}

/// One operation of an `op` case.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) inputs: BTreeMap<String, Vec<usize>>,
    #[serde(default)]
    pub(crate) weights: Option<String>,
}

/// One file of vectors.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// As the file is called.
    pub name: String,
    /// `forward`, `clip`, `op` or `train`.
    pub kind: String,
    config: Option<Sizes>,
    #[serde(default)]
    pub(crate) batch: usize,
    #[serde(default)]
    pub(crate) height: usize,
    #[serde(default)]
    pub(crate) width: usize,
    pixels: Option<String>,
    #[serde(default)]
    tokens: Vec<Vec<i32>>,
    mask: Option<String>,
    pub(crate) optimizer: Option<Optimizer>,
    pub(crate) order: Option<String>,
    #[serde(default)]
    pub(crate) operations: BTreeMap<String, Operation>,
    /// By key.
    pub stages: BTreeMap<String, Stage>,
    #[serde(skip)]
    stored: BTreeMap<String, Vec<f32>>,
    #[serde(skip)]
    file: PathBuf,
}

impl Case {
    /// Reads `NAME.json` and `NAME.safetensors`.
    ///
    /// # Errors
    ///
    /// If a file is missing or not in the format.
    pub fn open(folder: &Path, name: &str) -> Result<Self, ParityError> {
        let file = folder.join(format!("{name}.json"));
        let text = std::fs::read_to_string(&file)
            .map_err(|source| ParityError::Read { file: file.clone(), source })?;
        let mut case: Self = serde_json::from_str(&text)
            .map_err(|error| ParityError::Format { file: file.clone(), what: error.to_string() })?;
        case.file = file;
        case.stored = read_tensors(&folder.join(format!("{name}.safetensors")))?;
        Ok(case)
    }

    pub(crate) fn refused(&self, what: impl Into<String>) -> ParityError {
        ParityError::Format { file: self.file.clone(), what: what.into() }
    }

    /// The network's sizes.
    ///
    /// # Errors
    ///
    /// If the case has none.
    pub fn network_config(&self) -> Result<CausalClipSegConfig, ParityError> {
        let sizes = self.config.clone().ok_or_else(|| self.refused("no `config`"))?;
        let (image_size, embed_dim) = (sizes.image_size, sizes.embed_dim);
        Ok(CausalClipSegConfig {
            clip: ClipConfig {
                image: ImageTowerConfig {
                    blocks: sizes.blocks,
                    width: sizes.width,
                    image_size,
                    heads: sizes.image_heads,
                },
                text: TextTowerConfig {
                    vocabulary: sizes.vocab,
                    context: sizes.context,
                    width: sizes.text_width,
                    heads: sizes.text_heads,
                    layers: sizes.text_layers,
                    activation: Activation::QuickGelu,
                },
                embed_dim,
            },
            input: InputConfig {
                size: image_size,
                word_len: sizes.context,
                ..InputConfig::default()
            },
        })
    }

    /// The pictures by the rule, `[batch, 3, height, width]`
    pub fn pixel_tensor(&self, device: &Device) -> Tensor<4> {
        let shape = [self.batch, 3, self.height, self.width];
        let name = self.pixels.as_deref().unwrap_or("pixels");
        let values = rule::uniform(name, shape.iter().product()).iter().map(|u| 2.0 * u).collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// The ids of its sentences, `[sentences, words]`
    pub fn token_tensor(&self, device: &Device) -> Tensor<2, Int> {
        let shape = [self.tokens.len(), self.tokens.first().map_or(0, Vec::len)];
        Tensor::from_data(TensorData::new(self.tokens.concat(), shape), device)
    }

    /// The masks by their rule, `hash_uniform('NAME') > T`: `[batch, 1, height, width]`, 0 or 1
    ///
    /// # Errors
    ///
    /// If the case has no such rule.
    pub fn mask_tensor(&self, device: &Device) -> Result<Tensor<4>, ParityError> {
        let rule_text = self.mask.as_deref().unwrap_or_default();
        let parsed = rule_text.split_once("') > ").and_then(|(name, threshold)| {
            Some((name.strip_prefix("hash_uniform('")?, threshold.parse::<f32>().ok()?))
        });
        let (name, threshold) =
            parsed.ok_or_else(|| self.refused(format!("mask rule `{rule_text}`")))?;
        let shape = [self.batch, 1, self.height, self.width];
        let inside = |u: &f32| f32::from(u8::from(*u > threshold));
        let values = rule::uniform(name, shape.iter().product()).iter().map(inside).collect();
        Ok(Tensor::from_data(TensorData::new::<f32, _>(values, shape), device))
    }

    /// Holds a tensor to the stage of that key, if the case has one.
    pub fn check<const D: usize>(&self, key: &str, tensor: Tensor<D>) -> Option<Row> {
        let stage = self.stages.get(key)?;
        let shape = tensor.dims();
        let values = host(tensor);
        let right = shape[..] == stage.shape[..] || stage.shape.is_empty();
        Some(self.compare(key, stage, if right { &values } else { &[] }))
    }

    /// Holds host values, row-major, to the stage of that key, if the case has one.
    pub fn check_values(&self, key: &str, values: &[f32]) -> Option<Row> {
        let stage = self.stages.get(key)?;
        Some(self.compare(key, stage, values))
    }

    fn compare(&self, key: &str, stage: &Stage, values: &[f32]) -> Row {
        let elements = stage.shape.iter().product::<usize>();
        let stored = self.stored.get(key).map_or(&[][..], Vec::as_slice);
        let mut row = Row {
            case: self.name.clone(),
            stage: key.to_owned(),
            worst: f64::INFINITY,
            floor: stage.floor,
            ratio: f64::INFINITY,
            sum: f64::INFINITY,
            agrees: false,
        };
        if values.len() != elements || stored.is_empty() {
            return row; // another shape: nothing to compare
        }
        let difference = |(truth, at): (&f32, usize)| {
            let difference = (f64::from(*truth) - f64::from(values[at])).abs();
            if difference.is_nan() { f64::INFINITY } else { difference }
        };
        let places = match stage.stored.as_str() {
            "sampled" => rule::sample_places(key, elements, stored.len()),
            _ => (0..elements).collect(),
        };
        row.worst = stored.iter().zip(places).map(difference).fold(0.0, f64::max);
        row.ratio = row.worst / stage.floor;
        let sum = values.iter().map(|v| f64::from(*v)).sum::<f64>();
        row.sum = (sum - stage.sum).abs() / (FLOORS * stage.mean_floor * elements as f64);
        row.agrees = row.ratio <= FLOORS && row.sum <= 1.0;
        row
    }
}

/// Every tensor of a vectors' file as f32.
pub(crate) fn read_tensors(file: &Path) -> Result<BTreeMap<String, Vec<f32>>, ParityError> {
    let bytes = std::fs::read(file)
        .map_err(|source| ParityError::Read { file: file.to_owned(), source })?;
    let refused = |what: String| ParityError::Format { file: file.to_owned(), what };
    let tensors = safetensors::SafeTensors::deserialize(&bytes)
        .map_err(|error| refused(error.to_string()))?;
    let mut values = BTreeMap::new();
    for (name, view) in tensors.tensors() {
        if view.dtype() != safetensors::Dtype::F32 {
            return Err(refused(format!("tensor `{name}` is {:?}, expected F32", view.dtype())));
        }
        let floats =
            view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        values.insert(name, floats.collect());
    }
    Ok(values)
}
