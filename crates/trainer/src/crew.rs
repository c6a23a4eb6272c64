//! Several devices at one step: each takes its share of a batch, on a thread of its own.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use burn::tensor::{Device, Tensor};

use crate::batch::Batch;
use crate::error::TrainError;
use crate::example::Example;
use crate::joined::{Carried, Exchange, Layout};
use crate::learner::{Act, Learner, Step};
use crate::players::{Losses, Outcome, Play};
use crate::recipe::Recipe;
use crate::worker::{Beginning, Worker};

/// The further devices of a training. The learner on the first one has the optimizers, the moving average and
/// all that is kept; the others have copies of its network, compute gradients, and are given every weight that
/// has moved. So all devices hold the same bits, whatever they are.
///
/// Batch norms take the statistics of their own device's share. The running ones are averaged over the
/// devices after each turn, by cases.
#[derive(Debug)]
pub(crate) struct Crew {
    hands: Vec<Hand>,
    exchange: Exchange,
    /// Running statistics.
    statistics: Layout,
    /// What all devices hold for them, on the first one.
    agreed: Option<Tensor<1>>,
}

/// One of the further devices.
#[derive(Debug)]
struct Hand {
    name: String,
    orders: Option<Sender<Order>>,
    answers: Receiver<Result<Answer, TrainError>>,
    thread: Option<JoinHandle<()>>,
}

/// What a further device is told.
#[derive(Debug)]
pub(crate) enum Order {
    /// Its shares of a step's batches.
    Batches(Vec<Batch>),
    /// Its part of the mean over `all` cases of a turn is wanted.
    Play { play: Play, all: usize },
    /// Other values for weights and statistics.
    Take(Arc<News>),
    /// Its copy is wanted.
    #[cfg(test)]
    Show(Sender<causal_clip_seg::CausalClipSeg>),
    /// Its backend gives up.
    #[cfg(test)]
    Fail,
}

/// What has changed on the first device.
#[derive(Debug)]
pub(crate) struct News {
    /// Weights that have moved.
    pub moved: BTreeSet<String>,
    pub weights: Option<Carried>,
    pub statistics: Option<Carried>,
}

/// A further device's part of a turn's mean.
#[derive(Debug)]
pub(crate) struct Answer {
    pub losses: Losses,
    /// Names and lengths of both players' gradients.
    pub lengths: [Vec<(String, usize)>; 2],
    /// The gradients, and by how much the statistics have moved.
    pub values: Option<Carried>,
}

impl Crew {
    /// Copies of the learner's network on each of the devices, which are autodiff devices with their names.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(crate) fn start(
        learner: &Learner,
        recipe: &Recipe,
        devices: Vec<(String, Device)>,
        exchange: Exchange,
    ) -> Result<Self, TrainError> {
        let statistics = Layout::new(&learner.network, |slot| slot.is_statistic());
        let beginning = Arc::new(Beginning::new(&learner.network, recipe));
        let hands = devices.into_iter().map(|(name, device)| {
            let (orders, told) = channel();
            let (say, answers) = channel();
            let beginning = Arc::clone(&beginning);
            let on = name.clone();
            let work = move || {
                let work = || {
                    Worker::start(&beginning, device, exchange)?.work(told, &say);
                    Ok(())
                };
                let lost = |panic| Err(TrainError::Device { device: on, what: message(panic) });
                // Backends panic where a device is lost.
                let ended = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(lost);
                if let Err(error) = ended {
                    drop(say.send(Err(error))); // nobody may listen any more
                }
            };
            let thread = std::thread::Builder::new().name(name.clone()).spawn(work);
            let thread = thread.map_err(|error| TrainError::Device {
                device: name.clone(),
                what: error.to_string(),
            })?;
            Ok(Hand { name, orders: Some(orders), answers, thread: Some(thread) })
        });
        let hands = hands.collect::<Result<_, TrainError>>()?;
        let agreed = statistics.join(&learner.network);
        Ok(Self { hands, exchange, statistics, agreed })
    }

    /// One step on the mean gradient of several batches, as [`Learner::step`] takes it on one device.
    ///
    /// # Errors
    ///
    /// If a device is lost.
    pub(crate) fn step(
        &mut self,
        learner: &mut Learner,
        device: &Device,
        batches: &[Batch],
        rate: f64,
        open: bool,
    ) -> Result<Step, TrainError> {
        let mut shares = (0..=self.hands.len()).map(|_| Vec::new()).collect::<Vec<_>>();
        for batch in batches {
            let parts = batch.shared_out(shares.len());
            for (share, part) in shares.iter_mut().zip(parts).filter(|(_, part)| part.len() > 0) {
                share.push(part);
            }
        }
        let cases = |share: &Vec<Batch>| share.iter().map(Batch::len).sum::<usize>();
        let cases = shares.iter().map(cases).collect::<Vec<_>>();
        let mut shares = shares.into_iter();
        let own = shares.next().unwrap_or_default();
        for (hand, share) in self.hands.iter().zip(shares) {
            hand.tell(Order::Batches(share))?;
        }
        let own = own.iter().map(|batch| batch.example(device)).collect::<Vec<_>>();
        learner.played(rate, open, |learner, act| match act {
            Act::Play(play) => self.mean(learner, play, &own, &cases),
            Act::Moved(names) => self.spread(learner, names).map(|()| Outcome::default()),
        })
    }

    /// A turn's mean over the shares of all devices.
    fn mean(
        &mut self,
        learner: &mut Learner,
        play: &Play,
        own: &[Example],
        cases: &[usize],
    ) -> Result<Outcome, TrainError> {
        let all = cases.iter().sum::<usize>();
        let busy = self.hands.iter().zip(cases.iter().skip(1)).filter(|(_, cases)| **cases > 0);
        let busy = busy.map(|(hand, _)| hand).collect::<Vec<_>>();
        for hand in &busy {
            hand.tell(Order::Play { play: play.clone(), all })?;
        }
        let mut outcome = learner.turn().play(play, &learner.game, own, all);
        let lengths = [outcome.first.lengths(), outcome.second.lengths()];
        let mut others: Option<Carried> = None;
        for hand in busy {
            let answer = hand.answer()?;
            if answer.lengths != lengths {
                let what = "its network has other gradients".to_owned();
                return Err(TrainError::Device { device: hand.name.clone(), what });
            }
            outcome.losses = outcome.losses.plus(answer.losses, 1.0);
            others = match (others, answer.values) {
                (Some(sum), Some(values)) => Some(sum.plus(values)),
                (sum, values) => sum.or(values),
            };
        }
        let share = cases.first().map_or(1.0, |own| *own as f64 / all.max(1) as f64);
        let mut agreed = moved_by(&self.statistics, learner, self.agreed.as_ref(), share)
            .zip(self.agreed.clone())
            .map(|(own, agreed)| agreed + own);
        if let Some((others, device)) = others.zip(agreed.as_ref().map(Tensor::device)) {
            let others = others.on(&device);
            let [first, second] = lengths.map(|lengths| lengths.iter().map(|(_, len)| len).sum());
            let all = others.dims()[0];
            let part = |from: usize, to: usize| others.clone().slice(from..to);
            if first > 0 {
                outcome.first.add_joined(&part(0, first));
            }
            if second > 0 {
                outcome.second.add_joined(&part(first, first + second));
            }
            agreed = agreed.map(|agreed| agreed + part(first + second, all));
        }
        if let Some(agreed) = &agreed {
            learner.network = self.statistics.put(learner.network.clone(), agreed);
        }
        self.agreed = agreed;
        Ok(outcome)
    }

    /// Gives every device what has moved on the first one.
    fn spread(&self, learner: &Learner, names: &[String]) -> Result<(), TrainError> {
        let moved = names.iter().cloned().collect::<BTreeSet<_>>();
        let weights = Layout::new(&learner.network, |slot| moved.contains(&slot.name));
        let carried = |tensor| Carried::new(tensor, self.exchange);
        let news = Arc::new(News {
            weights: weights.join(&learner.network).map(carried),
            statistics: self.agreed.clone().map(carried),
            moved,
        });
        self.hands.iter().try_for_each(|hand| hand.tell(Order::Take(Arc::clone(&news))))
    }
}

/// `share` of how far the statistics of a device's network are from what was agreed on. Those of frozen
/// norms are not at all: nothing is rounded.
fn moved_by(
    statistics: &Layout,
    learner: &Learner,
    agreed: Option<&Tensor<1>>,
    share: f64,
) -> Option<Tensor<1>> {
    Some((statistics.join(&learner.network)? - agreed?.clone()) * share)
}

/// What a panic said, on one line.
fn message(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    let line = text.and_then(|text| text.lines().map(str::trim).find(|line| !line.is_empty()));
    line.unwrap_or("its backend gave up without a word").to_owned()
}

impl Hand {
    fn lost(&self) -> TrainError {
        let what = "its thread has ended".to_owned();
        TrainError::Device { device: self.name.clone(), what }
    }

    fn tell(&self, order: Order) -> Result<(), TrainError> {
        let told = self.orders.as_ref().map(|orders| orders.send(order));
        // Why it ended may still lie here.
        told.and_then(Result::ok).ok_or_else(|| match self.answers.try_recv() {
            Ok(Err(error)) => error,
            _ => self.lost(),
        })
    }

    fn answer(&self) -> Result<Answer, TrainError> {
        self.answers.recv().map_err(|_| self.lost())?
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // It catches its panics.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod frozen;
#[cfg(test)]
mod tests;
