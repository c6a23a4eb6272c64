//! Why training could not start or go on.

use std::path::PathBuf;

/// Why training could not start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum TrainError {
    /// A recipe that is no recipe.
    #[error("{}: {what}", file.display())]
    Recipe { file: PathBuf, what: String },
    /// A key that was to be replaced.
    #[error("--set {assignment}: {what}")]
    Set { assignment: String, what: String },
    /// A setting that cannot be.
    #[error("{key} is {value}: {expected}")]
    Setting { key: &'static str, value: String, expected: &'static str },
    /// A change of pictures that cannot be.
    #[error("augment.{0}")]
    Augment(#[source] seg_augment::AugmentError),
    /// The data could not be read.
    #[error(transparent)]
    Data(#[from] seg_data::DataError),
    /// No case to work on.
    #[error("the set has no case in the split `{split}`")]
    Empty { split: seg_data::Split },
    /// A picture, a sentence or weights.
    #[error(transparent)]
    Seg(#[from] causal_clip_seg::SegError),
    /// An evaluation between epochs.
    #[error(transparent)]
    Evaluation(#[from] evaluation::EvaluationError),
    /// A weight file.
    #[error(transparent)]
    Weights(#[from] weight_files::WeightFileError),
    /// A mask whose values are not as many as its pixels.
    #[error(transparent)]
    Metric(#[from] seg_metrics::MetricError),
    /// A picture of the run that could not be written.
    #[error(transparent)]
    Image(#[from] seg_image::ImageError),
    /// A loss or a gradient that is no number; the step was not taken.
    #[error(
        "step {step}: {what}; cases of the batch: {cases}. The last good checkpoint is {}; \
         a lower learning rate or clip_norm may help",
        last_good.as_ref().map_or("none".to_owned(), |file| file.display().to_string())
    )]
    NotFinite { step: usize, what: String, cases: String, last_good: Option<PathBuf> },
    /// A folder with an earlier run in it, which would be lost.
    #[error(
        "{} holds a run already: go on with it (--resume), name another folder, or move it away",
        folder.display()
    )]
    Occupied { folder: PathBuf },
    /// A folder that another process works in.
    #[error("{}: another process is training here", folder.display())]
    Locked { folder: PathBuf },
    /// A folder without a run in it.
    #[error("{}: no run to go on with (no {missing})", folder.display())]
    NoRun { folder: PathBuf, missing: &'static str },
    /// The data is not what the run began with.
    #[error("{}: {what} is not what the run began with", folder.display())]
    Changed { folder: PathBuf, what: String },
    /// Checkpoints of which none can be read.
    #[error("{}: no checkpoint can be read; the newest: {newest}", folder.display())]
    NoCheckpoint { folder: PathBuf, newest: String },
    /// A file of the run could not be read.
    #[error("cannot read {}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    /// A file of the run could not be written.
    #[error("cannot write {}", file.display())]
    Write { file: PathBuf, source: std::io::Error },
}

impl From<whole_file::WriteError> for TrainError {
    fn from(error: whole_file::WriteError) -> Self {
        Self::Write { file: error.file, source: error.source }
    }
}
