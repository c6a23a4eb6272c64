//! A training from the first step to the last.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::Device;
use causal_clip_seg::{CausalClipSeg, CausalClipSegConfig, Precision, Segmenter};
use indicatif::{ProgressBar, ProgressStyle};
use seg_data::{Case, Dataset, Split};
use vision_layers::SplitMix64;

use crate::batch::Samples;
use crate::config::TrainConfig;
use crate::error::TrainError;
use crate::evaluate::{Control, evaluate};
use crate::players::{Learner, OptimizerConfig};
use crate::schedule::learning_rate;

/// What a training leaves.
#[derive(Clone, Debug)]
pub struct Report {
    /// Per-image mean Dice on the validation cases, of the best epoch.
    pub best_dice: f64,
    /// Weights of that epoch.
    pub best: PathBuf,
    /// Weights after the last step.
    pub last: PathBuf,
    /// Steps taken.
    pub steps: usize,
    /// In seconds.
    pub wall: f64,
}

/// Trains `network` on the set's train cases and leaves weights and a log in `out`.
///
/// After each epoch the first [`TrainConfig::validation_cases`] validation cases are scored with
/// their own sentences. `out` gets `best.safetensors`, `last.safetensors` and `log.jsonl`.
///
/// # Errors
///
/// If a setting is impossible, `out` holds a run already, a case cannot be read, the loss is no
/// number, or `out` cannot be written.
pub fn train(
    network: CausalClipSeg,
    model: &CausalClipSegConfig,
    config: &TrainConfig,
    data: &Dataset,
    out: &Path,
    device: &Device,
) -> Result<Report, TrainError> {
    config.check()?;
    model.check().map_err(causal_clip_seg::SegError::from)?;
    let cases = data.cases(Split::Train);
    if cases.is_empty() {
        return Err(TrainError::Empty { split: Split::Train });
    }
    let validation = data.cases(Split::Val);
    let validation = &validation[..validation.len().min(config.validation_cases)];
    if [LOG, BEST, LAST].iter().any(|name| out.join(name).exists()) {
        return Err(TrainError::Occupied { folder: out.to_owned() });
    }
    std::fs::create_dir_all(out).map_err(|source| write_error(out, source))?;

    let reading = bar(cases.len(), "reading {bar:30} {pos}/{len} {eta}");
    let samples = Samples::load(&cases, &model.input, || reading.inc(1))?;
    reading.finish_and_clear();

    let mut run = Run {
        learner: Learner::new(
            network,
            &OptimizerConfig::AdamW { weight_decay: config.weight_decay },
        ),
        model,
        config,
        samples,
        validation,
        device: device.clone().autodiff(),
        log: Log::create(&out.join(LOG))?,
        notes: notes(config),
        out,
        started: Instant::now(),
        spoke: Instant::now(),
        best_dice: f64::NEG_INFINITY,
    };
    let steps = run.all_epochs()?;
    Ok(Report {
        best_dice: run.best_dice,
        best: out.join(BEST),
        last: out.join(LAST),
        steps,
        wall: run.started.elapsed().as_secs_f64(),
    })
}

const LOG: &str = "log.jsonl";
const BEST: &str = "best.safetensors";
const LAST: &str = "last.safetensors";

/// What the weight files say of their making.
fn notes(config: &TrainConfig) -> BTreeMap<String, String> {
    let recipe = serde_json::to_string(config).unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    BTreeMap::from([
        ("recipe".to_owned(), recipe),
        ("trainer".to_owned(), version),
        ("use".to_owned(), "research only, not for clinical use".to_owned()),
    ])
}

struct Run<'a> {
    learner: Learner,
    model: &'a CausalClipSegConfig,
    config: &'a TrainConfig,
    samples: Samples,
    validation: &'a [&'a Case],
    device: Device,
    log: Log,
    notes: BTreeMap<String, String>,
    out: &'a Path,
    started: Instant,
    spoke: Instant,
    best_dice: f64,
}

/// Longest time without a word where there is no progress bar.
const SILENCE: Duration = Duration::from_secs(60);

impl Run<'_> {
    fn all_epochs(&mut self) -> Result<usize, TrainError> {
        let epochs = self.config.epochs;
        let steps = self.samples.len().div_ceil(self.config.batch);
        let warm_up = (self.config.warm_up * epochs as f64).round() as usize;
        let progress = bar(
            epochs * steps,
            "{msg}\n{bar:30} step {pos}/{len}  {elapsed} of which to come {eta}",
        );
        for epoch in 0..epochs {
            let loss = self.epoch(epoch, epochs * steps, epoch < warm_up, &progress)?;
            let dice = self.validate()?;
            self.save(LAST)?;
            if dice > self.best_dice {
                self.best_dice = dice;
                self.save(BEST)?;
            }
            let seconds = self.started.elapsed().as_secs_f64();
            let line = format!(
                "epoch {}/{epochs}: loss {loss:.4}, validation Dice {dice:.4} (best {:.4})",
                epoch + 1,
                self.best_dice
            );
            self.log.line(&serde_json::json!({
                "epoch": epoch + 1, "loss": loss, "validation_dice": dice, "seconds": seconds,
            }))?;
            if progress.is_hidden() {
                eprintln!("{line}, {seconds:.0} s");
            } else {
                progress.println(line);
            }
        }
        progress.finish_and_clear();
        Ok(epochs * steps)
    }

    /// One pass over the training cases; the mean loss of the causal branch.
    fn epoch(
        &mut self,
        epoch: usize,
        all_steps: usize,
        open: bool,
        progress: &ProgressBar,
    ) -> Result<f32, TrainError> {
        // The order and the jitter of an epoch depend on seed and epoch alone.
        let mut stream = SplitMix64::new(self.config.seed ^ (epoch as u64 + 1) << 32);
        let mut order = (0..self.samples.len()).collect::<Vec<_>>();
        stream.shuffle(&mut order);
        let (mut sum, mut steps) = (0.0, 0);
        for indices in order.chunks(self.config.batch) {
            let step = progress.position() as usize;
            let config = self.config;
            let rate = learning_rate(step, all_steps, config.climb, config.learning_rate);
            let batch = self.samples.batch(indices, config, &mut stream, &self.device)?;
            let losses = self.learner.step(&batch.example, rate, config, open);
            if !(losses.causal.is_finite() && losses.confounding.is_finite()) {
                let cases = batch.ids.join(", ");
                return Err(TrainError::NotFinite { step, loss: losses.causal, cases });
            }
            sum += losses.causal;
            steps += 1;
            let seconds = self.started.elapsed().as_secs_f64();
            let pace = (step + 1) as f64 / seconds;
            let message = format!(
                "epoch {}{}: loss {:.3}, causal {:.3}, confounding {:.3}, {:.1} cases/s",
                epoch + 1,
                if open { " (gates open)" } else { "" },
                sum / steps as f32,
                losses.causal,
                losses.confounding,
                pace * self.config.batch as f64,
            );
            // Without a terminal: a plain line now and then.
            if progress.is_hidden() && self.spoke.elapsed() >= SILENCE {
                let to_come = (all_steps - step - 1) as f64 / pace / 60.0;
                eprintln!("step {}/{all_steps}, {message}, {to_come:.0} min to come", step + 1);
                self.spoke = Instant::now();
            }
            progress.set_message(message);
            self.log.line(&serde_json::json!({
                "step": step, "causal": losses.causal, "confounding": losses.confounding,
                "rate": rate,
            }))?;
            progress.inc(1);
        }
        Ok(sum / steps.max(1) as f32)
    }

    fn validate(&self) -> Result<f64, TrainError> {
        if self.validation.is_empty() {
            return Ok(0.0);
        }
        let network = self.learner.network.valid();
        let segmenter = Segmenter::new(network, self.model.clone(), &self.device)?;
        let queries = Control::True.queries(self.validation);
        Ok(evaluate(&segmenter, &queries, || {})?.mean_dice())
    }

    fn save(&self, name: &str) -> Result<(), TrainError> {
        let network = self.learner.network.valid();
        Ok(network.save(&self.out.join(name), self.model, Precision::F32, &self.notes)?)
    }
}

/// One JSON object a line.
struct Log {
    path: PathBuf,
    file: std::fs::File,
}

impl Log {
    fn create(path: &Path) -> Result<Self, TrainError> {
        let file = std::fs::File::create(path).map_err(|source| write_error(path, source))?;
        Ok(Self { path: path.to_owned(), file })
    }

    fn line(&mut self, value: &serde_json::Value) -> Result<(), TrainError> {
        writeln!(self.file, "{value}").map_err(|source| write_error(&self.path, source))
    }
}

fn write_error(path: &Path, source: std::io::Error) -> TrainError {
    TrainError::Write { file: path.to_owned(), source }
}

fn bar(length: usize, template: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style)
}
