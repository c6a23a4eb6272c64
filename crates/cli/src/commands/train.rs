//! `train`

use std::path::{Path, PathBuf};

use causal_clip_seg::Segmenter;
use causal_clip_seg_assets::{RECIPES, SMALL_CPU};
use causal_clip_seg_cli::{
    Console, DeviceArg, advise_if_lost, say, stop_on_ctrl_c, train_in_batches_of,
};
use evaluation::{Control, Questions, score_control};
use seg_data::{Case, Dataset};
use seg_metrics::Bootstrap;
use seg_report::{ReportHeader, ScoreReport};
use serde_json::json;
use trainer::{
    Ending, Exchange, Recipe, RunContext, RunReport, open_data, resume, train, validation_cases,
};

use crate::arguments::OutArg;

/// Trains a network on pictures, sentences and masks.
///
/// DIR holds manifest.csv, .tsv, .jsonl or .xlsx (image, mask, text, split and, if patients are known, group;
/// paths relative to DIR), or the folders of LViT's, MedCLIPSeg's or LGMS's sets.
///
/// The training follows a recipe, a TOML file. Some are built in (small-cpu, phantom, paper, cris,
/// medequiseg, regions), and --print-recipe shows one with every key. Any key can be replaced: --set
/// optimizer.lr=3e-4 --set game.order=off.
///
/// Leaves in the folder of --out: best.safetensors (the best validation Dice), last.safetensors,
/// recipe.toml, run.json and inputs.json (what was done with what), log.jsonl (each step and epoch), curves.png,
/// validation.png (answers amber, references green) and checkpoints/. Ctrl-C finishes the step and writes
/// a checkpoint; --resume goes on as if nothing had happened, after a crash too. Recipe, tables and pictures
/// must then be what the run began with; training.epochs and training.checkpointing, validation.every and
/// validation.patience, checkpoints.*, data.folder, data.memory and data.workers may change, which is logged, and
/// so may training.batch with optimizer.accumulate if their product stays: for a device with less memory.
///
/// Several devices share each batch (--device cuda:0,cuda:1): each computes the gradients of its part of the
/// pictures, and all take the step of their mean. See docs/devices.md.
///
/// On two CPU cores the preset `small` takes about an hour for 3000 cases; `tiny` is for trying things.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  causal-clip-seg train --data DIR --out runs/first
  causal-clip-seg train --recipe phantom --print-recipe
  causal-clip-seg train --resume runs/first")]
pub(crate) struct Train {
    /// The recipe: a TOML file, or the name of a built-in one [default: small-cpu]
    #[arg(long, value_name = "TOML", conflicts_with = "resume")]
    recipe: Option<PathBuf>,
    /// Folder of the set (data.folder)
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    data: Option<PathBuf>,
    /// Replace a key of the recipe; may be given several times
    #[arg(long, value_name = "SECTION.KEY=VALUE", conflicts_with = "resume")]
    set: Vec<String>,
    /// Sizes of the network: tiny, small, rn50 or rn101 (model.preset)
    #[arg(long, conflicts_with = "resume")]
    preset: Option<String>,
    /// Passes over the training cases (training.epochs)
    #[arg(long, value_name = "N", conflicts_with = "resume")]
    epochs: Option<usize>,
    /// Seed of the initial weights, the order of cases and their changes (training.seed)
    #[arg(long, conflicts_with = "resume")]
    seed: Option<u64>,
    #[command(flatten)]
    out: OutArg,
    /// Go on with the run in this folder
    #[arg(long, value_name = "RUN", conflicts_with = "out")]
    resume: Option<PathBuf>,
    /// Print the recipe with every key and stop
    #[arg(long)]
    print_recipe: bool,
    #[command(flatten)]
    device: DeviceArg,
    /// How gradients and weights go between several devices: through this program (host), or directly,
    /// where the backend can; servers of lent devices must then reach each other by the addresses given here
    #[arg(long, value_name = "WAY", default_value = "host", help_heading = "Device")]
    exchange: Way,
}

/// [`Exchange`] as an argument.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Way {
    Host,
    Direct,
}

impl From<Way> for Exchange {
    fn from(way: Way) -> Self {
        match way {
            Way::Host => Self::Host,
            Way::Direct => Self::Direct,
        }
    }
}

impl Train {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        let devices = self.device.open_all(console)?;
        let [device, others @ ..] = devices.as_slice() else { return Ok(false) }; // there is a default
        let recipe = match self.resume {
            Some(_) => None,
            None => Some(self.recipe()?),
        };
        if let Some(recipe) = recipe.as_ref().filter(|_| self.print_recipe) {
            say!("{}", recipe.to_toml()?);
            return Ok(true);
        }
        let stop = stop_on_ctrl_c("step")?;
        let mut context = RunContext::new(device, self.device.name(), stop);
        context.others = others;
        context.exchange = self.exchange.into();
        context.commit = env!("CAUSAL_CLIP_SEG_COMMIT");
        context.quiet = console.is_quiet();
        let out = self.resume.clone().unwrap_or_else(|| self.out.folder("train"));
        advise_if_lost(format!(
            "go on from the last checkpoint with: causal-clip-seg train --resume {}",
            out.display()
        ));
        train_in_batches_of(match &recipe {
            Some(recipe) => recipe.training.batch,
            // What is wrong with the run's own is told when it is resumed.
            None => Recipe::read(&out.join("recipe.toml"), &[]).map_or(0, |r| r.training.batch),
        });
        let report = match &recipe {
            Some(recipe) => train(recipe, &out, context)?,
            None => resume(&out, context)?,
        };
        if report.sentences_cut > 0 {
            console.note(format!(
                "{} sentences are longer than model.word_len, their ends were ignored",
                report.sentences_cut
            ));
        }
        let scores = match (&report.best, report.ending) {
            (Some(best), Ending::Finished | Ending::Early) => {
                validation(&out, &Segmenter::load(best, device)?, console)?
            }
            _ => None,
        };
        console.result(&told(&report, scores.as_ref()), || {
            let table = scores.as_ref().map(|scores| scores.markdown());
            text(&report, &out) + &table.unwrap_or_default()
        })?;
        Ok(true)
    }

    /// The recipe of a file, or a built-in one, with what the flags replace.
    fn recipe(&self) -> anyhow::Result<Recipe> {
        let mut set = Vec::new();
        if let Some(folder) = &self.data {
            set.push(format!("data.folder={}", toml_text(&folder.to_string_lossy())));
        }
        if let Some(preset) = &self.preset {
            set.push(format!("model.preset={}", toml_text(preset)));
        }
        set.extend(self.epochs.map(|epochs| format!("training.epochs={epochs}")));
        set.extend(self.seed.map(|seed| format!("training.seed={seed}")));
        set.extend(self.set.iter().cloned());
        let Some(file) = &self.recipe else {
            return Ok(Recipe::parse(SMALL_CPU.text, "small-cpu".as_ref(), &set)?);
        };
        // A file comes first: nobody is surprised by a recipe of the same name.
        let named = RECIPES.iter().find(|recipe| Path::new(recipe.name) == file);
        Ok(match named.filter(|_| !file.exists()) {
            Some(recipe) => Recipe::parse(recipe.text, file, &set)?,
            None => Recipe::read(file, &set)?,
        })
    }
}

/// A text as TOML writes it.
fn toml_text(text: &str) -> String {
    // JSON's strings are TOML's basic ones.
    serde_json::Value::from(text).to_string()
}

/// Scores the validation cases with their own sentences, with those of other cases, and, where a picture
/// has a sentence for each side, against the other side's mask.
fn validation(
    out: &Path,
    segmenter: &Segmenter,
    console: Console,
) -> anyhow::Result<Option<ScoreReport>> {
    let recipe = Recipe::read(&out.join("recipe.toml"), &[])?;
    let data = open_data(&recipe)?;
    let cases = validation_cases(&recipe, &data);
    if cases.is_empty() {
        return Ok(None);
    }
    Ok(Some(scores(segmenter, &data, &cases, recipe.training.seed, console)?))
}

fn scores(
    segmenter: &Segmenter,
    data: &Dataset,
    cases: &[&Case],
    seed: u64,
    console: Console,
) -> anyhow::Result<ScoreReport> {
    let questions = Questions { data, cases, seed };
    let mut controls = Vec::new();
    for control in [Control::True, Control::Shuffled, Control::Opposite] {
        let bar = console.progress(cases.len(), control.to_string());
        let scored = score_control(segmenter, questions, control, None, |_, _, _| {
            bar.inc(1);
            Ok(())
        })?;
        bar.finish_and_clear();
        if !scored.cases.is_empty() {
            controls.push(scored);
        }
    }
    let bootstrap = Bootstrap { seed, ..Bootstrap::default() };
    Ok(ScoreReport::from_controls(ReportHeader::new("validation"), &controls, bootstrap)?)
}

fn told(report: &RunReport, scores: Option<&ScoreReport>) -> serde_json::Value {
    let ending = match report.ending {
        Ending::Finished => "finished",
        Ending::Early => "early",
        Ending::Stopped => "stopped",
    };
    json!({
        "ending": ending,
        "steps": report.steps,
        "seconds": report.wall,
        "best": report.best,
        "best_dice": report.best_dice,
        "last": report.last,
        "presence": report.presence,
        "validation": scores,
    })
}

fn text(report: &RunReport, out: &Path) -> String {
    let ending = match report.ending {
        Ending::Finished => "done",
        Ending::Early => "stopped early, no better score for validation.patience looks",
        Ending::Stopped => "stopped",
    };
    let best = report.best.as_ref().map(|file| format!("; best network: {}", file.display()));
    let dice = report.best_dice.map(|dice| format!(" (validation Dice {dice:.4})"));
    let mut lines = vec![format!(
        "{ending}: {} steps in {:.0} s{}{}",
        report.steps,
        report.wall,
        best.unwrap_or_default(),
        dice.unwrap_or_default()
    )];
    lines.extend(report.presence.map(|presence| {
        format!(
            "a mask is held to be there from presence {presence:.3} on, fitted on validation cases"
        )
    }));
    if report.ending == Ending::Stopped {
        lines.push(format!("go on with: causal-clip-seg train --resume {}", out.display()));
    }
    lines.push(String::new());
    lines.join("\n")
}
