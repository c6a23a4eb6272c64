//! Why an evaluation could not be done.

/// Why an evaluation could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum EvaluationError {
    /// No control of that name.
    #[error(
        "unknown control `{name}`, expected true, shuffled, stratified, fixed, empty, opposite or prior"
    )]
    Control { name: String },
    /// A picture or a mask of the set could not be read.
    #[error(transparent)]
    Data(#[from] seg_data::DataError),
    /// The network did not take a picture or a sentence.
    #[error(transparent)]
    Seg(#[from] causal_clip_seg::SegError),
    /// A score could not be computed.
    #[error(transparent)]
    Metric(#[from] seg_metrics::MetricError),
    /// A threshold of presence could not be fitted or applied.
    #[error("presence")]
    Presence(#[from] seg_report::PresenceError),
    /// An edited sentence's answer could not be compared.
    #[error(transparent)]
    Reading(#[from] seg_report::ReadingError),
    /// A picture of the evaluation could not be written.
    #[error(transparent)]
    Image(#[from] seg_image::ImageError),
    /// A table of the evaluation could not be made.
    #[error("cannot write {}", file.display())]
    Table { file: std::path::PathBuf, source: csv::Error },
    /// A file of the evaluation could not be written.
    #[error(transparent)]
    Write(#[from] whole_file::WriteError),
}
