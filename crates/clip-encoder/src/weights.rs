//! Weights from a file into a module, strictly, and back.

use burn::module::Module;
use burn::tensor::Device;
use vision_layers::{Names, Slot};
use weight_files::{NewTensor, WeightFile};

use crate::clip::{CLIP_NAMES, Clip};
use crate::config::{Activation, ClipConfig, ImageTowerConfig, TextTowerConfig};
use crate::error::WeightsError;

/// What became of a file's tensors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Tensors of the network that came from the file.
    pub applied: Vec<String>,
    /// Tensors of the network that the file need not have: they keep their random values.
    pub fresh: Vec<String>,
    /// Tensors of the file that the network has no place for.
    pub unused: Vec<String>,
}

impl std::fmt::Display for LoadReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} tensors applied, {} fresh by design, {} unused",
            self.applied.len(),
            self.fresh.len(),
            self.unused.len()
        )
    }
}

/// Fills a fresh module from a file: `in_file` says what a tensor is called there, `fresh` which
/// ones the file may lack.
///
/// # Errors
///
/// The first tensor that is missing, has another shape or is not finite. Nothing is read before
/// every name and shape was found right.
pub fn load_module<M: Module>(
    module: M,
    names: &Names,
    file: &WeightFile,
    in_file: impl Fn(&Slot) -> String,
    fresh: impl Fn(&Slot) -> bool,
) -> Result<(M, LoadReport), WeightsError> {
    let mut report = LoadReport::default();
    let mut missing = Vec::new();
    for slot in names.slots(&module) {
        match file.entry(&in_file(&slot)) {
            Some(entry) if same_shape(&slot, &entry.shape) => report.applied.push(slot.name),
            Some(entry) => {
                return Err(WeightsError::Shape {
                    file: file.path().to_owned(),
                    tensor: in_file(&slot),
                    expected: slot.shape,
                    found: entry.shape.clone(),
                });
            }
            None if fresh(&slot) => report.fresh.push(slot.name),
            None => missing.push(slot),
        }
    }
    if let Some(first) = missing.first() {
        return Err(WeightsError::Missing {
            file: file.path().to_owned(),
            first: in_file(first),
            expected: first.shape.clone(),
            missing: missing.len(),
        });
    }
    let mut used = std::collections::BTreeSet::new();
    let mut broken = None;
    let module = names.replace(module, |slot| {
        let name = in_file(slot);
        file.entry(&name)?;
        let values = file.read_f32(&name);
        used.insert(name);
        match values {
            Ok(values) => Some(values),
            Err(error) => {
                broken.get_or_insert(error);
                None
            }
        }
    });
    if let Some(error) = broken {
        return Err(error.into());
    }
    // PyTorch counts batches in every batch norm; nothing uses the count.
    let unused = |name: &&str| !used.contains(*name) && !name.ends_with("num_batches_tracked");
    report.unused = file.names().filter(unused).map(str::to_owned).collect();
    Ok((module, report))
}

/// A scalar of PyTorch is a vector of one here.
fn same_shape(slot: &Slot, found: &[usize]) -> bool {
    slot.shape == found || (found.is_empty() && slot.shape == [1])
}

/// Every parameter and statistic of `module` under its released name, behind `prefix`.
pub fn tensors_of<M: Module>(module: &M, names: &Names) -> Vec<NewTensor> {
    let mut tensors = Vec::new();
    names.read(module, |slot, data| {
        tensors.push(NewTensor { name: slot.name.clone(), shape: slot.shape.clone(), data });
    });
    tensors
}

/// What stands in front of CLIP's names in the file: nothing, `model.`, `module.backbone.` ...
///
/// # Errors
///
/// If there is no CLIP ResNet in the file.
pub fn clip_prefix(file: &WeightFile) -> Result<String, WeightsError> {
    const FIRST: &str = "visual.conv1.weight";
    const SECOND: &str = "visual.layer1.0.conv1.weight";
    let prefixes = file.names().filter_map(|name| name.strip_suffix(FIRST));
    let found = prefixes.filter(|prefix| file.entry(&format!("{prefix}{SECOND}")).is_some());
    found.min_by_key(|prefix| prefix.len()).map(str::to_owned).ok_or_else(|| {
        let some = file.names().take(3).collect::<Vec<_>>().join(", ");
        WeightsError::Foreign {
            file: file.path().to_owned(),
            what: format!(
                "no CLIP ResNet in it (no tensor ends in `{SECOND}`); it begins with {some}"
            ),
        }
    })
}

/// The sizes that a file's shapes give to the CLIP behind `prefix`; heads follow CLIP's rules.
///
/// # Errors
///
/// If a shape that decides a size is missing or impossible.
pub fn clip_config(file: &WeightFile, prefix: &str) -> Result<ClipConfig, WeightsError> {
    let missing = |name: &str, expected: Vec<usize>| WeightsError::Missing {
        file: file.path().to_owned(),
        first: format!("{prefix}{name}"),
        expected,
        missing: 1,
    };
    let shape = |name: &str, rank: usize| -> Result<Vec<usize>, WeightsError> {
        let entry = file.entry(&format!("{prefix}{name}"));
        let shape = entry.map(|entry| entry.shape.clone());
        shape.filter(|s| s.len() == rank).ok_or_else(|| missing(name, vec![0; rank]))
    };
    let count = |stem: &str| -> usize {
        let stem = format!("{prefix}{stem}");
        let numbers = file
            .names()
            .filter_map(|name| name.strip_prefix(&stem)?.split('.').next()?.parse::<usize>().ok());
        numbers.collect::<std::collections::BTreeSet<_>>().len()
    };
    let width = shape("visual.layer1.0.conv1.weight", 4)?[0];
    let cells = shape("visual.attnpool.positional_embedding", 2)?[0].saturating_sub(1);
    let projection = shape("text_projection", 2)?;
    let (text_width, embed_dim) = (projection[0], projection[1]);
    let config = ClipConfig {
        image: ImageTowerConfig {
            blocks: [1, 2, 3, 4].map(|i| count(&format!("visual.layer{i}."))),
            width,
            image_size: 32 * cells.isqrt(),
            heads: (width / 2).max(1),
        },
        text: TextTowerConfig {
            vocabulary: shape("token_embedding.weight", 2)?[0],
            context: shape("positional_embedding", 2)?[0],
            width: text_width,
            heads: (text_width / 64).max(1),
            layers: count("transformer.resblocks."),
            activation: Activation::QuickGelu,
        },
        embed_dim,
    };
    config
        .check()
        .map_err(|source| WeightsError::Config { file: file.path().to_owned(), source })?;
    Ok(config)
}

/// The dense head's shortcut is no part of CLIP: a CLIP checkpoint need not have it.
pub fn fresh_in_clip(slot: &Slot) -> bool {
    slot.name.contains("attnpool.connect.")
}

impl Clip {
    /// CLIP from a checkpoint of OpenAI, open_clip or a network built on it; sizes from its shapes.
    ///
    /// The file's activation is not written in it: `activation` says it (OpenAI: QuickGELU).
    ///
    /// # Errors
    ///
    /// If the file cannot be read, holds no CLIP ResNet, or a tensor is missing, has another shape
    /// or is not finite.
    pub fn load(
        file: &WeightFile,
        activation: Activation,
        device: &Device,
    ) -> Result<(Self, ClipConfig, LoadReport), WeightsError> {
        let prefix = clip_prefix(file)?;
        let mut config = clip_config(file, &prefix)?;
        config.text.activation = activation;
        let clip = Clip::new(&config, device)
            .map_err(|source| WeightsError::Config { file: file.path().to_owned(), source })?;
        let names = Names::new(&[CLIP_NAMES]);
        let in_file = |slot: &Slot| format!("{prefix}{}", slot.name);
        let (clip, report) = load_module(clip, &names, file, in_file, fresh_in_clip)?;
        Ok((clip, config, report))
    }
}
