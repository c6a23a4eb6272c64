//! A run's folder: what was asked for, of what, with what, and what came of it.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use causal_clip_seg::CausalClipSegConfig;
use causal_clip_seg::weights::WeightSource;
use seg_data::{Dataset, Split};
use serde::{Deserialize, Serialize};

use crate::context::RunContext;
use crate::error::TrainError;
use crate::inputs::Inputs;
use crate::recipe::Recipe;

/// A run's folder, held by this process.
#[derive(Debug)]
pub(crate) struct RunFolder {
    pub path: PathBuf,
    /// Locked as long as the process lives.
    _lock: File,
}

/// Weights of the best look at the validation cases.
pub(crate) const BEST: &str = "best.safetensors";
/// Weights after the last step.
pub(crate) const LAST: &str = "last.safetensors";
/// What a stopped run goes on from.
pub(crate) const CHECKPOINTS: &str = "checkpoints";

/// Key of how a set's files were read, in the metadata of weights: a
/// [`ReadOptions`](seg_data::ReadOptions) in JSON.
pub const READING_KEY: &str = "reading";
/// Every key of the recipe with its value.
pub(crate) const RECIPE: &str = "recipe.toml";
/// The [`Provenance`].
const PROVENANCE: &str = "run.json";
/// One JSON object a line: steps and epochs.
const LOG: &str = "log.jsonl";
/// The [`Inputs`].
const INPUTS: &str = "inputs.json";
const LOCK: &str = ".lock";
/// The tensor library's version, which the workspace pins.
const BURN: &str = "0.22.1";

/// What a run was made of and with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of this crate.
    pub trainer: String,
    /// Version of the tensor library.
    pub burn: String,
    /// Commit that the program was built from, as it says; see [`RunContext::commit`].
    pub commit: String,
    /// Name of the device that computed.
    pub device: String,
    /// Operating system and processor family.
    pub system: String,
    /// Threads of the processor.
    pub threads: usize,
    /// See [`TrainingConfig::seed`](crate::config::TrainingConfig::seed).
    pub seed: u64,
    /// Sizes and input of the network.
    pub network: CausalClipSegConfig,
    /// Trained values in it.
    pub parameters: usize,
    /// SHA-256 of the set's tables, by their paths in the set.
    pub tables: BTreeMap<String, String>,
    /// The recipe that the run began with; `None` in a run of an earlier version.
    #[serde(default)]
    pub recipe: Option<Recipe>,
    /// Cases of train, val and test.
    pub cases: BTreeMap<String, usize>,
    /// Seconds since 1970, UTC.
    pub started: u64,
}

impl Provenance {
    /// The provenance of a run that starts now; `parameters` is how many values are trained.
    pub(crate) fn new(
        recipe: &Recipe,
        network: &CausalClipSegConfig,
        parameters: usize,
        data: &Dataset,
        context: &RunContext<'_>,
    ) -> Result<Self, TrainError> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let count = |split: Split| (split.to_string(), data.cases(split).len());
        Ok(Self {
            trainer: env!("CARGO_PKG_VERSION").to_owned(),
            burn: BURN.to_owned(),
            commit: context.commit.to_owned(),
            device: context.device_name.to_owned(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            seed: recipe.training.seed,
            network: network.clone(),
            parameters,
            tables: data.table_hashes()?,
            recipe: Some(recipe.clone()),
            cases: Split::ALL.map(count).into(),
            started: now.map_or(0, |time| time.as_secs()),
        })
    }
}

impl RunFolder {
    /// Whether a new run can have this folder.
    ///
    /// # Errors
    ///
    /// If there is a run in it.
    pub fn check_free(path: &Path) -> Result<(), TrainError> {
        match path.join(PROVENANCE).exists() {
            true => Err(TrainError::Occupied { folder: path.to_owned() }),
            false => Ok(()),
        }
    }

    /// A new run's folder.
    ///
    /// # Errors
    ///
    /// If there is a run in it, or it cannot be made.
    pub fn create(
        path: &Path,
        recipe: &Recipe,
        provenance: &Provenance,
        inputs: &Inputs,
    ) -> Result<Self, TrainError> {
        std::fs::create_dir_all(path).map_err(|source| write_error(path, source))?;
        let folder = Self::locked(path)?;
        Self::check_free(path)?;
        let state = |file: &Path, error: serde_json::Error| TrainError::State {
            file: file.to_owned(),
            what: error.to_string(),
        };
        let file = path.join(INPUTS);
        let text = serde_json::to_string_pretty(inputs).map_err(|error| state(&file, error))?;
        whole_file::write(&file, text.as_bytes())?;
        // The provenance last: a folder that has it is complete.
        whole_file::write(&path.join(RECIPE), recipe.to_toml()?.as_bytes())?;
        let file = path.join(PROVENANCE);
        let text = serde_json::to_string_pretty(provenance).map_err(|error| state(&file, error))?;
        whole_file::write(&file, text.as_bytes())?;
        Ok(folder)
    }

    /// The folder of a run to go on with.
    ///
    /// # Errors
    ///
    /// If there is none, or another process works in it.
    pub fn open(path: &Path) -> Result<(Self, Recipe, Provenance), TrainError> {
        for missing in [RECIPE, PROVENANCE] {
            if !path.join(missing).is_file() {
                return Err(TrainError::NoRun { folder: path.to_owned(), missing });
            }
        }
        let recipe = Recipe::read(&path.join(RECIPE), &[])?;
        let file = path.join(PROVENANCE);
        let text = std::fs::read_to_string(&file)
            .map_err(|source| TrainError::Read { file: file.clone(), source })?;
        let provenance = serde_json::from_str(&text)
            .map_err(|error| TrainError::State { file, what: error.to_string() })?;
        Ok((Self::locked(path)?, recipe, provenance))
    }

    /// What the run began with; `None` in a run of an earlier version.
    ///
    /// # Errors
    ///
    /// If its file is broken.
    pub fn inputs(&self) -> Result<Option<Inputs>, TrainError> {
        let file = self.path.join(INPUTS);
        if !file.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&file)
            .map_err(|source| TrainError::Read { file: file.clone(), source })?;
        let inputs = serde_json::from_str(&text)
            .map_err(|error| TrainError::State { file, what: error.to_string() })?;
        Ok(Some(inputs))
    }

    fn locked(path: &Path) -> Result<Self, TrainError> {
        let file = path.join(LOCK);
        let lock = File::create(&file).map_err(|source| write_error(&file, source))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(TrainError::Locked { folder: path.to_owned() }),
            // Not every file system can lock; one run a folder is then the user's care.
            Err(TryLockError::Error(_)) => Ok(Self { path: path.to_owned(), _lock: lock }),
        }
    }

    /// The log, cut to the `length` bytes that a checkpoint knew of, and the lines in it.
    pub fn log(&self, length: u64) -> Result<(Log, Vec<serde_json::Value>), TrainError> {
        let path = self.path.join(LOG);
        let failed = |source| write_error(&path, source);
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        file.set_len(length).map_err(failed)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok((Log { path, file, length }, lines))
    }
}

/// One JSON object a line.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    /// In bytes.
    pub length: u64,
}

impl Log {
    pub fn line(&mut self, value: &serde_json::Value) -> Result<(), TrainError> {
        let line = format!("{value}\n");
        let written = self.file.write_all(line.as_bytes());
        written.map_err(|source| write_error(&self.path, source))?;
        self.length += line.len() as u64;
        Ok(())
    }
}

pub(crate) fn write_error(path: &Path, source: std::io::Error) -> TrainError {
    TrainError::Write { file: path.to_owned(), source }
}

/// What the weight files say of their making: nothing that differs between two runs of one recipe.
///
/// # Errors
///
/// If the recipe cannot be written as TOML.
pub(crate) fn notes(
    recipe: &Recipe,
    provenance: &Provenance,
) -> Result<BTreeMap<String, String>, TrainError> {
    let tables = provenance.tables.iter().map(|(name, hash)| format!("{name} {hash}"));
    let recipe = without_folders(recipe)?;
    let reading = serde_json::to_string(&recipe.data.reading())
        .map_err(|error| TrainError::State { file: RECIPE.into(), what: error.to_string() })?;
    Ok(BTreeMap::from([
        ("recipe".to_owned(), recipe.to_toml()?),
        ("trainer".to_owned(), provenance.trainer.clone()),
        ("data".to_owned(), tables.collect::<Vec<_>>().join("\n")),
        ("use".to_owned(), "research only, not for clinical use".to_owned()),
        (READING_KEY.to_owned(), reading),
    ]))
}

/// The recipe as it goes with the weights: where the set and the first weights lay is nobody's business
/// who gets the new ones.
fn without_folders(recipe: &Recipe) -> Result<Recipe, TrainError> {
    let mut recipe = recipe.clone();
    recipe.data.folder = None;
    for weights in [&mut recipe.model.weights, &mut recipe.model.clip].into_iter().flatten() {
        if let WeightSource::File(file) = WeightSource::parse(&*weights)? {
            *weights = file.file_name().map(PathBuf::from).unwrap_or(file);
        }
    }
    Ok(recipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_do_not_say_where_things_lay() {
        let stored = |weights: &str| {
            let mut recipe = Recipe::default();
            recipe.data.folder = Some("/home/ada/set".into());
            recipe.model.weights = Some(weights.into());
            let stored = without_folders(&recipe).unwrap();
            assert_eq!(stored.data.folder, None);
            stored.model.weights.unwrap().display().to_string()
        };
        assert_eq!(stored("/home/ada/runs/best.safetensors"), "best.safetensors");
        assert_eq!(stored("hf:ada/net/a.pt@main"), "hf:ada/net/a.pt@main");
        assert_eq!(stored("phantom"), "phantom");
    }

    #[test]
    fn the_tensor_library_is_the_one_that_is_recorded() {
        let manifest = include_str!("../../../Cargo.toml");
        assert!(manifest.contains(&format!("burn = {{ version = \"={}\"", super::BURN)));
    }
}
