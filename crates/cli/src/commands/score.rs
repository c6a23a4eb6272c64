//! `score`

use std::path::PathBuf;

use causal_clip_seg_cli::{Console, UsageError};
use seg_image::{MaskOptions, MaskRule};
use seg_metrics::{Bootstrap, MetricError, Package, Scores};
use seg_report::{
    ControlScores, ConventionTable, Missing, PackageTable, ReportHeader, ScoreOptions, ScoreReport,
    ScoredCase, Spacings, find_pairs, score_pairs,
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
/// 95th percentiles, pixels at the picture's edge being boundary too; ASSD the mean over both boundaries
/// together. The table's HD95 is over the pairs of which both masks have pixels. Per-image and pooled
/// means differ by several points: say which one you quote.
///
/// With --all-conventions the set's scores are also printed under every convention in use, and left in
/// conventions.json and, case by case, in conventions.csv. With --as they are what one package would
/// print of the same masks: docs/scores.md has the packages and how they differ.
#[derive(clap::Args)]
#[command(after_help = "Example:
  causal-clip-seg score runs/evaluate/masks references --all-conventions
  causal-clip-seg score runs/evaluate/masks references --as monai-1.6.1 --as nnunetv2-2.8.1")]
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
        long, value_name = "ROWS,COLUMNS", value_parser = spacing, default_value = "1,1"
    )]
    spacing: [f64; 2],
    /// A table with the size of a pixel in each picture: columns case, rows, columns (CSV)
    #[arg(long, value_name = "CSV", conflicts_with = "spacing")]
    spacing_table: Option<PathBuf>,
    /// Tolerance of NSD, in the unit of the spacing
    #[arg(long, value_name = "DISTANCE", default_value_t = Scores::TOLERANCE)]
    tolerance: f64,
    /// Seed of the confidence intervals' resampling
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Also print the scores under every published convention
    #[arg(long)]
    all_conventions: bool,
    /// Also print what a package would print of these masks, and leave it in PACKAGE.json and PACKAGE.csv:
    /// deepmind-0.1, lvit, medclipseg, medpy-0.4.0, medpy-0.5.2, monai-1.6.1, nnunetv2-2.8.1,
    /// pysodmetrics-1.6.2, scikit-learn-1.9.1, smp-0.6.0, torchmetrics-1.9.0 or transunet; can be repeated
    #[arg(long = "as", value_name = "PACKAGE", value_parser = package)]
    packages: Vec<&'static Package>,
    /// Read predictions as grey levels too, for means over thresholds (pysodmetrics-1.6.2); masks are then
    /// their upper half, unless a rule is given
    #[arg(long, conflicts_with = "ignore")]
    grey: bool,
}

impl Score {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        let options = ScoreOptions {
            prediction: self.rule_of_predictions().into(),
            reference: MaskOptions {
                rule: self.reference_rule.unwrap_or(self.mask_rule),
                ignore: self.ignore,
            },
            spacing: self.spacing,
            nsd_tolerance: self.tolerance,
            grey: self.grey,
        };
        let controls = [self.scored(&options, console)?];
        let out = self.out.create("score")?;
        let header = ReportHeader {
            threshold: None,
            resize: ReportHeader::MASK_FILES.to_owned(),
            spacing: options.spacing,
            spacing_table: self.spacing_table.as_ref().map(|file| file.display().to_string()),
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
        let packages = self.packages.iter().map(|p| PackageTable::from_control(p, &controls[0]));
        let packages = packages.collect::<Result<Vec<_>, _>>()?;
        for package in &packages {
            package.write(&out)?;
        }
        let all = json!({ "scores": report, "conventions": table, "packages": packages });
        console.result(&all, || {
            let conventions = table.iter().map(ConventionTable::markdown);
            let packages = packages.iter().map(PackageTable::markdown);
            let tables = [report.markdown()].into_iter().chain(conventions).chain(packages);
            tables.collect::<Vec<_>>().join("\n")
        })?;
        console.line(format!("-> {}", out.display()));
        Ok(true)
    }

    /// Grey levels have no reading of their own as a mask: the middle is as good as published.
    fn rule_of_predictions(&self) -> MaskRule {
        let rule = self.prediction_rule.unwrap_or(self.mask_rule);
        if self.grey && rule == MaskRule::Auto { MaskRule::Half } else { rule }
    }

    /// A label that no reference has is a slip, and would score every silent prediction as perfect; one that
    /// no prediction has may be the truth.
    fn check_labels(&self, options: &ScoreOptions, cases: &[ScoredCase]) -> anyhow::Result<()> {
        let is_label = matches!(options.reference.rule, MaskRule::Equals(_) | MaskRule::Colour(_));
        if is_label && cases.iter().all(|case| case.scores.overlap.reference == 0) {
            let what = format!(
                "{}: no mask has a pixel of `{}`: give the label or colour that they have, or leave the rule out",
                self.references.display(),
                options.reference.rule
            );
            return Err(UsageError(what).into());
        }
        Ok(())
    }

    fn scored(&self, options: &ScoreOptions, console: Console) -> anyhow::Result<ControlScores> {
        let missing = match self.missing_as_empty {
            true => Missing::CountAsEmpty,
            false => Missing::Refuse,
        };
        let mut pairs = find_pairs(&self.predictions, &self.references, missing)?;
        if let Some(table) = &self.spacing_table {
            Spacings::read(table)?.give(&mut pairs)?;
        }
        let bar = console.progress(pairs.len(), "scoring");
        let scored = score_pairs(&pairs, options, || bar.inc(1))?;
        bar.finish_and_clear();
        self.check_labels(options, &scored.cases)?;
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

fn package(name: &str) -> Result<&'static Package, MetricError> {
    Package::named(name)
}

/// Two numbers with a comma between.
fn spacing(text: &str) -> Result<[f64; 2], String> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| *n > 0.0 && n.is_finite());
    let both =
        text.split_once(',').and_then(|(rows, columns)| Some([number(rows)?, number(columns)?]));
    both.ok_or_else(|| {
        "expected two numbers above 0 with a comma between, such as 0.5,0.5".to_owned()
    })
}
