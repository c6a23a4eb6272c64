//! Edits each sentence minimally and looks at what the mask does:
//! `cargo run --release --example reading_test -- -w net.safetensors --data DIR --split test --out DIR`

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use causal_clip_seg::Segmenter;
use clap::Parser;
use examples::{DeviceArg, say};
use indicatif::{ProgressBar, ProgressStyle};
use seg_data::{Case, Dataset, Split, distinct_names};
use seg_image::BinaryMask;
use seg_metrics::Bootstrap;
use seg_report::{EditExample, ExampleAnswer, Prediction, Reading, ReadingOptions, Trial};
use seg_sentences::{Edit, EditKind, Grammar, Sides};

/// Edits each sentence minimally and looks at what the mask does.
///
/// Left and right, upper and lower, one and two, bilateral and unilateral are exchanged; the sentence
/// is negated, replaced by one about something else, its words are shuffled, and each is left out in
/// turn. In the folder of --out are left reading.html (one page, with pictures), reading.json,
/// reading.md and reading.csv (a row for each edit): how far the mask moves, whether it moves the
/// right way, how well it fits what the edited sentence means where the set has that mask, and which
/// words matter.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// Trained weights (safetensors)
    #[arg(short, long)]
    weights: PathBuf,
    /// Folder of the set, as train takes it
    #[arg(long)]
    data: PathBuf,
    /// train, val or test
    #[arg(long, default_value_t = Split::Test)]
    split: Split,
    /// Folder that the files go to
    #[arg(short, long, default_value = "runs/reading")]
    out: PathBuf,
    /// Only so many cases, spread over the split
    #[arg(long)]
    cases: Option<usize>,
    /// What left and right mean where a sentence does not say: image, patient, or fixed (nothing)
    #[arg(long, default_value = "image", value_parser = examples::sides)]
    sides: Sides,
    /// Do not leave words out one by one: as many questions fewer as sentences have words
    #[arg(long)]
    no_leave_out: bool,
    /// Of the intervals
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    device: DeviceArg,
}

/// Pictures on the page for each kind of edit.
const SHOWN: usize = 3;

fn main() -> ExitCode {
    examples::tune_allocator();
    examples::exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    let device = args.device.open()?;
    let segmenter = Segmenter::load(&args.weights, &device).context("loading the network")?;
    let data = Dataset::open(&args.data).context("opening the set")?;
    let all = data.cases(args.split);
    ensure!(!all.is_empty(), "{}: no case in the split {}", args.data.display(), args.split);
    let names = distinct_names(&all);
    let by_sentence = all
        .iter()
        .map(|case| ((case.image.as_path(), case.sentence.as_str()), *case))
        .collect::<HashMap<_, _>>();
    let every = args.cases.map_or(1, |wanted| all.len().div_ceil(wanted.max(1)));
    let grammar = Grammar { leave_out: !args.no_leave_out, ..Grammar::default() };
    let bootstrap = Bootstrap { seed: args.seed, ..Bootstrap::default() };
    let mut reading = Reading::new(ReadingOptions { sides: args.sides, bootstrap });
    let mut examples = Vec::new();
    let style = ProgressStyle::with_template("asking {bar:30} {pos}/{len} {eta}")?;
    let bar = ProgressBar::new(all.len().div_ceil(every) as u64).with_style(style);
    for (case, name) in all.iter().zip(&names).step_by(every) {
        let sample = seg_data::load(case)?;
        let edits = grammar.edits_of(&case.sentence);
        let sentences = edits.iter().map(|(_, edited)| edited);
        let asked = std::iter::once(&case.sentence).chain(sentences);
        let asked = asked.map(|sentence| (&sample.image, sentence.as_str())).collect::<Vec<_>>();
        let masks = segmenter.segment_many(&asked)?;
        let answers = masks.iter().map(|mask| mask.binary()).collect::<Vec<_>>();
        let group = case.group.clone().unwrap_or_else(|| case.image.display().to_string());
        for ((edit, edited), (mask, answer)) in edits.iter().zip(masks.iter().zip(&answers).skip(1))
        {
            let truth = truth(&by_sentence, case, *edit, edited, &sample.mask)?;
            reading.add(&Trial {
                case: name,
                group: &group,
                edit: *edit,
                sentence: &case.sentence,
                edited,
                original: Prediction::with_probabilities(&answers[0], &masks[0].probabilities),
                answer: Prediction::with_probabilities(answer, &mask.probabilities),
                reference: Some(&sample.mask),
                edited_reference: truth.as_ref(),
            })?;
            let shown = |example: &&EditExample| example.edit.kind() == edit.kind();
            let wanted = !matches!(edit.kind(), EditKind::LeaveOut | EditKind::ShuffleWords);
            if wanted && examples.iter().filter(shown).count() < SHOWN {
                examples.push(EditExample {
                    case: name.clone(),
                    image: sample.image.clone(),
                    edit: *edit,
                    original: ExampleAnswer {
                        sentence: case.sentence.clone(),
                        answer: answers[0].clone(),
                        reference: Some(sample.mask.clone()),
                    },
                    edited: ExampleAnswer {
                        sentence: edited.clone(),
                        answer: answer.clone(),
                        reference: truth,
                    },
                });
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("making the folder {}", args.out.display()))?;
    let folder = args.data.file_name().unwrap_or_default().to_string_lossy();
    let report = reading.report()?.with_name(format!("{folder}, {}", args.split));
    report.write(&args.out, &examples)?;
    reading.write_cases(&args.out.join("reading.csv"))?;
    say!("{}\n-> {}", report.markdown(), args.out.join("reading.html").display());
    Ok(())
}

/// What the edited sentence means: the mask of the same picture's case with that sentence, nothing
/// where the sentence says so.
fn truth(
    by_sentence: &HashMap<(&std::path::Path, &str), &Case>,
    case: &Case,
    edit: Edit,
    edited: &str,
    mask: &BinaryMask,
) -> anyhow::Result<Option<BinaryMask>> {
    if matches!(edit.kind(), EditKind::Negate | EditKind::OffTopic) {
        return Ok(Some(BinaryMask::from_fn(mask.width, mask.height, |_, _| false)));
    }
    match by_sentence.get(&(case.image.as_path(), edited)) {
        Some(other) => Ok(Some(seg_data::load(other)?.mask)),
        None => Ok(None),
    }
}
