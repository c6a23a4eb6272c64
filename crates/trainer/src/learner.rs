//! A network in training.

use burn::module::{Flag, Module, ModuleMapper, Param};
use burn::tensor::Tensor;
use causal_clip_seg::CausalClipSeg;

use crate::average::Average;
use crate::example::Example;
use crate::gradients::Gradients;
use crate::optimizer::Optimizer;
use crate::players::{Losses, PlayerParameters, Turn};
use crate::recipe::Recipe;
use crate::sections::{FreezeConfig, GameConfig, LossConfig, OptimizerConfig, Order};

/// A network in training, with its players' optimizers.
#[derive(Debug)]
pub struct Learner {
    /// Lives on an autodiff device.
    pub network: CausalClipSeg,
    players: PlayerParameters,
    pub(crate) first: Optimizer,
    pub(crate) second: Optimizer,
    pub(crate) average: Option<Average>,
    loss: LossConfig,
    game: GameConfig,
    optimizer: OptimizerConfig,
}

/// What a step saw.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Step {
    /// The losses before the step, as the mean over its batches.
    pub losses: Losses,
    /// Norm of player 1's gradients before clipping.
    pub norm: f32,
    /// Norm of player 2's gradients before clipping; 0 if it did not play.
    pub gate_norm: f32,
}

impl Step {
    /// Whether every number is one.
    pub fn is_finite(&self) -> bool {
        let Losses { causal, confounding } = self.losses;
        [causal, confounding, self.norm, self.gate_norm].iter().all(|value| value.is_finite())
    }
}

impl Learner {
    /// A network and fresh optimizers; what the recipe freezes is frozen.
    pub fn new(network: CausalClipSeg, recipe: &Recipe) -> Self {
        let network = frozen(network, &recipe.freeze);
        let players = PlayerParameters::new(&network);
        let average = (recipe.optimizer.ema > 0.0).then(|| Average::new(&network));
        Self {
            network,
            players,
            first: Optimizer::new(&recipe.optimizer),
            second: Optimizer::new(&recipe.optimizer),
            average,
            loss: recipe.loss.clone(),
            game: recipe.game.clone(),
            optimizer: recipe.optimizer.clone(),
        }
    }

    /// One step on the mean gradient of several batches; `open` holds the gates open. A step whose
    /// losses or gradients are not finite is not taken.
    pub fn step(&mut self, batches: &[Example], rate: f64, open: bool) -> Step {
        let play = match (open, self.game.order) {
            (true, _) => Turn::warm_up,
            (_, Order::Off) => Turn::causal_alone,
            (_, Order::Mean) => Turn::mean_of_both,
            (_, Order::Alternating) => Turn::player_one,
            (_, Order::Simultaneous) => return self.both_at_once(batches, rate),
        };
        let (losses, first) = mean_over(batches, |batch| play(&self.turn(), batch));
        let mut step = Step { losses, norm: first.norm(), gate_norm: 0.0 };
        if !step.is_finite() {
            return step;
        }
        self.move_first(rate, first.clipped(step.norm, self.optimizer.clip_norm));
        if !open && self.game.order == Order::Alternating {
            let (turn, adversary) = (self.turn(), self.game.adversary);
            let (_, second) = mean_over(batches, |batch| turn.player_two(batch, adversary));
            step.gate_norm = second.norm();
            if step.gate_norm.is_finite() {
                self.move_second(rate, second.clipped(step.gate_norm, self.optimizer.clip_norm));
            }
        }
        self.follow();
        step
    }

    /// A turn of either player with the network as it stands.
    pub fn turn(&self) -> Turn<'_> {
        Turn { network: &self.network, players: &self.players, loss: &self.loss }
    }

    fn both_at_once(&mut self, batches: &[Example], rate: f64) -> Step {
        let (mut losses, mut first, mut second) =
            (Losses::default(), Gradients::default(), Gradients::default());
        for (batch, share) in batches.iter().zip(shares(batches)) {
            let (found, one, two) = self.turn().simultaneous(batch, &self.game);
            losses = losses.plus(found, share);
            first.add(one, share);
            second.add(two, share);
        }
        let step = Step { losses, norm: first.norm(), gate_norm: second.norm() };
        if step.is_finite() {
            self.move_first(rate, first.clipped(step.norm, self.optimizer.clip_norm));
            self.move_second(rate, second.clipped(step.gate_norm, self.optimizer.clip_norm));
            self.follow();
        }
        step
    }

    /// The moving average takes its step.
    fn follow(&mut self) {
        if let Some(average) = &mut self.average {
            average.follow(&self.network, self.optimizer.ema);
        }
    }

    /// Player 1 moves.
    pub fn move_first(&mut self, rate: f64, gradients: Gradients) {
        let network = self.network.clone();
        self.network = self.first.step(network, &self.players.names, gradients, rate);
    }

    /// Player 2 moves.
    pub fn move_second(&mut self, rate: f64, gradients: Gradients) {
        let network = self.network.clone();
        self.network = self.second.step(network, &self.players.names, gradients, rate);
    }

    /// Who moves what.
    pub fn players(&self) -> &PlayerParameters {
        &self.players
    }

    /// The network to use: out of training, with the averaged weights if there is an average.
    pub fn result(&self) -> CausalClipSeg {
        match &self.average {
            Some(average) => average.network(&self.network),
            None => self.network.valid(),
        }
    }
}

/// Mean losses and gradients of a turn over batches, each by its share of the cases.
fn mean_over(
    batches: &[Example],
    turn: impl Fn(&Example) -> (Losses, Gradients),
) -> (Losses, Gradients) {
    let (mut losses, mut gradients) = (Losses::default(), Gradients::default());
    for (batch, share) in batches.iter().zip(shares(batches)) {
        let (found, own) = turn(batch);
        losses = losses.plus(found, share);
        gradients.add(own, share);
    }
    (losses, gradients)
}

/// Each batch's share of all cases.
fn shares(batches: &[Example]) -> Vec<f64> {
    let rows = batches.iter().map(|batch| batch.tokens.dims()[0]).collect::<Vec<_>>();
    let all = rows.iter().sum::<usize>().max(1);
    rows.iter().map(|rows| *rows as f64 / all as f64).collect()
}

impl Losses {
    fn plus(self, other: Self, share: f64) -> Self {
        let share = share as f32;
        Self {
            causal: self.causal + share * other.causal,
            confounding: self.confounding + share * other.confounding,
        }
    }
}

/// The network without gradients in, and with fixed statistics of, what is frozen.
fn frozen(network: CausalClipSeg, freeze: &FreezeConfig) -> CausalClipSeg {
    let mut network = network;
    if freeze.text_tower {
        network.backbone.text_tower = network.backbone.text_tower.freeze();
    }
    if freeze.batch_norm {
        let tower = network.backbone.image_tower;
        network.backbone.image_tower = tower.map(&mut FreezeNorms { norms: Vec::new() });
    }
    network
}

/// Freezes every batch norm and nothing else.
struct FreezeNorms {
    /// For each module on the way down, whether it is a batch norm.
    norms: Vec<bool>,
}

impl ModuleMapper for FreezeNorms {
    fn enter_module(&mut self, _: &str, container: &str) {
        self.norms.push(container.rsplit(':').next() == Some("BatchNorm"));
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.norms.pop();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.norms.last() {
            Some(true) => param.set_require_grad(false),
            _ => param,
        }
    }
    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        match self.norms.last() {
            Some(true) => flag.with_value(false),
            _ => flag,
        }
    }
}
