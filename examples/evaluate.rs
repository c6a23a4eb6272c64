//! Scores a trained network on a set, so that the scores can be quoted:
//! `cargo run --release --example evaluate -- -w net.safetensors --data DIR --split test --out DIR`

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use causal_clip_seg::{Branch, CausalClipSeg, RgbImage, Segmenter};
use clap::Parser;
use examples::{
    DeviceArg, Questions, causal_markdown, causal_report, presence_study, say, score_control,
};
use seg_data::{Case, Dataset, OpenOptions, Split, distinct_names};
use seg_image::{
    BinaryMask, OverlayStyle, contact_sheet, overlay_with_reference, write_gray8, write_mask,
    write_rgb,
};
use seg_metrics::{Bootstrap, Calibration};
use seg_report::{ControlScores, ReportHeader, ScoreReport};
use serde_json::json;
use sha2::{Digest, Sha256};
use trainer::{Answer, Control, Sides, TrainError, Views, reliability_plot};

/// Scores a trained network on a split of a set, with the true sentences and with wrong ones.
///
/// In the folder of --out are left: scores.json (per-image means and pooled scores with 95 %
/// bootstrap intervals, and the paired differences of the controls), scores.md (the table that is
/// printed too), cases.CONTROL.csv, masks/ (predictions at each mask's own size), overlays.png (the
/// best, the middle and the worst cases; answers amber, references green) and reliability.png.
///
/// Controls: `true` sentences; those of other cases (`shuffled`), of cases of the same kind only
/// (`stratified`), the commonest training sentence (`fixed`), none (`empty`); `opposite` holds the
/// answers against the mask of the other side, where a picture has a sentence for either. A network
/// that reads does well on the first alone.
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
    #[arg(short, long, default_value = "runs/evaluate")]
    out: PathBuf,
    /// Which sentences are asked; any of true, shuffled, stratified, fixed, empty, opposite
    #[arg(long, value_delimiter = ',', default_value = "true,shuffled,opposite")]
    controls: Vec<Control>,
    /// Only the first cases of the split
    #[arg(long)]
    cases: Option<usize>,
    /// What belongs together, as a pattern on pictures' names (QaTa: sub-S\d+); intervals draw it whole
    #[arg(long, value_name = "PATTERN")]
    group: Option<String>,
    /// Only cases whose group is known and in no other split: val where patients are also in train
    #[arg(long)]
    unshared: bool,
    /// Which logits the mask is made of, causal or mean (the weights' own)
    #[arg(long)]
    branch: Option<Branch>,
    /// Probability from which a pixel belongs to the mask (the weights' own)
    #[arg(long)]
    threshold: Option<f32>,
    /// Ask several views of each picture (brighter, darker, mirrored with the words) and take their
    /// mean; leaves tta/CASE.mean.png and tta/CASE.spread.png
    #[arg(long)]
    tta: bool,
    /// What left and right mean, for --tta and --presence: image, patient, or fixed (never mirror)
    #[arg(long, default_value = "image", value_parser = examples::sides)]
    sides: Sides,
    /// Also ask for what is not there (the target's half covered, the other side where it is free, a
    /// negation, something off topic, the set's own empty masks): does the network see it? By the
    /// threshold in the weights, or, where they have none, by one fitted on the val split; leaves
    /// presence.csv
    #[arg(long)]
    presence: bool,
    /// Also look inside: Dice of both branches and their overlap, the gates inside and outside the
    /// masks, and what another picture's gates or features do; leaves causal.csv
    #[arg(long)]
    causal_report: bool,
    /// Of the controls' steps and of the intervals
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    device: DeviceArg,
}

fn main() -> ExitCode {
    examples::tune_allocator();
    examples::exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    let device = args.device.open()?;
    let segmenter = Segmenter::load(&args.weights, &device).context("loading the network")?;
    let mut input = segmenter.config().input.clone();
    input.branch = args.branch.unwrap_or(input.branch);
    input.threshold = args.threshold.unwrap_or(input.threshold);
    let (branch, threshold) = (input.branch, input.threshold);
    let segmenter = segmenter.with_input(input)?;
    let options = OpenOptions { group_pattern: args.group.clone(), ..OpenOptions::default() };
    let data = Dataset::open_with(&args.data, &options).context("opening the set")?;
    let mut cases = data.cases(args.split);
    if args.unshared {
        let shared = data.shared_groups().into_iter().map(|group| group.name);
        let shared = shared.collect::<HashSet<_>>();
        cases.retain(|case| case.group.as_ref().is_some_and(|group| !shared.contains(group)));
    }
    cases.truncate(args.cases.unwrap_or(usize::MAX));
    ensure!(!cases.is_empty(), "{}: no case in the split {}", args.data.display(), args.split);
    let folders = [args.out.join("masks"), args.out.join("tta")];
    for folder in folders.iter().take(1 + usize::from(args.tta)) {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("making the folder {}", folder.display()))?;
    }

    let names = distinct_names(&cases);
    let views = args.tta.then_some(Views { sides: args.sides });
    let questions = Questions { data: &data, cases: &cases, seed: args.seed };
    let mut calibration = Calibration::default();
    let mut controls: Vec<ControlScores> = Vec::new();
    for control in &args.controls {
        let see = |place: usize, answer: &Answer, reference: &BinaryMask| {
            if *control == Control::True {
                leave(&folders, &names[place], answer)?;
                calibration.add(&answer.mask.probabilities, &reference.values);
            }
            Ok(())
        };
        let scored = score_control(&segmenter, &questions, *control, views.as_ref(), see)?;
        match scored.cases.is_empty() {
            true => eprintln!("note: no case has what the control `{control}` needs"),
            false => controls.push(scored),
        }
    }
    let mut header = ReportHeader::new(args.split.to_string());
    header.weights_sha256 = Some(sha256(&args.weights)?);
    header.threshold = Some(f64::from(threshold));
    header.run.extend([
        ("branch".to_owned(), json!(branch)),
        ("tta".to_owned(), json!(args.tta)),
        ("unshared".to_owned(), json!(args.unshared)),
        ("tables".to_owned(), json!(data.table_hashes()?)),
        ("device".to_owned(), json!(args.device.name())),
        ("version".to_owned(), json!(env!("CARGO_PKG_VERSION"))),
    ]);
    if controls.iter().any(|control| control.name == "true") {
        header.run.insert("ece".to_owned(), json!(calibration.ece()));
        if let Some(plot) = reliability_plot(&calibration) {
            write_rgb(&args.out.join("reliability.png"), &plot)?;
        }
    }
    let presence = match args.presence {
        true => Some(presence_study(&segmenter, &data, &cases, args.split, args.sides)?),
        false => None,
    };
    if let Some(study) = &presence {
        header.more.insert("presence".to_owned(), serde_json::to_value(study)?);
        study.write_queries(&args.out.join("presence.csv"), &names)?;
    }
    let bootstrap = Bootstrap { seed: args.seed, ..Bootstrap::default() };
    let mut causal = None;
    if args.causal_report {
        // The network as it was trained: the prepared one has no gates of its own.
        let network = CausalClipSeg::load(&args.weights, &device)?.network;
        let (config, queried) = (segmenter.config(), (&cases[..], &names[..]));
        let means = causal_report(&network, config, queried, &args.out, &bootstrap, &device)?;
        header.more.insert("causal".to_owned(), serde_json::to_value(&means)?);
        causal = Some(means);
    }
    let report = ScoreReport::from_controls(header, &controls, bootstrap)?;
    report.write(&args.out)?;
    report.write_cases(&args.out, &controls)?;
    if let Some(own) = controls.iter().find(|control| control.name == "true") {
        write_rgb(&args.out.join("overlays.png"), &overlays(&segmenter, &cases, own)?)?;
    }
    if let Some(means) = &causal {
        say!("{}", causal_markdown(means));
    }
    if let Some(study) = &presence {
        say!("{}", study.markdown());
    }
    say!("{}\n-> {}", report.markdown(), args.out.display());
    Ok(())
}

/// The mask, and with several views their mean and spread.
fn leave(folders: &[PathBuf; 2], name: &str, answer: &Answer) -> Result<(), TrainError> {
    let [masks, tta] = folders;
    let mask = &answer.mask;
    write_mask(&masks.join(format!("{name}.png")), &mask.binary())?;
    if let Some(spread) = &answer.spread {
        mask.write_probabilities(&tta.join(format!("{name}.mean.png")))?;
        // Half is the most that a probability's deviation can be: 255.
        let grey = spread.iter().map(|s| (s * 510.0).round() as u8).collect();
        let file = tta.join(format!("{name}.spread.png"));
        write_gray8(&file, mask.width, mask.height, grey)?;
    }
    Ok(())
}

/// The four best, middle and worst cases by Dice, a row each.
fn overlays(
    segmenter: &Segmenter,
    cases: &[&Case],
    own: &ControlScores,
) -> anyhow::Result<RgbImage> {
    const ROW: usize = 4;
    let dice = |place: &usize| own.cases[*place].scores.dice;
    let mut places = (0..own.cases.len()).collect::<Vec<_>>();
    places.sort_by(|a, b| dice(b).total_cmp(&dice(a)));
    let row = ROW.min(places.len());
    let middle = (places.len() - row) / 2;
    let worst = places.len() - row;
    let rows = [0, middle, worst].map(|start| &places[start..start + row]);
    let mut tiles = Vec::new();
    for place in rows.into_iter().flatten() {
        let case = cases[*place];
        let sample = seg_data::load(case)?;
        let answer = segmenter.segment(&sample.image, &case.sentence)?.binary();
        let caption = format!("Dice {:.3}: {}", dice(place), case.sentence);
        let (style, reference) = (OverlayStyle::default(), Some(&sample.mask));
        tiles.push(overlay_with_reference(&sample.image, &answer, reference, &style, &caption));
    }
    Ok(contact_sheet(&tiles, row))
}

/// Of a file's bytes, in hexadecimal.
fn sha256(file: &Path) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    let reading = || format!("reading {}", file.display());
    let mut source = std::fs::File::open(file).with_context(reading)?;
    let mut chunk = vec![0; 1 << 20];
    loop {
        match source.read(&mut chunk).with_context(reading)? {
            0 => break,
            read => hash.update(&chunk[..read]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
