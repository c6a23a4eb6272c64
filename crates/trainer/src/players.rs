//! The two players' steps.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{GradientCheckpointingStrategy, Tensor};
use causal_clip_seg::CausalClipSeg;
use causal_clip_seg::format::names;
use causal_clip_seg::parts::{Game, SegLogits};
use vision_layers::host;

use crate::example::{Example, Target};
use crate::gradients::Gradients;
use crate::loss::seg_loss;
use crate::sections::{GameConfig, LossConfig};

/// Losses of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// The causal branch's loss.
    pub causal: f32,
    /// The confounding branch's loss; 0 if it was not computed.
    pub confounding: f32,
}

/// Which parameters belong to whom.
#[derive(Clone, Debug)]
pub struct PlayerParameters {
    /// Player 2: the gates.
    pub gates: Vec<ParamId>,
    /// Player 1: everything else that is trained.
    pub others: Vec<ParamId>,
    /// Released names of both players' parameters.
    pub(crate) names: HashMap<ParamId, String>,
}

impl PlayerParameters {
    /// Divides the network's parameters by their released names: the gates are `neck_ad.masker*`.
    pub fn new(network: &CausalClipSeg) -> Self {
        let slots = names().slots(network).into_iter().filter(|slot| !slot.is_statistic());
        let named = slots.map(|slot| (slot.id, slot.name)).collect::<Vec<_>>();
        let (gates, others) =
            named.iter().cloned().partition::<Vec<_>, _>(|(_, n)| n.starts_with("neck_ad.masker"));
        let ids = |named: Vec<(ParamId, String)>| named.into_iter().map(|(id, _)| id).collect();
        Self { gates: ids(gates), others: ids(others), names: named.into_iter().collect() }
    }
}

fn both_losses(logits: SegLogits, target: &Target, loss: &LossConfig) -> (Tensor<1>, Tensor<1>) {
    (seg_loss(logits.causal, target, loss), seg_loss(logits.confounding, target, loss))
}

/// The losses as numbers; reading them waits for the device.
fn read(causal: &Tensor<1>, confounding: &Tensor<1>) -> Losses {
    match host(Tensor::cat(vec![causal.clone(), confounding.clone()], 0)).as_slice() {
        [causal, confounding] => Losses { causal: *causal, confounding: *confounding },
        _ => Losses { causal: f32::NAN, confounding: f32::NAN },
    }
}

/// Who plays in a turn, and for what.
#[derive(Clone, Debug)]
pub(crate) enum Play {
    /// See [`Turn::warm_up`].
    WarmUp,
    /// See [`Turn::causal_alone`].
    CausalAlone,
    /// See [`Turn::mean_of_both`].
    MeanOfBoth,
    /// See [`Turn::player_one`].
    One,
    /// See [`Turn::player_two`].
    Two,
    /// See [`Turn::simultaneous`].
    Both,
}

/// What a turn gives: losses, and both players' gradients; a player that does not play has none.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub losses: Losses,
    pub first: Gradients,
    pub second: Gradients,
}

impl Outcome {
    /// Adds `share` of another one: a weighted mean, batch by batch.
    pub(crate) fn add(&mut self, other: Self, share: f64) {
        self.losses = self.losses.plus(other.losses, share);
        self.first.add(other.first, share);
        self.second.add(other.second, share);
    }
}

impl Losses {
    pub(crate) fn plus(self, other: Self, share: f64) -> Self {
        let share = share as f32;
        Self {
            causal: self.causal + share * other.causal,
            confounding: self.confounding + share * other.confounding,
        }
    }
}

/// Who plays with what: the network as it stands before the turn, and what a branch's logits cost.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// On an autodiff device.
    pub network: &'a CausalClipSeg,
    /// Which parameters are whose.
    pub players: &'a PlayerParameters,
    /// Weights of the parts of the loss.
    pub loss: &'a LossConfig,
}

impl Turn<'_> {
    /// Plays on several batches: their part of the mean over `all` cases of a step, those elsewhere too.
    pub(crate) fn play(
        &self,
        play: &Play,
        game: &GameConfig,
        batches: &[Example],
        all: usize,
    ) -> Outcome {
        let mut mean = Outcome::default();
        for batch in batches {
            let rows = batch.tokens.dims()[0];
            mean.add(self.play_once(play, game, batch), rows as f64 / all.max(1) as f64);
        }
        mean
    }

    fn play_once(&self, play: &Play, game: &GameConfig, batch: &Example) -> Outcome {
        let first = |(losses, first)| Outcome { losses, first, ..Outcome::default() };
        match play {
            Play::WarmUp => first(self.warm_up(batch)),
            Play::CausalAlone => first(self.causal_alone(batch)),
            Play::MeanOfBoth => first(self.mean_of_both(batch)),
            Play::One => first(self.player_one(batch)),
            Play::Two => {
                let (losses, second) = self.player_two(batch, game.adversary);
                Outcome { losses, second, ..Outcome::default() }
            }
            Play::Both => {
                let (losses, first, second) = self.simultaneous(batch, game);
                Outcome { losses, first, second }
            }
        }
    }

    /// Player 1's turn: the gradients of everything but the gates for `L_causal + L_confounding`.
    pub fn player_one(&self, example: &Example) -> (Losses, Gradients) {
        let Self { network, players, loss } = self;
        let logits = network.forward(example.pixels.clone(), example.tokens.clone());
        let (causal, confounding) = both_losses(logits, &example.target, loss);
        let losses = read(&causal, &confounding);
        let mut gradients = (causal + confounding).backward();
        let own = GradientsParams::from_params(&mut gradients, *network, &players.others);
        (losses, Gradients::named(own, *network, &players.names))
    }

    /// Player 2's turn: the gates' gradients for `L_causal - adversary · L_confounding`.
    ///
    /// Nothing else is tracked, so the backward pass ends at the gates.
    pub fn player_two(&self, example: &Example, adversary: f64) -> (Losses, Gradients) {
        let Self { network, players, loss } = self;
        // The copy shares the running statistics: they take this forward's update too.
        let network = (*network).clone().map(&mut Untracked { kept: &players.gates });
        let logits = network.forward(example.pixels.clone(), example.tokens.clone());
        let (causal, confounding) = both_losses(logits, &example.target, loss);
        let losses = read(&causal, &confounding);
        let mut gradients = (causal - confounding * adversary).backward();
        let own = GradientsParams::from_params(&mut gradients, &network, &players.gates);
        (losses, Gradients::named(own, &network, &players.names))
    }

    /// Both players on one answer: player 1's gradients, then player 2's.
    ///
    /// The two want different gradients of the same gates' outputs. The confounding side goes through
    /// a copy of the gates, so one backward pass of `L_causal + L_confounding` leaves the causal
    /// loss's gradient in the gates, the confounding one's in the copy, and the sum everywhere else.
    /// With `game.detached` the confounding loss moves, of what is not a gate, only the shared
    /// aggregation and its own projector.
    pub fn simultaneous(
        &self,
        example: &Example,
        game: &GameConfig,
    ) -> (Losses, Gradients, Gradients) {
        let Self { network, players, loss } = self;
        let strategy = checkpointing(network);
        let mirror = network.decoder.mirrored_neck().map(&mut Checkpointed(strategy));
        let copies = copies_of(network, &mirror);
        let copy = Box::new(mirror.clone());
        let sides = if game.detached { Game::Detached(copy) } else { Game::Mirrored(copy) };
        let logits =
            network.forward_in_game(example.pixels.clone(), example.tokens.clone(), &sides);
        let (causal, confounding) = both_losses(logits, &example.target, loss);
        let losses = read(&causal, &confounding);
        let mut gradients = (causal + confounding).backward();
        let first = GradientsParams::from_params(&mut gradients, *network, &players.others);
        let causal = GradientsParams::from_params(&mut gradients, *network, &players.gates);
        let confounding = GradientsParams::from_module(&mut gradients, &mirror);
        let causal = Gradients::named(causal, *network, &players.names);
        let confounding = Gradients::named(confounding, &mirror, &copies);
        let first = Gradients::named(first, *network, &players.names);
        (losses, first, causal.minus(&confounding, game.adversary))
    }

    /// A turn of the first epochs: the gates are held open, and the causal branch plays alone.
    pub fn warm_up(&self, example: &Example) -> (Losses, Gradients) {
        let Self { network, players, loss } = self;
        let (levels, state) = network.encode(example.pixels.clone(), example.tokens.clone());
        let logits = network.decoder.forward_open(levels, state);
        let causal = seg_loss(logits, &example.target, loss);
        let losses = Losses { confounding: 0.0, ..read(&causal, &causal) };
        let mut gradients = causal.backward();
        let own = GradientsParams::from_params(&mut gradients, *network, &players.others);
        (losses, Gradients::named(own, *network, &players.names))
    }

    /// No game: the gradients of everything for `L_causal`.
    pub fn causal_alone(&self, example: &Example) -> (Losses, Gradients) {
        let (pixels, tokens) = (example.pixels.clone(), example.tokens.clone());
        let logits = self.network.forward_causal(pixels, tokens);
        self.everything(seg_loss(logits, &example.target, self.loss))
    }

    /// No game: the gradients of everything for the loss of the mean of both branches' logits.
    pub fn mean_of_both(&self, example: &Example) -> (Losses, Gradients) {
        let logits = self.network.forward(example.pixels.clone(), example.tokens.clone());
        let mean = (logits.causal + logits.confounding) / 2.0;
        self.everything(seg_loss(mean, &example.target, self.loss))
    }

    fn everything(&self, loss: Tensor<1>) -> (Losses, Gradients) {
        let losses = Losses { confounding: 0.0, ..read(&loss, &loss) };
        let all = GradientsParams::from_grads(loss.backward(), self.network);
        (losses, Gradients::named(all, self.network, &self.players.names))
    }
}

/// From the ids of a mirrored neck to the names of what they mirror.
fn copies_of(network: &CausalClipSeg, mirror: &impl Module) -> HashMap<ParamId, String> {
    let names = names();
    let neck = "neck_ad.";
    let own = names.slots(network).into_iter().filter(|slot| slot.name.starts_with(neck));
    names.slots(mirror).into_iter().zip(own).map(|(copy, own)| (copy.id, own.name)).collect()
}

/// What the network's activations are kept by.
fn checkpointing(network: &CausalClipSeg) -> Option<GradientCheckpointingStrategy> {
    struct First(Option<GradientCheckpointingStrategy>);
    impl ModuleVisitor for First {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 = self.0.or_else(|| param.val().gradient_checkpointing_strategy());
        }
    }
    let mut first = First(None);
    network.decoder.visit(&mut first);
    first.0
}

/// Gives every parameter the strategy, which Burn drops on the way out of autodiff and back.
struct Checkpointed(Option<GradientCheckpointingStrategy>);

impl ModuleMapper for Checkpointed {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(strategy) = self.0 else { return param };
        param.map(|tensor| {
            let tracked = tensor.is_require_grad();
            let tensor = Tensor::from_inner(tensor.inner());
            tensor.with_gradient_checkpointing_strategy(strategy).set_require_grad(tracked)
        })
    }
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
