//! Who moves when, and what a step is made of.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::{Device, Int, Tensor, TensorData};
use causal_clip_seg::format::names;
use causal_clip_seg::{CausalClipSeg, CausalClipSegConfig};
use seeded::SplitMix64;
use trainer::Recipe;
use trainer::config::{GameConfig, Order, Rule};
use trainer::steps::{Example, Learner, Target};

const SIZE: usize = 32;

fn network(device: &Device) -> CausalClipSeg {
    let mut config = CausalClipSegConfig::tiny();
    config.input.size = SIZE;
    let network = config.init(device).unwrap().with_random_weights(3, |_| true);
    // Residual branches start at nothing; here everything is to have a gradient.
    names()
        .replace(network, |slot| slot.name.ends_with("bn3.weight").then(|| vec![0.5; slot.len()]))
}

fn example(rows: usize, seed: u64, device: &Device) -> Example {
    let mut stream = SplitMix64::new(seed);
    let mut tensor = |channels: usize| {
        let values = (0..rows * channels * SIZE * SIZE).map(|_| stream.uniform());
        let shape = [rows, channels, SIZE, SIZE];
        Tensor::<4>::from_data(TensorData::new(values.collect::<Vec<_>>(), shape), device)
    };
    let (pixels, mask) = (tensor(3), tensor(1).greater_elem(0.3).float());
    let tokens = [49406, 1823, 3143, 49407].repeat(rows);
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens, [rows, 4]), device);
    Example { pixels, tokens, target: Target { mask, distance: None, counted: None } }
}

fn values(network: &CausalClipSeg) -> BTreeMap<String, Vec<f32>> {
    let mut found = BTreeMap::new();
    names().read(network, |slot, values| {
        found.insert(slot.name.clone(), values);
    });
    found
}

/// Plain gradient descent: what has no gradient stays to the bit.
fn recipe(order: Order) -> Recipe {
    let mut recipe = Recipe::default();
    recipe.game.order = order;
    recipe.optimizer.rule = Rule::Sgd;
    recipe.optimizer.momentum = 0.0;
    recipe.optimizer.weight_decay = 0.0;
    recipe
}

/// The parts of the network that a step changed, statistics apart.
fn moved(recipe: &Recipe, open: bool) -> BTreeSet<&'static str> {
    let device = Device::flex().autodiff();
    let mut learner = Learner::new(network(&device), recipe);
    let before = values(&learner.network);
    let step = learner.step(&[example(2, 5, &device)], 0.1, open);
    assert!(step.is_finite() && step.norm > 0.0);
    let after = values(&learner.network);
    let changed = after.iter().filter(|(name, values)| before[*name] != **values);
    changed.filter(|(name, _)| !name.contains("running_")).map(|(name, _)| part(name)).collect()
}

fn part(name: &str) -> &'static str {
    match name {
        _ if name.starts_with("neck_ad.masker") => "gates",
        _ if name.starts_with("proj_ad.") => "confounding projector",
        _ if name.starts_with("proj.") => "causal projector",
        _ if name.starts_with("backbone.visual.") => "image tower",
        _ if name.starts_with("backbone.") => "text tower",
        _ => "neck",
    }
}

#[test]
fn who_moves_when() {
    let common = ["image tower", "text tower", "neck", "causal projector"];
    let with = |more: &[&'static str]| common.iter().chain(more).copied().collect::<BTreeSet<_>>();
    let everyone = with(&["gates", "confounding projector"]);
    for order in [Order::Alternating, Order::Simultaneous, Order::Mean] {
        assert_eq!(moved(&recipe(order), false), everyone, "{order:?}");
    }
    assert_eq!(moved(&recipe(Order::Off), false), with(&["gates"]));
    assert_eq!(moved(&recipe(Order::Alternating), true), with(&[]), "warm-up");
}

#[test]
fn a_player_has_gradients_of_its_own_parameters_alone() {
    let device = Device::flex().autodiff();
    let learner = Learner::new(network(&device), &recipe(Order::Alternating));
    let example = example(2, 5, &device);
    let (_, own) = learner.turn().player_one(&example);
    assert!(own.names().all(|name| part(name) != "gates"));
    let (_, own) = learner.turn().player_two(&example, 1.0);
    let gates = own.names().collect::<Vec<_>>();
    assert_eq!(gates.len(), learner.players().gates.len());
    assert!(gates.iter().all(|name| part(name) == "gates"));
}

#[test]
fn a_detached_confounding_side_leaves_the_towers_to_the_causal_loss() {
    let device = Device::flex().autodiff();
    let learner = Learner::new(network(&device), &recipe(Order::Simultaneous));
    let players = learner.players();
    let example = example(2, 5, &device);
    let (_, alone) = learner.turn().causal_alone(&example);
    // The largest difference from the causal loss's gradients, as a share of the largest of them.
    let apart = |detached: bool| {
        let game = GameConfig { detached, ..GameConfig::default() };
        let (_, first, second) = learner.turn().simultaneous(&example, &game);
        assert!(first.names().any(|name| part(name) == "confounding projector"));
        assert_eq!(second.names().count(), players.gates.len());
        let towers = first.names().filter(|name| part(name).ends_with("tower"));
        let largest = |tensor: Tensor<1>| tensor.abs().max().into_scalar::<f32>();
        let shares = towers.map(|name| {
            let (causal, found) = (alone.get(name).unwrap(), first.get(name).unwrap());
            let apart = largest(causal.clone() - found.clone());
            apart / largest(causal.clone()).max(1e-6)
        });
        shares.fold(0.0, f32::max)
    };
    assert!(apart(true) < 1e-3, "{}", apart(true));
    assert!(apart(false) > 0.1, "{}", apart(false));
}

#[test]
fn what_is_frozen_stays() {
    let mut frozen = recipe(Order::Simultaneous);
    frozen.freeze.text_tower = true;
    assert!(!moved(&frozen, false).contains("text tower"));

    frozen.freeze.batch_norm = true;
    let device = Device::flex().autodiff();
    let mut learner = Learner::new(network(&device), &frozen);
    let before = values(&learner.network);
    learner.step(&[example(2, 5, &device)], 0.1, false);
    let after = values(&learner.network);
    let statistics = |tower: bool| {
        let of = |name: &&String| {
            name.ends_with("running_mean") && (part(name) == "image tower") == tower
        };
        after.keys().filter(of).cloned().collect::<Vec<_>>()
    };
    assert!(statistics(true).iter().all(|name| before[name] == after[name]));
    assert!(statistics(false).iter().any(|name| before[name] != after[name]));
    assert_eq!(before["backbone.visual.bn1.weight"], after["backbone.visual.bn1.weight"]);
    assert_ne!(before["backbone.visual.conv1.weight"], after["backbone.visual.conv1.weight"]);

    // The towers' rate alone; the released rule leaves the positional embeddings out of it.
    let mut still = recipe(Order::Off);
    still.optimizer.backbone = 0.0;
    let mut learner = Learner::new(network(&device), &still);
    let before = values(&learner.network);
    learner.step(&[example(2, 5, &device)], 0.1, false);
    let after = values(&learner.network);
    let trained = after.iter().filter(|(name, _)| !name.contains("running_"));
    let moved = trained.filter(|(name, values)| before[*name] != **values).map(|(name, _)| name);
    let moved = moved.collect::<Vec<_>>();
    let towers = moved.iter().filter(|name| name.starts_with("backbone."));
    assert!(towers.into_iter().all(|name| name.contains("positional_embedding")), "{moved:?}");
    assert!(moved.iter().any(|name| part(name) == "neck"), "{moved:?}");
}

/// Sentences that share a picture cost, and move the network, as if each had the picture to itself.
#[test]
fn sentences_of_a_picture_count_as_cases_of_their_own() {
    let device = Device::flex().autodiff();
    for order in [Order::Off, Order::Simultaneous, Order::Alternating] {
        let alone = example(4, 5, &device);
        let tokens = [[1823, 3143], [3143, 7474], [12230, 1823], [7474, 12230]];
        let tokens = tokens.iter().flat_map(|words| [49406, words[0], words[1], 49407]);
        let data = TensorData::new(tokens.collect::<Vec<i32>>(), [4, 4]);
        let tokens = Tensor::<2, Int>::from_data(data, &device);
        let first = |row: usize| alone.pixels.clone().narrow(0, row, 1);
        let twice = Tensor::cat(vec![first(0), first(0), first(1), first(1)], 0);
        let pair = Tensor::cat(vec![first(0), first(1)], 0);
        let step = |pixels: Tensor<4>| {
            let mut learner = Learner::new(network(&device), &recipe(order));
            let example = Example { pixels, tokens: tokens.clone(), ..alone.clone() };
            let step = learner.step(&[example], 0.1, false);
            (step, values(&learner.network))
        };
        let ((one, moved), (other, also)) = (step(twice), step(pair));
        assert!((one.losses.causal - other.losses.causal).abs() < 1e-5, "{one:?} {other:?}");
        assert!((one.norm - other.norm).abs() < 1e-3 * one.norm, "{one:?} {other:?}");
        // The variance that is kept divides by one less than the pixels.
        for (name, values) in moved.iter().filter(|(name, _)| !name.contains("running_")) {
            let pairs = values.iter().zip(&also[name]);
            let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "{order:?}, {name}: {worst}");
        }
    }
}

/// Two batches make the mean gradient, by their cases: not the sum.
#[test]
fn batches_are_accumulated_as_a_mean() {
    let device = Device::flex().autodiff();
    let batches = [example(3, 5, &device), example(1, 6, &device)];
    for order in [Order::Off, Order::Simultaneous, Order::Alternating] {
        let recipe = recipe(order);
        let step = |batches: &[Example]| {
            let mut learner = Learner::new(network(&device), &recipe);
            learner.step(batches, 0.1, false);
            values(&learner.network)
        };
        let (start, both) = (values(&network(&device)), step(&batches));
        let [first, second] = [0, 1].map(|place| step(&batches[place..=place]));
        // Player 2 answers after player 1 has moved: only player 1 can be compared there.
        let same_start = |name: &&String| order != Order::Alternating || part(name) != "gates";
        for name in start.keys().filter(|name| !name.contains("running_")).filter(same_start) {
            for (place, start) in start[name].iter().enumerate() {
                let moved = |to: &BTreeMap<String, Vec<f32>>| to[name][place] - start;
                let expected = 0.75 * moved(&first) + 0.25 * moved(&second);
                let off = (moved(&both) - expected).abs();
                assert!(off < 2e-6 + 1e-3 * expected.abs(), "{order:?} {name}: {off}");
            }
        }
    }
}

#[test]
fn the_average_follows_the_weights() {
    let device = Device::flex().autodiff();
    let mut recipe = recipe(Order::Off);
    recipe.optimizer.ema = 0.75;
    let mut learner = Learner::new(network(&device), &recipe);
    let before = values(&learner.network);
    learner.step(&[example(2, 5, &device)], 0.1, false);
    let (after, average) = (values(&learner.network), values(&learner.result()));
    let name = "backbone.visual.conv1.weight";
    for (place, average) in average[name].iter().enumerate() {
        let expected = 0.75 * before[name][place] + 0.25 * after[name][place];
        assert!((average - expected).abs() < 1e-6);
    }
    // Statistics are averages already; the network itself goes on with its own weights.
    let statistic = "backbone.visual.bn1.running_mean";
    assert_eq!(average[statistic], after[statistic]);
    assert_ne!(average[name], after[name]);
}

/// A large rate would throw the weights far; clipped, the step has the length that was allowed.
#[test]
fn clipping_bounds_the_whole_step() {
    let device = Device::flex().autodiff();
    let mut recipe = recipe(Order::Off);
    recipe.optimizer.clip_norm = 1e-3;
    let mut learner = Learner::new(network(&device), &recipe);
    let before = values(&learner.network);
    let step = learner.step(&[example(2, 5, &device)], 100.0, false);
    assert!(step.norm > 1e-3, "{}", step.norm);
    let after = values(&learner.network);
    let trained = after.iter().filter(|(name, _)| !name.contains("running_"));
    let squares = trained.flat_map(|(name, after)| {
        after.iter().zip(&before[name]).map(|(after, before)| f64::from(after - before).powi(2))
    });
    let length = squares.sum::<f64>().sqrt();
    assert!((length - 0.1).abs() < 2e-3, "{length}");
}

#[test]
fn a_step_that_is_not_finite_is_not_taken() {
    let device = Device::flex().autodiff();
    let mut broken = example(2, 5, &device);
    broken.pixels = broken.pixels * f32::NAN;
    for order in [Order::Off, Order::Simultaneous, Order::Alternating] {
        let mut learner = Learner::new(network(&device), &recipe(order));
        let before = values(&learner.network);
        assert!(!learner.step(&[broken.clone()], 0.1, false).is_finite());
        let after = values(&learner.network);
        let trained = before.iter().filter(|(name, _)| !name.contains("running_"));
        assert!(trained.into_iter().all(|(name, before)| after[name] == *before), "{order:?}");
    }
}

#[test]
fn recomputed_activations_give_the_same_step() {
    for order in [Order::Off, Order::Alternating, Order::Simultaneous] {
        let recipe = recipe(order);
        let step = |device: Device| {
            let mut learner = Learner::new(network(&device), &recipe);
            let steps = [5, 6].map(|seed| learner.step(&[example(2, seed, &device)], 0.1, false));
            (steps, values(&learner.network))
        };
        let device = Device::flex().autodiff();
        assert_eq!(step(device.clone()), step(device.gradient_checkpointing()), "{order:?}");
    }
}
