//! Sizes of the towers, and the published ones.

use serde::{Deserialize, Serialize};

use crate::error::ClipConfigError;

/// The activation in the text tower's blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `x · sigmoid(1.702 x)`: OpenAI's weights, and open_clip's `-quickgelu` models.
    #[default]
    QuickGelu,
    /// The exact GELU: open_clip's other models.
    Gelu,
}

/// Sizes of CLIP's ResNet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageTowerConfig {
    /// Bottlenecks in each of the four layers.
    pub blocks: [usize; 4],
    /// Channels after the stem; the four layers have 4, 8, 16 and 32 times as many.
    pub width: usize,
    /// Side of the picture the positional grid is made for, in pixels: a multiple of 32.
    pub image_size: usize,
    /// Heads of the attention pool. CLIP's rule: `32 width / 64`.
    pub heads: usize,
}

/// Sizes of CLIP's text transformer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextTowerConfig {
    /// Number of token ids; the highest is the end token.
    pub vocabulary: usize,
    /// Longest sentence in tokens, start and end included.
    pub context: usize,
    /// Width of the word features.
    pub width: usize,
    /// Attention heads of a block. CLIP's rule: `width / 64`.
    pub heads: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Activation in the blocks.
    #[serde(default)]
    pub activation: Activation,
}

/// Sizes of [`Clip`](crate::Clip).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipConfig {
    /// The image tower.
    pub image: ImageTowerConfig,
    /// The text tower.
    pub text: TextTowerConfig,
    /// Length of the image and sentence embeddings.
    pub embed_dim: usize,
}

impl ClipConfig {
    /// CLIP RN50: 224 pixels, 1024 dimensions.
    pub fn rn50() -> Self {
        Self::published([3, 4, 6, 3], 64, 224, 1024, 512)
    }

    /// CLIP RN101: 224 pixels, 512 dimensions.
    pub fn rn101() -> Self {
        Self::published([3, 4, 23, 3], 64, 224, 512, 512)
    }

    /// CLIP RN50x4: 288 pixels, 640 dimensions.
    pub fn rn50x4() -> Self {
        Self::published([4, 6, 10, 6], 80, 288, 640, 640)
    }

    /// What OpenAI calls a CLIP of these sizes, whatever the activation: RN50, RN101 or RN50x4.
    pub fn published_name(&self) -> Option<&'static str> {
        let published =
            [("RN50", Self::rn50()), ("RN101", Self::rn101()), ("RN50x4", Self::rn50x4())];
        let same = |other: &Self| {
            let difference = self.first_difference(other);
            difference.is_none_or(|difference| difference.field == "text.activation")
        };
        published.into_iter().find(|(_, other)| same(other)).map(|(name, _)| name)
    }

    /// A small network for tests and demonstrations: 64 pixels, two text blocks of width 32, all of
    /// CLIP's vocabulary.
    pub fn tiny() -> Self {
        Self {
            image: ImageTowerConfig { blocks: [1; 4], width: 4, image_size: 64, heads: 4 },
            text: TextTowerConfig {
                vocabulary: 49408,
                context: 77,
                width: 32,
                heads: 2,
                layers: 2,
                activation: Activation::QuickGelu,
            },
            embed_dim: 64,
        }
    }

    fn published(
        blocks: [usize; 4],
        width: usize,
        image_size: usize,
        embed_dim: usize,
        text_width: usize,
    ) -> Self {
        Self {
            image: ImageTowerConfig { blocks, width, image_size, heads: width / 2 },
            text: TextTowerConfig {
                vocabulary: 49408,
                context: 77,
                width: text_width,
                heads: text_width / 64,
                layers: 12,
                activation: Activation::QuickGelu,
            },
            embed_dim,
        }
    }

    /// Whether a network of these sizes can be made.
    ///
    /// # Errors
    ///
    /// The first field whose value is impossible, with what it may be.
    pub fn check(&self) -> Result<(), ClipConfigError> {
        let (image, text) = (&self.image, &self.text);
        for (i, n) in image.blocks.iter().enumerate() {
            within(&format!("image.blocks[{i}]"), *n, 1, 1000)?;
        }
        within("image.width", image.width, 2, 4096)?;
        multiple("image.width", image.width, 2, "2")?;
        within("image.image_size", image.image_size, 32, 16384)?;
        multiple("image.image_size", image.image_size, 32, "32")?;
        within("image.heads", image.heads, 1, 4096)?;
        multiple("32 image.width", 32 * image.width, image.heads, "image.heads")?;
        within("text.vocabulary", text.vocabulary, 3, 1 << 24)?;
        within("text.context", text.context, 2, 1 << 16)?;
        within("text.width", text.width, 1, 1 << 16)?;
        within("text.heads", text.heads, 1, 4096)?;
        multiple("text.width", text.width, text.heads, "text.heads")?;
        within("text.layers", text.layers, 1, 1000)?;
        within("embed_dim", self.embed_dim, 1, 1 << 16)
    }
}

impl ClipConfig {
    /// The first field in which two configurations differ, with both values.
    pub fn first_difference(&self, other: &Self) -> Option<Difference> {
        let pairs = self.fields().into_iter().zip(other.fields());
        pairs
            .into_iter()
            .find(|(ours, theirs)| ours != theirs)
            .map(|((field, ours), (_, theirs))| Difference { field, ours, theirs })
    }

    fn fields(&self) -> [(&'static str, String); 11] {
        let (image, text) = (&self.image, &self.text);
        [
            ("image.blocks", format!("{:?}", image.blocks)),
            ("image.width", image.width.to_string()),
            ("image.image_size", image.image_size.to_string()),
            ("image.heads", image.heads.to_string()),
            ("text.vocabulary", text.vocabulary.to_string()),
            ("text.context", text.context.to_string()),
            ("text.width", text.width.to_string()),
            ("text.heads", text.heads.to_string()),
            ("text.layers", text.layers.to_string()),
            ("embed_dim", self.embed_dim.to_string()),
            ("text.activation", format!("{:?}", text.activation)),
        ]
    }
}

/// What [`ClipConfig::first_difference`] finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field: `text.width`.
    pub field: &'static str,
    /// Its value in the configuration that was asked.
    pub ours: String,
    /// Its value in the other one.
    pub theirs: String,
}

fn within(field: &str, value: usize, low: usize, high: usize) -> Result<(), ClipConfigError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(ClipConfigError::Range { field: field.to_owned(), value, low, high })
}

fn multiple(field: &str, value: usize, of: usize, what: &str) -> Result<(), ClipConfigError> {
    if value.is_multiple_of(of) {
        return Ok(());
    }
    Err(ClipConfigError::Multiple { field: field.to_owned(), value, of, what: what.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_can_be_made() {
        for config in
            [ClipConfig::rn50(), ClipConfig::rn101(), ClipConfig::rn50x4(), ClipConfig::tiny()]
        {
            config.check().unwrap();
        }
    }

    #[test]
    fn sizes_have_their_published_name() {
        let mut config = ClipConfig::rn101();
        config.text.activation = Activation::Gelu;
        assert_eq!(config.published_name(), Some("RN101"));
        config.embed_dim = 1024;
        assert_eq!(config.published_name(), None);
        let difference = config.first_difference(&ClipConfig::rn50()).unwrap();
        assert_eq!(difference.field, "image.blocks");
        assert_eq!((&*difference.ours, &*difference.theirs), ("[3, 4, 23, 3]", "[3, 4, 6, 3]"));
    }

    #[test]
    fn an_impossible_value_is_named() {
        let mut config = ClipConfig::tiny();
        config.text.heads = 5;
        let message = config.check().unwrap_err().to_string();
        assert_eq!(message, "text.width is 32: it must be a multiple of text.heads (5)");
        config.embed_dim = 0;
        config.text.heads = 2;
        let message = config.check().unwrap_err().to_string();
        assert_eq!(message, "embed_dim is 0: it must be between 1 and 65536");
    }
}
