//! The two players' steps.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Int, Tensor};
use causal_clip_seg::{CausalClipSeg, Game, SegLogits, names};

use crate::config::{LossConfig, Order, TrainConfig};
use crate::loss::seg_loss;

/// Losses of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// Of the causal branch.
    pub causal: f32,
    /// Of the confounding branch; 0 where it was not computed.
    pub confounding: f32,
}

/// Which parameters belong to whom.
#[derive(Clone, Debug)]
pub struct PlayerParameters {
    /// Player 2: the gates.
    pub gates: Vec<ParamId>,
    /// Player 1: everything else that is trained.
    pub others: Vec<ParamId>,
}

impl PlayerParameters {
    /// By the released names: the gates are `neck_ad.masker*`.
    pub fn of(network: &CausalClipSeg) -> Self {
        let slots = names().slots(network).into_iter().filter(|slot| !slot.is_statistic());
        let (gates, others) =
            slots.partition::<Vec<_>, _>(|s| s.name.starts_with("neck_ad.masker"));
        let ids = |slots: Vec<vision_layers::Slot>| slots.into_iter().map(|s| s.id).collect();
        Self { gates: ids(gates), others: ids(others) }
    }
}

/// A batch as a step takes it.
#[derive(Clone, Debug)]
pub struct Example {
    /// `[batch, 3, height, width]`, normalised
    pub pixels: Tensor<4>,
    /// `[batch, words]`
    pub tokens: Tensor<2, Int>,
    /// `[batch, 1, height, width]` in `[0, 1]`
    pub mask: Tensor<4>,
}

fn both_losses(logits: SegLogits, mask: Tensor<4>, loss: &LossConfig) -> (Tensor<1>, Tensor<1>) {
    (seg_loss(logits.causal, mask.clone(), loss), seg_loss(logits.confounding, mask, loss))
}

fn read(causal: &Tensor<1>, confounding: &Tensor<1>) -> Losses {
    let both = Tensor::cat(vec![causal.clone(), confounding.clone()], 0).into_data();
    match both.convert::<f32>().try_into_vec::<f32>().as_deref() {
        Ok([causal, confounding]) => Losses { causal: *causal, confounding: *confounding },
        _ => Losses { causal: f32::NAN, confounding: f32::NAN },
    }
}

/// Player 1's turn: the gradients of everything but the gates for `L_causal + L_confounding`.
pub fn player_one(
    network: &CausalClipSeg,
    players: &PlayerParameters,
    example: &Example,
    loss: &LossConfig,
) -> (Losses, GradientsParams) {
    let logits = network.forward(example.pixels.clone(), example.tokens.clone());
    let (causal, confounding) = both_losses(logits, example.mask.clone(), loss);
    let losses = read(&causal, &confounding);
    let mut gradients = (causal + confounding).backward();
    let own = GradientsParams::from_params(&mut gradients, network, &players.others);
    (losses, own)
}

/// Player 2's turn: the gates' gradients for `L_causal - adversary · L_confounding`.
///
/// Nothing else is tracked, so the backward pass ends at the gates.
pub fn player_two(
    network: &CausalClipSeg,
    players: &PlayerParameters,
    example: &Example,
    loss: &LossConfig,
    adversary: f64,
) -> (Losses, GradientsParams) {
    // The copy shares the running statistics: they take this forward's update too.
    let network = network.clone().map(&mut Untracked { kept: &players.gates });
    let logits = network.forward(example.pixels.clone(), example.tokens.clone());
    let (causal, confounding) = both_losses(logits, example.mask.clone(), loss);
    let losses = read(&causal, &confounding);
    let mut gradients = (causal - confounding * adversary).backward();
    let own = GradientsParams::from_params(&mut gradients, &network, &players.gates);
    (losses, own)
}

/// Both players on one answer: player 1's gradients, then player 2's.
///
/// The two want different gradients of the same gates' outputs. The confounding side goes through a
/// copy of the gates, so one backward pass of `L_causal + L_confounding` leaves the causal loss's
/// gradient in the gates, the confounding one's in the copy, and the sum everywhere else.
pub fn simultaneous(
    network: &CausalClipSeg,
    players: &PlayerParameters,
    example: &Example,
    loss: &LossConfig,
    adversary: f64,
) -> (Losses, GradientsParams, GradientsParams) {
    let mirror = network.decoder.mirrored_neck();
    let copies = copies_of(network, &mirror);
    let game = Game::Mirrored(Box::new(mirror.clone()));
    let logits = network.forward_in_game(example.pixels.clone(), example.tokens.clone(), &game);
    let (causal, confounding) = both_losses(logits, example.mask.clone(), loss);
    let losses = read(&causal, &confounding);
    let mut gradients = (causal + confounding).backward();
    let first = GradientsParams::from_params(&mut gradients, network, &players.others);
    let causal = GradientsParams::from_params(&mut gradients, network, &players.gates);
    let confounding = GradientsParams::from_module(&mut gradients, &mirror);
    let mut difference =
        Difference { causal, confounding, adversary, copies, result: GradientsParams::new() };
    network.visit(&mut difference);
    (losses, first, difference.result)
}

/// The first epochs: gates held open, the causal branch alone.
pub fn warm_up(
    network: &CausalClipSeg,
    players: &PlayerParameters,
    example: &Example,
    loss: &LossConfig,
) -> (Losses, GradientsParams) {
    let (levels, state) = network.encode(example.pixels.clone(), example.tokens.clone());
    let logits = network.decoder.forward_open(levels, state);
    let causal = seg_loss(logits, example.mask.clone(), loss);
    let losses = Losses { confounding: 0.0, ..read(&causal, &causal) };
    let mut gradients = causal.backward();
    let own = GradientsParams::from_params(&mut gradients, network, &players.others);
    (losses, own)
}

/// No game: the gradients of everything for `L_causal`.
fn causal_alone(
    network: &CausalClipSeg,
    example: &Example,
    loss: &LossConfig,
) -> (Losses, GradientsParams) {
    let logits = network.forward_causal(example.pixels.clone(), example.tokens.clone());
    let causal = seg_loss(logits, example.mask.clone(), loss);
    let losses = Losses { confounding: 0.0, ..read(&causal, &causal) };
    (losses, GradientsParams::from_grads(causal.backward(), network))
}

/// From the ids of the network's neck to those of its mirror.
fn copies_of(network: &CausalClipSeg, mirror: &impl Module) -> HashMap<ParamId, ParamId> {
    let names = names();
    let neck = "neck_ad.";
    let own = names.slots(network).into_iter().filter(|slot| slot.name.starts_with(neck));
    own.zip(names.slots(mirror)).map(|(own, copy)| (own.id, copy.id)).collect()
}

/// Takes gradient tracking from every parameter but those `kept`.
struct Untracked<'a> {
    kept: &'a [ParamId],
}

impl ModuleMapper for Untracked<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.kept.contains(&param.id) {
            return param;
        }
        let value = param.val().detach();
        Param::initialized(param.id, value)
    }
}

/// Visits the gates: `causal - adversary · confounding`.
struct Difference {
    causal: GradientsParams,
    confounding: GradientsParams,
    adversary: f64,
    copies: HashMap<ParamId, ParamId>,
    result: GradientsParams,
}

impl ModuleVisitor for Difference {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(causal) = self.causal.remove::<D>(param.id) else { return };
        let copy = self.copies.get(&param.id);
        let gradient = match copy.and_then(|id| self.confounding.remove::<D>(*id)) {
            Some(confounding) => causal - confounding * self.adversary,
            None => causal,
        };
        self.result.register(param.id, gradient);
    }
}

/// How a player turns gradients into a step.
#[derive(Clone, Debug, PartialEq)]
pub enum OptimizerConfig {
    /// Decoupled weight decay; betas 0.9 and 0.999, epsilon 1e-8, as PyTorch has it.
    AdamW {
        /// Share of the weights taken off in a step, times the learning rate.
        weight_decay: f64,
    },
    /// Plain gradient descent.
    Sgd,
}

impl OptimizerConfig {
    /// A fresh optimizer.
    pub fn init(&self) -> ModuleOptimizer {
        match self {
            Self::AdamW { weight_decay } => {
                AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(*weight_decay as f32).init()
            }
            Self::Sgd => SgdConfig::new().init(),
        }
    }
}

/// A network in training, with its players' optimizers.
pub struct Learner {
    /// Lives on an autodiff device.
    pub network: CausalClipSeg,
    players: PlayerParameters,
    first: ModuleOptimizer,
    second: ModuleOptimizer,
}

impl Learner {
    /// A network and fresh optimizers.
    pub fn new(network: CausalClipSeg, optimizer: &OptimizerConfig) -> Self {
        let players = PlayerParameters::of(&network);
        Self { network, players, first: optimizer.init(), second: optimizer.init() }
    }

    /// One step of training, and the losses before it. `open` holds the gates open.
    pub fn step(
        &mut self,
        example: &Example,
        rate: f64,
        config: &TrainConfig,
        open: bool,
    ) -> Losses {
        let loss = &config.loss;
        if open {
            let (losses, own) = warm_up(&self.network, &self.players, example, loss);
            self.move_first(rate, own);
            return losses;
        }
        match config.order {
            Order::Off => {
                let (losses, all) = causal_alone(&self.network, example, loss);
                self.move_first(rate, all);
                losses
            }
            Order::Alternating => {
                let (losses, own) = player_one(&self.network, &self.players, example, loss);
                self.move_first(rate, own);
                let (_, own) =
                    player_two(&self.network, &self.players, example, loss, config.adversary);
                self.move_second(rate, own);
                losses
            }
            Order::Simultaneous => {
                let (losses, first, second) =
                    simultaneous(&self.network, &self.players, example, loss, config.adversary);
                self.move_first(rate, first);
                self.move_second(rate, second);
                losses
            }
        }
    }

    /// Player 1 moves.
    pub fn move_first(&mut self, rate: f64, gradients: GradientsParams) {
        self.network = self.first.step(rate, self.network.clone(), gradients);
    }

    /// Player 2 moves.
    pub fn move_second(&mut self, rate: f64, gradients: GradientsParams) {
        self.network = self.second.step(rate, self.network.clone(), gradients);
    }

    /// Who moves what.
    pub fn players(&self) -> &PlayerParameters {
        &self.players
    }
}
