//! CLIP from archives as OpenAI and open_clip write them (`data/make_weights.py`).

#![allow(clippy::unwrap_used)] // on files of our own

use std::path::PathBuf;

use burn::tensor::{Device, Int, Tensor, TensorData};
use clip_encoder::{
    Activation, CLIP_NAMES, Clip, ClipConfig, ClipNames, ImageTowerConfig, LoadReport,
    TextTowerConfig, WeightsError, check_sizes, clip_config, tensors_of,
};
use seeded::{SplitMix64, fnv1a64};
use vision_layers::Names;
use weight_files::{NewTensor, Precision, WeightFile, write_safetensors};

fn open(name: &str) -> WeightFile {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/data/weights", name].iter().collect();
    WeightFile::open(path).unwrap()
}

fn load(file: &WeightFile) -> (Clip, ClipConfig, LoadReport) {
    Clip::load(file, Activation::QuickGelu, &Device::flex()).unwrap()
}

fn refusal(file: &WeightFile) -> WeightsError {
    Clip::load(file, Activation::QuickGelu, &Device::flex()).unwrap_err()
}

/// The file's tensors as `edit` leaves them.
fn edited(name: &str, edit: impl Fn(&mut Vec<NewTensor>)) -> (tempfile::TempDir, WeightFile) {
    let file = open(name);
    let tensors = file.names().map(|name| NewTensor {
        name: name.to_owned(),
        shape: file.entry(name).unwrap().shape.clone(),
        data: file.read_f32(name).unwrap(),
    });
    let mut tensors = tensors.collect();
    edit(&mut tensors);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("edited.safetensors");
    write_safetensors(&path, &Default::default(), tensors, Precision::F32).unwrap();
    (folder, WeightFile::open(path).unwrap())
}

fn uniform(name: &str, n: usize) -> impl Iterator<Item = f32> {
    let mut stream = SplitMix64::new(fnv1a64(name));
    (0..n).map(move |_| stream.uniform())
}

/// The value that `make_weights.py` gives to a tensor, exact in half precision.
fn rule(name: &str, n: usize) -> Vec<f32> {
    let steps = uniform(name, n).map(|u| (u * 64.0).floor());
    match name.ends_with("running_var") {
        true => steps.map(|step| 1.0 + step / 128.0).collect(),
        false => steps.map(|step| step / 256.0).collect(),
    }
}

/// Every parameter and statistic but the shortcut's has the value of its name.
fn assert_by_rule(clip: &Clip) {
    let tensors = tensors_of(clip, &Names::new(&[CLIP_NAMES]));
    let from_file = tensors.iter().filter(|tensor| !tensor.name.contains(".connect."));
    let mut compared = 0;
    for tensor in from_file {
        assert_eq!(tensor.data, rule(&tensor.name, tensor.data.len()), "{}", tensor.name);
        compared += tensor.data.len();
    }
    assert!(compared > 20_000);
}

/// How the two sentences fit the picture of the golden vectors' rule.
fn zero_shot(clip: &Clip) -> Vec<f32> {
    let device = Device::flex();
    let pixels = uniform("pixels", 3 * 64 * 64).map(|u| 2.0 * u).collect::<Vec<_>>();
    let pixels = Tensor::<4>::from_data(TensorData::new(pixels, [1, 3, 64, 64]), &device);
    let tokens = vec![38, 5, 7, 39, 0, 38, 9, 39, 0, 0];
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens, [2, 5]), &device);
    clip.zero_shot(pixels, tokens).logits.into_data().try_into_vec().unwrap()
}

fn assert_near(found: &[f32], expected: [f32; 2]) {
    let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(found.len() == 2 && worst < 1e-6, "{found:?}, expected {expected:?}");
}

fn expected_config(blocks: [usize; 4]) -> ClipConfig {
    ClipConfig {
        image: ImageTowerConfig { blocks, width: 2, image_size: 64, heads: 1 },
        text: TextTowerConfig {
            vocabulary: 40,
            context: 12,
            width: 16,
            heads: 1,
            layers: 1,
            activation: Activation::QuickGelu,
        },
        embed_dim: 24,
    }
}

/// Tensors of the dense head's shortcut, which CLIP does not have.
const FRESH: [&str; 5] = [
    "visual.attnpool.connect.0.weight",
    "visual.attnpool.connect.1.bias",
    "visual.attnpool.connect.1.running_mean",
    "visual.attnpool.connect.1.running_var",
    "visual.attnpool.connect.1.weight",
];

#[test]
fn an_archive_of_openai_is_read() {
    let (clip, config, report) = load(&open("openai.pt"));
    assert_eq!(config, expected_config([1, 1, 1, 1]));
    assert_by_rule(&clip);
    let mut fresh = report.fresh.clone();
    fresh.sort();
    assert_eq!(fresh, FRESH);
    // Neither the three numbers of the archive nor the batch norms' counts.
    assert_eq!(report.unused, [""; 0]);
    assert_eq!(report.applied.len(), tensors_of(&clip, &Names::new(&[CLIP_NAMES])).len() - 5);
}

/// Expected: PyTorch's float64 run on the same weights.
#[test]
fn an_archive_of_openai_fits_sentences_to_pictures_as_pytorch_does() {
    let (clip, ..) = load(&open("openai.pt"));
    assert_near(&zero_shot(&clip), [0.288_698_77, 0.335_075_15]);
}

#[test]
fn a_checkpoint_of_open_clip_is_read_with_and_without_its_prefix() {
    for name in ["open_clip.safetensors", "open_clip_model.safetensors"] {
        let (clip, config, report) = load(&open(name));
        assert_eq!(config, expected_config([1, 2, 1, 1]), "{name}");
        assert_by_rule(&clip);
        assert_near(&zero_shot(&clip), [0.289_054_13, 0.335_688_57]);
        assert_eq!((report.fresh.len(), report.unused.len()), (5, 0), "{name}");
    }
}

/// Expected: PyTorch's float64 run on the same weights.
#[test]
fn the_activation_is_the_one_that_is_asked_for() {
    let file = open("open_clip.safetensors");
    let (clip, config, _) = Clip::load(&file, Activation::Gelu, &Device::flex()).unwrap();
    assert_eq!(config.text.activation, Activation::Gelu);
    assert_near(&zero_shot(&clip), [0.289_885_2, 0.334_985_18]);
}

#[test]
fn another_text_tower_is_named() {
    let message = refusal(&open("foreign_text.safetensors")).to_string();
    assert!(
        message.contains("foreign_text.safetensors: its text tower is not CLIP's"),
        "{message}"
    );
    assert!(message.contains("no tensor `token_embedding.weight`"), "{message}");
    assert!(message.contains("`text.proj.0.weight`"), "{message}");
}

#[test]
fn a_tensor_of_another_shape_is_named_with_both_shapes() {
    let (_folder, file) = edited("open_clip.safetensors", |tensors| {
        let at = tensors.iter().position(|t| t.name == "visual.bn2.bias").unwrap();
        tensors[at] = NewTensor { shape: vec![3], data: vec![0.0; 3], ..tensors[at].clone() };
    });
    let message = refusal(&file).to_string();
    let expected = "edited.safetensors: tensor `visual.bn2.bias` has shape [3], expected [1]";
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn missing_tensors_are_named_and_counted() {
    let (_folder, file) = edited("open_clip_model.safetensors", |tensors| {
        tensors.retain(|t| !t.name.contains("ln_final"));
    });
    let message = refusal(&file).to_string();
    let expected = "no tensor `model.ln_final.weight` (expected shape [16]) and 1 more";
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn a_tensor_that_gives_a_size_is_named_when_it_has_other_axes() {
    let (_folder, file) = edited("open_clip.safetensors", |tensors| {
        for tensor in tensors.iter_mut().filter(|t| t.name == "positional_embedding") {
            tensor.shape = vec![tensor.data.len()];
        }
    });
    let message = refusal(&file).to_string();
    assert!(message.contains("shape [192] of tensor `positional_embedding`"), "{message}");
    assert!(message.contains("expected one of 2 axes"), "{message}");
}

#[test]
fn impossible_sizes_name_their_field() {
    let (_folder, file) = edited("open_clip.safetensors", |tensors| {
        tensors.retain(|t| !t.name.starts_with("visual.layer3."));
    });
    let error = refusal(&file);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "image.blocks[2] is 0: it must be between 1 and 1000");
}

#[test]
fn unknown_tensors_are_listed_as_unused() {
    let (_folder, file) = edited("open_clip.safetensors", |tensors| {
        let extra = NewTensor { name: "logit_bias".into(), shape: vec![1], data: vec![0.0] };
        tensors.push(extra);
    });
    assert_eq!(load(&file).2.unused, ["logit_bias"]);
}

#[test]
fn a_file_without_clip_shows_what_it_begins_with() {
    let (_folder, file) = edited("open_clip.safetensors", |tensors| {
        tensors.retain(|t| t.name.starts_with("transformer"));
    });
    let message = refusal(&file).to_string();
    assert!(message.contains("no CLIP ResNet in it"), "{message}");
    assert!(
        message.contains("it begins with transformer.resblocks.0.attn.in_proj_bias"),
        "{message}"
    );
}

#[test]
fn sizes_that_disagree_with_the_shapes_state_both() {
    let file = open("open_clip_model.safetensors");
    let names = ClipNames::new("model.");
    let mut config = clip_config(&file, &names).unwrap();
    config.text.heads = 4; // leaves no trace in shapes
    check_sizes(&file, &names, &config).unwrap();
    config.text.context = 77;
    let message = check_sizes(&file, &names, &config).unwrap_err().to_string();
    let expected = "the configuration says text.context 77, the file has 12 \
                    (tensor `model.positional_embedding`)";
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn a_value_that_is_not_finite_names_its_tensor() {
    let (_folder, file) = edited("open_clip.safetensors", |_| {});
    let last = file.names().last().unwrap().to_owned();
    let mut bytes = std::fs::read(file.path()).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(file.path(), bytes).unwrap();
    let message = refusal(&WeightFile::open(file.path()).unwrap()).to_string();
    assert!(
        message.contains(&format!("edited.safetensors: tensor `{last}`: value 63 is NaN")),
        "{message}"
    );
}
