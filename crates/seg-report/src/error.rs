//! Why scores could not be reported.

use std::path::PathBuf;

/// Why scores could not be reported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum ReportError {
    /// There is nothing to report.
    #[error("no control to report: give at least one, such as `true`")]
    NoControl,
    /// A name that could not be a file's and a key's.
    #[error("the control's name `{found}` is not of letters, digits, `_`, `-` and `.`")]
    ControlName { found: String },
    /// Two controls of one name.
    #[error("there are two controls `{name}`")]
    ControlTwice { name: String },
    /// Cases of two controls are paired by name.
    #[error("control `{control}`: two cases are named `{case}`; give each another name")]
    CaseTwice { control: String, case: String },
    /// A score that has no mean or interval.
    #[error("control `{control}`: {score} has no mean or no interval")]
    Score { control: String, score: String, source: seg_metrics::MetricError },
    /// The two masks of a case cannot be compared.
    #[error("case `{case}`")]
    Compare { case: String, source: seg_metrics::MetricError },
    /// A folder or a file could not be read.
    #[error("cannot read {}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    /// A file could not be written; an earlier one of that name is unchanged.
    #[error(transparent)]
    Write(#[from] whole_file::WriteError),
    /// The table of cases could not be formed.
    #[error("cannot write {}", file.display())]
    Csv { file: PathBuf, source: csv::Error },
    /// The report could not be formed.
    #[error("cannot write {}", file.display())]
    Json { file: PathBuf, source: serde_json::Error },
    /// A report that is none.
    #[error("{} is no JSON: give the scores.json of a scored set", file.display())]
    NoJson { file: PathBuf, source: serde_json::Error },
    /// A report without a value that is needed.
    #[error("{}: nothing usable at `{key}`; give the scores.json of a scored set", file.display())]
    Key { file: PathBuf, key: String },
    /// A folder without a mask.
    #[error("{}: no mask (png, jpg, tif or bmp)", folder.display())]
    NoMasks { folder: PathBuf },
    /// Two files of a folder that are of one case.
    #[error("{} and {} are both masks of `{case}`", first.display(), second.display())]
    Ambiguous { case: String, first: PathBuf, second: PathBuf },
    /// Cases that only one of the two folders has.
    #[error("{}", unpaired(predictions, references, missing, extra))]
    Unpaired { predictions: PathBuf, references: PathBuf, missing: Vec<String>, extra: Vec<String> },
    /// A mask that cannot be read.
    #[error("case `{case}`")]
    Image { case: String, source: Box<seg_image::ImageError> },
}

fn unpaired(
    predictions: &std::path::Path,
    references: &std::path::Path,
    missing: &[String],
    extra: &[String],
) -> String {
    const NAMED: usize = 5;
    let list = |names: &[String]| {
        let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        match names.len().checked_sub(NAMED) {
            Some(more @ 1..) => format!("{named} and {more} more"),
            _ => named,
        }
    };
    let one = |names: &[String], here: &std::path::Path, there: &std::path::Path| {
        let (here, there) = (here.display(), there.display());
        format!("{} masks of {here} have no mask in {there}: {}", names.len(), list(names))
    };
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(one(missing, references, predictions));
    }
    if !extra.is_empty() {
        parts.push(one(extra, predictions, references));
    }
    parts.join("; ")
}
