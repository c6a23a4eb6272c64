//! `score`

use std::path::PathBuf;

use causal_clip_seg_cli::Console;
use seg_image::{MaskOptions, MaskRule};
use seg_metrics::{Bootstrap, Scores};
use seg_report::{
    ControlScores, ConventionTable, Missing, ReportHeader, ScoreOptions, ScoreReport, find_pairs,
    score_pairs,
};
use serde_json::json;

use crate::arguments::OutArg;

/// Scores a folder of masks, whoever made them, against a folder of reference masks.
///
/// Masks are paired by file name; endings and `mask_`, `_mask` and `.mask` are ignored, and x_mask_1 goes on
/// with x_mask. A prediction of another size is brought to its reference's if it has its aspect. Leaves in the
/// folder of --out: cases.csv (case,dice,iou,precision,recall,nsd,hd95,assd; `inf` where exactly one mask
/// is empty), scores.json (per-image means and pooled scores with 95 % bootstrap intervals) and scores.md,
/// the table that is printed too.
///
/// Dice, IoU, precision and recall are exact, without epsilon: 1 if both masks are empty, 0 if one is.
/// NSD is the share of both boundaries within --tolerance of the other; HD95 the larger of both directed
/// 95th percentiles; ASSD the mean over both boundaries together. Per-image and pooled means differ by
/// several points: say which one you quote.
///
/// With --all-conventions the set's Dice and IoU are also printed as LViT, LGMS, MMI-UNet, CRIS, LAVT,
/// MedCLIPSeg and MedEquiSeg count them, and left in conventions.json.
#[derive(clap::Args)]
#[command(after_help = "Example:
  causal-clip-seg score runs/evaluate/masks references --all-conventions")]
pub(crate) struct Score {
    /// Folder of predicted masks
    predictions: PathBuf,
    /// Folder of reference masks
    references: PathBuf,
    #[command(flatten)]
    out: OutArg,
    /// Which values of a mask file are inside, in both folders: auto (what has one reading; the rest is
    /// refused with its values), half (the upper half of the range), non_zero, alpha, a label such as 3, or
    /// a colour such as "#00ff00"
    #[arg(long, visible_alias = "inside", value_name = "RULE", default_value_t)]
    mask_rule: MaskRule,
    /// The rule for predictions, if it is another one
    #[arg(long, value_name = "RULE")]
    prediction_rule: Option<MaskRule>,
    /// The rule for references, if it is another one
    #[arg(long, value_name = "RULE")]
    reference_rule: Option<MaskRule>,
    /// A value of references whose pixels count nowhere, such as 255
    #[arg(long, value_name = "VALUE")]
    ignore: Option<u16>,
    /// Count a missing prediction as an empty mask instead of refusing it
    #[arg(long)]
    missing_as_empty: bool,
    /// Size of a pixel in any unit, rows and columns: 0.5,0.5
    #[arg(
        long, value_name = "ROWS,COLUMNS", value_delimiter = ',', num_args = 2,
        default_values_t = [1.0, 1.0]
    )]
    spacing: Vec<f64>,
    /// Tolerance of NSD, in the unit of the spacing
    #[arg(long, value_name = "DISTANCE", default_value_t = Scores::TOLERANCE)]
    tolerance: f64,
    /// Seed of the confidence intervals' resampling
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Also print the scores under every published convention
    #[arg(long)]
    all_conventions: bool,
}

impl Score {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        let options = ScoreOptions {
            prediction: self.prediction_rule.unwrap_or(self.mask_rule).into(),
            reference: MaskOptions {
                rule: self.reference_rule.unwrap_or(self.mask_rule),
                ignore: self.ignore,
            },
            spacing: [self.spacing[0], self.spacing[1]],
            nsd_tolerance: self.tolerance,
        };
        let controls = [self.scored(&options, console)?];
        let out = self.out.create("score")?;
        let header = ReportHeader {
            threshold: None,
            resize: ReportHeader::MASK_FILES.to_owned(),
            spacing: options.spacing,
            nsd_tolerance: options.nsd_tolerance,
            ..ReportHeader::new("all")
        };
        let bootstrap = Bootstrap { seed: self.seed, ..Bootstrap::default() };
        let report = ScoreReport::from_controls(header, &controls, bootstrap)?;
        report.write(&out)?;
        report.write_cases(&out, &controls)?;
        let table = match self.all_conventions {
            true => Some(ConventionTable::from_control(&controls[0])?),
            false => None,
        };
        if let Some(table) = &table {
            table.write(&out)?;
        }
        console.result(&json!({ "scores": report, "conventions": table }), || {
            let conventions = table.as_ref().map(|table| format!("\n{}", table.markdown()));
            format!("{}{}", report.markdown(), conventions.unwrap_or_default())
        })?;
        console.line(format!("-> {}", out.display()));
        Ok(true)
    }

    fn scored(&self, options: &ScoreOptions, console: Console) -> anyhow::Result<ControlScores> {
        let missing = match self.missing_as_empty {
            true => Missing::CountAsEmpty,
            false => Missing::Refuse,
        };
        let pairs = find_pairs(&self.predictions, &self.references, missing)?;
        let bar = console.progress(pairs.len(), "scoring");
        let scored = score_pairs(&pairs, options, || bar.inc(1))?;
        bar.finish_and_clear();
        scored.notes.lines().into_iter().for_each(|line| console.note(line));
        if scored.resized > 0 {
            let resized = scored.resized;
            console.note(format!("{resized} predictions differ in size from their references"));
        }
        if scored.missing > 0 {
            console.note(format!("{} references have no prediction", scored.missing));
        }
        Ok(ControlScores::new("true", scored.cases))
    }
}
