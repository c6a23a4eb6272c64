//! A training from the first step to the last, or from where it was stopped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use burn::tensor::Device;
use causal_clip_seg::{CausalClipSeg, CausalClipSegConfig, names};
use indicatif::{ProgressBar, ProgressStyle};
use seg_data::{Dataset, OpenOptions, Split};

use crate::batch::Samples;
use crate::checkpoint::{self, Start};
use crate::curves::Curves;
use crate::epochs::Epochs;
use crate::error::TrainError;
use crate::folder::{BEST, CHECKPOINTS, LAST, Origin, RunFolder, notes};
use crate::learner::Learner;
use crate::recipe::Recipe;

/// What a training leaves.
#[derive(Clone, Debug)]
pub struct Report {
    /// Why it ended.
    pub ending: Ending,
    /// Per-image mean Dice on the validation cases, of the best look; none without any.
    pub best_dice: Option<f64>,
    /// From which presence on the best network says that there is something; none where it was not
    /// fitted.
    pub presence: Option<f32>,
    /// Weights of that look; the last epoch's where there is nothing to look at; none where training
    /// was stopped before either.
    pub best: Option<PathBuf>,
    /// Weights after the last whole epoch; no file yet where training was stopped before its end.
    pub last: PathBuf,
    /// Steps taken, those before a resumption too.
    pub steps: usize,
    /// In seconds, likewise.
    pub wall: f64,
    /// Cases whose sentences are longer than the network reads.
    pub sentences_cut: usize,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All epochs are done.
    Finished,
    /// [`ValidationConfig::patience`](crate::ValidationConfig::patience) ran out.
    Early,
    /// It was asked to stop and can go on.
    Stopped,
}

/// Where a training computes, and how it is stopped.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Gradients are turned on by the training itself.
    pub device: &'a Device,
    /// What the device is called in the run's records.
    pub device_name: &'a str,
    /// Set from outside (Ctrl-C): the step is finished, a checkpoint written, and the training
    /// returns.
    pub stop: &'a AtomicBool,
}

/// The set that a recipe names.
///
/// # Errors
///
/// If the recipe names none, or it cannot be read.
pub fn open_data(recipe: &Recipe) -> Result<Dataset, TrainError> {
    let data = &recipe.data;
    let folder = data.folder.as_deref().ok_or(TrainError::Setting {
        key: "data.folder",
        value: "not given".to_owned(),
        expected: "the folder of a set (--data DIR)",
    })?;
    let options = OpenOptions {
        mask_rule: data.mask_rule,
        group_pattern: data.group.clone(),
        ..OpenOptions::default()
    };
    let set = Dataset::open_with(folder, &options)?;
    Ok(match data.resplit {
        Some(shares) => set.resplit(shares, data.resplit_seed),
        None => set,
    })
}

/// Trains as `recipe` says, and leaves everything in the folder `out`.
///
/// # Errors
///
/// If a setting is impossible, `out` holds a run already, a case cannot be read, a loss or gradient
/// is no number, or `out` cannot be written.
pub fn train(recipe: &Recipe, out: &Path, place: Place<'_>) -> Result<Report, TrainError> {
    recipe.check()?;
    let data = open_data(recipe)?;
    let device = training_device(recipe, place.device);
    let (network, config) = first_network(recipe, &device)?;
    let slots = names().slots(&network).into_iter().filter(|slot| !slot.is_statistic());
    let parameters = slots.map(|slot| slot.len()).sum();
    let origin = Origin::new(recipe, &config, parameters, &data, place.device_name)?;
    if data.cases(Split::Train).is_empty() {
        return Err(TrainError::Empty { split: Split::Train });
    }
    let folder = RunFolder::create(out, recipe, &origin)?;
    let learner = Learner::new(network, recipe);
    let job = Job { recipe, config: &config, notes: notes(recipe, &origin), data: &data, folder };
    job.run(Start::new(learner), device, place.stop)
}

/// Goes on with the run in the folder `out`, from its newest checkpoint that is whole: on one
/// backend, the weights come out as if it had never stopped, bit by bit.
///
/// # Errors
///
/// If there is no run, its set has changed, no checkpoint can be read, and as [`train`].
pub fn resume(out: &Path, place: Place<'_>) -> Result<Report, TrainError> {
    let (folder, recipe, origin) = RunFolder::open(out)?;
    let data = open_data(&recipe)?;
    if data.table_hashes()? != origin.tables {
        let set = recipe.data.folder.clone().unwrap_or_default();
        let what = format!("a table of {}", set.display());
        return Err(TrainError::Changed { folder: out.to_owned(), what });
    }
    let device = training_device(&recipe, place.device);
    let checkpoints = out.join(CHECKPOINTS);
    let start = match checkpoint::restore(&checkpoints, &recipe, &device)? {
        Some(restored) => restored,
        // Stopped before the first one: from the start.
        None => Start::new(Learner::new(first_network(&recipe, &device)?.0, &recipe)),
    };
    let (config, notes) = (&origin.network, notes(&recipe, &origin));
    Job { recipe: &recipe, config, notes, data: &data, folder }.run(start, device, place.stop)
}

fn training_device(recipe: &Recipe, device: &Device) -> Device {
    let device = device.clone().autodiff();
    match recipe.training.checkpointing {
        true => device.gradient_checkpointing(),
        false => device,
    }
}

/// The network before the first step.
fn first_network(
    recipe: &Recipe,
    device: &Device,
) -> Result<(CausalClipSeg, CausalClipSegConfig), TrainError> {
    let seed = recipe.training.seed;
    let (network, config) = match (&recipe.model.weights, &recipe.model.clip) {
        (Some(file), _) => {
            let loaded = CausalClipSeg::load(file, device)?;
            (loaded.network, loaded.config)
        }
        (_, Some(file)) => {
            let loaded = CausalClipSeg::start_from_clip(file, seed, device)?;
            (loaded.network, loaded.config)
        }
        (None, None) => {
            let config = recipe.network_config()?;
            let network = CausalClipSeg::new(&config, device)
                .map_err(causal_clip_seg::SegError::from)?
                .with_random_weights(seed, |_| true);
            (network, config)
        }
    };
    Ok((network, recipe.with_input(config)?))
}

/// What is trained on what, and where it goes.
struct Job<'a> {
    recipe: &'a Recipe,
    config: &'a CausalClipSegConfig,
    /// What the weight files say of their making.
    notes: BTreeMap<String, String>,
    data: &'a Dataset,
    folder: RunFolder,
}

impl Job<'_> {
    fn run(self, start: Start, device: Device, stop: &AtomicBool) -> Result<Report, TrainError> {
        let Self { recipe, config, notes, data, folder } = self;
        let out = folder.path.clone();
        let checkpoints = out.join(CHECKPOINTS);
        std::fs::create_dir_all(&checkpoints)
            .map_err(|source| TrainError::Write { file: checkpoints.clone(), source })?;
        let cases = data.cases(Split::Train);
        let mut validation = data.cases(Split::Val);
        if recipe.validation.cases > 0 {
            validation.truncate(recipe.validation.cases);
        }
        let reading = bar(cases.len() + validation.len(), "reading {bar:30} {pos}/{len} {eta}");
        let samples = Samples::load(&cases, &config.input, recipe.data.memory, || reading.inc(1))?;
        // A broken picture shows itself now and not at the end of the first epoch.
        seg_data::check(&validation, || reading.inc(1))?;
        reading.finish_and_clear();

        let Start { learner, progress, file: last_good } = start;
        let (log, lines) = folder.log(progress.log_bytes)?;
        let mut curves = Curves::default();
        lines.iter().for_each(|line| curves.take(line));
        let epochs = recipe.training.epochs;
        let per_epoch =
            samples.len().div_ceil(recipe.training.batch).div_ceil(recipe.optimizer.accumulate);
        let bar =
            bar(epochs * per_epoch, "{msg}\n{bar:30} step {pos}/{len}  {elapsed}, to come {eta}");
        bar.set_position(progress.step as u64);
        bar.reset_eta();
        let mut run = Epochs {
            seconds_before: progress.seconds,
            first_step: progress.step,
            progress,
            learner,
            recipe,
            config,
            data,
            validation,
            device,
            log,
            curves,
            notes,
            folder,
            per_epoch,
            bar,
            started: Instant::now(),
            spoke: Instant::now(),
            kept: Instant::now(),
            last_good,
        };
        let ending = run.all_epochs(&samples, stop)?;
        run.bar.finish_and_clear();
        let presence = match ending {
            Ending::Stopped => None,
            Ending::Finished | Ending::Early => run.fit_presence()?,
        };
        let best = match run.validation.is_empty() {
            true => (run.progress.epoch > 0).then_some(LAST),
            false => run.progress.best_dice.map(|_| BEST),
        };
        let best = best.map(|name| out.join(name));
        Ok(Report {
            ending,
            presence,
            best_dice: run.progress.best_dice,
            best,
            last: out.join(LAST),
            steps: run.progress.step,
            wall: run.seconds(),
            sentences_cut: samples.sentences_cut,
        })
    }
}

fn bar(length: usize, template: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style)
}
