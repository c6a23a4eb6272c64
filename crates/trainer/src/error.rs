//! Why training could not start or go on.

use std::path::PathBuf;

/// Why training could not start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum TrainError {
    /// A setting that cannot be.
    #[error("{field} is {value}: {expected}")]
    Config { field: &'static str, value: String, expected: &'static str },
    /// The data could not be read.
    #[error(transparent)]
    Data(#[from] seg_data::DataError),
    /// No case to work on.
    #[error("the set has no case in the split `{split}`")]
    Empty { split: seg_data::Split },
    /// A picture, a sentence or weights.
    #[error(transparent)]
    Seg(#[from] causal_clip_seg::SegError),
    /// A mask whose values are not as many as its pixels.
    #[error(transparent)]
    Metric(#[from] seg_metrics::MetricError),
    /// A loss that is no number: the learning rate is too high, or an image is broken.
    #[error(
        "step {step}: the loss is {loss}; cases of the batch: {cases}. \
         A lower learning rate may help; the best network so far is kept"
    )]
    NotFinite { step: usize, loss: f32, cases: String },
    /// A folder with an earlier run in it, which would be lost.
    #[error("{} holds a run already: name another folder, or move that one away", folder.display())]
    Occupied { folder: PathBuf },
    /// A file of the run could not be written.
    #[error("cannot write {}", file.display())]
    Write { file: PathBuf, source: std::io::Error },
}
