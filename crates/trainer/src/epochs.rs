//! The epochs of a run: steps, looks at the validation cases, checkpoints, and what is said meanwhile.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use burn::tensor::Device;
use causal_clip_seg::Segmenter;
use causal_clip_seg::format::Precision;
use evaluation::{Control, answer_sheet, evaluate, mean_dice};
use indicatif::{ProgressBar, ProgressStyle};
use seg_data::{Case, Dataset, Split};
use seg_image::write_rgb;
use serde_json::json;

use crate::batch::Batch;
use crate::checkpoint::{self, Progress, Start};
use crate::crew::Crew;
use crate::curves::Curves;
use crate::error::TrainError;
use crate::folder::{BEST, CHECKPOINTS, LAST, Log, Provenance, RunFolder, notes};
use crate::learner::Learner;
use crate::loaded::Loaded;
use crate::prefetch::{Go, batches};
use crate::recipe::Recipe;
use crate::recipe_changes::KeyChange;
use crate::report::{Ending, RunReport};
use crate::samples::Samples;
use crate::threshold::store_threshold;

const CURVES: &str = "curves.png";
const SHEET: &str = "validation.png";
/// Longest time without a line if there is no progress bar.
const SILENCE: Duration = Duration::from_secs(60);

/// A run while it goes on.
pub(crate) struct Epochs<'a> {
    learner: Learner,
    progress: Progress,
    recipe: &'a Recipe,
    data: &'a Dataset,
    samples: Arc<Samples<'a>>,
    validation: Vec<&'a Case>,
    /// An autodiff device.
    device: Device,
    /// The further ones.
    crew: Option<Crew>,
    notes: BTreeMap<String, String>,
    folder: RunFolder,
    log: Log,
    curves: Curves,
    bar: ProgressBar,
    /// Nothing is said.
    quiet: bool,
    /// Steps of an epoch.
    per_epoch: usize,
    /// Seconds in training of earlier processes.
    seconds_before: f64,
    /// The first step of this process.
    first_step: usize,
    /// When this process began.
    started: Instant,
    /// When the last plain line was printed, if there is no progress bar.
    spoke: Instant,
    /// When the last checkpoint was written.
    kept: Instant,
    last_good: Option<PathBuf>,
}

impl<'a> Epochs<'a> {
    /// Stands before the first step, or where an earlier process stopped.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written.
    pub(crate) fn start(
        loaded: Loaded<'a>,
        folder: RunFolder,
        provenance: &Provenance,
        start: Start,
        (device, crew): (Device, Option<Crew>),
        quiet: bool,
    ) -> Result<Self, TrainError> {
        let checkpoints = folder.path.join(CHECKPOINTS);
        std::fs::create_dir_all(&checkpoints)
            .map_err(|source| TrainError::Write { file: checkpoints, source })?;
        let Loaded { recipe, data, samples, validation, .. } = loaded;
        let Start { learner, progress, file: last_good } = start;
        let (log, lines) = folder.log(progress.log_bytes)?;
        let mut curves = Curves::default();
        lines.iter().for_each(|line| curves.take(line));
        // Every epoch has as many.
        let cases = samples.order(recipe.data.sentences, 0, recipe.training.seed).len();
        let batches = cases.div_ceil(recipe.rows());
        let per_epoch = batches.div_ceil(recipe.optimizer.accumulate);
        let steps = recipe.training.epochs * per_epoch;
        let bar = bar(steps, "{msg}\n{bar:30} step {pos}/{len}  {elapsed}, {eta} left", quiet);
        bar.set_position(progress.step as u64);
        bar.reset_eta();
        Ok(Self {
            seconds_before: progress.seconds,
            first_step: progress.step,
            learner,
            progress,
            recipe,
            data,
            samples: Arc::new(samples),
            validation,
            device,
            crew,
            notes: notes(recipe, provenance)?,
            folder,
            log,
            curves,
            bar,
            quiet,
            per_epoch,
            started: Instant::now(),
            spoke: Instant::now(),
            kept: Instant::now(),
            last_good,
        })
    }

    /// Logs keys of the recipe that a person changed before the run went on.
    ///
    /// # Errors
    ///
    /// If the log cannot be written.
    pub(crate) fn log_changes(&mut self, changes: &[KeyChange]) -> Result<(), TrainError> {
        for KeyChange { key, began, found } in changes {
            let line = json!({ "resumed_with": key, "value": found, "began_with": began });
            self.log.line(&line)?;
        }
        Ok(())
    }

    /// All epochs that are left, until `stop` is set.
    ///
    /// # Errors
    ///
    /// If a loss or gradient is not finite, a case cannot be read any more, or the folder cannot be
    /// written.
    pub(crate) fn run(mut self, stop: &AtomicBool) -> Result<RunReport, TrainError> {
        let ending = self.all_epochs(stop)?;
        self.bar.finish_and_clear();
        let presence = match ending {
            Ending::Stopped => None,
            Ending::Finished | Ending::Early => self.fit_presence()?,
        };
        let best = match self.validation.is_empty() {
            true => (self.progress.epoch > 0).then_some(LAST),
            false => self.progress.best_dice.map(|_| BEST),
        };
        Ok(RunReport {
            ending,
            presence,
            best_dice: self.progress.best_dice,
            best: best.map(|name| self.folder.path.join(name)),
            last: self.folder.path.join(LAST),
            steps: self.progress.step,
            wall: self.seconds(),
            sentences_cut: self.samples.sentences_cut,
        })
    }

    fn all_epochs(&mut self, stop: &AtomicBool) -> Result<Ending, TrainError> {
        let epochs = self.recipe.training.epochs;
        while self.progress.epoch < epochs && !self.progress.stopped_early {
            let go = self.epoch(stop)?;
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
    fn epoch(&mut self, stop: &AtomicBool) -> Result<Go, TrainError> {
        let recipe = self.recipe;
        let epoch = self.progress.epoch;
        let order = self.samples.order(recipe.data.sentences, epoch, recipe.training.seed);
        let together = recipe.optimizer.accumulate;
        let done = self.progress.step_in_epoch * together;
        let plan = order.chunks(recipe.rows()).skip(done).collect::<Vec<_>>();
        let last = plan.len();
        let (mut waiting, mut seen, mut go) = (Vec::new(), 0, Go::On);
        let samples = Arc::clone(&self.samples);
        batches(&samples, &plan, epoch, recipe, |batch| {
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
        let taken = match &mut self.crew {
            Some(crew) => crew.step(&mut self.learner, &self.device, batches, rate, open)?,
            None => {
                let examples = batches.iter().map(|batch| batch.example(&self.device));
                self.learner.step(&examples.collect::<Vec<_>>(), rate, open)
            }
        };
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
        if !self.quiet && self.bar.is_hidden() && self.spoke.elapsed() >= SILENCE {
            let all = self.per_epoch * self.recipe.training.epochs;
            let to_come = (all - step) as f64 / pace / 60.0;
            eprintln!("step {step}/{all}, {message}, {to_come:.0} min left");
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
            true if self.quiet => {}
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
        let segmenter = Segmenter::new(network)?;
        let queries = Control::True.queries(&self.validation, "", 0);
        let dice = mean_dice(&evaluate(&segmenter, &queries, None, |_, _, _| Ok(()))?);
        let sheet = answer_sheet(&segmenter, &self.validation, TILES, self.recipe.training.seed)?;
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
        Ok(self.learner.result().save(&file, Precision::F32, &self.notes)?)
    }

    fn checkpoint(&mut self) -> Result<(), TrainError> {
        self.progress.seconds = self.seconds();
        self.progress.log_bytes = self.log.length;
        let folder = self.folder.path.join(CHECKPOINTS);
        let keep = self.recipe.checkpoints.keep;
        let file = checkpoint::save(&folder, &self.learner, &self.progress, keep)?;
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

/// A progress bar on standard error.
pub(crate) fn bar(length: usize, template: &str, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style)
}
