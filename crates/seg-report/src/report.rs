//! The report of a set: all controls and their differences.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;

use seg_metrics::{Bootstrap, Scores};
use serde::Serialize;

use crate::case::{CaseColumns, ControlScores, write_cases};
use crate::control::{ControlDifference, ControlReport, difference};
use crate::drawing::Drawing;
use crate::error::ReportError;
use crate::interval::units;
use crate::json::pretty;
use crate::markdown::markdown;
use crate::named::Named;

/// What was scored, and how.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportHeader {
    /// Which part of the set.
    pub split: String,
    /// SHA-256 of the network's file, in hexadecimal; `None` if only masks are known.
    pub weights_sha256: Option<String>,
    /// Threshold of the probability, in `[0, 1]`; `None` if only masks are known.
    pub threshold: Option<f64>,
    /// How predictions are brought to the size of their references.
    pub resize: String,
    /// Size of a pixel: from row to row and from column to column.
    pub spacing: [f64; 2],
    /// The table with each picture's own size of a pixel, if there is one;
    /// [`spacing`](Self::spacing) is then not used.
    pub spacing_table: Option<String>,
    /// Tolerance of NSD, in the unit of the spacing.
    pub nsd_tolerance: f64,
    /// Whatever else a reader must know to compute the numbers again.
    pub run: BTreeMap<String, serde_json::Value>,
    /// Further parts of `scores.json`, by their keys.
    #[serde(flatten)]
    pub more: BTreeMap<String, serde_json::Value>,
}

impl ReportHeader {
    /// [`resize`](Self::resize) of a network's masks.
    pub const NETWORK_MASKS: &str = "probability brought to the picture's size (bilinear, or the \
        letterbox's warp), then >= threshold (mode B)";

    /// [`resize`](Self::resize) of masks from files.
    pub const MASK_FILES: &str =
        "masks from files; those of another size nearest to the mask's size";

    /// A network's masks at threshold 0.5, pixels of 1 x 1, NSD within 2.
    pub fn new(split: impl Into<String>) -> Self {
        Self {
            split: split.into(),
            weights_sha256: None,
            threshold: Some(0.5),
            resize: Self::NETWORK_MASKS.to_owned(),
            spacing: [1.0; 2],
            spacing_table: None,
            nsd_tolerance: Scores::TOLERANCE,
            run: BTreeMap::new(),
            more: BTreeMap::new(),
        }
    }

    fn convention(&self) -> String {
        let [rows, columns] = self.spacing;
        let unit = match (&self.spacing_table, self.spacing) {
            (Some(_), _) => "the unit of the table of spacings".to_owned(),
            (None, [1.0, 1.0]) => "pixels".to_owned(),
            _ => format!("the unit of the spacing ({rows} x {columns})"),
        };
        format!(
            "per_image: mean over cases at the reference's own size, exact counts without epsilon, \
             foreground only; both masks empty score 1 (distances 0: they are in the means of \
             `per_image`, counted in `both_empty`, and not in those of `filled`, where both masks have \
             pixels), exactly one empty scores 0 (distances infinite: left out of their mean and \
             counted in `infinite`). pooled: of all pixels of all cases together. nsd: share of both \
             boundaries (4-neighbours, pixels at the picture's edge too) within {} of the other; hd95: \
             the larger of both directed 95th percentiles, interpolated; assd: mean over both \
             boundaries together; distances in {unit}. ci95: percentile bootstrap.",
            self.nsd_tolerance
        )
    }
}

/// All that is reported of a set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoreReport {
    /// The number of cases of the first control.
    pub cases: usize,
    /// What was scored, and how.
    #[serde(flatten)]
    pub header: ReportHeader,
    /// What the scores are, in words.
    pub convention: String,
    /// How intervals were drawn.
    pub bootstrap: Drawing,
    /// By the controls' names, in their order.
    pub controls: Named<ControlReport>,
    /// By `a-b`, where `a` is the control `true` (or the first one, if there is none) and `b` each
    /// other one: paired over the cases that both have.
    pub differences: Named<ControlDifference>,
}

impl ScoreReport {
    /// Reports controls. Intervals have a level of 95 %, whatever the bootstrap's. Each control is
    /// computed in a thread of its own; the numbers do not depend on it.
    ///
    /// # Errors
    ///
    /// If there are no controls, one has no cases, a name is invalid or used twice, or a score is
    /// not a number.
    pub fn from_controls(
        header: ReportHeader,
        controls: &[ControlScores],
        bootstrap: Bootstrap,
    ) -> Result<Self, ReportError> {
        check(controls)?;
        let bootstrap = &Bootstrap { level: 0.95, ..bootstrap };
        let own = controls.iter().find(|control| control.name == "true");
        let own = own.or(controls.first()).ok_or(ReportError::NoControl)?;
        let (reports, differences) = thread::scope(|scope| {
            let reports = controls.iter().map(|control| {
                let name = control.name.clone();
                (name, scope.spawn(move || ControlReport::from_control(control, bootstrap)))
            });
            let others = controls.iter().filter(|control| control.name != own.name);
            let differences = others.map(|other| {
                let name = format!("{}-{}", own.name, other.name);
                (name, scope.spawn(move || difference(own, other, bootstrap)))
            });
            // All are started before the first is waited for.
            let (reports, differences): (Vec<_>, Vec<_>) =
                (reports.collect(), differences.collect());
            (joined(reports), joined(differences))
        });
        let units = units(&own.cases);
        let grouped = own.cases.iter().any(|case| case.group.is_some());
        Ok(Self {
            cases: own.cases.len(),
            convention: header.convention(),
            header,
            bootstrap: Drawing::new(bootstrap, grouped, units.len()),
            controls: reports?,
            differences: differences?,
        })
    }

    /// Writes `scores.json` and `scores.md` into an existing folder. Missing numbers are `null`.
    ///
    /// # Errors
    ///
    /// If a file cannot be written; an earlier one is then unchanged.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        let file = folder.join("scores.json");
        let failed = |source| ReportError::Json { file: file.clone(), source };
        let json = pretty(self).map_err(failed)?;
        whole_file::write(&file, &json)?;
        Ok(whole_file::write(&folder.join("scores.md"), self.markdown().as_bytes())?)
    }

    /// Writes the tables of cases into an existing folder: `cases.csv` if there is one control,
    /// else `cases.<name>.csv` for each, with group and sentence.
    ///
    /// # Errors
    ///
    /// If a file cannot be written, or a control's name is invalid.
    pub fn write_cases(
        &self,
        folder: &Path,
        controls: &[ControlScores],
    ) -> Result<(), ReportError> {
        check(controls)?;
        if let [control] = controls {
            return write_cases(&folder.join("cases.csv"), &control.cases, CaseColumns::Scores);
        }
        for control in controls {
            let file = folder.join(format!("cases.{}.csv", control.name));
            write_cases(&file, &control.cases, CaseColumns::ScoresAndQuery)?;
        }
        Ok(())
    }

    /// A table with a row for each control and each difference, for people to read.
    pub fn markdown(&self) -> String {
        markdown(self)
    }
}

/// The results of threads, by name; the first error of them.
fn joined<T>(
    running: Vec<(String, thread::ScopedJoinHandle<'_, Result<T, ReportError>>)>,
) -> Result<Named<T>, ReportError> {
    let wait = |(name, thread): (String, thread::ScopedJoinHandle<'_, _>)| match thread.join() {
        Ok(found) => Result::map(found, |found| (name, found)),
        Err(panic) => std::panic::resume_unwind(panic),
    };
    running.into_iter().map(wait).collect()
}

/// Refuses names that could not be told apart or written.
fn check(controls: &[ControlScores]) -> Result<(), ReportError> {
    let mut names = BTreeSet::new();
    for ControlScores { name, cases } in controls {
        let fit = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if name.is_empty() || !name.chars().all(fit) {
            return Err(ReportError::ControlName { found: name.clone() });
        }
        if !names.insert(name) {
            return Err(ReportError::ControlTwice { name: name.clone() });
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = cases.iter().find(|case| !seen.insert(&case.case)) {
            let case = twice.case.clone();
            return Err(ReportError::CaseTwice { control: name.clone(), case });
        }
    }
    Ok(())
}
