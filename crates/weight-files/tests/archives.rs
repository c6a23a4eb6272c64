//! Archives written by PyTorch 2.15 (`data/make.py`) against what PyTorch reads back from them.

#![allow(clippy::unwrap_used)] // on files of our own

use std::path::PathBuf;

use weight_files::{Dtype, WeightFile};

fn data(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "data", name].iter().collect()
}

/// Every tensor of `found` equals the one in `expected`, and there are no others.
fn assert_same(found: &str, expected: &str) {
    let (found, expected) =
        (WeightFile::open(data(found)).unwrap(), WeightFile::open(data(expected)).unwrap());
    assert_eq!(found.names().collect::<Vec<_>>(), expected.names().collect::<Vec<_>>());
    for name in expected.names() {
        let shape = &found.entry(name).unwrap().shape;
        assert_eq!(shape, &expected.entry(name).unwrap().shape, "{name}");
        assert_eq!(found.read_f32(name).unwrap(), expected.read_f32(name).unwrap(), "{name}");
    }
}

#[test]
fn a_state_dict_is_read() {
    assert_same("state.pt", "state.safetensors");
}

#[test]
fn a_state_dict_inside_a_checkpoint_is_read() {
    assert_same("checkpoint.pt", "state.safetensors");
    assert_same("named.pt", "state.safetensors");
    let file = WeightFile::open(data("checkpoint.pt")).unwrap();
    let metadata = file.metadata();
    assert_eq!(metadata.get("epoch").map(String::as_str), Some("3"));
    assert_eq!(metadata.get("loss").map(String::as_str), Some("0.5"));
    assert_eq!(metadata.get("note").map(String::as_str), Some("a checkpoint"));
    assert_eq!(metadata.get("done").map(String::as_str), Some("true"));
}

#[test]
fn names_of_data_parallel_lose_their_prefix() {
    assert_same("parallel.pt", "state.safetensors");
}

#[test]
fn a_pickled_module_is_read_without_its_code() {
    assert_same("whole_module.pt", "state.safetensors");
}

#[test]
fn every_kind_of_number_and_every_layout_is_read() {
    assert_same("kinds.pt", "kinds.safetensors");
    let file = WeightFile::open(data("kinds.pt")).unwrap();
    let kind = |name: &str| file.entry(name).unwrap().dtype;
    assert_eq!(kind("half"), Dtype::F16);
    assert_eq!(kind("bfloat"), Dtype::BF16);
    assert_eq!(kind("double"), Dtype::F64);
    assert_eq!(kind("bool"), Dtype::Bool);
    assert_eq!(kind("int"), Dtype::I64);
}

#[test]
fn a_script_module_is_read_by_its_nesting() {
    assert_same("scripted.pt", "scripted.safetensors");
    let file = WeightFile::open(data("scripted.pt")).unwrap();
    assert_eq!(file.entry("visual.layer1.0.conv1.weight").unwrap().dtype, Dtype::F16);
    let attribute = |name: &str| file.metadata().get(name).map(String::as_str);
    assert_eq!(attribute("input_resolution"), Some("224"));
    assert_eq!(attribute("context_length"), Some("5"));
}

#[test]
fn a_traced_module_is_read_by_its_nesting() {
    let file = WeightFile::open(data("traced.pt")).unwrap();
    let expected = WeightFile::open(data("state.safetensors")).unwrap();
    for name in expected.names() {
        assert_eq!(file.read_f32(name).unwrap(), expected.read_f32(name).unwrap(), "{name}");
    }
}

#[test]
fn the_old_format_is_read() {
    let file = WeightFile::open(data("legacy.pt")).unwrap();
    assert_eq!(file.names().collect::<Vec<_>>(), ["a"]);
    assert_eq!(file.read_f32("a").unwrap(), [1.0; 3]);
}

#[test]
fn values_that_are_not_finite_name_their_tensor() {
    let file = WeightFile::open(data("bad_values.pt")).unwrap();
    let error = file.read_f32("a").unwrap_err().to_string();
    assert!(error.contains("tensor `a`: value 1 is NaN"), "{error}");
    let error = file.read_f32("b").unwrap_err().to_string();
    assert!(error.contains("tensor `b`: value 0 is inf"), "{error}");
}

#[test]
fn a_missing_tensor_is_named() {
    let file = WeightFile::open(data("state.pt")).unwrap();
    let error = file.read_f32("visual.none").unwrap_err().to_string();
    assert!(error.ends_with("no tensor `visual.none`"), "{error}");
    assert!(file.entry("visual.none").is_none());
}
