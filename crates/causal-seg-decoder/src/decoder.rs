//! The decoder whole: levels and a sentence's state to two maps of logits.

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Device, Tensor};
use vision_layers::{ConvNormRelu, FieldName, Pyramid};

use crate::config::{DecoderConfig, DecoderConfigError};
use crate::neck::{GateValues, Neck, NeckStages, SplitMaps};
use crate::projector::{Projector, ProjectorForm};

/// The two answers, each `[batch, 1, height, width]` at the picture's size.
#[derive(Clone, Debug)]
pub struct SegLogits {
    /// The mask is the sigmoid of this.
    pub causal: Tensor<4>,
    /// What the confounding features would say; the game drives it away from the mask.
    pub confounding: Tensor<4>,
}

/// How the gates take part in a forward pass.
#[derive(Clone, Debug, Default)]
pub enum Game {
    /// Both sides use the same gates.
    #[default]
    Gated,
    /// The confounding side goes through these copies of the gates: the same values, other
    /// parameters, so that one backward pass tells the two sides' gradients apart.
    Mirrored(Box<Neck>),
    /// As [`Game::Mirrored`], but the confounding side's gradients reach neither the features nor the
    /// sentence's state: that side only shows what is left in them.
    Detached(Box<Neck>),
}

/// Adapter, neck and the two projectors.
///
/// Released names: `v5_proj`, `neck_ad`, `proj`, `proj_ad`.
#[derive(Module, Debug)]
pub struct Decoder {
    pub(crate) adapter: Option<ConvNormRelu>,
    pub(crate) neck: Neck,
    pub(crate) causal_projector: Projector,
    pub(crate) confounding_projector: Projector,
}

/// What the fields of this crate's types are called in a released checkpoint.
pub const DECODER_NAMES: &[FieldName] = &[
    FieldName { owner: "Decoder", field: "adapter", pytorch: "v5_proj" },
    FieldName { owner: "Decoder", field: "neck", pytorch: "neck_ad" },
    FieldName { owner: "Decoder", field: "causal_projector", pytorch: "proj" },
    FieldName { owner: "Decoder", field: "confounding_projector", pytorch: "proj_ad" },
    FieldName { owner: "Neck", field: "c4_first", pytorch: "f2_v_proj" },
    FieldName { owner: "Neck", field: "c4_second", pytorch: "f4_proj4" },
    FieldName { owner: "Neck", field: "gate3", pytorch: "masker3" },
    FieldName { owner: "Neck", field: "gate4", pytorch: "masker4" },
    FieldName { owner: "Neck", field: "gate5", pytorch: "masker5" },
    FieldName { owner: "Neck", field: "aggregation", pytorch: "aggr" },
    FieldName { owner: "Gate", field: "coord_conv1", pytorch: "coordconv" },
    FieldName { owner: "Gate", field: "inner", pytorch: "conv2" },
    FieldName { owner: "Gate", field: "coord_conv2", pytorch: "coordconv2" },
    FieldName { owner: "Gate", field: "score", pytorch: "conv" },
    FieldName { owner: "Gate", field: "score_norm", pytorch: "bn" },
    FieldName { owner: "Projector", field: "conv1", pytorch: "vis.1" },
    FieldName { owner: "Projector", field: "conv2", pytorch: "vis.3" },
    FieldName { owner: "Projector", field: "mix", pytorch: "vis.4" },
    FieldName { owner: "Projector", field: "text", pytorch: "txt" },
];

impl Decoder {
    /// A decoder with random weights.
    ///
    /// # Errors
    ///
    /// If no decoder can have these sizes.
    pub fn new(config: &DecoderConfig, device: &Device) -> Result<Self, DecoderConfigError> {
        config.check()?;
        let d = config.features;
        Ok(Self {
            adapter: config.has_adapter().then(|| ConvNormRelu::new(config.c5, d, 1, device)),
            neck: Neck::new(config, device),
            causal_projector: Projector::new(d, config.state, device),
            confounding_projector: Projector::new(d, config.state, device),
        })
    }

    /// Both maps of logits.
    ///
    /// # Shapes
    ///
    /// - `levels`: see [`Pyramid`]
    /// - `state`: `[sentences, state]`, a multiple of the pictures
    pub fn forward(&self, levels: Pyramid, state: Tensor<2>) -> SegLogits {
        self.forward_in_game(levels, state, &Game::Gated)
    }

    /// Both maps of logits, with the gates as the game says.
    ///
    /// # Shapes
    ///
    /// - `levels`: see [`Pyramid`]
    /// - `state`: `[sentences, state]`, a multiple of the pictures
    pub fn forward_in_game(&self, levels: Pyramid, state: Tensor<2>, game: &Game) -> SegLogits {
        let split = self.neck_stages(levels, game).split;
        let confounding_state = match game {
            Game::Detached(_) => state.clone().detach(),
            Game::Gated | Game::Mirrored(_) => state.clone(),
        };
        self.project_each(split, [state, confounding_state], ProjectorForm::Fast)
    }

    /// The causal logits alone: half the work, for when only the mask is wanted.
    ///
    /// # Shapes
    ///
    /// - output: `[sentences, 1, height, width]`
    pub fn forward_causal(&self, levels: Pyramid, state: Tensor<2>) -> Tensor<4> {
        let levels = self.neck.levels(self.adapt(levels));
        let causal = self.neck.causal(&levels, self.neck.gates(&levels));
        self.causal_projector.forward(causal, state, ProjectorForm::Fast)
    }

    /// The causal logits with the gates held open, `m = 1`: the warm-up. The confounding side would
    /// be empty, so it is left out.
    pub fn forward_open(&self, levels: Pyramid, state: Tensor<2>) -> Tensor<4> {
        let levels = self.neck.levels(self.adapt(levels));
        let open = levels.each_ref().map(Tensor::ones_like);
        let causal = self.neck.causal(&levels, open);
        self.causal_projector.forward(causal, state, ProjectorForm::Fast)
    }

    /// c5 brought to `features` channels, if there is an adapter.
    pub fn adapt(&self, levels: Pyramid) -> Pyramid {
        match &self.adapter {
            Some(adapter) => Pyramid { c5: adapter.forward(levels.c5), ..levels },
            None => levels,
        }
    }

    /// Everything between the adapter's input and the projectors.
    pub fn neck_stages(&self, levels: Pyramid, game: &Game) -> NeckStages {
        let levels = self.neck.levels(self.adapt(levels));
        let left = match game {
            Game::Detached(_) => levels.clone().map(Tensor::detach),
            Game::Gated | Game::Mirrored(_) => levels.clone(),
        };
        let causal = self.neck.gates(&levels);
        let confounding = match game {
            Game::Gated => causal.clone(),
            Game::Mirrored(neck) | Game::Detached(neck) => neck.gates(&left),
        };
        let gates = GateValues { causal, confounding };
        let split = self.neck.split([&levels, &left], &gates);
        NeckStages { levels, gates, split }
    }

    /// Both maps of these levels through other gates, such as another picture's.
    pub fn split(&self, levels: &[Tensor<4>; 3], gates: &GateValues) -> SplitMaps {
        self.neck.split([levels; 2], gates)
    }

    /// Both maps to logits.
    ///
    /// # Shapes
    ///
    /// - `state`: `[batch, state]`
    pub fn project(&self, split: SplitMaps, state: Tensor<2>, form: ProjectorForm) -> SegLogits {
        self.project_each(split, [state.clone(), state], form)
    }

    /// Both maps to logits, with a state for each side, causal first.
    fn project_each(
        &self,
        split: SplitMaps,
        [causal, confounding]: [Tensor<2>; 2],
        form: ProjectorForm,
    ) -> SegLogits {
        SegLogits {
            causal: self.causal_projector.forward(split.causal, causal, form),
            confounding: self.confounding_projector.forward(split.confounding, confounding, form),
        }
    }

    /// A neck whose gates have the same values under other ids, and running statistics of their
    /// own: what [`Game::Mirrored`] takes.
    pub fn mirrored_neck(&self) -> Neck {
        /// Gives every parameter a new id.
        struct NewIds;
        impl ModuleMapper for NewIds {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                let trained = param.is_require_grad();
                Param::initialized(ParamId::new(), param.val().detach().set_require_grad(trained))
            }
        }
        // Without this the copy's statistics would be the original's, updated twice a step.
        self.neck.clone().valid().train().map(&mut NewIds)
    }
}
