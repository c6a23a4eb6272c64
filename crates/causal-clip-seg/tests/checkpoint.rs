//! The network from files as each source writes them, and from its own
//! (`../../clip-encoder/tests/data/make_weights.py`).

#![allow(clippy::unwrap_used)] // on files of our own

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::{Int, Tensor, TensorData};
use causal_clip_seg::config::{Activation, Branch, InputConfig, Resize, Sides};
use causal_clip_seg::format::{CONFIG_KEY, FORMAT, FORMAT_KEY, LoadReport, Precision, names};
use causal_clip_seg::parts::SegLogits;
use causal_clip_seg::{
    CausalClipSeg, CausalClipSegConfig, Checkpoint, Device, SegError, Segmenter,
};
use clip_encoder::tensors_of;
use seeded::{SplitMix64, fnv1a64};
use weight_files::{NewTensor, WeightFile, write_safetensors};

fn data(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/data", name].iter().collect()
}

fn openai() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../clip-encoder/tests/data/weights/openai.pt"].iter().collect()
}

fn open(path: &Path) -> Checkpoint {
    Checkpoint::open(path).unwrap()
}

fn load(path: &Path) -> (CausalClipSeg, LoadReport) {
    open(path).load_reported(&Device::flex()).unwrap()
}

fn refusal(path: &Path) -> String {
    let opened = Checkpoint::open(path);
    opened.and_then(|checkpoint| checkpoint.load(&Device::flex())).unwrap_err().to_string()
}

fn tensors(network: &CausalClipSeg) -> Vec<NewTensor> {
    tensors_of(network, &names())
}

type Metadata = BTreeMap<String, String>;

/// The file's tensors and metadata as `edit` leaves them.
fn edited(
    path: &Path,
    edit: impl Fn(&mut Vec<NewTensor>, &mut Metadata),
) -> (tempfile::TempDir, PathBuf) {
    let file = WeightFile::open(path).unwrap();
    let tensors = file.names().map(|name| NewTensor {
        name: name.to_owned(),
        shape: file.entry(name).unwrap().shape.clone(),
        data: file.read_f32(name).unwrap(),
    });
    let (mut tensors, mut metadata) = (tensors.collect(), file.metadata().clone());
    edit(&mut tensors, &mut metadata);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("edited.safetensors");
    write_safetensors(&path, &metadata, tensors, Precision::F32).unwrap();
    (folder, path)
}

fn uniform(name: &str, n: usize) -> impl Iterator<Item = f32> {
    let mut stream = SplitMix64::new(fnv1a64(name));
    (0..n).map(move |_| stream.uniform())
}

/// The value that `make_weights.py` gives to a tensor of the segmentation network, exact in half
/// precision; one of more than 300 values repeats its first row.
fn rule(name: &str, shape: &[usize]) -> Vec<f32> {
    let n = shape.iter().product::<usize>();
    let row = if n > 300 && !name.starts_with("v5_proj") { n / shape[0] } else { n };
    let steps = uniform(name, row).map(|u| (u * 64.0).floor());
    let row: Vec<f32> = match name.ends_with("running_var") {
        true => steps.map(|step| 1.0 + step / 128.0).collect(),
        false => steps.map(|step| step / 256.0).collect(),
    };
    row.iter().copied().cycle().take(n).collect()
}

fn assert_by_rule(network: &CausalClipSeg) {
    let tensors = tensors(network);
    for tensor in &tensors {
        assert_eq!(tensor.data, rule(&tensor.name, &tensor.shape), "{}", tensor.name);
    }
    assert!(tensors.len() > 150);
}

/// Both logits of the golden vectors' picture.
fn logits(network: &CausalClipSeg) -> SegLogits {
    let device = Device::flex();
    let pixels = uniform("pixels", 3 * 64 * 64).map(|u| 2.0 * u).collect::<Vec<_>>();
    let pixels = Tensor::<4>::from_data(TensorData::new(pixels, [1, 3, 64, 64]), &device);
    let tokens = TensorData::new(vec![38, 5, 7, 39, 0], [1, 5]);
    network.forward(pixels, Tensor::<2, Int>::from_data(tokens, &device))
}

fn assert_logits(map: Tensor<4>, expected: [f32; 3]) {
    let map: Vec<f32> = map.into_data().try_into_vec().unwrap();
    for (place, expected) in [0, 2000, 4095].into_iter().zip(expected) {
        let found = map[place];
        assert!((found - expected).abs() < 1e-5, "at {place}: {found}, expected {expected}");
    }
}

/// The unused tensors of the released code that the archives have.
const DEAD: [&str; 15] = [
    "neck_ad.coordconv.0.conv1.0.weight",
    "neck_ad.coordconv.0.conv1.1.bias",
    "neck_ad.coordconv.0.conv1.1.running_mean",
    "neck_ad.coordconv.0.conv1.1.running_var",
    "neck_ad.coordconv.0.conv1.1.weight",
    "neck_ad.f1_v_proj.0.weight",
    "neck_ad.f1_v_proj.1.bias",
    "neck_ad.f1_v_proj.1.running_mean",
    "neck_ad.f1_v_proj.1.running_var",
    "neck_ad.f1_v_proj.1.weight",
    "neck_ad.txt_proj.0.weight",
    "neck_ad.txt_proj.1.bias",
    "neck_ad.txt_proj.1.running_mean",
    "neck_ad.txt_proj.1.running_var",
    "neck_ad.txt_proj.1.weight",
];

fn dead(prefix: &str) -> Vec<String> {
    DEAD.iter().map(|name| format!("{prefix}{name}")).collect()
}

/// Expected: PyTorch's float64 run on the same weights.
#[test]
fn the_released_network_is_read_from_every_container() {
    for name in ["released.pth", "state_dict.pth", "model.pth"] {
        let (network, report) = load(&data(name));
        let config = network.config();
        assert_by_rule(&network);
        assert_eq!(report.applied.len(), tensors(&network).len(), "{name}");
        assert_eq!(report.fresh, [""; 0], "{name}");
        assert_eq!(report.unused, dead(""), "{name}");
        assert_eq!((config.clip.text.width, config.clip.text.heads), (128, 2), "{name}");
        assert_eq!((config.input.size, config.input.word_len), (64, 12), "{name}");
        assert!(!config.decoder().has_adapter(), "{name}");
        let SegLogits { causal, confounding } = logits(&network);
        assert_logits(causal, [-0.097_095_65, -0.014_478_82, -0.055_342_65]);
        assert_logits(confounding, [-0.453_346_15, -0.924_633_6, -0.385_884_59]);
    }
}

/// Expected: PyTorch's float64 run on the same weights.
#[test]
fn a_checkpoint_with_its_adapter_beside_the_network_is_read() {
    let (network, report) = load(&data("medequiseg.pt"));
    assert_by_rule(&network);
    assert!(network.config().decoder().has_adapter());
    assert!(report.applied.iter().any(|name| name == "v5_proj.0.weight"));
    assert_eq!(report.unused, dead("base_model."));
    let SegLogits { causal, confounding } = logits(&network);
    assert_logits(causal, [-0.008_777_3, 0.077_556_28, 0.032_123_43]);
    assert_logits(confounding, [-0.724_342_02, -1.640_759_8, -0.654_335_4]);
}

#[test]
fn another_text_encoder_beside_the_network_is_refused() {
    let message = refusal(&data("biomedclip.pt"));
    let expected = "biomedclip.pt: the network was trained with parts that this one does not have: \
                    `text_encoder_module.state_proj.weight` and 2 more";
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn an_adapter_that_the_sizes_do_not_ask_for_is_refused() {
    let (_folder, path) = edited(&data("state_dict.pth"), |tensors, _| {
        let adapter =
            NewTensor { name: "v5_proj.0.weight".into(), shape: vec![1], data: vec![0.0] };
        tensors.push(adapter);
    });
    let message = refusal(&path);
    assert!(
        message.ends_with("parts that this one does not have: `v5_proj.0.weight`"),
        "{message}"
    );
}

#[test]
fn clip_alone_is_no_segmentation_network() {
    let message = refusal(&openai());
    assert!(message.contains("openai.pt: CLIP alone"), "{message}");
}

#[test]
fn a_start_from_clip_depends_on_the_seed_alone() {
    let device = Device::flex();
    let start = |seed| open(&openai()).clip_towers(seed).load_reported(&device).unwrap();
    let (network, report) = start(7);
    let decoder = |name: &str| !name.starts_with("backbone.") || name.contains(".connect.");
    assert!(report.applied.iter().all(|name| !decoder(name)));
    assert!(report.fresh.iter().all(|name| decoder(name)));
    let [first, again, other] = [network, start(7).0, start(8).0].map(|n| tensors(&n));
    assert_eq!(first, again);
    let mut differ = 0;
    for (a, b) in first.iter().zip(&other) {
        assert!(a.data == b.data || decoder(&a.name), "{}", a.name);
        differ += usize::from(a.data != b.data);
    }
    assert!(differ > 20, "{differ}");
    let value = |name: &str| &first.iter().find(|t| t.name == name).unwrap().data;
    // The archive of CLIP alone is not thinned, and its names have no `backbone.`.
    let expected = uniform("visual.conv1.weight", 27).map(|u| (u * 64.0).floor() / 256.0);
    assert_eq!(value("backbone.visual.conv1.weight"), &expected.collect::<Vec<_>>());
    assert_eq!(value("neck_ad.masker3.bn.running_var"), &[1.0; 16]);
}

#[test]
fn a_start_from_a_trained_network_takes_its_towers_only() {
    let start = open(&data("medequiseg.pt")).clip_towers(1);
    let (network, report) = start.load_reported(&Device::flex()).unwrap();
    assert!(report.fresh.iter().all(|name| !name.starts_with("backbone.")));
    assert!(report.unused.iter().any(|name| name == "v5_proj.0.weight"));
    for tensor in tensors(&network).iter().filter(|t| t.name.starts_with("backbone.")) {
        assert_eq!(tensor.data, rule(&tensor.name, &tensor.shape), "{}", tensor.name);
    }
}

/// What a training might have said of the network in `medequiseg.pt`.
fn trained() -> CausalClipSegConfig {
    let mut config = open(&data("medequiseg.pt")).config().clone();
    config.clip.text.heads = 4;
    config.clip.text.activation = Activation::Gelu;
    config.input = InputConfig {
        size: 96,
        resize: Resize::Stretch,
        word_len: 9,
        threshold: 0.35,
        branch: Branch::Mean,
        sides: Some(Sides::Patient),
        ..InputConfig::default()
    };
    config
}

/// A network of random weights in a file of ours.
fn saved(precision: Precision) -> (tempfile::TempDir, PathBuf, Vec<NewTensor>) {
    let device = Device::flex();
    let config = trained();
    let network = config.init(&device).unwrap().with_random_weights(5, |_| true);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let notes = Metadata::from([("licence".to_owned(), "MIT".to_owned())]);
    network.save(&path, precision, &notes).unwrap();
    (folder, path, tensors(&network))
}

#[test]
fn a_saved_network_comes_back_bit_for_bit() {
    let (_folder, path, written) = saved(Precision::F32);
    let (network, report) = load(&path);
    assert_eq!(tensors(&network), written);
    assert_eq!(network.config(), &trained());
    let embedded = Checkpoint::from_bytes(std::fs::read(&path).unwrap(), "embedded").unwrap();
    assert_eq!(tensors(&embedded.load(&Device::flex()).unwrap()), written);
    assert_eq!(
        (report.applied.len(), report.fresh.len(), report.unused.len()),
        (written.len(), 0, 0)
    );
    let metadata = WeightFile::open(&path).unwrap().metadata().clone();
    assert_eq!(metadata["licence"], "MIT");
    assert_eq!(metadata[FORMAT_KEY], FORMAT);
    assert_eq!(
        serde_json::from_str::<CausalClipSegConfig>(&metadata[CONFIG_KEY]).unwrap(),
        trained()
    );
    assert_eq!(*open(&path).config(), trained());
}

#[test]
fn half_precision_rounds_to_eleven_bits() {
    let (_folder, path, written) = saved(Precision::F16);
    let mut changed = 0;
    for (found, written) in tensors(&load(&path).0).iter().zip(&written) {
        assert_eq!(found.name, written.name);
        for (a, b) in found.data.iter().zip(&written.data) {
            // Half of the last place; below the smallest normal half, places are 2^-24.
            assert!((a - b).abs() <= (b.abs() / 2048.0).max(2f32.powi(-25)), "{a} {b}");
            changed += usize::from(a != b);
        }
    }
    assert!(changed > 1000);
}

#[test]
fn a_saved_network_needs_every_tensor_in_its_shape() {
    let (_folder, path, _) = saved(Precision::F32);
    let (_other, broken) =
        edited(&path, |tensors, _| tensors.retain(|t| t.name != "proj.txt.bias"));
    let message = refusal(&broken);
    assert!(message.ends_with("no tensor `proj.txt.bias` (expected shape [73])"), "{message}");
    let (_other, broken) = edited(&path, |tensors, _| {
        for tensor in tensors.iter_mut().filter(|t| t.name == "proj.txt.weight") {
            tensor.shape.reverse();
        }
    });
    let message = refusal(&broken);
    let expected =
        "edited.safetensors: tensor `proj.txt.weight` has shape [24, 73], expected [73, 24]";
    assert!(message.ends_with(expected), "{message}");
}

/// The file of ours with its metadata as `edit` leaves them, and why it is refused.
fn refusal_with(edit: impl Fn(&mut Metadata)) -> String {
    let (_folder, path, _) = saved(Precision::F32);
    let (_other, path) = edited(&path, |_, metadata| edit(metadata));
    refusal(&path)
}

#[test]
fn metadata_at_odds_with_the_shapes_state_both() {
    let message = refusal_with(|metadata| {
        let mut config = trained();
        config.clip.text.vocabulary = 49408;
        metadata.insert(CONFIG_KEY.into(), serde_json::to_string(&config).unwrap());
    });
    let expected = "edited.safetensors: the configuration says text.vocabulary 49408, the file has \
                    40 (tensor `backbone.token_embedding.weight`)";
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn metadata_that_cannot_be_right_name_their_key() {
    let cases: [(&str, &str, &str); 5] = [
        (
            FORMAT_KEY,
            "causal-clip-seg 2",
            "metadata `format`: expected `causal-clip-seg 1`, found `causal-clip-seg 2`",
        ),
        (CONFIG_KEY, "{", "metadata `config`: EOF while parsing an object at line 1 column 1"),
        (CONFIG_KEY, "{}", "metadata `config`: missing field `clip` at line 1 column 2"),
        (CONFIG_KEY, "", "metadata `config`: EOF while parsing a value at line 1 column 0"),
        (CONFIG_KEY, "!", "metadata `config`: clip.embed_dim is 0: it must be between 1 and 65536"),
    ];
    for (key, value, expected) in cases {
        let message = refusal_with(|metadata| {
            let mut value = value.to_owned();
            if value == "!" {
                let mut config = trained();
                config.clip.embed_dim = 0;
                value = serde_json::to_string(&config).unwrap();
            }
            metadata.insert(key.into(), value);
        });
        assert!(message.ends_with(expected), "{message}");
    }
    let message = refusal_with(|metadata| drop(metadata.remove(CONFIG_KEY)));
    assert!(message.contains("metadata `config`: nothing there"), "{message}");
}

/// Other programs write keys of the same name: `format: pt`, a path under `config`.
#[test]
fn keys_of_others_are_not_taken_for_ours() {
    let (_folder, path, written) = saved(Precision::F32);
    let (_other, path) = edited(&path, |_, metadata| {
        metadata.insert(FORMAT_KEY.into(), "pt".into());
        metadata.insert(CONFIG_KEY.into(), "config/qata.yaml".into());
    });
    let (network, _) = load(&path);
    assert_eq!(tensors(&network), written);
    assert_eq!(network.config().clip.text.heads, 2, "CLIP's rule");
}

#[test]
fn a_configuration_asked_for_must_be_the_files() {
    let device = Device::flex();
    let released = data("released.pth");
    let asked = |path: &Path, config: &CausalClipSegConfig| {
        let checkpoint = open(path).with_config(config.clone())?;
        Ok::<_, SegError>(checkpoint.load(&device)?.config().clone())
    };
    let mut config = open(&released).config().clone();
    config.clip.text.heads = 4;
    config.clip.text.activation = Activation::Gelu;
    config.input.branch = Branch::Mean;
    // A foreign file does not say its heads and its activation: the caller's count.
    assert_eq!(asked(&released, &config).unwrap(), config);

    config.clip.embed_dim = 1024;
    let message = asked(&released, &config).unwrap_err().to_string();
    let expected = "released.pth: the configuration says embed_dim 1024, the file has 16 \
                    (tensor `backbone.text_projection`)";
    assert!(message.ends_with(expected), "{message}");

    let message = asked(&released, &CausalClipSegConfig::rn101());
    assert!(
        message
            .unwrap_err()
            .to_string()
            .contains("image.blocks [3, 4, 23, 3], the file has [1, 2, 1, 1]")
    );

    let (_folder, ours, _) = saved(Precision::F32);
    let mut config = trained();
    config.input.threshold = 0.5;
    assert_eq!(asked(&ours, &config).unwrap(), config);
    config.clip.text.activation = Activation::QuickGelu;
    let message = asked(&ours, &config).unwrap_err().to_string();
    let expected =
        "metadata `config`: text.activation is Gelu, the configuration asked for says QuickGelu";
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn a_start_from_clip_takes_the_activation_it_is_given() {
    let device = Device::flex();
    let mut config = open(&openai()).config().clone();
    assert_eq!((config.input.size, config.input.word_len), (64, 12));
    config.clip.text.activation = Activation::Gelu;
    let start = open(&openai()).clip_towers(0);
    let plain = start.load(&device).unwrap();
    let other = start.with_config(config.clone()).unwrap().load(&device).unwrap();
    assert_eq!(other.config(), &config);
    let [a, b] = [other, plain]
        .map(|network| logits(&network).causal.into_data().try_into_vec::<f32>().unwrap());
    assert_ne!(a, b);
    config.clip.image.width = 64;
    let error = open(&openai()).clip_towers(0).with_config(config).unwrap_err();
    assert!(error.to_string().contains("image.width 64, the file has 2"), "{error}");
}

#[test]
fn a_network_of_another_vocabulary_reads_no_sentences() {
    let message = Segmenter::load(data("released.pth"), &Device::flex()).unwrap_err().to_string();
    assert_eq!(message, "clip.text.vocabulary is 40: CLIP's sentences need at least 49408");
}

/// A network prepared for a branch, in a file.
fn prepared(branch: Branch) -> (tempfile::TempDir, PathBuf) {
    let device = Device::flex();
    let mut config = CausalClipSegConfig::tiny();
    config.input.branch = branch;
    let network = config.init(&device).unwrap().with_random_weights(5, |_| true);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    network.save_prepared(&path, Precision::F16, &Metadata::new()).unwrap();
    (folder, path)
}

#[test]
fn a_prepared_network_answers_and_is_not_trained() {
    let (_folder, path) = prepared(Branch::Causal);
    let message = refusal(&path);
    assert!(message.contains("metadata `format`: a network prepared for inference"), "{message}");
    assert!(open(&path).is_prepared());
    let start = open(&path).clip_towers(1).load(&Device::flex());
    assert!(start.unwrap_err().to_string().contains("prepared for inference"));

    let file = WeightFile::open(&path).unwrap();
    assert!(file.names().all(|name| !name.contains("running_") && !name.starts_with("proj_ad")));
    let segmenter = Segmenter::load(&path, &Device::flex()).unwrap();
    let message = segmenter.with_branch(Branch::Mean).unwrap_err().to_string();
    assert!(message.contains("prepared for the causal branch alone"), "{message}");
}

#[test]
fn a_network_prepared_for_the_mean_keeps_both_branches() {
    let (_folder, path) = prepared(Branch::Mean);
    let segmenter = Segmenter::load(&path, &Device::flex()).unwrap();
    segmenter.with_branch(Branch::Causal).unwrap();
}

#[test]
fn a_prepared_network_lacks_nothing_but_its_norms() {
    let (_folder, path) = prepared(Branch::Causal);
    for lost in ["backbone.transformer.resblocks.0.ln_1.weight", "neck_ad.aggr.1.bias"] {
        let (_other, broken) = edited(&path, |tensors, _| tensors.retain(|t| t.name != lost));
        let message = Segmenter::load(&broken, &Device::flex()).unwrap_err().to_string();
        assert!(message.contains(&format!("no tensor `{lost}`")), "{message}");
    }
}
