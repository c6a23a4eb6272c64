//! One case's scores, and a control's table of them.

use std::path::Path;

use seg_metrics::Scores;

use crate::error::ReportError;

/// A case and how well its mask fits.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredCase {
    /// The case's name: unique within a control, and the same in all controls.
    pub case: String,
    /// The patient or, if several cases are about one picture, the picture. Intervals draw whole
    /// groups; a case without one is drawn alone.
    pub group: Option<String>,
    /// The sentence that the network was given, if the table is to have it.
    pub sentence: Option<String>,
    /// Its scores against the control's reference.
    pub scores: Scores,
}

impl ScoredCase {
    /// A case without group and sentence.
    pub fn new(case: impl Into<String>, scores: Scores) -> Self {
        Self { case: case.into(), group: None, sentence: None, scores }
    }
}

/// The cases under one condition: with their own sentences, with those of others, without any.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlScores {
    /// The control's name, of letters, digits, `_`, `-` and `.`; `true` if cases have their own
    /// sentences.
    pub name: String,
    /// The cases, in the table's order.
    pub cases: Vec<ScoredCase>,
}

impl ControlScores {
    /// The cases of a control.
    pub fn new(name: impl Into<String>, cases: Vec<ScoredCase>) -> Self {
        Self { name: name.into(), cases }
    }
}

/// The columns of a table of cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseColumns {
    /// `case,dice,iou,precision,recall,nsd,hd95,assd`.
    #[default]
    Scores,
    /// The columns of [`Scores`](Self::Scores), then `group,sentence`.
    ScoresAndQuery,
}

/// The scores of a table, in its order.
const COLUMNS: [&str; 7] = ["dice", "iou", "precision", "recall", "nsd", "hd95", "assd"];

/// Writes a CSV table with a row for each case; infinite distances are `inf`.
///
/// # Errors
///
/// If the file cannot be written; an earlier one is then unchanged.
pub fn write_cases(
    file: &Path,
    cases: &[ScoredCase],
    columns: CaseColumns,
) -> Result<(), ReportError> {
    let query = columns == CaseColumns::ScoresAndQuery;
    let failed = |source| ReportError::Csv { file: file.to_owned(), source };
    let mut table = csv::Writer::from_writer(Vec::new());
    let header = ["case"].into_iter().chain(COLUMNS);
    let more = if query { &["group", "sentence"][..] } else { &[] };
    table.write_record(header.chain(more.iter().copied())).map_err(failed)?;
    for case in cases {
        let score = |column| case.scores.get(column).map(|score| score.to_string());
        let mut row = vec![case.case.clone()];
        row.extend(COLUMNS.iter().filter_map(|column| score(column)));
        if query {
            row.extend([&case.group, &case.sentence].map(|text| text.clone().unwrap_or_default()));
        }
        table.write_record(row).map_err(failed)?;
    }
    let content = table.into_inner().map_err(|error| failed(error.into_error().into()))?;
    Ok(whole_file::write(file, &content)?)
}
