use causal_clip_seg::SegError;

/// Why no ONNX model was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum OnnxError {
    /// The network could not be read.
    #[error(transparent)]
    Network(#[from] SegError),
    /// A side that the network's maps do not fit.
    #[error("a picture of {size} pixels: expected a multiple of 32, from 32 to 2048")]
    Size { size: usize },
    /// The network's mask is made of both branches.
    #[error(
        "the mask of these weights is the mean of both branches; a model is written of the causal one alone"
    )]
    BothBranches,
    /// A tensor that the graph needs is not among the network's.
    #[error("no tensor `{name}` in the network")]
    Missing { name: String },
    /// The model is larger than the format's 2 GiB.
    #[error("the model would have {bytes} bytes; the format's limit is 2 GiB")]
    TooLarge { bytes: usize },
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] whole_file::WriteError),
}
