//! Trains CausalCLIPSeg on pictures, sentences and masks:
//! `cargo run --release --example train -- --data DIR --out runs/first`

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use causal_clip_seg::Segmenter;
use clap::Parser;
use examples::{DeviceArg, print_scores, say};
use trainer::{Ending, Recipe, RunContext, RunReport, open_data, resume, train, validation_cases};

/// What is done when no recipe is named.
const DEFAULT: &str = include_str!("../assets/recipes/small-cpu.toml");

/// Trains CausalCLIPSeg on pictures, sentences and masks.
///
/// DIR holds manifest.csv, .tsv or .jsonl (image, mask, text, split and, if there is one, group;
/// paths relative to DIR), or the folders of LViT's, MedCLIPSeg's or LGMS's sets.
///
/// What is done stands in a recipe, a TOML file; assets/recipes has some, and --print-recipe shows
/// one with every key. Any key can be replaced: --set optimizer.lr=3e-4 --set game.order=off.
///
/// In the folder of --out are left: best.safetensors (the best validation Dice), last.safetensors,
/// recipe.toml and run.json (what was done with what), log.jsonl (each step and epoch), curves.png,
/// validation.png (answers amber, references green), and checkpoints. Ctrl-C finishes the step and
/// writes one; --resume goes on as if nothing had happened, after a crash too.
///
/// On a CPU the preset `small` takes about an hour for 3000 cases; `tiny` is for trying things.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// What to do (assets/recipes/small-cpu.toml, which is built in)
    #[arg(long, value_name = "TOML", conflicts_with = "resume")]
    recipe: Option<PathBuf>,
    /// Folder of the set: data.folder
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    data: Option<PathBuf>,
    /// Replace a key of the recipe; may be given several times
    #[arg(long, value_name = "SECTION.KEY=VALUE", conflicts_with = "resume")]
    set: Vec<String>,
    /// Sizes of the network, tiny, small, rn50 or rn101: model.preset
    #[arg(long, conflicts_with = "resume")]
    preset: Option<String>,
    /// Passes over the training cases: training.epochs
    #[arg(long, conflicts_with = "resume")]
    epochs: Option<usize>,
    /// Of weights, order and changes: training.seed
    #[arg(long, conflicts_with = "resume")]
    seed: Option<u64>,
    /// Where a new run's files go
    #[arg(long, default_value = "runs/train", conflicts_with = "resume")]
    out: PathBuf,
    /// Go on with the run in this folder
    #[arg(long, value_name = "RUN")]
    resume: Option<PathBuf>,
    /// Print the recipe with every key and do nothing
    #[arg(long)]
    print_recipe: bool,
    #[command(flatten)]
    device: DeviceArg,
}

fn main() -> ExitCode {
    examples::tune_allocator();
    examples::exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    let device = args.device.open()?;
    static STOP: AtomicBool = AtomicBool::new(false);
    let place = RunContext::new(&device, args.device.name(), &STOP);
    let listen = || {
        ctrlc::set_handler(|| {
            // The second time, or where a step takes too long to wait for: at once.
            if STOP.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
            eprintln!("\nstopping after this step; once more stops at once");
        })
        .context("listening for Ctrl-C")
    };
    let (report, out) = match &args.resume {
        Some(folder) => {
            listen()?;
            (resume(folder, place)?, folder.clone())
        }
        None => {
            let recipe = recipe(&args)?;
            if args.print_recipe {
                say!("{}", recipe.to_toml()?);
                return Ok(());
            }
            listen()?;
            (train(&recipe, &args.out, place)?, args.out.clone())
        }
    };
    if report.sentences_cut > 0 {
        eprintln!(
            "note: {} sentences are longer than model.word_len, their ends were not read",
            report.sentences_cut
        );
    }
    tell(&report);
    if report.ending == Ending::Stopped {
        say!("go on with: train --resume {}", out.display());
        return Ok(());
    }

    let recipe = Recipe::read(&out.join("recipe.toml"), &[])?;
    let data = open_data(&recipe)?;
    let cases = validation_cases(&recipe, &data);
    if let Some(best) = report.best.filter(|_| !cases.is_empty()) {
        let segmenter = Segmenter::load(&best, &device)?;
        print_scores(&segmenter, &data, &cases, "validation", recipe.training.seed)?;
    }
    Ok(())
}

/// The recipe of a file with what the flags replace.
fn recipe(args: &Args) -> anyhow::Result<Recipe> {
    let mut set = Vec::new();
    let quoted = |text: &str| toml_text(text);
    if let Some(folder) = &args.data {
        set.push(format!("data.folder={}", quoted(&folder.to_string_lossy())));
    }
    if let Some(preset) = &args.preset {
        set.push(format!("model.preset={}", quoted(preset)));
    }
    set.extend(args.epochs.map(|epochs| format!("training.epochs={epochs}")));
    set.extend(args.seed.map(|seed| format!("training.seed={seed}")));
    set.extend(args.set.iter().cloned());
    Ok(match &args.recipe {
        Some(file) => Recipe::read(file, &set)?,
        None => Recipe::parse(DEFAULT, "small-cpu.toml".as_ref(), &set)?,
    })
}

/// A text as TOML writes it.
fn toml_text(text: &str) -> String {
    // JSON's strings are TOML's basic ones.
    serde_json::Value::from(text).to_string()
}

fn tell(report: &RunReport) {
    let ending = match report.ending {
        Ending::Finished => "done",
        Ending::Early => "stopped early: no better score for validation.patience looks",
        Ending::Stopped => "stopped",
    };
    let best = report
        .best
        .as_ref()
        .map_or(String::new(), |file| format!("; best network: {}", file.display()));
    let dice =
        report.best_dice.map_or(String::new(), |dice| format!(" (validation Dice {dice:.4})"));
    say!("{ending}: {} steps in {:.0} s{best}{dice}", report.steps, report.wall);
    if let Some(presence) = report.presence {
        say!(
            "a mask is held to be there from presence {presence:.3} on, fitted on validation cases"
        );
    }
}
