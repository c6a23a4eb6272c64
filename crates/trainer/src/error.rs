//! Why training could not start or go on.

use std::path::PathBuf;

/// Why training could not start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum TrainError {
    /// A file that is not a valid recipe.
    #[error("{}: {what}", file.display())]
    Recipe { file: PathBuf, what: String },
    /// A file of a run (its record, a checkpoint) that is broken or cannot be made.
    #[error("{}: not a whole file of a run: {what}", file.display())]
    State { file: PathBuf, what: String },
    /// A recipe has a value that its file format cannot hold.
    #[error("the recipe cannot be written as TOML: {what}")]
    Toml { what: String },
    /// An assignment that replaces no key of the recipe.
    #[error("--set {assignment}: {what}")]
    Set { assignment: String, what: String },
    /// A setting out of its range.
    #[error("{key} is {value}: {expected}")]
    Setting { key: &'static str, value: String, expected: &'static str },
    /// A change of pictures out of its range.
    #[error("augment.{0}")]
    Augment(#[source] seg_augment::AugmentError),
    /// The set could not be read.
    #[error(transparent)]
    Data(#[from] seg_data::DataError),
    /// The set has no case to work on.
    #[error("the set has no case in the split `{split}`")]
    Empty { split: seg_data::Split },
    /// No mask of a split has anything inside, or all are inside everywhere.
    #[error(
        "the masks of all {cases} {split} cases {are} (the first: {first}): {so}; look at the values with \
         `inspect` and set data.mask_rule"
    )]
    NoTarget {
        split: seg_data::Split,
        cases: usize,
        are: &'static str,
        first: String,
        so: &'static str,
    },
    /// A picture, a sentence or weights were refused.
    #[error(transparent)]
    Seg(#[from] causal_clip_seg::SegError),
    /// An evaluation between epochs.
    #[error(transparent)]
    Evaluation(#[from] evaluation::EvaluationError),
    /// A weight file could not be read or written.
    #[error(transparent)]
    Weights(#[from] weight_files::WeightFileError),
    /// A mask has more or fewer values than pixels.
    #[error(transparent)]
    Metric(#[from] seg_metrics::MetricError),
    /// A picture of the run could not be written.
    #[error(transparent)]
    Image(#[from] seg_image::ImageError),
    /// A loss or a gradient is not finite; the step was not taken.
    #[error(
        "step {step}: {what}; cases of the batch: {cases}. The last good checkpoint is {}; \
         a lower learning rate or clip_norm may help",
        last_good.as_ref().map_or("none".to_owned(), |file| file.display().to_string())
    )]
    NotFinite { step: usize, what: String, cases: String, last_good: Option<PathBuf> },
    /// One of several devices stopped working.
    #[error(
        "device `{device}` is lost: {what}; go on with the others: --resume the run and name them in \
         --device"
    )]
    Device { device: String, what: String },
    /// The folder holds an earlier run, which would be lost.
    #[error(
        "{} already holds a run: resume it (--resume), choose another folder, or move it away",
        folder.display()
    )]
    Occupied { folder: PathBuf },
    /// Another process works in the folder.
    #[error("{}: another process is training here", folder.display())]
    Locked { folder: PathBuf },
    /// The folder has no run in it.
    #[error("{}: no run to resume (there is no {missing})", folder.display())]
    NoRun { folder: PathBuf, missing: &'static str },
    /// The data is not what the run began with.
    #[error("{}: {what} is not what the run began with", folder.display())]
    Changed { folder: PathBuf, what: String },
    /// A key of the recipe is not what the run began with.
    #[error(
        "{}: {key} is {found}, the run began with {began}: put it back, or start a new run (train --out)",
        file.display()
    )]
    OtherRecipe { file: PathBuf, key: String, found: String, began: String },
    /// A step would have another number of pictures than the run began with.
    #[error(
        "{}: {key} is {found}, the run began with {began}: both may change if training.batch times \
         optimizer.accumulate stays {pictures}; else put it back, or start a new run (train --out)",
        file.display()
    )]
    OtherSteps { file: PathBuf, key: String, found: String, began: String, pictures: usize },
    /// A picture or mask is not what the run began with.
    #[error(
        "{}: {what} is not what the run began with: put it back, or start a new run (train --out)",
        folder.display()
    )]
    OtherFile { folder: PathBuf, what: String },
    /// None of the checkpoints can be read.
    #[error("{}: no checkpoint can be read; the newest one: {newest}", folder.display())]
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
