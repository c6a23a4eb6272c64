//! Why scores could not be reported.

use std::path::PathBuf;

/// Why scores could not be reported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum ReportError {
    /// There is nothing to report.
    #[error("there is no control to report: give at least one, such as `true`")]
    NoControl,
    /// A control's name cannot be part of a file name.
    #[error("the control's name is `{found}`: use letters, digits, `_`, `-` and `.` only")]
    ControlName { found: String },
    /// Two controls have one name.
    #[error("two controls are named `{name}`: give each its own name")]
    ControlTwice { name: String },
    /// Two cases of a control have one name; cases of two controls are paired by name.
    #[error("control `{control}`: two cases are named `{case}`; give each its own name")]
    CaseTwice { control: String, case: String },
    /// The mean of a score, or its interval, cannot be computed.
    #[error("control `{control}`: cannot compute the mean and interval of {score}")]
    Score { control: String, score: String, source: seg_metrics::MetricError },
    /// A prediction has another shape than its reference, not only another size.
    #[error(
        "case `{case}`: {} has {} x {} pixels, its reference {} {} x {}: another shape, so one of the \
         two is transposed, cropped or of another picture",
        prediction.display(), sizes[0].0, sizes[0].1, reference.display(), sizes[1].0, sizes[1].1
    )]
    Shape { case: String, prediction: PathBuf, reference: PathBuf, sizes: [(u32, u32); 2] },
    /// The two masks of a case cannot be compared.
    #[error("case `{case}`: cannot compare its two masks")]
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
    /// A report is not valid JSON.
    #[error("{} is not valid JSON: give the scores.json of a scored set", file.display())]
    NoJson { file: PathBuf, source: serde_json::Error },
    /// A report lacks a value.
    #[error("{}: `{key}` is missing or out of range: give the scores.json of a scored set", file.display())]
    Key { file: PathBuf, key: String },
    /// A report has no scores by convention.
    #[error(
        "{}: no Dice and IoU by convention: give the conventions.json that `score --all-conventions` leaves",
        file.display()
    )]
    NoConventions { file: PathBuf },
    /// A folder has no mask.
    #[error("{}: found no mask; expected png, jpg, tif or bmp files", folder.display())]
    NoMasks { folder: PathBuf },
    /// Two files of a folder belong to one case.
    #[error("{} and {} are both masks of `{case}`: keep one of them", first.display(), second.display())]
    Ambiguous { case: String, first: PathBuf, second: PathBuf },
    /// Only one of the two folders has some cases.
    #[error("{}", unpaired(predictions, references, missing, extra))]
    Unpaired { predictions: PathBuf, references: PathBuf, missing: Vec<String>, extra: Vec<String> },
    /// A table of pixel sizes is not one.
    #[error("{}, row {row}: {problem}", file.display())]
    Spacings { file: PathBuf, row: usize, problem: String },
    /// A table of pixel sizes lacks cases.
    #[error("{} has no row for {} of the cases: {}", file.display(), missing.len(), named(missing))]
    NoSpacing { file: PathBuf, missing: Vec<String> },
    /// A prediction that is to be read as grey levels has colours, or another size than its reference.
    #[error("case `{case}`: {} {problem}", file.display())]
    Grey { case: String, file: PathBuf, problem: &'static str },
    /// A mask cannot be read.
    #[error("case `{case}`: cannot read a mask")]
    Image { case: String, source: Box<seg_image::ImageError> },
}

/// The first few names.
fn named(names: &[String]) -> String {
    const NAMED: usize = 5;
    let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(NAMED) {
        Some(more @ 1..) => format!("{named} and {more} more"),
        _ => named,
    }
}

fn unpaired(
    predictions: &std::path::Path,
    references: &std::path::Path,
    missing: &[String],
    extra: &[String],
) -> String {
    let one = |names: &[String], here: &std::path::Path, there: &std::path::Path| {
        let (here, there) = (here.display(), there.display());
        format!("{} masks of {here} have no mask in {there}: {}", names.len(), named(names))
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
