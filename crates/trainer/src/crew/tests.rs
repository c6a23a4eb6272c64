//! Several devices do what one does.

use std::collections::BTreeMap;

use seg_data::phantom::{PhantomConfig, write_phantoms};
use seg_data::{Dataset, Split};
use tempfile::TempDir;

use super::*;
use crate::learner::norms_frozen;
use crate::samples::Samples;
use crate::sections::{LossConfig, Order as GameOrder};

/// `tiny` at 32 pixels, and a batch of 16 phantoms.
struct Scene {
    _folder: TempDir,
    recipe: Recipe,
    batches: Vec<Batch>,
    device: Device,
}

impl Scene {
    fn new(order: GameOrder) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let phantoms = PhantomConfig { size: 64, ..PhantomConfig::default() };
        write_phantoms(folder.path(), &phantoms, [16, 0, 0], || {}).unwrap();
        let mut recipe = Recipe::default();
        recipe.model.preset = "tiny".to_owned();
        recipe.model.size = Some(32);
        recipe.game.order = order;
        recipe.loss = LossConfig { boundary: 0.5, ..LossConfig::default() };
        let set = Dataset::open(folder.path()).unwrap();
        let cases = set.cases(Split::Train);
        let input = recipe.network_config().unwrap().input;
        let samples = Samples::load(&cases, &input, 64, || {}).unwrap();
        let order = (0..samples.len()).collect::<Vec<_>>();
        let batches = vec![samples.batch(&order[..16.min(order.len())], 0, &recipe).unwrap()];
        Self { _folder: folder, recipe, batches, device: Device::flex().autodiff() }
    }

    fn learner(&self, frozen: bool) -> Learner {
        let network = self.recipe.network_config().unwrap().init(&self.device).unwrap();
        let network = network.with_random_weights(7, |_| true);
        let mut learner = Learner::new(network, &self.recipe);
        if frozen {
            learner.network = norms_frozen(learner.network);
        }
        learner
    }

    fn crew(&self, learner: &Learner, others: usize, exchange: Exchange) -> Crew {
        let devices = (0..others).map(|n| (n.to_string(), self.device.clone())).collect();
        Crew::start(learner, &self.recipe, devices, exchange).unwrap()
    }

    /// A turn's mean over one device and `others` further ones.
    fn mean(&self, play: &Play, others: usize, exchange: Exchange) -> Outcome {
        let mut learner = self.learner(true);
        let mut crew = self.crew(&learner, others, exchange);
        mean(&mut crew, &mut learner, &self.batches[0], &self.device, play)
    }
}

/// A turn's mean over a batch that is shared out to all devices.
pub(super) fn mean(
    crew: &mut Crew,
    learner: &mut Learner,
    batch: &Batch,
    device: &Device,
    play: &Play,
) -> Outcome {
    let mut shares = batch.shared_out(crew.hands.len() + 1).into_iter();
    let own = shares.next().unwrap();
    let mut cases = vec![own.len()];
    for (hand, share) in crew.hands.iter().zip(shares) {
        cases.push(share.len());
        hand.tell(Order::Batches(vec![share])).unwrap();
    }
    crew.mean(learner, play, &[own.example(device)], &cases).unwrap()
}

fn values(gradients: &crate::gradients::Gradients) -> BTreeMap<String, Vec<f32>> {
    let values = |name: &str| vision_layers::host(gradients.get(name).unwrap().clone());
    gradients.names().map(|name| (name.to_owned(), values(name))).collect()
}

/// With norms frozen a batch of 16 and two of 8 have the same gradients: within 1e-5 of each tensor's
/// largest value, some 80 times the rounding of one float.
#[test]
fn shares_have_the_gradients_of_the_whole_batch() {
    const TOLERANCE: f32 = 1e-5;
    let scene = Scene::new(GameOrder::Simultaneous);
    for play in
        [Play::WarmUp, Play::CausalAlone, Play::MeanOfBoth, Play::One, Play::Two, Play::Both]
    {
        let one = scene.mean(&play, 0, Exchange::Host);
        for (others, exchange) in [(1, Exchange::Host), (1, Exchange::Direct), (2, Exchange::Host)]
        {
            let several = scene.mean(&play, others, exchange);
            let losses = [
                one.losses.causal - several.losses.causal,
                one.losses.confounding - several.losses.confounding,
            ];
            assert!(losses.iter().all(|off| off.abs() < 1e-5), "{play:?}: {losses:?}");
            for (one, several) in [(&one.first, &several.first), (&one.second, &several.second)] {
                let (one, several) = (values(one), values(several));
                assert_eq!(one.keys().collect::<Vec<_>>(), several.keys().collect::<Vec<_>>());
                for (name, one) in &one {
                    let largest = one.iter().fold(0.0f32, |max, value| max.max(value.abs()));
                    let off = one.iter().zip(&several[name]).map(|(a, b)| (a - b).abs());
                    let off = off.fold(0.0f32, f32::max);
                    assert!(off <= TOLERANCE * largest, "{play:?} {name}: {off:e} of {largest:e}");
                }
            }
        }
    }
}

/// After a few steps of the game all copies hold the bits of the first device, statistics too.
#[test]
fn all_devices_hold_the_same_bits() {
    for order in [GameOrder::Alternating, GameOrder::Simultaneous] {
        let scene = Scene::new(order);
        let everything = |network: &_| {
            let all = Layout::new(network, |_| true);
            vision_layers::host(all.join(network).unwrap())
        };
        let run = |others| {
            let mut learner = scene.learner(false);
            let mut crew = scene.crew(&learner, others, Exchange::Host);
            for _ in 0..3 {
                let step = crew.step(&mut learner, &scene.device, &scene.batches, 1e-2, false);
                assert!(step.unwrap().is_finite());
            }
            let copies = crew.hands.iter().map(|hand| {
                let (say, hear) = channel();
                hand.tell(Order::Show(say)).unwrap();
                hear.recv().unwrap()
            });
            let copies = copies.collect::<Vec<_>>();
            let own = everything(&learner.network);
            for copy in copies {
                assert!(everything(&copy) == own, "a copy differs");
            }
            own
        };
        assert!(run(2) == run(2), "the same number of devices, and other bits");
        assert!(run(0) != run(2), "batch norms see other shares");
    }
}

/// A batch of fewer pictures than devices leaves the last ones idle, and they are told all the same.
#[test]
fn a_device_without_a_share_follows() {
    let mut scene = Scene::new(GameOrder::Alternating);
    scene.batches = scene.batches[0].shared_out(8).into_iter().take(1).collect();
    let mut learner = scene.learner(false);
    let mut crew = scene.crew(&learner, 3, Exchange::Host);
    for _ in 0..2 {
        let step = crew.step(&mut learner, &scene.device, &scene.batches, 1e-2, false).unwrap();
        assert!(step.is_finite() && step.gate_norm > 0.0);
    }
}

/// A device whose thread has ended is an error that names it.
#[test]
fn a_lost_device_is_named() {
    let scene = Scene::new(GameOrder::Off);
    let mut learner = scene.learner(false);
    let mut crew = scene.crew(&learner, 1, Exchange::Host);
    let (orders, _) = channel();
    crew.hands[0].orders = Some(orders);
    let error = crew.step(&mut learner, &scene.device, &scene.batches, 1e-2, false).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("device `0` is lost") && message.contains("--resume"), "{message}");
}

#[test]
fn why_a_device_gave_up_is_told_in_one_line() {
    let scene = Scene::new(GameOrder::Mean);
    let mut learner = scene.learner(false);
    let mut crew = scene.crew(&learner, 1, Exchange::Host);
    crew.hands[0].tell(Order::Fail).unwrap();
    let step = crew.step(&mut learner, &scene.device, &scene.batches, 1e-2, false);
    let message = step.unwrap_err().to_string();
    assert!(message.starts_with("device `0` is lost: the device is gone; "), "{message}");
}
