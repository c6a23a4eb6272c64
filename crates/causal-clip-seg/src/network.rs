//! The network whole: pixels and tokens to two maps of logits.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use causal_seg_decoder::{
    DECODER_NAMES, Decoder, Game, NeckStages, ProjectorForm, Pyramid, SegLogits,
};
use clip_encoder::{CLIP_NAMES, Clip, TextFeatures, Trunk};
use seeded::{SplitMix64, fnv1a64};
use vision_layers::{FieldName, Names, Slot};

use crate::config::{CausalClipSegConfig, InputConfig};
use crate::errors::ConfigError;

/// CausalCLIPSeg (MICCAI 2024, arXiv 2503.15949).
///
/// ```text
/// pixels ─ image tower ─ c3 c4 c5 ─ adapter ─ neck: levels q, gates m
/// tokens ─ text tower ─ state          q·m     ─ aggregation ─ projector(state) ─ causal logits
///                                      q·(1-m) ─ aggregation ─ projector(state) ─ confounding logits
/// ```
/// On an autodiff device batch norms take the batch's statistics, elsewhere the running ones.
///
/// The network knows its [configuration](Self::config): its sizes, and how pictures and sentences
/// become its input.
#[derive(Module, Debug)]
pub struct CausalClipSeg {
    /// Both towers of CLIP.
    pub backbone: Clip,
    /// Adapter, neck and projectors.
    pub decoder: Decoder,
    #[module(skip)]
    config: CausalClipSegConfig,
}

impl CausalClipSegConfig {
    /// A network of these sizes with random weights, drawn by the backend; see
    /// [`CausalClipSeg::with_random_weights`] for weights that are the same on every machine.
    ///
    /// # Errors
    ///
    /// If no network can have these sizes.
    pub fn init(&self, device: &Device) -> Result<CausalClipSeg, ConfigError> {
        self.check()?;
        Ok(CausalClipSeg {
            backbone: Clip::new(&self.clip, device)?,
            decoder: Decoder::new(&self.decoder(), device)?,
            config: self.clone(),
        })
    }
}

/// What the fields of this type are called in a released checkpoint.
const OWN_NAMES: &[FieldName] =
    &[FieldName { owner: "CausalClipSeg", field: "decoder", pytorch: "" }];

/// Every parameter by its released name.
pub fn names() -> Names {
    Names::new(&[CLIP_NAMES, DECODER_NAMES, OWN_NAMES])
}

/// Everything that one forward pass computes, in order.
#[derive(Clone, Debug)]
pub struct Stages {
    /// The image tower's trunk.
    pub trunk: Trunk,
    /// The dense head: `[batch, embed_dim, height / 32, width / 32]`
    pub c5: Tensor<4>,
    /// c5 with the decoder's channels, by the adapter if there is one.
    pub adapted: Tensor<4>,
    /// The sentence.
    pub text: TextFeatures,
    /// Levels, gates and aggregated maps.
    pub neck: NeckStages,
    /// What comes out.
    pub logits: SegLogits,
}

impl CausalClipSeg {
    /// The sizes of the network, and how pictures and sentences become its input.
    pub fn config(&self) -> &CausalClipSegConfig {
        &self.config
    }

    /// The network with another input: size, resize, threshold and so on.
    ///
    /// # Errors
    ///
    /// If the input is impossible.
    pub fn with_input(mut self, input: InputConfig) -> Result<Self, ConfigError> {
        self.config.input = input;
        self.config.check()?;
        Ok(self)
    }

    /// Where the network's parameters are; an autodiff device while it is trained.
    pub fn device(&self) -> Device {
        self.backbone.logit_scale.lazy_device()
    }

    /// A network with random weights that depend on the seed and the parameters' names alone: the
    /// same on every machine and backend. `which` says which parameters to draw. Without autodiff they
    /// are drawn when they are first used.
    pub fn with_random_weights(self, seed: u64, which: impl Fn(&Slot) -> bool) -> Self {
        if self.device().is_autodiff() {
            return names().replace(self, |slot| which(slot).then(|| initial_values(slot, seed)));
        }
        names().defer(self, |slot| {
            let slot = which(slot).then(|| slot.clone())?;
            Some(Box::new(move || initial_values(&slot, seed)))
        })
    }

    /// Both maps of logits, each `[sentences, 1, height, width]`.
    ///
    /// Each picture may be asked several sentences, all as many: they stand side by side, and what does
    /// not depend on them is computed once a picture.
    ///
    /// # Shapes
    ///
    /// - `pixels`: `[pictures, 3, height, width]`, normalised; height and width multiples of 32
    /// - `tokens`: `[sentences, words]`, a multiple of `pictures`
    pub fn forward(&self, pixels: Tensor<4>, tokens: Tensor<2, Int>) -> SegLogits {
        self.forward_in_game(pixels, tokens, &Game::Gated)
    }

    /// Both maps of logits, with the gates as the game says.
    ///
    /// # Shapes
    ///
    /// As [`CausalClipSeg::forward`].
    pub fn forward_in_game(
        &self,
        pixels: Tensor<4>,
        tokens: Tensor<2, Int>,
        game: &Game,
    ) -> SegLogits {
        let (levels, state) = self.encode(pixels, tokens);
        self.decoder.forward_in_game(levels, state, game)
    }

    /// The causal logits alone, `[sentences, 1, height, width]`: what the mask is made of.
    ///
    /// # Shapes
    ///
    /// As [`CausalClipSeg::forward`].
    pub fn forward_causal(&self, pixels: Tensor<4>, tokens: Tensor<2, Int>) -> Tensor<4> {
        let (levels, state) = self.encode(pixels, tokens);
        self.decoder.forward_causal(levels, state)
    }

    /// Both towers: the pictures' pyramid and the sentences' states `[sentences, embed_dim]`.
    pub fn encode(&self, pixels: Tensor<4>, tokens: Tensor<2, Int>) -> (Pyramid, Tensor<2>) {
        let pyramid = self.backbone.image_tower.forward(pixels);
        (pyramid, self.backbone.text_tower.states(tokens))
    }

    /// Every stage of a forward pass, the projectors in the given form: for comparing and looking.
    pub fn stages(&self, pixels: Tensor<4>, tokens: Tensor<2, Int>, form: ProjectorForm) -> Stages {
        let trunk = self.backbone.image_tower.trunk(pixels);
        let c5 = self.backbone.image_tower.dense(trunk.layer4.clone());
        let text = self.backbone.text_tower.forward(tokens);
        let levels = Pyramid { c3: trunk.c3.clone(), c4: trunk.c4.clone(), c5: c5.clone() };
        let adapted = self.decoder.adapt(levels.clone()).c5;
        let neck = self.decoder.neck_stages(levels, &Game::Gated);
        let logits = self.decoder.project(neck.split.clone(), text.state.clone(), form);
        Stages { trunk, c5, adapted, text, neck, logits }
    }
}

/// Where training from nothing starts: norms do nothing, each residual branch and each bias is
/// zero, embeddings as CLIP draws them (here uniform), the rest scaled by its fan in.
fn initial_values(slot: &Slot, seed: u64) -> Vec<f32> {
    let last = slot.name.rsplit('.').next().unwrap_or_default();
    let (inputs, from_relu) = match slot.shape.as_slice() {
        [_, inputs, h, w] => (inputs * h * w, true),
        [_, inputs] => (*inputs, false),
        _ => (1, false),
    };
    let residual = slot.name.ends_with("bn3.weight") && slot.name.contains(".layer");
    let (offset, scale) = match last {
        "running_mean" => (0.0, 0.0),
        "running_var" => (1.0, 0.0),
        "logit_scale" => ((1.0f64 / 0.07).ln(), 0.0),
        "positional_embedding" => (0.0, 0.02 * 3f64.sqrt()),
        _ if slot.name.ends_with("token_embedding.weight") => (0.0, 0.02 * 3f64.sqrt()),
        "text_projection" => (0.0, (3.0 / slot.shape[0] as f64).sqrt()),
        // The sentence's kernel: logits of order one from a map of order one.
        _ if slot.name.ends_with("txt.weight") => {
            (0.0, (3.0 / (inputs * (slot.shape[0] - 1)) as f64).sqrt())
        }
        _ if residual => (0.0, 0.0),
        _ if slot.shape.len() == 1 && last.contains("bias") => (0.0, 0.0),
        _ if slot.shape.len() == 1 => (1.0, 0.0),
        _ => (0.0, (if from_relu { 6.0 } else { 3.0 } / inputs as f64).sqrt()),
    };
    let mut stream =
        SplitMix64::new(fnv1a64(&slot.name) ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    (0..slot.len()).map(|_| (offset + scale * f64::from(stream.uniform())) as f32).collect()
}
