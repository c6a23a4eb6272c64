//! A whole training, with checkpoints, validation and scores:
//! `cargo run --release -p examples --example train -- DATA runs/mine`
//!
//! DATA is the folder of a set (see `custom_dataset`); without it a few generated pictures are used, and
//! the training takes seconds and learns nothing.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use causal_clip_seg::{Device, Segmenter};
use evaluation::{Control, Questions, score_control};
use seg_data::phantom::{PhantomConfig, write_phantoms};
use seg_data::{Dataset, Split};
use trainer::{Recipe, RunContext, train};

/// What is not said here has its default; `causal-clip-seg train --print-recipe` shows every key.
const RECIPE: &str = r#"
    [model]
    preset = "tiny"
    size = 64

    [game]
    order = "simultaneous"
    warm_up = 1

    [training]
    epochs = 2
    batch = 8
"#;

fn main() -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let data = match arguments.next() {
        Some(data) => data,
        None => {
            let data = temporary.path().join("data");
            write_phantoms(&data, &PhantomConfig::default(), [8, 2, 2], || {})?;
            data
        }
    };
    let out = arguments.next().unwrap_or_else(|| temporary.path().join("run"));

    let device = Device::flex();
    let mut recipe = Recipe::parse(RECIPE, "the recipe".as_ref(), &[])?;
    recipe.data.folder = Some(data.clone());
    // Ctrl-C finishes the step and writes a checkpoint; `trainer::resume` goes on from it, bit by bit.
    static STOP: AtomicBool = AtomicBool::new(false);
    ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed))?;
    let report = train(&recipe, &out, RunContext::new(&device, "flex", &STOP))?;
    println!("{} steps, best validation Dice {:?}", report.steps, report.best_dice);

    // With true sentences and with those of other cases: a network that reads does well on the first.
    let segmenter = Segmenter::load(report.best.unwrap_or(report.last), &device)?;
    let set = Dataset::open(&data)?;
    let cases = set.cases(Split::Test);
    for control in [Control::True, Control::Shuffled] {
        let questions = Questions { data: &set, cases: &cases, seed: 0 };
        let scored = score_control(&segmenter, questions, control, None, |_, _, _| Ok(()))?;
        let dice = scored.cases.iter().map(|case| case.scores.dice).sum::<f64>();
        println!("{control}: mean Dice {:.3}", dice / scored.cases.len().max(1) as f64);
    }
    Ok(())
}
