//! Why a configuration, a weight file, a picture or a sentence was refused: every error that
//! [`SegError`] can carry.

use std::path::PathBuf;

pub use causal_seg_decoder::DecoderConfigError;
pub use clip_encoder::{ClipConfigError, PixelError, TokenError, WeightsError};
#[cfg(feature = "dicom")]
pub use seg_dicom::{DicomError, SegmentationError};
pub use seg_image::ImageError;
pub use weight_files::{PickleError, WeightFileError};
pub use weight_hub::HubError;

pub use crate::devices::DeviceError;

/// A configuration that no network can have.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum ConfigError {
    /// The towers' sizes.
    #[error("clip.{0}")]
    Clip(#[from] ClipConfigError),
    /// The decoder's sizes, which follow from the towers'.
    #[error("decoder: {0}")]
    Decoder(#[from] DecoderConfigError),
    /// No preset of that name.
    #[error("no preset `{name}`: there are rn50, rn101, small and tiny")]
    Preset { name: String },
    /// No branch of that name.
    #[error("unknown branch `{found}`, expected `causal` or `mean`")]
    Branch { found: String },
    /// No convention of sides of that name.
    #[error("unknown sides `{found}`, expected `image`, `patient` or `stated`")]
    Sides { found: String },
    /// The mean of two logits, of which the weights give one.
    #[error("input.branch is mean: these weights were prepared for the causal branch alone")]
    CausalAlone,
    /// The side of the input.
    #[error("input.size is {size}: it must be a multiple of 32 up to 4096")]
    Size { size: usize },
    /// The longest sentence.
    #[error("input.word_len is {word_len}: it must be between 2 and clip.text.context ({context})")]
    WordLen { word_len: usize, context: usize },
    /// Sentences cannot be read with fewer tokens than CLIP's.
    #[error("clip.text.vocabulary is {vocabulary}: CLIP's sentences need at least 49408")]
    Vocabulary { vocabulary: usize },
    /// The mask's threshold.
    #[error("input.threshold is {threshold}: it must lie between 0 and 1")]
    Threshold { threshold: f32 },
    /// The side of a tile.
    #[error(
        "a tile's side is {side}: it must lie in {} to {} pixels",
        crate::Tiling::MIN_SIDE,
        crate::Tiling::MAX_SIDE
    )]
    TileSide { side: u32 },
    /// The share of a tile that the next one covers.
    #[error(
        "tiles overlap by {overlap} of their side: it must lie in 0 to {}",
        crate::Tiling::MAX_OVERLAP
    )]
    TileOverlap { overlap: f32 },
    /// A row of tiles that takes too much memory.
    #[error(
        "a picture {width} pixels wide in tiles of {rows}: a row of tiles may have {} million pixels; \
         choose smaller tiles",
        crate::Segmenter::MAX_BAND / 1_000_000
    )]
    Band { width: u32, rows: u32 },
    /// The threshold of presence.
    #[error("input.presence is {presence}: it must lie in 0 to 1")]
    Presence { presence: f32 },
}

/// Why a network could not be loaded, saved or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum SegError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The configuration in a weight file's metadata.
    #[error("{}: metadata `{key}`: {what}", file.display())]
    Metadata { file: PathBuf, key: &'static str, what: String },
    /// The weights.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The hub.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// A name of weights that means none.
    #[error("`{name}`: {what}")]
    Name { name: String, what: String },
    /// The sentence.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The picture's size.
    #[error(transparent)]
    Pixels(#[from] PixelError),
    /// What was computed cannot be read from the device.
    #[error("the device gave no answer: {what}")]
    Unanswered { what: String },
    /// A picture to write.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A DICOM file to read.
    #[cfg(feature = "dicom")]
    #[error(transparent)]
    Dicom(#[from] DicomError),
    /// A DICOM Segmentation object to write.
    #[cfg(feature = "dicom")]
    #[error(transparent)]
    Segmentation(#[from] SegmentationError),
}

impl From<WeightFileError> for SegError {
    fn from(error: WeightFileError) -> Self {
        Self::Weights(error.into())
    }
}
