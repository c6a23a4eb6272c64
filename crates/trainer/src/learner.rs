//! A network in training.

use std::convert::Infallible;

use burn::module::{Flag, Module, ModuleMapper, Param};
use burn::tensor::Tensor;
use causal_clip_seg::CausalClipSeg;

use crate::average::Average;
use crate::example::Example;
use crate::gradients::Gradients;
use crate::optimizer::Optimizer;
use crate::players::{Losses, Outcome, Play, PlayerParameters, Turn};
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
    pub(crate) game: GameConfig,
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
        let all = batches.iter().map(|batch| batch.tokens.dims()[0]).sum();
        let played = self.played(rate, open, |learner, act| {
            let Act::Play(play) = act else { return Ok(Outcome::default()) };
            Ok::<_, Infallible>(learner.turn().play(play, &learner.game, batches, all))
        });
        match played {
            Ok(step) => step,
            Err(never) => match never {},
        }
    }

    /// A step by the game's order. `act` is asked for each turn's mean over all batches, and told when a
    /// player has moved.
    pub(crate) fn played<E>(
        &mut self,
        rate: f64,
        open: bool,
        mut act: impl FnMut(&mut Self, Act<'_>) -> Result<Outcome, E>,
    ) -> Result<Step, E> {
        let play = match (open, self.game.order) {
            (true, _) => Play::WarmUp,
            (_, Order::Off) => Play::CausalAlone,
            (_, Order::Mean) => Play::MeanOfBoth,
            (_, Order::Alternating) => Play::One,
            (_, Order::Simultaneous) => Play::Both,
        };
        let limit = self.optimizer.clip_norm;
        let Outcome { losses, first, second } = act(self, Act::Play(&play))?;
        let mut step = Step { losses, norm: first.norm(), gate_norm: second.norm() };
        if !step.is_finite() {
            return Ok(step);
        }
        let mut moved = names_of(&[&first, &second]);
        self.move_first(rate, first.clipped(step.norm, limit));
        if matches!(play, Play::Both) {
            self.move_second(rate, second.clipped(step.gate_norm, limit));
        }
        act(self, Act::Moved(&moved))?;
        if matches!(play, Play::One) {
            let Outcome { second, .. } = act(self, Act::Play(&Play::Two))?;
            step.gate_norm = second.norm();
            if step.gate_norm.is_finite() {
                moved = names_of(&[&second]);
                self.move_second(rate, second.clipped(step.gate_norm, limit));
                act(self, Act::Moved(&moved))?;
            }
        }
        self.follow();
        Ok(step)
    }

    /// A turn of either player with the network as it stands.
    pub fn turn(&self) -> Turn<'_> {
        Turn { network: &self.network, players: &self.players, loss: &self.loss }
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

/// What a step asks of, or tells, those who compute its parts.
#[derive(Debug)]
pub(crate) enum Act<'a> {
    /// A turn's mean over all batches is wanted.
    Play(&'a Play),
    /// The parameters of these names have moved.
    Moved(&'a [String]),
}

fn names_of(gradients: &[&Gradients]) -> Vec<String> {
    gradients.iter().flat_map(|gradients| gradients.names()).map(str::to_owned).collect()
}

/// The network without gradients in, and with fixed statistics of, what is frozen.
fn frozen(network: CausalClipSeg, freeze: &FreezeConfig) -> CausalClipSeg {
    let mut network = network;
    if freeze.text_tower {
        network.backbone.text_tower = network.backbone.text_tower.freeze();
    }
    if freeze.batch_norm {
        network.backbone.image_tower = norms_frozen(network.backbone.image_tower);
    }
    network
}

/// The module with every batch norm in it frozen.
pub(crate) fn norms_frozen<M: Module>(module: M) -> M {
    module.map(&mut FreezeNorms { norms: Vec::new() })
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
