//! Written files: their values, their bytes, and what happens when writing fails.

#![allow(clippy::unwrap_used)] // on files of our own

use std::collections::BTreeMap;

use weight_files::{Dtype, NewTensor, Precision, WeightFile, WeightFileError, write_safetensors};

fn tensor(name: &str, shape: &[usize], data: &[f32]) -> NewTensor {
    NewTensor { name: name.into(), shape: shape.into(), data: data.into() }
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let metadata = BTreeMap::from([("config".to_owned(), "{\"a\": 1}".to_owned())]);
    let tensors = [
        tensor("b", &[2, 1], &[1.0 / 3.0, -2.0]),
        tensor("a", &[], &[7.0]),
        tensor("empty", &[0, 3], &[]),
    ];
    write_safetensors(&path, &metadata, tensors.clone(), Precision::F32).unwrap();
    let file = WeightFile::open(&path).unwrap();
    assert_eq!(file.metadata(), &metadata);
    assert_eq!(file.names().collect::<Vec<_>>(), ["a", "b", "empty"]);
    for tensor in &tensors {
        assert_eq!(file.read_f32(&tensor.name).unwrap(), tensor.data);
        assert_eq!(file.entry(&tensor.name).unwrap().shape, tensor.shape);
    }

    write_safetensors(&path, &metadata, tensors, Precision::F16).unwrap();
    let file = WeightFile::open(&path).unwrap();
    assert_eq!(file.entry("b").unwrap().dtype, Dtype::F16);
    assert_eq!(file.read_f32("b").unwrap(), [0.33325195, -2.0]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn the_safetensors_crate_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let tensors = [tensor("x", &[3], &[1.0, 2.0, 3.0]), tensor("\"ü\"\n", &[1], &[4.0])];
    write_safetensors(&path, &BTreeMap::new(), tensors, Precision::F32).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let read = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(read.tensor("x").unwrap().shape(), [3]);
    assert_eq!(read.tensor("\"ü\"\n").unwrap().data(), 4.0_f32.to_le_bytes());
}

#[test]
fn the_order_of_the_tensors_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let mut tensors = vec![tensor("a", &[1], &[1.0]), tensor("b", &[1], &[2.0])];
    let write = |tensors: &[NewTensor]| {
        write_safetensors(&path, &BTreeMap::new(), tensors.to_vec(), Precision::F32).unwrap();
        std::fs::read(&path).unwrap()
    };
    let first = write(&tensors);
    tensors.reverse();
    assert_eq!(first, write(&tensors));
}

#[test]
fn a_refused_tensor_leaves_the_earlier_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    std::fs::write(&path, "earlier").unwrap();
    let none = BTreeMap::new();
    for (tensors, precision, message) in [
        (vec![tensor("a", &[2], &[0.0, 65520.0])], Precision::F16, "tensor `a`: value 1 is 65520"),
        (vec![tensor("a", &[1], &[f32::NAN])], Precision::F32, "value 0 is NaN"),
        (vec![tensor("a", &[3], &[1.0])], Precision::F32, "shape [3] has 1 values"),
        (vec![tensor("a", &[usize::MAX, 2], &[1.0])], Precision::F32, "has 1 values"),
        (vec![tensor("a", &[0], &[]), tensor("a", &[0], &[])], Precision::F32, "`a` is used twice"),
        (vec![tensor("__metadata__", &[0], &[])], Precision::F32, "or reserved"),
    ] {
        let error = write_safetensors(&path, &none, tensors, precision).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"earlier");
    }
    // The largest half, and what rounds to it.
    let fits = [tensor("a", &[2], &[65504.0, 65519.0])];
    write_safetensors(&path, &none, fits, Precision::F16).unwrap();
    assert_eq!(WeightFile::open(&path).unwrap().read_f32("a").unwrap(), [65504.0; 2]);
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none").join("w.safetensors");
    let error = write_safetensors(path, &BTreeMap::new(), [], Precision::F32).unwrap_err();
    assert!(matches!(error, WeightFileError::Write(_)), "{error}");
}
