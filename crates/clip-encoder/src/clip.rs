//! Both towers together.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor};
use vision_layers::FieldName;

use crate::config::ClipConfig;
use crate::error::ClipConfigError;
use crate::image_tower::ImageTower;
use crate::text_tower::TextTower;

/// CLIP: an image tower and a text tower with one embedding space.
///
/// Released name: `CLIP` (`backbone`).
#[derive(Module, Debug)]
pub struct Clip {
    /// Pixels to features.
    pub image_tower: ImageTower,
    /// Tokens to features.
    pub text_tower: TextTower,
    /// `[1]`: the logarithm of what cosines are multiplied with.
    pub logit_scale: Param<Tensor<1>>,
}

/// What [`Clip::zero_shot`] finds.
#[derive(Clone, Debug)]
pub struct ZeroShot {
    /// `[images, embed_dim]`, not normalised.
    pub image: Tensor<2>,
    /// `[sentences, embed_dim]`, not normalised.
    pub text: Tensor<2>,
    /// `[images, sentences]`: cosine times the scale.
    pub logits: Tensor<2>,
}

impl ZeroShot {
    /// `[images, sentences]`: how likely each sentence is for an image; rows sum to one.
    pub fn probabilities(&self) -> Tensor<2> {
        softmax(self.logits.clone(), 1)
    }
}

/// What the fields of this crate's types are called in a CLIP checkpoint.
pub const CLIP_NAMES: &[FieldName] = &[
    FieldName { owner: "Clip", field: "image_tower", pytorch: "visual" },
    FieldName { owner: "Clip", field: "text_tower", pytorch: "" },
    FieldName { owner: "ImageTower", field: "attention_pool", pytorch: "attnpool" },
    FieldName { owner: "Bottleneck", field: "shortcut", pytorch: "downsample" },
    FieldName { owner: "Shortcut", field: "conv", pytorch: "0" },
    FieldName { owner: "Shortcut", field: "norm", pytorch: "1" },
    FieldName { owner: "Connect", field: "conv", pytorch: "0" },
    FieldName { owner: "Connect", field: "norm", pytorch: "1" },
    FieldName { owner: "TextTower", field: "blocks", pytorch: "transformer.resblocks" },
    FieldName { owner: "Attention", field: "in_proj", pytorch: "in_proj_" },
];

impl Clip {
    /// A network with random weights.
    ///
    /// # Errors
    ///
    /// If no network can have these sizes.
    pub fn new(config: &ClipConfig, device: &Device) -> Result<Self, ClipConfigError> {
        config.check()?;
        Ok(Self {
            image_tower: ImageTower::new(&config.image, config.embed_dim, device),
            text_tower: TextTower::new(&config.text, config.embed_dim, device),
            // ln(1 / 0.07), where CLIP's training starts.
            logit_scale: Initializer::Constant { value: (1.0f64 / 0.07).ln() }.init([1], device),
        })
    }

    /// How well each sentence fits each image.
    ///
    /// # Shapes
    ///
    /// - `pixels`: `[images, 3, height, width]`, normalised
    /// - `tokens`: `[sentences, words]`
    pub fn zero_shot(&self, pixels: Tensor<4>, tokens: Tensor<2, Int>) -> ZeroShot {
        let image = self.image_tower.embed(pixels);
        let text = self.text_tower.forward(tokens).state;
        let cosine = unit(image.clone()).matmul(unit(text.clone()).transpose());
        let logits = cosine * self.logit_scale.val().exp().reshape([1, 1]);
        ZeroShot { image, text, logits }
    }
}

/// Rows scaled to length one.
fn unit(x: Tensor<2>) -> Tensor<2> {
    x.clone() / (x.clone() * x).sum_dim(1).sqrt()
}
