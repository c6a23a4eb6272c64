//! The network for inference: less to compute, the same answers.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use causal_seg_decoder::{FoldedDecoder, PictureMaps};
use clip_encoder::{Clip, FoldedImageTower, TextTower};

use crate::config::{Branch, CausalClipSegConfig, InputConfig};
use crate::errors::ConfigError;
use crate::network::CausalClipSeg;

/// A [`CausalClipSeg`] that only answers. Batch norms are folded into the convolutions before them,
/// what depends on a map's size alone is kept, of the text tower's last block one word is computed,
/// and the work for a picture is done once for all sentences about it.
///
/// The answers differ from [`CausalClipSeg::forward_causal`]'s by rounding.
#[derive(Debug)]
pub struct InferenceNetwork {
    image_tower: FoldedImageTower,
    text_tower: TextTower,
    decoder: FoldedDecoder,
    config: CausalClipSegConfig,
    device: Device,
}

impl From<CausalClipSeg> for InferenceNetwork {
    /// With both projectors, so that the branch can still be chosen.
    fn from(network: CausalClipSeg) -> Self {
        network.prepare(Branch::Mean)
    }
}

impl CausalClipSeg {
    /// The network for inference, on the device where it is. What the folding replaces is freed layer by layer, unless a clone of
    /// the network holds it; [`Branch::Causal`] drops the confounding projector.
    pub fn prepare(self, branch: Branch) -> InferenceNetwork {
        let (config, device) = (self.config().clone(), self.device().inner());
        // Weights that are read when they are first used must not all be read here.
        let network = match self.device().is_autodiff() {
            true => {
                let network = self.valid();
                drop(self); // or it would hold every weight until the end
                network
            }
            false => self,
        };
        let Clip { image_tower, text_tower, .. } = network.backbone;
        let decoder = network.decoder;
        let (image_tower, (decoder, text_tower)) = at_once(
            || image_tower.fold(),
            || (decoder.fold(branch == Branch::Mean), text_tower.valid()),
        );
        InferenceNetwork { image_tower, text_tower, decoder, config, device }
    }
}

impl InferenceNetwork {
    /// The sizes of the network, and how pictures and sentences become its input.
    pub fn config(&self) -> &CausalClipSegConfig {
        &self.config
    }

    /// Where the network computes.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The network with another input: size, resize, threshold, branch and so on.
    ///
    /// # Errors
    ///
    /// If the input is impossible, or asks for a branch that the weights were prepared without.
    pub fn with_input(mut self, input: InputConfig) -> Result<Self, ConfigError> {
        self.config.input = input;
        self.config.check()?;
        match self.answers(self.config.input.branch) {
            true => Ok(self),
            false => Err(ConfigError::CausalAlone),
        }
    }

    /// Whether masks can be made of these logits: both projectors are there, or the causal one is
    /// all that is asked for.
    pub fn answers(&self, branch: Branch) -> bool {
        branch == Branch::Causal || self.decoder.has_confounding()
    }

    /// What is known of pictures before a sentence; the confounding map for [`Branch::Mean`] only.
    ///
    /// # Shapes
    ///
    /// - `pixels`: `[pictures, 3, height, width]`, normalised; height and width multiples of 32
    pub fn picture_maps(&self, pixels: Tensor<4>, branch: Branch) -> PictureMaps {
        self.decoder.picture_maps(self.image_tower.forward(pixels), branch == Branch::Mean)
    }

    /// What sentences say.
    ///
    /// # Shapes
    ///
    /// - `tokens`: `[sentences, words]`
    /// - output: `[sentences, embed_dim]`
    pub fn states(&self, tokens: Tensor<2, Int>) -> Tensor<2> {
        self.text_tower.states(tokens)
    }

    /// The logits that masks are made of: the causal ones, or their mean with the confounding ones
    /// where the maps hold those.
    ///
    /// # Shapes
    ///
    /// - `pictures`: for each sentence its picture's place in `maps`; what follows one another about
    ///   one picture shares its work
    /// - `states`: `[sentences, embed_dim]`
    /// - output: `[sentences, 1, height, width]`
    pub fn logits(&self, maps: &PictureMaps, pictures: &[usize], states: Tensor<2>) -> Tensor<4> {
        let causal = self.decoder.causal_logits(maps, pictures, states.clone());
        match self.decoder.confounding_logits(maps, pictures, states) {
            Some(confounding) => (causal + confounding) / 2.0,
            None => causal,
        }
    }

    /// As [`CausalClipSeg::forward_causal`]: a sentence for each picture.
    ///
    /// # Shapes
    ///
    /// - output: `[batch, 1, height, width]`
    pub fn forward_causal(&self, pixels: Tensor<4>, tokens: Tensor<2, Int>) -> Tensor<4> {
        let each = (0..pixels.dims()[0]).collect::<Vec<_>>();
        let (maps, states) =
            at_once(|| self.picture_maps(pixels, Branch::Causal), || self.states(tokens));
        self.logits(&maps, &each, states)
    }
}

/// What both give, the second on a thread of its own: between its products, of which each uses every
/// core, one leaves cores idle that the other can use.
pub(crate) fn at_once<A, B: Send>(
    first: impl FnOnce() -> A,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    if cfg!(target_family = "wasm") {
        return (first(), second()); // no threads there
    }
    std::thread::scope(|scope| {
        let second = scope.spawn(second);
        let first = first();
        (first, second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}
