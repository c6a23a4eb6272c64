//! Weights from a file into a module, strictly, and back.

use std::collections::BTreeSet;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};

use burn::module::Module;
use burn::tensor::Device;
use vision_layers::{Names, Slot};
use weight_files::{NewTensor, WeightFile, WeightFileError};

use crate::clip::{CLIP_NAMES, Clip};
use crate::config::{Activation, ClipConfig};
use crate::error::WeightsError;
use crate::found::{FoundNetwork, find_network};
use crate::sizes::clip_config;

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
    let (report, wanted) = compared(&module, names, file, &in_file, fresh)?;
    let module = filled(module, file, names, &wanted, |slot| {
        in_file(slot).is_some_and(|name| file.entry(&name).is_some())
    })?;
    Ok((module, report))
}

/// As [`load_module`] on a device without autodiff, but a tensor is read when it is first used: what is taken apart
/// layer by layer is never in memory as a whole.
///
/// # Errors
///
/// The first tensor that is missing or has another shape. That one cannot be read or is not finite is what
/// [`LateReads::end`] says.
pub fn defer_module<M: Module>(
    module: M,
    names: &Names,
    file: &WeightFile,
    in_file: impl Fn(&Slot) -> Option<String>,
    fresh: impl Fn(&Slot) -> bool,
) -> Result<(M, LoadReport, LateReads), WeightsError> {
    let (report, _) = compared(&module, names, file, &in_file, fresh)?;
    let late = LateReads::default();
    let module = names.defer(module, |slot| {
        let name = in_file(slot).filter(|name| file.entry(name).is_some())?;
        let (file, broken, values) = (file.clone(), Arc::clone(&late.broken), slot.len());
        Some(Box::new(move || {
            file.read_f32(&name).unwrap_or_else(|error| {
                let _ = broken.set(error); // the first one is told
                vec![0.0; values]
            })
        }))
    });
    Ok((module, report, late))
}

/// What went wrong where tensors were read late.
#[derive(Debug, Default)]
pub struct LateReads {
    broken: Arc<OnceLock<WeightFileError>>,
}

impl LateReads {
    /// To be asked when everything that is needed was used: a tensor that could not be read is zeros until then.
    ///
    /// # Errors
    ///
    /// If one could not be read or is not finite; the first that was met.
    ///
    /// # Panics
    ///
    /// If a tensor is still to be read: nobody would hear of it.
    pub fn end(self) -> Result<(), WeightsError> {
        let broken = Arc::into_inner(self.broken).expect("every tensor is read or was dropped");
        broken.into_inner().map_or(Ok(()), |error| Err(error.into()))
    }
}

/// What a file has of a module's tensors; of those that it has the names there, in the module's order.
fn compared<M: Module>(
    module: &M,
    names: &Names,
    file: &WeightFile,
    in_file: impl Fn(&Slot) -> Option<String>,
    fresh: impl Fn(&Slot) -> bool,
) -> Result<(LoadReport, Vec<String>), WeightsError> {
    let mut report = LoadReport::default();
    let (mut missing, mut wanted) = (Vec::new(), Vec::new());
    for slot in names.slots(module) {
        let Some(name) = in_file(&slot) else {
            report.fresh.push(slot.name);
            continue;
        };
        match file.check(&name)? {
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
        let (why, file) = (why_missing(file, &first), file.path().to_owned());
        return Err(WeightsError::Missing { file, first, expected, missing: lacking, why });
    }
    let used = wanted.iter().map(String::as_str).collect::<BTreeSet<_>>();
    let unused = |name: &&str| !used.contains(*name) && !is_bookkeeping(name);
    report.unused = file.names().filter(unused).map(str::to_owned).collect();
    Ok((report, wanted))
}

/// The module with the `wanted` tensors in the slots that are `in_file`, which are in the same order.
fn filled<M: Module>(
    module: M,
    file: &WeightFile,
    names: &Names,
    wanted: &[String],
    in_file: impl Fn(&Slot) -> bool,
) -> Result<M, WeightsError> {
    let mut broken = None;
    let fill = |next: &mut dyn FnMut() -> Option<Result<Vec<f32>, WeightFileError>>| {
        names.replace(module, |slot| {
            if broken.is_some() || !in_file(slot) {
                return None;
            }
            next()?.map_err(|error| broken.get_or_insert(error)).ok()
        })
    };
    let mut values = wanted.iter().map(|name| file.read_f32(name));
    let module = if cfg!(target_family = "wasm") {
        fill(&mut || values.next()) // no threads there
    } else {
        std::thread::scope(|scope| {
            // One tensor is read while the one before is put into its place.
            let (read, next) = sync_channel(0);
            scope.spawn(move || {
                // Nobody listens after an error.
                values.map_while(|values| read.send(values).ok()).for_each(drop);
            });
            fill(&mut || next.recv().ok())
        })
    };
    broken.map_or(Ok(module), |error| Err(error.into()))
}

/// What a file has in place of a tensor, and what to do.
fn why_missing(file: &WeightFile, tensor: &str) -> &'static str {
    let (module, leaf) = tensor.rsplit_once('.').unwrap_or(("", tensor));
    let has = |name: &str| file.contains(&format!("{module}.{name}"));
    if has(&format!("{leaf}_v")) || has(&format!("parametrizations.{leaf}.original0")) {
        return "; it is normalised there: before saving, call torch.nn.utils.remove_weight_norm or \
                torch.nn.utils.parametrize.remove_parametrizations";
    }
    if has(&format!("parametrizations.{leaf}.original")) {
        return "; it is computed there from others: before saving, call \
                torch.nn.utils.parametrize.remove_parametrizations";
    }
    if has("scale") && has("zero_point") || has("_packed_params.dtype") {
        return "; the network is quantized there: save it before it is quantized";
    }
    ""
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
        Self::load_found(&find_network(file, None)?, activation, device)
    }

    /// CLIP from a network that was found in a file, its towers if it is a segmentation network.
    ///
    /// # Errors
    ///
    /// As [`Clip::load`].
    pub fn load_found(
        found: &FoundNetwork,
        activation: Activation,
        device: &Device,
    ) -> Result<(Self, ClipConfig, LoadReport), WeightsError> {
        let file = &found.file;
        let mut config = clip_config(file, &found.clip)?;
        config.text.activation = activation;
        let clip = Clip::new(&config, device)
            .map_err(|source| WeightsError::Config { file: file.path().to_owned(), source })?;
        let names = Names::new(&[CLIP_NAMES]);
        let in_file = |slot: &Slot| Some(found.clip.of(&slot.name));
        let (clip, report) = load_module(clip, &names, file, in_file, fresh_in_clip)?;
        Ok((clip, config, report))
    }
}
