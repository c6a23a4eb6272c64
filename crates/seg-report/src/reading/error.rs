//! Why answers could not be compared.

use std::path::PathBuf;

/// Why answers could not be compared or reported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum ReadingError {
    /// Two masks of a case cannot be compared.
    #[error("case `{case}`, {edit}: the answers cannot be compared")]
    Compare { case: String, edit: seg_sentences::Edit, source: seg_metrics::MetricError },
    /// A map of probabilities does not fit its mask.
    #[error(
        "case `{case}`, {edit}: found {found} probabilities, expected {expected}: give one for each pixel"
    )]
    Probabilities { case: String, edit: seg_sentences::Edit, expected: usize, found: usize },
    /// A probability is out of range.
    #[error("case `{case}`, {edit}: a probability is {found}, expected a number from 0 to 1")]
    Probability { case: String, edit: seg_sentences::Edit, found: f32 },
    /// There is nothing to report.
    #[error("there is nothing to report: add at least one trial")]
    NoTrial,
    /// A number has no interval.
    #[error("cannot compute the interval of {what}")]
    Interval { what: String, source: seg_metrics::MetricError },
    /// A picture of the page could not be encoded.
    #[error("cannot encode the example `{case}`")]
    Encode { case: String, source: image::ImageError },
    /// A file could not be written; an earlier one of that name is unchanged.
    #[error(transparent)]
    Write(#[from] whole_file::WriteError),
    /// The table of cases could not be formed.
    #[error("cannot write {}", file.display())]
    Csv { file: PathBuf, source: csv::Error },
    /// The report could not be formed.
    #[error("cannot write {}", file.display())]
    Json { file: PathBuf, source: serde_json::Error },
}
