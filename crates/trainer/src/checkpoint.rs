//! All that is needed to go on with a training as if it had not stopped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use causal_clip_seg::Checkpoint;
use causal_clip_seg::format::{CONFIG_KEY, FORMAT, FORMAT_KEY, Precision, names};
use clip_encoder::tensors_of;
use serde::{Deserialize, Serialize};
use weight_files::{WeightFile, write_safetensors};

use crate::average::Average;
use crate::error::TrainError;
use crate::learner::Learner;
use crate::optimizer::Optimizer;
use crate::recipe::Recipe;

/// Where a training is. The order of cases and every change of them follow from the recipe's seed,
/// the epoch and the case, so no random state is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Progress {
    /// Epochs that are complete.
    pub epoch: usize,
    /// Steps taken in the next one.
    pub step_in_epoch: usize,
    /// Steps taken in all.
    pub step: usize,
    /// Sum of the causal losses of the epoch's steps.
    pub loss_sum: f64,
    /// Per-image mean Dice of the best look at the validation cases.
    pub best_dice: Option<f64>,
    /// Looks since then.
    pub looks_since_best: usize,
    /// Stopped by `validation.patience`.
    pub stopped_early: bool,
    /// Time in training, over all processes.
    pub seconds: f64,
    /// Length of the log when this was written: what follows is of steps that are taken again.
    pub log_bytes: u64,
}

/// What stands beside the tensors.
#[derive(Serialize, Deserialize)]
struct State {
    progress: Progress,
    /// How often each parameter of player 1 was moved.
    first: BTreeMap<String, usize>,
    second: BTreeMap<String, usize>,
}

const STATE_KEY: &str = "training";
const FIRST: &str = "optimizer1";
const SECOND: &str = "optimizer2";
const AVERAGE: &str = "average";
const ENDING: &str = ".safetensors";

/// Writes the newest checkpoint of a folder and removes all but the newest `keep`.
///
/// # Errors
///
/// If it cannot be written or a weight is not finite; the earlier ones stay then.
pub(crate) fn save(
    folder: &Path,
    learner: &Learner,
    progress: &Progress,
    keep: usize,
) -> Result<PathBuf, TrainError> {
    let file = folder.join(format!("step-{:08}{ENDING}", progress.step));
    let state = State {
        progress: progress.clone(),
        first: learner.first.steps(),
        second: learner.second.steps(),
    };
    let unwritable = |what: String| TrainError::State { file: file.clone(), what };
    // TOML and not JSON: its numbers come back with the same bits.
    let state = toml::to_string(&state).map_err(|error| unwritable(error.to_string()))?;
    let sizes = serde_json::to_string(learner.network.config())
        .map_err(|error| unwritable(error.to_string()))?;
    let metadata = BTreeMap::from([
        (CONFIG_KEY.to_owned(), sizes),
        (FORMAT_KEY.to_owned(), FORMAT.to_owned()),
        (STATE_KEY.to_owned(), state),
    ]);
    let mut tensors = tensors_of(&learner.network, &names());
    tensors.extend(learner.first.tensors(FIRST));
    tensors.extend(learner.second.tensors(SECOND));
    if let Some(average) = &learner.average {
        tensors.extend(average.tensors(AVERAGE));
    }
    write_safetensors(&file, &metadata, tensors, Precision::F32)?;
    for old in newest_first(folder)?.into_iter().skip(keep) {
        // Best effort: one file too many is no harm.
        let _ = std::fs::remove_file(old);
    }
    Ok(file)
}

/// The newest checkpoint that can be read; one that was torn is passed over. `None` if there is no
/// checkpoint yet.
///
/// # Errors
///
/// If there are checkpoints and none can be read.
pub(crate) fn restore(
    folder: &Path,
    recipe: &Recipe,
    device: &Device,
) -> Result<Option<Start>, TrainError> {
    let mut newest = None;
    for file in newest_first(folder)? {
        match read(&file, recipe, device) {
            Ok(restored) => return Ok(Some(restored)),
            Err(error) => newest = newest.or(Some(error.to_string())),
        }
    }
    match newest {
        Some(newest) => Err(TrainError::NoCheckpoint { folder: folder.to_owned(), newest }),
        None => Ok(None),
    }
}

/// Where a training starts, or goes on.
pub(crate) struct Start {
    pub learner: Learner,
    pub progress: Progress,
    /// The checkpoint that this is from.
    pub file: Option<PathBuf>,
}

impl Start {
    /// At the first step.
    pub fn new(learner: Learner) -> Self {
        Self { learner, progress: Progress::default(), file: None }
    }
}

fn read(file: &Path, recipe: &Recipe, device: &Device) -> Result<Start, TrainError> {
    let broken = |what: String| TrainError::State { file: file.to_owned(), what };
    let weights = WeightFile::open(file)?;
    let text = weights.metadata().get(STATE_KEY);
    let text = text.ok_or_else(|| broken(format!("no `{STATE_KEY}` in its metadata")))?;
    let state: State = toml::from_str(text).map_err(|error| broken(error.to_string()))?;
    let network = Checkpoint::open(file)?.load(device)?;
    let mut learner = Learner::new(network, recipe);
    // The players' memory lives where gradients do: outside of autodiff.
    let inner = device.clone().inner();
    let restored =
        |prefix, steps| Optimizer::restored(&recipe.optimizer, &weights, prefix, steps, &inner);
    learner.first = restored(FIRST, &state.first)?;
    learner.second = restored(SECOND, &state.second)?;
    if learner.average.is_some() {
        learner.average = Some(Average::restored(&learner.network, &weights, AVERAGE)?);
    }
    Ok(Start { learner, progress: state.progress, file: Some(file.to_owned()) })
}

/// The checkpoints of a folder; empty if there is no folder.
fn newest_first(folder: &Path) -> Result<Vec<PathBuf>, TrainError> {
    let failed = |source| TrainError::Read { file: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let step = name.strip_prefix("step-").and_then(|rest| rest.strip_suffix(ENDING));
        if let Some(step) = step.and_then(|step| step.parse::<u64>().ok()) {
            files.push((step, entry.path()));
        }
    }
    files.sort();
    Ok(files.into_iter().rev().map(|(_, file)| file).collect())
}
