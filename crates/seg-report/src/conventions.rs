//! One control's scores under every convention, as a table.

use std::path::Path;

use seg_metrics::Figure;
use serde::Serialize;

use crate::case::ControlScores;
use crate::error::ReportError;
use crate::format::number;
use crate::json::pretty;
use crate::named::Named;

/// A score of the set under one convention.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ConventionScore {
    /// Dice, IoU and NSD in `[0, 1]`, distances in the unit of the spacing; `None` if no case
    /// counts.
    pub value: Option<f64>,
    /// The number of cases that are left out: those with an empty reference, or without a finite
    /// distance.
    pub left_out: usize,
    /// How counts become the number.
    pub meaning: &'static str,
    /// Who publishes numbers of this convention.
    pub used_by: &'static str,
}

/// A set's scores under every convention in use; see [`Figure`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConventionTable {
    /// The number of cases.
    pub cases: usize,
    /// Cases whose reference is empty.
    pub empty_references: usize,
    /// Cases whose prediction is empty.
    pub empty_predictions: usize,
    /// By the conventions' names, in the order of [`Figure::all`].
    pub conventions: Named<ConventionScore>,
}

impl ConventionTable {
    /// The scores of a control's cases.
    ///
    /// # Errors
    ///
    /// If the control has no cases.
    pub fn from_control(control: &ControlScores) -> Result<Self, ReportError> {
        let scores = control.cases.iter().map(|case| case.scores).collect::<Vec<_>>();
        let figures = Figure::all(&scores).map_err(|source| ReportError::Score {
            control: control.name.clone(),
            score: "a set of no cases".to_owned(),
            source,
        })?;
        let score = |figure: Figure| {
            let Figure { name, meaning, used_by, value, left_out } = figure;
            (name, ConventionScore { value, left_out, meaning, used_by })
        };
        Ok(Self {
            cases: scores.len(),
            empty_references: scores.iter().filter(|case| case.overlap.reference == 0).count(),
            empty_predictions: scores.iter().filter(|case| case.overlap.prediction == 0).count(),
            conventions: figures.into_iter().map(score).collect(),
        })
    }

    /// A table with a row for each convention, for people to read.
    pub fn markdown(&self) -> String {
        let mut lines = vec![
            format!(
                "{} cases, {} empty references, {} empty predictions; I, P, T, U: pixels shared, \
                 of the prediction, of the reference, of either",
                self.cases, self.empty_references, self.empty_predictions
            ),
            String::new(),
            "| convention | value | cases left out | what it is | used by |".to_owned(),
            "| --- | --- | --- | --- | --- |".to_owned(),
        ];
        lines.extend(self.conventions.iter().map(|(name, score)| {
            let value = number(score.value, 4);
            let ConventionScore { left_out, meaning, used_by, .. } = score;
            format!("| {name} | {value} | {left_out} | {meaning} | {used_by} |")
        }));
        lines.push(String::new());
        lines.join("\n")
    }

    /// Writes `conventions.json` into an existing folder. Missing numbers are `null`.
    ///
    /// # Errors
    ///
    /// If the file cannot be written; an earlier one is then unchanged.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        let file = folder.join("conventions.json");
        let failed = |source| ReportError::Json { file: file.clone(), source };
        let json = pretty(self).map_err(failed)?;
        Ok(whole_file::write(&file, &json)?)
    }
}
