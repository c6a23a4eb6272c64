//! A training from the first step to the last, or from where it was stopped.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use causal_clip_seg::format::names;
use causal_clip_seg::weights::{FetchEvent, WeightSource};
use causal_clip_seg::{CausalClipSeg, Checkpoint, SegError};
use indicatif::{ProgressBar, ProgressStyle};
use seg_data::{Dataset, OpenOptions, Split};

use crate::checkpoint::{self, Start};
use crate::context::RunContext;
use crate::crew::Crew;
use crate::epochs::Epochs;
use crate::error::TrainError;
use crate::folder::{CHECKPOINTS, Provenance, RECIPE, RunFolder};
use crate::learner::Learner;
use crate::loaded::Loaded;
use crate::recipe::Recipe;
use crate::recipe_changes::{KeyChange, pictures_of_a_step};
use crate::report::RunReport;

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
        reading: data.reading(),
        rows: data.rows.clone(),
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
/// is not finite, or `out` cannot be written.
pub fn train(
    recipe: &Recipe,
    out: &Path,
    context: RunContext<'_>,
) -> Result<RunReport, TrainError> {
    recipe.check()?;
    RunFolder::check_free(out)?;
    let data = open_data(recipe)?;
    check_devices(recipe, &context)?;
    let device = training_device(recipe, context.device);
    let mut recipe = recipe.clone();
    let network = first_network(&mut recipe, &device, context.quiet)?;
    let recipe = &recipe;
    let slots = names().slots(&network).into_iter().filter(|slot| !slot.is_statistic());
    let parameters = slots.map(|slot| slot.len()).sum();
    let provenance = Provenance::new(recipe, network.config(), parameters, &data, &context)?;
    if data.cases(Split::Train).is_empty() {
        return Err(TrainError::Empty { split: Split::Train });
    }
    // First, so that a set which is refused leaves no run.
    let loaded = Loaded::read(recipe, &data, &network.config().input, context.quiet)?;
    let folder = RunFolder::create(out, recipe, &provenance, &loaded.inputs)?;
    let start = Start::new(Learner::new(network, recipe));
    let crew = crew(&start.learner, recipe, &context)?;
    Epochs::start(loaded, folder, &provenance, start, (device, crew), context.quiet)?
        .run(context.stop)
}

/// Goes on with the run in the folder `out`, from its newest checkpoint that is whole: on one
/// backend, the weights come out as if it had never stopped, bit by bit.
///
/// # Errors
///
/// If there is no run, its tables, pictures or masks have changed, its recipe has in a key that decides
/// what is trained, no checkpoint can be read, and as [`train`]. `training.epochs`,
/// `training.checkpointing`, `validation.every`, `validation.patience`, `checkpoints.*`, `data.folder`,
/// `data.memory` and `data.workers` may change, and `training.batch` with `optimizer.accumulate` if their
/// product stays; the log then says so.
pub fn resume(out: &Path, context: RunContext<'_>) -> Result<RunReport, TrainError> {
    let (folder, recipe, provenance) = RunFolder::open(out)?;
    let note = |text: &str| {
        if !context.quiet {
            eprintln!("note: {text}");
        }
    };
    check_devices(&recipe, &context)?;
    let mut changes = match &provenance.recipe {
        Some(began) => KeyChange::between(began, &recipe)?,
        None => Vec::new(),
    };
    if let Some(before) = &provenance.recipe
        && let Some(change) = KeyChange::refused(&changes, before, &recipe)
    {
        let (file, of_batches) = (out.join(RECIPE), change.is_of_batches());
        let KeyChange { key, began, found } = change.clone();
        return Err(match of_batches {
            true => {
                let pictures = pictures_of_a_step(before);
                TrainError::OtherSteps { file, key, found, began, pictures }
            }
            false => TrainError::OtherRecipe { file, key, found, began },
        });
    }
    for KeyChange { key, began, found } in &changes {
        note(&format!("{key} is {found}, the run began with {began}: taken and logged"));
    }
    let count = |names: &str| names.split(',').count();
    if count(&provenance.device) != count(context.device_name) {
        let (key, began) = ("devices".to_owned(), provenance.device.clone());
        let found = context.device_name.to_owned();
        note(&format!(
            "the run began on {began}, goes on with {found}: other shares of a batch, so batch norms see \
             other statistics"
        ));
        changes.push(KeyChange { key, began, found });
    }
    let data = open_data(&recipe)?;
    if data.table_hashes()? != provenance.tables {
        let set = recipe.data.folder.clone().unwrap_or_default();
        let what = format!("a table of {}", set.display());
        return Err(TrainError::Changed { folder: out.to_owned(), what });
    }
    let device = training_device(&recipe, context.device);
    let start = match checkpoint::restore(&out.join(CHECKPOINTS), &recipe, &device)? {
        Some(restored) => restored,
        // Stopped before the first one: from the start.
        None => {
            let network = first_network(&mut recipe.clone(), &device, context.quiet)?;
            Start::new(Learner::new(network, &recipe))
        }
    };
    let input = &start.learner.network.config().input;
    let loaded = Loaded::read(&recipe, &data, input, context.quiet)?;
    match folder.inputs()? {
        Some(began) => {
            if let Some(what) = loaded.inputs.first_other(&began) {
                let (folder, what) = (data.folder().to_owned(), what.to_owned());
                return Err(TrainError::OtherFile { folder, what });
            }
        }
        None => note("a run of an earlier version: whether pictures are the same is not known"),
    }
    let devices = (device, crew(&start.learner, &recipe, &context)?);
    let mut epochs = Epochs::start(loaded, folder, &provenance, start, devices, context.quiet)?;
    epochs.log_changes(&changes)?;
    epochs.run(context.stop)
}

fn training_device(recipe: &Recipe, device: &Device) -> Device {
    let device = device.clone().autodiff();
    match recipe.training.checkpointing {
        true => device.gradient_checkpointing(),
        false => device,
    }
}

/// # Errors
///
/// If a batch has fewer pictures than there are devices.
fn check_devices(recipe: &Recipe, context: &RunContext<'_>) -> Result<(), TrainError> {
    match recipe.training.batch > context.others.len() {
        true => Ok(()),
        false => Err(TrainError::Setting {
            key: "training.batch",
            value: recipe.training.batch.to_string(),
            expected: "at least one picture for each device",
        }),
    }
}

/// The further devices with copies of the network.
fn crew(
    learner: &Learner,
    recipe: &Recipe,
    context: &RunContext<'_>,
) -> Result<Option<Crew>, TrainError> {
    if context.others.is_empty() {
        return Ok(None);
    }
    let mut names = context.device_name.split(',').skip(1);
    let devices = context.others.iter().enumerate().map(|(index, device)| {
        let name = names.next().map_or_else(|| (index + 1).to_string(), |n| n.trim().to_owned());
        (name, training_device(recipe, device))
    });
    let devices = devices.collect();
    Crew::start(learner, recipe, devices, context.exchange).map(Some)
}

/// The network before the first step. A name of weights in the recipe becomes one that will always mean
/// the same ones, so that the run's records say which these were.
fn first_network(
    recipe: &mut Recipe,
    device: &Device,
    quiet: bool,
) -> Result<CausalClipSeg, TrainError> {
    let seed = recipe.training.seed;
    let note = |text: &str| {
        if !quiet {
            eprintln!("note: {text}");
        }
    };
    let open = |name: &mut PathBuf| -> Result<Checkpoint, TrainError> {
        let source = WeightSource::parse(&*name)?;
        let mut bar = ProgressBar::hidden();
        let open = source.open(&mut |event| match event {
            FetchEvent::Note(text) => note(&text),
            FetchEvent::Started { file, size, there } => {
                note(&format!("fetching {file}"));
                if !quiet {
                    bar = ProgressBar::new(size.unwrap_or_default()).with_position(there);
                    bar.set_style(bytes_style());
                }
            }
            FetchEvent::Read(bytes) => bar.inc(bytes),
            FetchEvent::Finished => bar.finish_and_clear(),
            _ => (),
        })?;
        *name = open.name;
        let checkpoint = Checkpoint::of(&open.file, None)?;
        checkpoint.note().iter().for_each(|text| note(text));
        Ok(checkpoint)
    };
    let network = match (&mut recipe.model.weights, &mut recipe.model.clip) {
        (Some(name), _) => open(name)?.load(device)?,
        (_, Some(name)) => open(name)?.clip_towers(seed).load(device)?,
        (None, None) => {
            let network = recipe.network_config()?.init(device).map_err(SegError::from)?;
            network.with_random_weights(seed, |_| true)
        }
    };
    let input = recipe.input(network.config().input.clone());
    Ok(network.with_input(input).map_err(SegError::from)?)
}

fn bytes_style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
