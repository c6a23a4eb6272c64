//! The epochs of a run: steps, looks at the validation cases, checkpoints, and what is said meanwhile.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use burn::tensor::Device;
use causal_clip_seg::{CausalClipSegConfig, Precision, Segmenter};
use evaluation::{Control, answer_sheet, evaluate, mean_dice};
use indicatif::ProgressBar;
use seeded::SplitMix64;
use seg_data::{Case, Dataset, Split};
use seg_image::write_rgb;
use serde_json::json;

use crate::batch::{Batch, Samples};
use crate::checkpoint::{self, Progress};
use crate::curves::Curves;
use crate::error::TrainError;
use crate::folder::{BEST, CHECKPOINTS, LAST, Log, RunFolder};
use crate::learner::Learner;
use crate::prefetch::{Go, batches};
use crate::recipe::Recipe;
use crate::run::Ending;
use crate::threshold::store_threshold;

const CURVES: &str = "curves.png";
const SHEET: &str = "validation.png";

/// A run while it goes on.
pub(crate) struct Epochs<'a> {
    pub(crate) learner: Learner,
    pub(crate) progress: Progress,
    /// Time in training of earlier processes.
    pub(crate) seconds_before: f64,
    /// Where this process began.
    pub(crate) first_step: usize,
    pub(crate) recipe: &'a Recipe,
    pub(crate) config: &'a CausalClipSegConfig,
    pub(crate) data: &'a Dataset,
    pub(crate) validation: Vec<&'a Case>,
    pub(crate) device: Device,
    pub(crate) log: Log,
    pub(crate) curves: Curves,
    pub(crate) notes: BTreeMap<String, String>,
    pub(crate) folder: RunFolder,
    /// Steps of an epoch.
    pub(crate) per_epoch: usize,
    pub(crate) bar: ProgressBar,
    pub(crate) started: Instant,
    /// The last plain line, where there is no progress bar.
    pub(crate) spoke: Instant,
    /// The last checkpoint.
    pub(crate) kept: Instant,
    pub(crate) last_good: Option<PathBuf>,
}

/// Longest time without a word where there is no progress bar.
const SILENCE: Duration = Duration::from_secs(60);

impl Epochs<'_> {
    pub(crate) fn all_epochs(
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
    pub(crate) fn fit_presence(&self) -> Result<Option<f32>, TrainError> {
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

    pub(crate) fn seconds(&self) -> f64 {
        self.seconds_before + self.started.elapsed().as_secs_f64()
    }
}

/// Memory of this process that is in use now, in MiB; 0 where the system does not say.
fn resident_mib() -> usize {
    memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem >> 20)
}
