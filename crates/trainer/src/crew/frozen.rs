//! With every batch norm frozen two devices have the gradients of one: 16 pictures against twice 8, both held to
//! a float64 run of the reference (`tests/data/make_frozen.py`) and to each other.

use std::path::{Path, PathBuf};

use causal_clip_seg::format::names;
use causal_clip_seg::parts::TokenBatch;
use parity::{Case, FLOORS, Row};
use vision_layers::host;

use super::tests::mean;
use super::*;
use crate::learner::norms_frozen;

/// The network and the pictures of the training cases, by the same rules, and 16 pictures instead of three.
struct Vectors {
    case: Case,
    batch: Batch,
    device: Device,
    recipe: Recipe,
}

/// A turn's gradients and losses, in PyTorch's layout.
struct Found {
    losses: Losses,
    gradients: Vec<(String, Vec<f32>)>,
}

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

impl Vectors {
    fn open() -> Self {
        let device = Device::flex().autodiff();
        let case = Case::open(&here("tests/data"), "frozen").unwrap();
        let pixels = case.pixel_tensor(&device);
        let tokens = case.token_tensor(&device);
        let [pictures, _, size, width] = pixels.dims();
        assert_eq!([pictures, size], [16, width]);
        let [rows, columns] = tokens.dims();
        let ids = tokens.into_data().iter::<u32>().collect();
        let tokens = TokenBatch { ids, rows, columns, cut: Vec::new() };
        let masks = host(case.mask_tensor(&device).unwrap());
        let batch = Batch::given(host(pixels), masks, tokens, size);
        Self { case, batch, device, recipe: Recipe::default() }
    }

    fn learner(&self) -> Learner {
        let network = parity::network(&self.case, &self.device).unwrap();
        let mut learner = Learner::new(network, &self.recipe);
        learner.network = norms_frozen(learner.network);
        learner
    }

    /// A turn's mean over one device and `others` further ones.
    fn found(&self, play: &Play, others: usize) -> Found {
        let mut learner = self.learner();
        let devices = (0..others).map(|n| (n.to_string(), self.device.clone())).collect();
        let mut crew = Crew::start(&learner, &self.recipe, devices, Exchange::Host).unwrap();
        let outcome = mean(&mut crew, &mut learner, &self.batch, &self.device, play);
        let mut gradients = Vec::new();
        for slot in names().slots(&learner.network) {
            for (turn, player) in [(1, &outcome.first), (2, &outcome.second)] {
                if let Some(gradient) = player.get(&slot.name) {
                    let values = slot.to_pytorch(host(gradient.clone()));
                    gradients.push((format!("grad{turn}.{}", slot.name), values));
                }
            }
        }
        Found { losses: outcome.losses, gradients }
    }

    /// Every stage that a turn has, against the truth.
    fn rows(&self, found: &Found) -> Vec<Row> {
        let Losses { causal, confounding } = found.losses;
        let losses = [("loss.causal", causal), ("loss.confounding", confounding)];
        let losses = losses.map(|(key, loss)| self.case.check_values(key, &[loss]).unwrap());
        let gradients = found.gradients.iter();
        // A gradient without a truth is a failure, not a silence.
        let gradients = gradients.map(|(key, values)| self.case.check_values(key, values).unwrap());
        losses.into_iter().chain(gradients).collect()
    }
}

fn worst(ratios: impl Iterator<Item = (String, f64)>) -> (String, f64) {
    ratios.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
}

#[test]
fn one_device_and_two_have_the_gradients_of_the_reference() {
    let vectors = Vectors::open();
    let truths = vectors.case.stages.len();
    for others in [0, 1] {
        let mut seen = 0;
        for play in [Play::One, Play::Two, Play::Both] {
            let rows = vectors.rows(&vectors.found(&play, others));
            let wrong = rows.iter().filter(|row| !row.agrees).collect::<Vec<_>>();
            assert!(wrong.is_empty(), "{play:?}, {others} further: {wrong:#?}");
            let (stage, ratio) = worst(rows.iter().map(|row| (row.stage.clone(), row.ratio)));
            println!("{play:?}, {} devices: {ratio:.2} floors at most, {stage}", others + 1);
            seen = rows.len();
        }
        assert_eq!(seen, truths, "both players at once have every stage");
    }
}

/// The floors of the vectors with norms in training are those of three pictures or two; the network is the same.
#[test]
fn two_devices_are_within_the_floors_of_every_training_case() {
    let vectors = Vectors::open();
    let one = vectors.found(&Play::Both, 0);
    let two = vectors.found(&Play::Both, 1);
    let differences = one.gradients.iter().zip(&two.gradients).map(|((key, a), (other, b))| {
        assert_eq!(key, other);
        let off = a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max);
        (key.clone(), off)
    });
    let differences = differences.collect::<Vec<_>>();
    assert!(differences.iter().any(|(_, off)| *off > 0.0), "the same bits: nothing was shared out");
    let trained = ["tiny_train_sgd", "tiny_train_adamw", "tiny_train_simultaneous"];
    let mut cases = vec![Case::open(&here("tests/data"), "frozen").unwrap()];
    cases.extend(trained.map(|name| Case::open(&here("../parity/vectors"), name).unwrap()));
    for case in cases {
        let config = |case: &Case| format!("{:?}", case.network_config().unwrap());
        assert_eq!(config(&case), config(&vectors.case));
        let ratios =
            differences.iter().map(|(key, off)| (key.clone(), off / case.stages[key].floor));
        let (key, ratio) = worst(ratios);
        println!("{}: {ratio:.2} floors at most, {key}", case.name);
        assert!(ratio <= FLOORS, "{}: {key} is {ratio} floors apart", case.name);
    }
}
