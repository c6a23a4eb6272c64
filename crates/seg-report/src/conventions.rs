//! One control's scores under every convention, as a table.

use std::path::Path;

use seg_metrics::{Figure, Overlap, Rule, Scores};
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
    /// counts. An infinite one is `null` in JSON: [`infinite`](Self::infinite) is then not 0.
    pub value: Option<f64>,
    /// The number of cases that are left out: those with an empty mask, or without a finite distance,
    /// as far as the convention passes over them.
    pub left_out: usize,
    /// The number of cases whose distance is infinite and counts so.
    pub infinite: usize,
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
    /// Cases both of whose masks are empty.
    pub both_empty: usize,
    /// By the conventions' names, in the order of [`Figure::all`].
    pub conventions: Named<ConventionScore>,
    #[serde(skip)]
    of_cases: Vec<(String, Scores)>,
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
            let Figure { name, meaning, used_by, value, left_out, infinite } = figure;
            (name, ConventionScore { value, left_out, infinite, meaning, used_by })
        };
        Ok(Self {
            cases: scores.len(),
            empty_references: scores.iter().filter(|case| case.overlap.reference == 0).count(),
            empty_predictions: scores.iter().filter(|case| case.overlap.prediction == 0).count(),
            both_empty: scores.iter().filter(|case| case.overlap == Overlap::default()).count(),
            of_cases: control.cases.iter().map(|case| (case.case.clone(), case.scores)).collect(),
            conventions: figures.into_iter().map(score).collect(),
        })
    }

    /// A table with a row for each convention, for people to read.
    pub fn markdown(&self) -> String {
        let mut lines = vec![
            format!(
                "{} cases, {} empty references, {} empty predictions, {} with both empty; I, P, T, U: \
                 pixels shared, of the prediction, of the reference, of either",
                self.cases, self.empty_references, self.empty_predictions, self.both_empty
            ),
            String::new(),
            "| convention | value | cases left out | infinite | what it is | used by |".to_owned(),
            "| --- | --- | --- | --- | --- | --- |".to_owned(),
        ];
        lines.extend(self.conventions.iter().map(|(name, score)| {
            let value = number(score.value, 4);
            let ConventionScore { left_out, infinite, meaning, used_by, .. } = score;
            format!("| {name} | {value} | {left_out} | {infinite} | {meaning} | {used_by} |")
        }));
        lines.push(String::new());
        lines.join("\n")
    }

    /// Writes `conventions.json`, and `conventions.csv` with each case's value under each convention,
    /// into an existing folder. Missing numbers are `null` and an empty cell; an infinite one is `inf`
    /// in a cell.
    ///
    /// # Errors
    ///
    /// If a file cannot be written; an earlier one is then unchanged.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        let file = folder.join("conventions.json");
        let failed = |source| ReportError::Json { file: file.clone(), source };
        let json = pretty(self).map_err(failed)?;
        whole_file::write(&file, &json)?;

        let file = folder.join("conventions.csv");
        let failed = |source| ReportError::Csv { file: file.clone(), source };
        let mut table = csv::Writer::from_writer(Vec::new());
        let header = ["case"].into_iter().chain(Rule::all().iter().map(|rule| rule.name));
        table.write_record(header).map_err(failed)?;
        for (name, scores) in &self.of_cases {
            let value = |rule: &Rule| rule.of_case(scores).map_or(String::new(), |v| v.to_string());
            let values = Rule::all().iter().map(value);
            table.write_record([name.clone()].into_iter().chain(values)).map_err(failed)?;
        }
        let content = table.into_inner().map_err(|error| failed(error.into_error().into()))?;
        Ok(whole_file::write(&file, &content)?)
    }
}
