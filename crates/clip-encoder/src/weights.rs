//! Weights from a file into a module, strictly, and back.

use std::collections::BTreeSet;
use std::sync::mpsc::sync_channel;

use burn::module::Module;
use burn::tensor::Device;
use vision_layers::{Names, Slot};
use weight_files::{NewTensor, WeightFile};

use crate::clip::{CLIP_NAMES, Clip};
use crate::config::{Activation, ClipConfig, Difference, ImageTowerConfig, TextTowerConfig};
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

/// Fills a fresh module from a file.
///
/// - `in_file`: what a tensor is called there; `None` for one that the file does not decide
/// - `fresh`: whether the file may lack it
///
/// # Errors
///
/// The first tensor that is missing, has another shape or is not finite. Nothing is read before
/// every name and shape was found right.
pub fn load_module<M: Module>(
    module: M,
    names: &Names,
    file: &WeightFile,
    in_file: impl Fn(&Slot) -> Option<String>,
    fresh: impl Fn(&Slot) -> bool,
) -> Result<(M, LoadReport), WeightsError> {
    let mut report = LoadReport::default();
    let (mut missing, mut wanted) = (Vec::new(), Vec::new());
    for slot in names.slots(&module) {
        let Some(name) = in_file(&slot) else {
            report.fresh.push(slot.name);
            continue;
        };
        match file.entry(&name) {
            Some(entry) if same_shape(&slot, &entry.shape) => {
                report.applied.push(slot.name);
                wanted.push(name);
            }
            Some(entry) => {
                return Err(WeightsError::Shape {
                    file: file.path().to_owned(),
                    tensor: name,
                    expected: slot.shape,
                    found: entry.shape.clone(),
                });
            }
            None if fresh(&slot) => report.fresh.push(slot.name),
            None => missing.push((name, slot.shape)),
        }
    }
    let lacking = missing.len();
    if let Some((first, expected)) = missing.into_iter().next() {
        let file = file.path().to_owned();
        return Err(WeightsError::Missing { file, first, expected, missing: lacking });
    }
    let mut broken = None;
    let module = std::thread::scope(|scope| {
        // One tensor is read while the one before is put into its place.
        let (read, next) = sync_channel(0);
        let wanted = &wanted;
        scope.spawn(move || {
            let values = wanted.iter().map(|name| file.read_f32(name));
            // Nobody listens after an error.
            values.map_while(|values| read.send(values).ok()).for_each(drop);
        });
        names.replace(module, |slot| {
            in_file(slot).filter(|name| broken.is_none() && file.entry(name).is_some())?;
            let values = next.recv().ok()?; // in the order of the slots, as they were wanted
            values.map_err(|error| broken.get_or_insert(error)).ok()
        })
    });
    if let Some(error) = broken {
        return Err(error.into());
    }
    let used = wanted.iter().map(String::as_str).collect::<BTreeSet<_>>();
    let unused = |name: &&str| !used.contains(*name) && !is_bookkeeping(name);
    report.unused = file.names().filter(unused).map(str::to_owned).collect();
    Ok((module, report))
}

/// PyTorch's count of batches in every batch norm, and the sizes that OpenAI's archives repeat as
/// numbers: no network needs them.
fn is_bookkeeping(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    ["num_batches_tracked", "input_resolution", "context_length", "vocab_size"].contains(&last)
}

/// A scalar of PyTorch is a vector of one here.
fn same_shape(slot: &Slot, found: &[usize]) -> bool {
    slot.shape == found || (found.is_empty() && slot.shape == [1])
}

/// Every parameter and statistic of `module` under its released name, in PyTorch's layout.
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
/// If a tensor that decides a size is missing, as where the text tower is another one, or if the
/// sizes are impossible.
pub fn clip_config(file: &WeightFile, prefix: &str) -> Result<ClipConfig, WeightsError> {
    let config = sizes(file, prefix)?;
    match config.check() {
        Ok(()) => Ok(config),
        Err(source) => Err(WeightsError::Config { file: file.path().to_owned(), source }),
    }
}

/// Whether the CLIP behind `prefix` has the sizes of `config`. Heads and activation leave no trace
/// in the shapes: those of `config` stand.
///
/// # Errors
///
/// The first size that differs, with both values.
pub fn check_sizes(
    file: &WeightFile,
    prefix: &str,
    config: &ClipConfig,
) -> Result<(), WeightsError> {
    let mut found = sizes(file, prefix)?;
    found.image.heads = config.image.heads;
    found.text.heads = config.text.heads;
    found.text.activation = config.text.activation;
    match config.first_difference(&found) {
        None => Ok(()),
        Some(Difference { field, ours, theirs }) => Err(WeightsError::Disagrees {
            file: file.path().to_owned(),
            field,
            tensor: format!("{prefix}{}", deciding_tensor(field)),
            stated: ours,
            found: theirs,
        }),
    }
}

/// The tensor whose shape, or whose name, gives a size.
fn deciding_tensor(field: &str) -> &'static str {
    match field {
        "image.blocks" => "visual.layer1.0.conv1.weight",
        "image.width" => "visual.layer1.0.conv1.weight",
        "image.image_size" => "visual.attnpool.positional_embedding",
        "text.vocabulary" => "token_embedding.weight",
        "text.context" => "positional_embedding",
        "text.layers" => "transformer.resblocks.0.ln_1.weight",
        _ => "text_projection",
    }
}

/// Sizes by shapes, heads by CLIP's rules; nothing is checked.
fn sizes(file: &WeightFile, prefix: &str) -> Result<ClipConfig, WeightsError> {
    check_text_tower(file, prefix)?;
    let shape = |name: &str, axes: usize| -> Result<Vec<usize>, WeightsError> {
        let tensor = format!("{prefix}{name}");
        let found = file.entry(&tensor).map(|entry| entry.shape.clone());
        match found {
            Some(shape) if shape.len() == axes => Ok(shape),
            found => {
                let file = file.path().to_owned();
                Err(WeightsError::NoSize { file, tensor, axes, found })
            }
        }
    };
    let count = |stem: &str| -> usize {
        let stem = format!("{prefix}{stem}");
        let numbers = file
            .names()
            .filter_map(|name| name.strip_prefix(&stem)?.split('.').next()?.parse::<usize>().ok());
        numbers.collect::<BTreeSet<_>>().len()
    };
    let width = shape("visual.layer1.0.conv1.weight", 4)?[0];
    let cells = shape("visual.attnpool.positional_embedding", 2)?[0].saturating_sub(1);
    let projection = shape("text_projection", 2)?;
    let (text_width, embed_dim) = (projection[0], projection[1]);
    Ok(ClipConfig {
        image: ImageTowerConfig {
            blocks: [1, 2, 3, 4].map(|i| count(&format!("visual.layer{i}."))),
            width,
            image_size: cells.isqrt().saturating_mul(32),
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
    })
}

/// Some trainings put another text encoder in CLIP's place.
fn check_text_tower(file: &WeightFile, prefix: &str) -> Result<(), WeightsError> {
    let lacking = ["token_embedding.weight", "text_projection"]
        .map(|name| format!("{prefix}{name}"))
        .into_iter()
        .find(|name| file.entry(name).is_none());
    let Some(lacking) = lacking else { return Ok(()) };
    let visual = format!("{prefix}visual.");
    let others = file.names().filter(|name| name.starts_with(prefix) && !name.starts_with(&visual));
    let others = others.take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let others = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
    Err(WeightsError::Foreign {
        file: file.path().to_owned(),
        what: format!(
            "its text tower is not CLIP's: no tensor `{lacking}`; instead there is {others}"
        ),
    })
}

/// The dense head's shortcut is not part of CLIP: a CLIP checkpoint need not have it.
pub fn fresh_in_clip(slot: &Slot) -> bool {
    slot.name.contains("attnpool.connect.")
}

impl Clip {
    /// CLIP from a checkpoint of OpenAI, open_clip or a network built on it; sizes from its shapes.
    ///
    /// The file's activation is not written in it: `activation` says it (OpenAI: QuickGELU).
    /// What the file lacks of the dense head's shortcut keeps its random values.
    ///
    /// # Errors
    ///
    /// If the file holds no CLIP ResNet or another text tower, or a tensor is missing, has another
    /// shape or is not finite.
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
        let in_file = |slot: &Slot| Some(format!("{prefix}{}", slot.name));
        let (clip, report) = load_module(clip, &names, file, in_file, fresh_in_clip)?;
        Ok((clip, config, report))
    }
}
