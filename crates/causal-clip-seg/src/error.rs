//! Why a configuration, a weight file or a picture was refused.

use std::path::PathBuf;

/// A configuration that no network can have.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum ConfigError {
    /// The towers' sizes.
    #[error("clip.{0}")]
    Clip(#[from] clip_encoder::ConfigError),
    /// The decoder's sizes, which follow from the towers'.
    #[error("decoder: {0}")]
    Decoder(#[from] causal_seg_decoder::DecoderConfigError),
    /// No preset of that name.
    #[error("no preset `{name}`: there are rn50, rn101, small and tiny")]
    Preset { name: String },
    /// No branch of that name.
    #[error("unknown branch `{found}`, expected `causal` or `mean`")]
    Branch { found: String },
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
    Weights(#[from] clip_encoder::WeightsError),
    /// The sentence.
    #[error(transparent)]
    Token(#[from] clip_encoder::TokenError),
    /// The picture's size.
    #[error(transparent)]
    Pixels(#[from] clip_encoder::PixelError),
    /// A picture to write.
    #[error(transparent)]
    Image(#[from] seg_image::ImageError),
}

impl From<weight_files::WeightFileError> for SegError {
    fn from(error: weight_files::WeightFileError) -> Self {
        Self::Weights(error.into())
    }
}
