//! Sizes of the network and how a picture becomes its input: what a weight file says of itself.

use std::str::FromStr;

pub use causal_seg_decoder::DecoderConfig;
pub use clip_encoder::{
    Activation, ClipConfig, ImageTowerConfig, Normalisation, Resize, TextTowerConfig,
};
use serde::{Deserialize, Serialize};

use crate::errors::ConfigError;
use crate::tiling::Tiling;

/// Which logits the mask is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Branch {
    /// The causal ones: the paper.
    #[default]
    Causal,
    /// The mean of both: MedEquiSeg's training of this network.
    Mean,
}

impl FromStr for Branch {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        match name {
            "causal" => Ok(Branch::Causal),
            "mean" => Ok(Branch::Mean),
            _ => Err(ConfigError::Branch { found: name.to_owned() }),
        }
    }
}

/// Whose left and right a network's sentences mean.
///
/// A chest X-ray is looked at as if the patient faced the reader: the patient's left lung is on the
/// right of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// "Left" is the left of the image, whoever's side that is (QaTa-COV19 and the sets like it).
    Image,
    /// "Left" is the patient's left, as a radiologist writes.
    Patient,
    /// The sentence says whose side it means: "the patient's left lung", "on the left of the image".
    Stated,
}

impl Sides {
    /// One sentence for people.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Image => {
                "\"left\" means the left side of the image, which on a chest X-ray is the patient's right"
            }
            Self::Patient => {
                "\"left\" means the patient's left, which on a chest X-ray is the right side of the image"
            }
            Self::Stated => {
                "a sentence has to say whose side it means: \"the patient's left\" or \"the left of \
                 the image\""
            }
        }
    }
}

impl std::fmt::Display for Sides {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Image => "image",
            Self::Patient => "patient",
            Self::Stated => "stated",
        })
    }
}

impl FromStr for Sides {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        match name {
            "image" => Ok(Self::Image),
            "patient" => Ok(Self::Patient),
            "stated" => Ok(Self::Stated),
            _ => Err(ConfigError::Sides { found: name.to_owned() }),
        }
    }
}

/// How pictures and sentences become tensors, and logits a mask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InputConfig {
    /// Side of the network's input in pixels, a multiple of 32.
    pub size: usize,
    /// How a picture is brought to that size.
    pub resize: Resize,
    /// What is subtracted from and divided out of the pixels.
    pub normalisation: Normalisation,
    /// Longest sentence in tokens. The paper's code has 17, which cuts most published sentences;
    /// this default is all that CLIP can read.
    pub word_len: usize,
    /// A pixel belongs to the mask from this probability on. CRIS has 0.35.
    pub threshold: f32,
    /// Which logits the mask is made of.
    pub branch: Branch,
    /// From this [presence](crate::Mask::presence) on there is something, in `[0, 1]`; fitted on
    /// validation cases by a training that asks for what is not there, else `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<f32>,
    /// Side of the [tiles](crate::Tiling) that a picture is answered by, in the picture's own pixels: that of
    /// the crops that the network was trained on. `None` for whole pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tile: Option<u32>,
    /// Whose left and right the sentences mean that the network was trained on; `None` if that is not
    /// recorded, as in weights that other code trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sides: Option<Sides>,
}

impl Default for InputConfig {
    fn default() -> Self {
        Self {
            size: 224,
            resize: Resize::Letterbox,
            normalisation: Normalisation::Clip,
            word_len: 77,
            threshold: 0.5,
            branch: Branch::Causal,
            presence: None,
            tile: None,
            sides: None,
        }
    }
}

/// Everything but the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CausalClipSegConfig {
    /// Both towers.
    pub clip: ClipConfig,
    /// Input and output.
    #[serde(default)]
    pub input: InputConfig,
}

impl CausalClipSegConfig {
    /// CLIP RN50 with an adapter on c5: 148 million parameters.
    pub fn rn50() -> Self {
        Self { clip: ClipConfig::rn50(), input: InputConfig::default() }
    }

    /// CLIP RN101: what the released network is made for.
    pub fn rn101() -> Self {
        Self { clip: ClipConfig::rn101(), input: InputConfig::default() }
    }

    /// For training from random weights on a CPU: 128 features, pictures of 96 pixels.
    pub fn small() -> Self {
        Self::own([1, 2, 2, 1], 16, 96, 128, (64, 2, 2))
    }

    /// For demonstrations and tests: 64 features, pictures of 128 pixels, 5 MB in half precision.
    pub fn tiny() -> Self {
        Self::own([1, 1, 1, 1], 8, 128, 64, (32, 2, 2))
    }

    /// The preset of that name.
    ///
    /// # Errors
    ///
    /// If there is none; the message lists them.
    pub fn preset(name: &str) -> Result<Self, ConfigError> {
        match name {
            "rn50" => Ok(Self::rn50()),
            "rn101" => Ok(Self::rn101()),
            "small" => Ok(Self::small()),
            "tiny" => Ok(Self::tiny()),
            _ => Err(ConfigError::Preset { name: name.to_owned() }),
        }
    }

    fn own(
        blocks: [usize; 4],
        width: usize,
        size: usize,
        embed_dim: usize,
        (text_width, heads, layers): (usize, usize, usize),
    ) -> Self {
        let image = ImageTowerConfig { blocks, width, image_size: size, heads: width / 2 };
        let text = TextTowerConfig {
            vocabulary: 49408,
            context: 77,
            width: text_width,
            heads,
            layers,
            activation: Activation::QuickGelu,
        };
        Self {
            clip: ClipConfig { image, text, embed_dim },
            input: InputConfig { size, resize: Resize::Stretch, ..InputConfig::default() },
        }
    }

    /// Sizes of the decoder that fits the towers.
    pub fn decoder(&self) -> DecoderConfig {
        let width = self.clip.image.width;
        DecoderConfig {
            features: 8 * width,
            c4: 16 * width,
            c5: self.clip.embed_dim,
            state: self.clip.embed_dim,
        }
    }

    /// Whether a network of these sizes can be made and fed.
    ///
    /// # Errors
    ///
    /// The first field whose value is impossible, with what it may be.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.clip.check()?;
        self.decoder().check()?;
        let InputConfig { size, word_len, threshold, presence, tile, .. } = self.input;
        if size == 0 || size % 32 != 0 || size > 4096 {
            return Err(ConfigError::Size { size });
        }
        if !(2..=self.clip.text.context).contains(&word_len) {
            return Err(ConfigError::WordLen { word_len, context: self.clip.text.context });
        }
        if !(threshold > 0.0 && threshold < 1.0) {
            return Err(ConfigError::Threshold { threshold });
        }
        if let Some(presence) = presence.filter(|presence| !(0.0..=1.0).contains(presence)) {
            return Err(ConfigError::Presence { presence });
        }
        tile.map(Tiling::new).transpose()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_can_be_made() {
        for name in ["rn50", "rn101", "small", "tiny"] {
            CausalClipSegConfig::preset(name).unwrap().check().unwrap();
        }
        let message = CausalClipSegConfig::preset("rn9").unwrap_err().to_string();
        assert_eq!(message, "no preset `rn9`: there are rn50, rn101, small and tiny");
    }

    #[test]
    fn impossible_inputs_are_named() {
        let mut config = CausalClipSegConfig::tiny();
        config.input.size = 100;
        let message = config.check().unwrap_err().to_string();
        assert_eq!(message, "input.size is 100: it must be a multiple of 32 up to 4096");
    }
}
