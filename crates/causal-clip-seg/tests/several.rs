//! Files with several networks, wrapped networks, and networks beside another CLIP.

#![allow(clippy::unwrap_used)] // on files of our own

use std::collections::BTreeMap;
use std::path::PathBuf;

use causal_clip_seg::format::{Precision, names};
use causal_clip_seg::{Checkpoint, Device, SegError};
use clip_encoder::{Activation, Clip, find_network, tensors_of};
use weight_files::{NewTensor, WeightFile, write_safetensors};

/// The tensors of the released network, by its names.
fn released() -> Vec<NewTensor> {
    let path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "tests/data", "state_dict.pth"].iter().collect();
    let file = WeightFile::open(path).unwrap();
    let tensor = |name: &str| NewTensor {
        name: name.to_owned(),
        shape: file.entry(name).unwrap().shape.clone(),
        data: file.read_f32(name).unwrap(),
    };
    file.names().map(tensor).collect()
}

fn renamed(tensors: &[NewTensor], rename: impl Fn(&str) -> String) -> Vec<NewTensor> {
    tensors.iter().map(|t| NewTensor { name: rename(&t.name), ..t.clone() }).collect()
}

fn under(prefix: &str, tensors: &[NewTensor]) -> Vec<NewTensor> {
    renamed(tensors, |name| format!("{prefix}{name}"))
}

/// A network with half the values of another, as an average would differ.
fn halved(tensors: &[NewTensor]) -> Vec<NewTensor> {
    let half = |t: &NewTensor| t.data.iter().map(|v| v / 2.0).collect();
    tensors.iter().map(|t| NewTensor { data: half(t), ..t.clone() }).collect()
}

/// The CLIP of the network, by OpenAI's names.
fn clip(tensors: &[NewTensor]) -> Vec<NewTensor> {
    let towers = tensors.iter().filter_map(|t| {
        let name = t.name.strip_prefix("backbone.")?.to_owned();
        Some(NewTensor { name, ..t.clone() })
    });
    towers.collect()
}

struct Written {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn written(tensors: Vec<NewTensor>) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    write_safetensors(&path, &BTreeMap::new(), tensors, Precision::F32).unwrap();
    Written { _folder: folder, path }
}

fn values(checkpoint: &Checkpoint) -> Vec<NewTensor> {
    tensors_of(&checkpoint.load(&Device::flex()).unwrap(), &names())
}

fn open(file: &Written) -> Checkpoint {
    Checkpoint::open(&file.path).unwrap()
}

/// That the checkpoint gives `expected`, in the names of the released network.
fn assert_taken(checkpoint: &Checkpoint, expected: &[NewTensor]) {
    for tensor in values(checkpoint) {
        let other = expected.iter().find(|t| t.name == tensor.name).unwrap();
        assert_eq!(tensor.data, other.data, "{}", tensor.name);
    }
}

#[test]
fn the_network_goes_before_its_average_and_the_other_is_told() {
    let first = released();
    let other = halved(&first);
    for (own, average) in [
        ("net.", "ema."),
        ("model.", "ema."),
        ("state_dict.", "state_dict_ema."),
        ("network.", "averaged_model.module."),
        ("student.", "a_teacher."),
        ("", "ema."),
    ] {
        let mut tensors = under(own, &first);
        tensors.extend(under(average, &other));
        let stray = NewTensor { name: "best".into(), shape: vec![1], data: vec![0.7] };
        tensors.push(stray);
        let file = written(tensors);
        let checkpoint = open(&file);
        assert_taken(&checkpoint, &first);
        let key = average.trim_end_matches('.').trim_end_matches(".module");
        assert_eq!(checkpoint.others(), [key]);
        let note = checkpoint.note().unwrap();
        assert!(note.ends_with(&format!("; the file also holds `{key}`")), "{note}");
        let other_one = Checkpoint::open_key(&file.path, key).unwrap();
        assert_taken(&other_one, &other);
        assert_eq!(other_one.key(), key);
    }
    let file = written([under("model.", &first), under("ema.", &other)].concat());
    let message = Checkpoint::open_key(&file.path, "em").unwrap_err().to_string();
    assert!(message.ends_with("no network under `em`; there is `ema`, `model`"), "{message}");
}

#[test]
fn a_single_network_has_no_note() {
    assert_eq!(open(&written(under("ema.", &released()))).note(), None);
}

#[test]
fn parts_that_were_wrapped_alone_are_read() {
    let first = released();
    for (part, wrapped) in [
        ("backbone.", "backbone.module."),
        ("backbone.visual.", "backbone.visual._orig_mod."),
        ("neck_ad.", "neck_ad._orig_mod.module."),
        (".resblocks.0.", ".resblocks.0._checkpoint_wrapped_module."),
        ("", "_fsdp_wrapped_module."),
    ] {
        let file = written(renamed(&first, |name| name.replacen(part, wrapped, 1)));
        assert_taken(&open(&file), &first);
    }
    let mut both = first.clone();
    both.extend(under("module.", &halved(&first)));
    let error = Checkpoint::open(&written(both).path).unwrap_err();
    assert!(error.to_string().contains("stands there twice with different values"), "{error}");
}

#[test]
fn the_segmentation_network_goes_before_any_clip() {
    let first = released();
    let teacher = clip(&halved(&first));
    for (own, other) in [("model.", "clip."), ("model.", ""), ("net.seg.", "a.")] {
        let file = written([under(own, &first), under(other, &teacher)].concat());
        let checkpoint = open(&file);
        assert_taken(&checkpoint, &first);
        assert!(!checkpoint.is_clip_alone());
        assert_eq!(checkpoint.others(), [""; 0]);
    }
    // Asked for by its key, the other CLIP is there.
    let file = written([under("model.", &first), under("clip.", &teacher)].concat());
    let found = find_network(&WeightFile::open(&file.path).unwrap(), Some("clip")).unwrap();
    let (clip, _, _) = Clip::load_found(&found, Activation::QuickGelu, &Device::flex()).unwrap();
    let tensors = tensors_of(&clip, &vision_layers::Names::new(&[clip_encoder::CLIP_NAMES]));
    let expected = &teacher.iter().find(|t| t.name == "visual.conv1.weight").unwrap().data;
    let found = tensors.iter().find(|t| t.name == "visual.conv1.weight").unwrap();
    assert_eq!(&found.data, expected);
}

#[test]
fn a_decoder_whose_clip_has_other_names_is_never_called_clip_alone() {
    let file = written(renamed(&released(), |name| name.replace("backbone.", "encoder.")));
    let checkpoint = open(&file);
    assert!(!checkpoint.is_clip_alone());
    let error = checkpoint.load(&Device::flex()).unwrap_err();
    assert!(matches!(error, SegError::Weights(_)), "{error}");
    let expected = "expected `backbone.visual.…`, found `encoder.visual.…`; if that is its CLIP, rename it, in \
                    Python: torch.save({k.replace(\"encoder.\", \"backbone.\"): v for k, v in \
                    state_dict.items()}, new_file)";
    assert!(error.to_string().ends_with(expected), "{error}");
}

#[test]
fn a_text_tower_of_its_own_module_is_read() {
    let first = released();
    let custom = renamed(&clip(&first), |name| match name {
        "logit_scale" => name.to_owned(),
        _ if name.starts_with("visual.") => name.to_owned(),
        _ => format!("text.{name}"),
    });
    let file = WeightFile::open(&written(custom.clone()).path).unwrap();
    let (clip, config, _) = Clip::load(&file, Activation::Gelu, &Device::flex()).unwrap();
    assert_eq!(config.text.context, 12);
    let tensors = tensors_of(&clip, &vision_layers::Names::new(&[clip_encoder::CLIP_NAMES]));
    let found = tensors.iter().find(|t| t.name == "text_projection").unwrap();
    let expected = first.iter().find(|t| t.name == "backbone.text_projection").unwrap();
    assert_eq!(found.data, expected.data);

    let token = NewTensor { name: "text.cls_emb".into(), shape: vec![1], data: vec![0.0] };
    let file = WeightFile::open(&written([custom, vec![token]].concat()).path).unwrap();
    let error = Clip::load(&file, Activation::Gelu, &Device::flex()).unwrap_err().to_string();
    assert!(error.contains("it has a class token (`text.cls_emb`)"), "{error}");
}

#[test]
fn a_weight_that_is_normalised_says_so() {
    let file = written(renamed(&released(), |name| {
        name.replace("proj.txt.weight", "proj.txt.parametrizations.weight.original0")
    }));
    let error = open(&file).load(&Device::flex()).unwrap_err().to_string();
    assert!(error.contains("no tensor `proj.txt.weight`"), "{error}");
    assert!(error.contains("before saving, call torch.nn.utils.remove_weight_norm"), "{error}");
}
