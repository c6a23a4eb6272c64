//! The network for inference answers as the network itself.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::collections::BTreeMap;

use burn::tensor::{Distribution, Int, Tensor};
use causal_clip_seg::config::Branch;
use causal_clip_seg::format::{Precision, names};
use causal_clip_seg::parts::InferenceNetwork;
use causal_clip_seg::{CausalClipSeg, CausalClipSegConfig, Checkpoint, Device};
use seeded::SplitMix64;

/// Every norm, statistic and bias different from what a fresh network has.
fn network(config: &CausalClipSegConfig, device: &Device) -> CausalClipSeg {
    let network = config.init(device).unwrap().with_random_weights(11, |_| true);
    let mut stream = SplitMix64::new(1);
    names().replace(network, |slot| {
        let (low, high) = match slot.name.rsplit('.').next().unwrap_or_default() {
            "running_mean" => (-0.2, 0.2),
            "running_var" => (0.5, 1.5),
            _ if slot.shape.len() == 1 && slot.name.ends_with("bias") => (-0.2, 0.2),
            // Or each block would enlarge what the one before gave, rounding with it.
            _ if slot.name.ends_with("bn3.weight") => (0.05, 0.15),
            _ if slot.shape.len() == 1 => (0.5, 1.5),
            _ => return None,
        };
        let draw = |_| low + (high - low) * (stream.uniform() + 1.0) / 2.0;
        Some((0..slot.len()).map(draw).collect())
    })
}

fn worst(a: Tensor<4>, b: Tensor<4>) -> f32 {
    (a - b).abs().max().into_scalar()
}

#[test]
fn folded_network_is_the_network() {
    let device = Device::flex();
    device.seed(6);
    // `small` has layers wide enough for every form of the folded convolutions.
    for config in [CausalClipSegConfig::tiny(), CausalClipSegConfig::small()] {
        let network = network(&config, &device);
        let both = network.clone().prepare(Branch::Mean);
        let causal_alone = network.clone().prepare(Branch::Causal);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("prepared.safetensors");
        let notes = BTreeMap::new();
        network.save_prepared(&file, Precision::F32, &notes).unwrap();
        let from_file = Checkpoint::open(&file).unwrap().prepare(&device).unwrap();
        assert_eq!(from_file.config(), &config);
        assert!(!from_file.answers(Branch::Mean), "its confounding projector was left out");
        for (height, width) in [(32, 32), (64, 96), (config.input.size, config.input.size)] {
            let uniform = Distribution::Uniform(-2.0, 2.0);
            let pixels = Tensor::<4>::random([2, 3, height, width], uniform, &device);
            let tokens = [49406, 320, 8, 49407, 0, 49406, 900, 49407, 0, 0];
            let tokens = Tensor::<1, Int>::from_ints(tokens, &device).reshape([2, 5]);
            let plain = network.forward(pixels.clone(), tokens.clone());
            let spread = plain.causal.clone().var(2).mean().sqrt().into_scalar::<f32>();
            let near = |found, expected: Tensor<4>| {
                let off = worst(found, expected) / spread;
                assert!(off < 1e-4, "{height} x {width}: off by {off} of the spread");
            };
            near(both.forward_causal(pixels.clone(), tokens.clone()), plain.causal.clone());
            for causal in [&causal_alone, &from_file] {
                near(causal.forward_causal(pixels.clone(), tokens.clone()), plain.causal.clone());
            }
            let maps = both.picture_maps(pixels, Branch::Mean);
            let found = both.logits(&maps, &[0, 1], both.states(tokens));
            near(found, (plain.causal + plain.confounding) / 2.0);
        }
    }
}

#[test]
fn a_network_for_inference_reads_all_of_its_file_and_says_what_is_wrong_with_it() {
    let device = Device::flex();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let network = network(&CausalClipSegConfig::tiny(), &device);
    network.save(&path, Precision::F32, &BTreeMap::new()).unwrap();
    let mut slots = names().slots(&network);
    let answers = |network: &InferenceNetwork| {
        let pixels = Tensor::<4>::ones([1, 3, 32, 32], &device);
        let tokens = Tensor::<1, Int>::from_ints([49406, 7, 49407], &device).reshape([1, 3]);
        network.forward_causal(pixels, tokens).into_data()
    };
    let network = Checkpoint::open(&path).unwrap().prepare(&device).unwrap();
    let (before, content) = (answers(&network), std::fs::read(&path).unwrap());
    // Nothing is read after that: the file may go.
    std::fs::write(&path, b"gone").unwrap();
    assert_eq!(answers(&network), before);

    // A value in every part of the network that is not a number.
    let header = 8 + u64::from_le_bytes(content[..8].try_into().unwrap()) as usize;
    let places: serde_json::Value = serde_json::from_slice(&content[8..header]).unwrap();
    let part = |name: &str| name.split('.').take(3).collect::<Vec<_>>().join(".");
    slots.dedup_by_key(|slot| part(&slot.name));
    // Only training needs it.
    slots.retain(|slot| !slot.name.ends_with("logit_scale"));
    assert!(slots.len() > 20, "{slots:?}");
    for name in slots.iter().map(|slot| slot.name.as_str()) {
        let at = header + places[name]["data_offsets"][0].as_u64().unwrap() as usize;
        let mut broken = content.clone();
        broken[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        std::fs::write(&path, broken).unwrap();
        let found = Checkpoint::open(&path).unwrap().prepare(&device).map(drop);
        let error = found.expect_err(name).to_string();
        assert!(error.contains(name) && error.contains("NaN"), "{name}: {error}");
    }
}
