//! A further device of a training, on a thread of its own.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Receiver, Sender};

use burn::module::{Flag, Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use causal_clip_seg::format::names;
use causal_clip_seg::{CausalClipSeg, CausalClipSegConfig, SegError};

use crate::crew::{Answer, News, Order};
use crate::error::TrainError;
use crate::joined::{Carried, Exchange, Layout};
use crate::players::{Outcome, PlayerParameters, Turn};
use crate::recipe::Recipe;
use crate::sections::{GameConfig, LossConfig};

/// What a copy of a network is made from.
#[derive(Debug)]
pub(crate) struct Beginning {
    config: CausalClipSegConfig,
    /// Weights and statistics, by name.
    values: HashMap<String, Vec<f32>>,
    /// What is frozen of it, in the order of its fields.
    switches: Switches,
    loss: LossConfig,
    game: GameConfig,
}

impl Beginning {
    pub(crate) fn new(network: &CausalClipSeg, recipe: &Recipe) -> Self {
        let mut values = HashMap::new();
        names().read(network, |slot, own| {
            values.insert(slot.name.clone(), own);
        });
        Self {
            config: network.config().clone(),
            values,
            switches: Switches::of(network),
            loss: recipe.loss.clone(),
            game: recipe.game.clone(),
        }
    }
}

/// Which parameters of a network are trained, and which layers are in training, in the order of its fields.
#[derive(Clone, Debug, Default)]
struct Switches {
    tracked: VecDeque<bool>,
    flags: VecDeque<bool>,
}

impl Switches {
    fn of(network: &CausalClipSeg) -> Self {
        let mut switches = Self::default();
        network.visit(&mut switches);
        switches
    }

    fn set(mut self, network: CausalClipSeg) -> CausalClipSeg {
        network.map(&mut self)
    }
}

impl ModuleVisitor for Switches {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.tracked.push_back(param.is_require_grad());
    }
    fn visit_flag(&mut self, flag: &Param<Flag>) {
        self.flags.push_back(flag.val().is_enabled());
    }
}

impl ModuleMapper for Switches {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.tracked.pop_front() {
            Some(tracked) => param.set_require_grad(tracked),
            None => param,
        }
    }
    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        match self.flags.pop_front() {
            Some(enabled) => flag.with_value(enabled),
            None => flag,
        }
    }
}

/// A copy of the network on another device.
#[derive(Debug)]
pub(crate) struct Worker {
    device: Device,
    exchange: Exchange,
    network: CausalClipSeg,
    players: PlayerParameters,
    loss: LossConfig,
    game: GameConfig,
    /// Running statistics, and what all devices hold for them.
    statistics: Layout,
    agreed: Option<Tensor<1>>,
}

impl Worker {
    /// A copy on an autodiff device.
    ///
    /// # Errors
    ///
    /// If the network cannot be made there.
    pub(crate) fn start(
        beginning: &Beginning,
        device: Device,
        exchange: Exchange,
    ) -> Result<Self, TrainError> {
        let network = beginning.config.init(&device).map_err(SegError::from)?;
        let network = names().replace(network, |slot| beginning.values.get(&slot.name).cloned());
        let network = beginning.switches.clone().set(network);
        let statistics = Layout::new(&network, |slot| slot.is_statistic());
        Ok(Self {
            players: PlayerParameters::new(&network),
            agreed: statistics.join(&network),
            statistics,
            loss: beginning.loss.clone(),
            game: beginning.game.clone(),
            device,
            exchange,
            network,
        })
    }

    /// Does what it is told until nobody tells it any more.
    pub(crate) fn work(mut self, told: Receiver<Order>, say: &Sender<Result<Answer, TrainError>>) {
        let mut examples = Vec::new();
        for order in told {
            match order {
                Order::Batches(batches) => {
                    let example = |batch: &crate::batch::Batch| batch.example(&self.device);
                    examples = batches.iter().map(example).collect();
                }
                Order::Play { play, all } => {
                    let turn =
                        Turn { network: &self.network, players: &self.players, loss: &self.loss };
                    let cases =
                        examples.iter().map(|e: &crate::example::Example| e.tokens.dims()[0]);
                    let share = cases.sum::<usize>() as f64 / all.max(1) as f64;
                    let outcome = turn.play(&play, &self.game, &examples, all);
                    // Nobody may listen any more: another device is lost.
                    if say.send(Ok(self.answer(outcome, share))).is_err() {
                        return;
                    }
                }
                Order::Take(news) => self.take(&news),
                #[cfg(test)]
                Order::Show(show) => drop(show.send(self.network.clone())),
                #[cfg(test)]
                Order::Fail => panic!("\nthe device is gone\nand much more"),
            }
        }
    }

    fn answer(&self, outcome: Outcome, share: f64) -> Answer {
        let Outcome { losses, first, second } = outcome;
        let statistics = self.statistics.join(&self.network).zip(self.agreed.clone());
        let moved = statistics.map(|(own, agreed)| (own - agreed) * share);
        let parts = [first.joined(), second.joined(), moved].into_iter().flatten();
        let parts = parts.collect::<Vec<_>>();
        let values = (!parts.is_empty()).then(|| Tensor::cat(parts, 0));
        Answer {
            losses,
            lengths: [first.lengths(), second.lengths()],
            values: values.map(|values| Carried::new(values, self.exchange)),
        }
    }

    fn take(&mut self, news: &News) {
        let device = self.device.clone().inner();
        let mut network = self.network.clone();
        if let Some(weights) = &news.weights {
            let layout = Layout::new(&network, |slot| news.moved.contains(&slot.name));
            network = layout.put(network, &weights.on(&device));
        }
        if let Some(statistics) = &news.statistics {
            let statistics = statistics.on(&device);
            network = self.statistics.put(network, &statistics);
            self.agreed = Some(statistics);
        }
        self.network = network;
    }
}
