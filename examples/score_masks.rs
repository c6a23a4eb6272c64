//! Scores any folder of masks against another:
//! `cargo run --release --example score_masks -- PRED REF --out DIR`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use examples::say;
use indicatif::ProgressBar;
use seg_image::MaskRule;
use seg_metrics::{Bootstrap, Scores};
use seg_report::{
    ControlScores, ConventionTable, Missing, ReportHeader, ScoreOptions, ScoreReport, find_pairs,
    score_pairs,
};

/// Scores a folder of masks, whoever made them, against a folder of references.
///
/// Masks are paired by name, endings and `mask_`, `_mask` and `.mask` apart. In the folder of --out
/// are left cases.csv (case,dice,iou,precision,recall,nsd,hd95,assd; `inf` where exactly one mask is
/// empty), scores.json (per-image means and pooled scores with 95 % bootstrap intervals) and
/// scores.md, the table that is printed too.
///
/// Dice, IoU, precision and recall are exact, without epsilon: 1 where both masks are empty, 0 where
/// one is. NSD: share of both boundaries within --tolerance of the other. HD95: the larger of both
/// directed 95th percentiles. ASSD: over both boundaries together. `per image` and `pooled` means
/// differ by several points: quote which one it is. --all-conventions prints the set's Dice and IoU as
/// LViT, LGMS, MMI-UNet, CRIS, LAVT, MedCLIPSeg and MedEquiSeg would count them.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// Folder of predicted masks
    predictions: PathBuf,
    /// Folder of reference masks
    references: PathBuf,
    /// Folder that the files go to
    #[arg(short, long, default_value = "runs/score_masks")]
    out: PathBuf,
    /// Which mask values are inside, of both folders: half (128 and above), any (above 0)
    #[arg(long, default_value = "half", value_parser = mask_rule)]
    inside: MaskRule,
    /// A reference without a prediction counts as an empty prediction instead of an error
    #[arg(long)]
    missing_as_empty: bool,
    /// Size of a pixel, rows and columns, in any unit: 0.5,0.5
    #[arg(long, value_delimiter = ',', num_args = 2, default_values_t = [1.0, 1.0])]
    spacing: Vec<f64>,
    /// Of NSD, in the unit of the spacing
    #[arg(long, default_value_t = Scores::TOLERANCE)]
    tolerance: f64,
    /// Of the intervals
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Also the scores under every convention in use: a second table, and conventions.json
    #[arg(long)]
    all_conventions: bool,
}

fn mask_rule(name: &str) -> Result<MaskRule, String> {
    match name {
        "half" => Ok(MaskRule::AtLeastHalf),
        "any" => Ok(MaskRule::NonZero),
        _ => Err("there are half and any".to_owned()),
    }
}

fn main() -> ExitCode {
    examples::exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    let missing = match args.missing_as_empty {
        true => Missing::CountAsEmpty,
        false => Missing::Refuse,
    };
    let pairs = find_pairs(&args.predictions, &args.references, missing)?;
    let options = ScoreOptions {
        prediction_rule: args.inside,
        reference_rule: args.inside,
        spacing: [args.spacing[0], args.spacing[1]],
        nsd_tolerance: args.tolerance,
    };
    let bar = ProgressBar::new(pairs.len() as u64);
    let scored = score_pairs(&pairs, &options, || bar.inc(1))?;
    bar.finish_and_clear();
    if scored.resized > 0 {
        eprintln!("note: {} predictions had another size than their reference", scored.resized);
    }
    if scored.missing > 0 {
        eprintln!("note: {} references have no prediction", scored.missing);
    }
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("making the folder {}", args.out.display()))?;
    let header = ReportHeader {
        threshold: None,
        resize: ReportHeader::MASK_FILES.to_owned(),
        spacing: options.spacing,
        nsd_tolerance: options.nsd_tolerance,
        ..ReportHeader::new("all")
    };
    let controls = [ControlScores::new("true", scored.cases)];
    let bootstrap = Bootstrap { seed: args.seed, ..Bootstrap::default() };
    let report = ScoreReport::from_controls(header, &controls, bootstrap)?;
    report.write(&args.out)?;
    report.write_cases(&args.out, &controls)?;
    say!("{}", report.markdown());
    if args.all_conventions {
        let table = ConventionTable::from_control(&controls[0])?;
        table.write(&args.out)?;
        say!("{}", table.markdown());
    }
    say!("-> {}", args.out.display());
    Ok(())
}
