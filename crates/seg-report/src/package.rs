//! What a package would print for a set, as a table.

use std::path::Path;

use seg_metrics::{Package, PackageFigure, Printed};
use serde::Serialize;

use crate::case::ControlScores;
use crate::error::ReportError;
use crate::json::pretty;
use crate::named::Named;

/// A figure as its package prints it for the set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PackageScore {
    /// What is printed: six digits, `inf`, `nan`, or `raises an error`.
    pub prints: String,
    /// The number behind it; `None` if it is no finite number.
    pub value: Option<f64>,
    /// The number of cases that the package passes over.
    pub left_out: usize,
    /// The number of cases whose distance is infinite and counts so.
    pub infinite: usize,
    /// The number of cases on which the package ends in an error.
    pub failed: usize,
    /// The convention that it follows, as in [`ConventionTable`](crate::ConventionTable).
    pub convention: &'static str,
    /// What that is.
    pub meaning: &'static str,
}

/// The figures of one package; see [`Package`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PackageTable {
    /// The package and its release.
    pub package: &'static str,
    /// How it makes one number of several cases.
    pub about: &'static str,
    /// The number of cases.
    pub cases: usize,
    /// By the package's own names.
    pub figures: Named<PackageScore>,
    #[serde(skip)]
    of_cases: Vec<(String, Vec<Printed>)>,
    #[serde(skip)]
    names: Vec<String>,
}

impl PackageTable {
    /// The figures of a control's cases.
    ///
    /// # Errors
    ///
    /// If the control has no cases.
    pub fn from_control(package: &Package, control: &ControlScores) -> Result<Self, ReportError> {
        let scores = control.cases.iter().map(|case| case.scores).collect::<Vec<_>>();
        let figures = package.figures(&scores).map_err(|source| ReportError::Score {
            control: control.name.clone(),
            score: package.name.to_owned(),
            source,
        })?;
        let of_cases = figures.iter().filter(|figure| !figure.cases.is_empty());
        Ok(Self {
            package: package.name,
            about: package.about,
            cases: scores.len(),
            of_cases: of_cases.map(|f| (f.call.to_owned(), f.cases.clone())).collect(),
            names: control.cases.iter().map(|case| case.case.clone()).collect(),
            figures: figures.into_iter().map(score).collect(),
        })
    }

    /// A table with a row for each figure, for people to read.
    pub fn markdown(&self) -> String {
        let mut lines = vec![
            format!("As {} prints {} cases. {}.", self.package, self.cases, self.about),
            String::new(),
            "| figure | prints | cases passed over | infinite | failing | convention | what it is |"
                .to_owned(),
            "| --- | --- | --- | --- | --- | --- | --- |".to_owned(),
        ];
        lines.extend(self.figures.iter().map(|(name, score)| {
            let PackageScore { prints, left_out, infinite, failed, convention, meaning, .. } = score;
            format!(
                "| {name} | {prints} | {left_out} | {infinite} | {failed} | {convention} | {meaning} |"
            )
        }));
        lines.push(String::new());
        lines.join("\n")
    }

    /// Writes `PACKAGE.json`, and `PACKAGE.csv` with what the package prints for each case, into an
    /// existing folder.
    ///
    /// # Errors
    ///
    /// If a file cannot be written; an earlier one is then unchanged.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        let file = folder.join(format!("{}.json", self.package));
        let failed = |source| ReportError::Json { file: file.clone(), source };
        let json = pretty(self).map_err(failed)?;
        whole_file::write(&file, &json)?;

        let file = folder.join(format!("{}.csv", self.package));
        let failed = |source| ReportError::Csv { file: file.clone(), source };
        let mut table = csv::Writer::from_writer(Vec::new());
        let header =
            ["case"].into_iter().chain(self.of_cases.iter().map(|(call, _)| call.as_str()));
        table.write_record(header).map_err(failed)?;
        for (place, name) in self.names.iter().enumerate() {
            let values =
                self.of_cases.iter().filter_map(|(_, cases)| cases.get(place)).map(|v| cell(*v));
            table.write_record([name.clone()].into_iter().chain(values)).map_err(failed)?;
        }
        let content = table.into_inner().map_err(|error| failed(error.into_error().into()))?;
        Ok(whole_file::write(&file, &content)?)
    }
}

fn score(figure: PackageFigure) -> (&'static str, PackageScore) {
    let value = match figure.printed {
        Printed::Number(value) => Some(value).filter(|value| value.is_finite()),
        _ => None,
    };
    let prints = value.map_or_else(|| cell(figure.printed), |value| format!("{value:.6}"));
    let PackageFigure { call, rule, meaning, left_out, infinite, failed, .. } = figure;
    let score =
        PackageScore { prints, value, left_out, infinite, failed, convention: rule, meaning };
    (call, score)
}

fn cell(printed: Printed) -> String {
    match printed {
        Printed::Number(value) => value.to_string(),
        Printed::Nan => "nan".to_owned(),
        Printed::Error => "raises an error".to_owned(),
    }
}
