//! A training from the first step to the last, or from where it was stopped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use burn::tensor::Device;
use causal_clip_seg::{CausalClipSeg, CausalClipSegConfig, Precision, Segmenter, names};
use indicatif::{ProgressBar, ProgressStyle};
use seeded::SplitMix64;
use seg_data::{Case, Dataset, OpenOptions, Split};
use seg_image::write_rgb;
use serde_json::json;

use crate::batch::{Batch, Samples};
use crate::checkpoint::{self, Progress, Start};
use crate::controls::Control;
use crate::curves::Curves;
use crate::error::TrainError;
use crate::evaluate::{evaluate, mean_dice};
use crate::folder::{Log, Origin, RunFolder, notes};
use crate::learner::Learner;
use crate::prefetch::{Go, batches};
use crate::presence::store_threshold;
use crate::recipe::Recipe;
use crate::sheet::answer_sheet;

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
    /// Weights of that look; the last ones where nothing was looked at.
    pub best: PathBuf,
    /// Weights after the last step.
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

const BEST: &str = "best.safetensors";
const LAST: &str = "last.safetensors";
const CHECKPOINTS: &str = "checkpoints";
const CURVES: &str = "curves.png";
const SHEET: &str = "validation.png";

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
        Samples::load(&validation, &config.input, 0, || reading.inc(1))?;
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
        let mut run = Run {
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
        Ok(Report {
            ending,
            presence,
            best_dice: run.progress.best_dice,
            best: if run.validation.is_empty() { out.join(LAST) } else { out.join(BEST) },
            last: out.join(LAST),
            steps: run.progress.step,
            wall: run.seconds(),
            sentences_cut: samples.sentences_cut,
        })
    }
}

struct Run<'a> {
    learner: Learner,
    progress: Progress,
    /// Time in training of earlier processes.
    seconds_before: f64,
    /// Where this process began.
    first_step: usize,
    recipe: &'a Recipe,
    config: &'a CausalClipSegConfig,
    data: &'a Dataset,
    validation: Vec<&'a Case>,
    device: Device,
    log: Log,
    curves: Curves,
    notes: BTreeMap<String, String>,
    folder: RunFolder,
    /// Steps of an epoch.
    per_epoch: usize,
    bar: ProgressBar,
    started: Instant,
    /// The last plain line, where there is no progress bar.
    spoke: Instant,
    /// The last checkpoint.
    kept: Instant,
    last_good: Option<PathBuf>,
}

/// Longest time without a word where there is no progress bar.
const SILENCE: Duration = Duration::from_secs(60);

impl Run<'_> {
    fn all_epochs(
        &mut self,
        samples: &Samples<'_>,
        stop: &AtomicBool,
    ) -> Result<Ending, TrainError> {
        let epochs = self.recipe.training.epochs;
        while self.progress.epoch < epochs && !self.progress.stopped_early {
            let go = self.epoch(samples, stop)?;
            if go == Go::Stop {
                self.checkpoint()?;
                return Ok(Ending::Stopped);
            }
            self.end_of_epoch()?;
        }
        self.save(LAST)?;
        Ok(if self.progress.stopped_early { Ending::Early } else { Ending::Finished })
    }

    /// What is left of the current epoch.
    fn epoch(&mut self, samples: &Samples<'_>, stop: &AtomicBool) -> Result<Go, TrainError> {
        let recipe = self.recipe;
        let epoch = self.progress.epoch;
        let mut order = (0..samples.len()).collect::<Vec<_>>();
        SplitMix64::new(recipe.training.seed ^ ((epoch as u64 + 1) << 32)).shuffle(&mut order);
        let together = recipe.optimizer.accumulate;
        let done = self.progress.step_in_epoch * together;
        let plan = order.chunks(recipe.training.batch).skip(done).collect::<Vec<_>>();
        let last = plan.len();
        let (mut waiting, mut seen, mut go) = (Vec::new(), 0, Go::On);
        batches(samples, &plan, epoch, recipe, |batch| {
            seen += 1;
            waiting.push(batch);
            if waiting.len() == together || seen == last {
                self.step(&std::mem::take(&mut waiting))?;
                if stop.load(Ordering::Relaxed) {
                    go = Go::Stop;
                } else if self.kept.elapsed().as_secs_f64() > 60.0 * recipe.checkpoints.minutes {
                    self.checkpoint()?;
                }
            }
            Ok(go)
        })?;
        // Asked to stop at the very end: the epoch is closed first, by the next process.
        Ok(go)
    }

    fn step(&mut self, batches: &[Batch]) -> Result<(), TrainError> {
        let Recipe { optimizer, schedule, game, training, .. } = self.recipe;
        let step = self.progress.step;
        let open = self.progress.epoch < game.warm_up;
        let rate = optimizer.lr * schedule.share(step, self.per_epoch, training.epochs);
        let examples = batches.iter().map(|batch| batch.example(&self.device)).collect::<Vec<_>>();
        let taken = self.learner.step(&examples, rate, open);
        if !taken.is_finite() {
            let ids = batches.iter().flat_map(|batch| batch.ids.clone()).collect::<Vec<_>>();
            return Err(TrainError::NotFinite {
                step,
                what: format!(
                    "causal loss {}, confounding loss {}, gradient norms {} and {}",
                    taken.losses.causal, taken.losses.confounding, taken.norm, taken.gate_norm
                ),
                cases: ids.join(", "),
                last_good: self.last_good.clone(),
            });
        }
        self.progress.step += 1;
        self.progress.step_in_epoch += 1;
        self.progress.loss_sum += f64::from(taken.losses.causal);
        let line = json!({
            "step": step, "causal": taken.losses.causal, "confounding": taken.losses.confounding,
            "norm": taken.norm, "gate_norm": taken.gate_norm, "rate": rate,
        });
        self.log.line(&line)?;
        self.curves.take(&line);
        let cases = batches.iter().map(|batch| batch.ids.len()).sum::<usize>();
        self.tell(open, cases);
        Ok(())
    }

    fn tell(&mut self, open: bool, cases: usize) {
        let Progress { epoch, step, step_in_epoch, loss_sum, .. } = self.progress;
        let pace = (step - self.first_step) as f64 / self.started.elapsed().as_secs_f64();
        let message = format!(
            "epoch {}/{}{}: loss {:.3}, {:.1} cases/s, {} MiB{}",
            epoch + 1,
            self.recipe.training.epochs,
            if open { " (gates open)" } else { "" },
            loss_sum / step_in_epoch as f64,
            pace * cases as f64,
            resident_mib(),
            match self.progress.best_dice {
                Some(dice) => format!(", best validation Dice {dice:.4}"),
                None => String::new(),
            },
        );
        if self.bar.is_hidden() && self.spoke.elapsed() >= SILENCE {
            let all = self.per_epoch * self.recipe.training.epochs;
            let to_come = (all - step) as f64 / pace / 60.0;
            eprintln!("step {step}/{all}, {message}, {to_come:.0} min to come");
            self.spoke = Instant::now();
        }
        self.bar.set_message(message);
        self.bar.set_position(step as u64);
    }

    fn end_of_epoch(&mut self) -> Result<(), TrainError> {
        let epochs = self.recipe.training.epochs;
        self.progress.epoch += 1;
        let epoch = self.progress.epoch;
        let loss = self.progress.loss_sum / self.progress.step_in_epoch.max(1) as f64;
        let look = epoch.is_multiple_of(self.recipe.validation.every) || epoch == epochs;
        let dice = if look && !self.validation.is_empty() { Some(self.look()?) } else { None };
        let line = json!({
            "epoch": epoch, "step": self.progress.step, "loss": loss, "validation_dice": dice,
            "best": self.progress.best_dice, "seconds": self.seconds(),
            "resident_mib": resident_mib(),
        });
        self.log.line(&line)?;
        self.curves.take(&line);
        if let Some(picture) = self.curves.draw() {
            write_rgb(&self.folder.path.join(CURVES), &picture)?;
        }
        let text = match dice {
            Some(dice) => format!(
                "epoch {epoch}/{epochs}: loss {loss:.4}, validation Dice {dice:.4} (best {:.4})",
                self.progress.best_dice.unwrap_or(dice)
            ),
            None => format!("epoch {epoch}/{epochs}: loss {loss:.4}"),
        };
        match self.bar.is_hidden() {
            true => eprintln!("{text}, {:.0} s", self.seconds()),
            false => self.bar.println(text),
        }
        (self.progress.step_in_epoch, self.progress.loss_sum) = (0, 0.0);
        self.save(LAST)?;
        self.checkpoint()
    }

    /// Scores the validation cases, draws some, and keeps the weights if they are the best.
    fn look(&mut self) -> Result<f64, TrainError> {
        /// Answers on a sheet.
        const TILES: usize = 12;
        let network = self.learner.result();
        let segmenter = Segmenter::new(network, self.config.clone(), &self.device)?;
        let queries = Control::True.queries(&self.validation, "", 0);
        let dice = mean_dice(&evaluate(&segmenter, &queries, None, |_, _, _| Ok(()))?);
        let sheet = answer_sheet(&segmenter, &self.validation, TILES)?;
        write_rgb(&self.folder.path.join(SHEET), &sheet)?;
        if self.progress.best_dice.is_none_or(|best| dice > best) {
            self.progress.best_dice = Some(dice);
            self.progress.looks_since_best = 0;
            self.save(BEST)?;
        } else {
            self.progress.looks_since_best += 1;
            let patience = self.recipe.validation.patience;
            self.progress.stopped_early =
                patience > 0 && self.progress.looks_since_best >= patience;
        }
        Ok(dice)
    }

    /// Fits the threshold of presence of both kept networks, where training asked for what is not
    /// there, and stores it with their weights; gives the best network's.
    fn fit_presence(&self) -> Result<Option<f32>, TrainError> {
        if self.recipe.data.negatives == 0.0 || self.validation.is_empty() {
            return Ok(None);
        }
        let fit = |name: &str| {
            let cases = (&self.validation[..], &self.data.cases(Split::Val)[..]);
            let file = self.folder.path.join(name);
            let sides = self.recipe.augment.sides;
            store_threshold(&file, cases, sides, &self.notes, &self.device)
        };
        fit(LAST)?;
        fit(BEST)
    }

    fn save(&self, name: &str) -> Result<(), TrainError> {
        let file = self.folder.path.join(name);
        Ok(self.learner.result().save(&file, self.config, Precision::F32, &self.notes)?)
    }

    fn checkpoint(&mut self) -> Result<(), TrainError> {
        self.progress.seconds = self.seconds();
        self.progress.log_bytes = self.log.length;
        let folder = self.folder.path.join(CHECKPOINTS);
        let keep = self.recipe.checkpoints.keep;
        let file = checkpoint::save(&folder, &self.learner, self.config, &self.progress, keep)?;
        self.last_good = Some(file);
        self.kept = Instant::now();
        Ok(())
    }

    fn seconds(&self) -> f64 {
        self.seconds_before + self.started.elapsed().as_secs_f64()
    }
}

/// Memory of this process that is in use now, in MiB; 0 where the system does not say.
fn resident_mib() -> usize {
    memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem >> 20)
}

fn bar(length: usize, template: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style)
}
