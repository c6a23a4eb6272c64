//! What people put around a state dict, in the formats that PyTorch has had.

#![allow(clippy::unwrap_used)] // on files of our own

mod common;

use common::{Value, archive, array, call, dict, legacy, tensor, tensor_of, text, zip};
use weight_files::{WeightFile, WeightFileError};

fn open(bytes: Vec<u8>) -> Result<WeightFile, WeightFileError> {
    WeightFile::from_bytes(bytes, "a.pth")
}

fn refusal(bytes: Vec<u8>) -> String {
    open(bytes).unwrap_err().to_string()
}

/// Storage 0, and another one.
fn numbers() -> [Vec<f32>; 2] {
    [vec![1.0, -2.0], vec![0.5, 0.25]]
}

fn saved(value: &Value) -> Vec<u8> {
    archive("a", value, &numbers())
}

fn names(file: &WeightFile) -> Vec<&str> {
    file.names().collect()
}

#[test]
fn the_old_format_is_read_in_every_protocol() {
    let args = Value::Build(
        call("argparse", "Namespace", Vec::new()).into(),
        dict([("lr", Value::Float(1e-4))]).into(),
    );
    let state = dict([("x", tensor(0, 2)), ("y", tensor(1, 1))]);
    let value = dict([("state_dict", state), ("args", args)]);
    for protocol in 2..=5 {
        let bytes = legacy(protocol, &value, &numbers());
        let file = open(bytes.clone()).unwrap();
        assert_eq!(names(&file), ["x", "y"]);
        assert_eq!(file.read_f32("x").unwrap(), [1.0, -2.0]);
        assert_eq!(file.read_f32("y").unwrap(), [0.5]);
        for length in 20..bytes.len() {
            let text = refusal(bytes[..length].to_vec());
            assert!(text.contains("incomplete download"), "{length}: {text}");
        }
    }
    let short = legacy(2, &value, &numbers());
    let text = refusal(short[..short.len() - 3].to_vec());
    assert!(text.contains(&format!("{} of {} bytes", short.len() - 3, short.len())), "{text}");
}

#[test]
fn the_old_formats_counts_are_not_believed() {
    let value = dict([("x", tensor(0, 2))]);
    let whole = legacy(2, &value, &numbers()[..1]);
    let at = whole.len() - 16;
    for (count, message) in
        [(u64::MAX, "beyond all files"), (1 << 40, "incomplete"), (1, "reaches beyond its storage")]
    {
        let mut bytes = whole.clone();
        bytes[at..at + 8].copy_from_slice(&count.to_le_bytes());
        assert!(refusal(bytes).contains(message), "{count}");
    }
}

#[test]
fn a_state_dict_is_found_in_tuples_objects_and_calls() {
    let state = || dict([("x", tensor(0, 2))]);
    let new = || Box::new(call("m", "Model", Vec::new()));
    let slots = Value::Tuple(vec![Value::None, dict([("net", state())])]);
    let compiled = call(
        "torch._dynamo.eval_frame",
        "OptimizedModule",
        vec![Value::Build(new(), dict([("_parameters", state())]).into()), Value::None],
    );
    let pairs = Value::List(vec![Value::List(vec![text("x"), tensor(0, 2)])]);
    let bytes_key = Value::Dict(vec![(Value::Bytes(b"x".to_vec()), tensor(0, 2))]);
    for (value, expected) in [
        (Value::Tuple(vec![state(), Value::Int(17)]), "0.x"),
        (Value::Build(new(), slots.into()), "x"),
        (compiled, "x"),
        (call("collections", "OrderedDict", vec![pairs]), "x"),
        (bytes_key, "x"),
        (call("m", "NamedTuple", vec![state(), Value::Int(3)]), "0.x"),
    ] {
        let file = open(saved(&value)).unwrap();
        assert_eq!(names(&file), [expected]);
        assert_eq!(file.read_f32(expected).unwrap(), [1.0, -2.0]);
    }
}

#[test]
fn arrays_of_numpy_are_read_where_they_stand() {
    let value =
        dict([("state_dict", dict([("x", array(&[1.5, -3.0e8, 0.1])), ("y", tensor(0, 2))]))]);
    for bytes in [saved(&value), legacy(2, &value, &numbers()[..1])] {
        let file = open(bytes).unwrap();
        assert_eq!(file.read_f32("x").unwrap(), [1.5, -3.0e8, 0.1]);
        assert_eq!(file.read_f32("y").unwrap(), [1.0, -2.0]);
    }
    let plain = common::pickle(&dict([("x", array(&[7.0]))]));
    assert_eq!(open(plain).unwrap().read_f32("x").unwrap(), [7.0]);
}

#[test]
fn one_part_is_shown_and_the_others_are_there() {
    let part = |key| dict([("x", tensor(key, 2))]);
    let value = dict([
        ("best", tensor(1, 1)),
        ("ema", part(1)),
        ("model", part(0)),
        ("optimizer", dict([("state", dict([("0", tensor(0, 1))]))])),
    ]);
    let file = open(saved(&value)).unwrap();
    assert_eq!(file.part(), "model");
    assert_eq!(names(&file), ["x"]);
    assert_eq!(file.parts().collect::<Vec<_>>(), ["ema", "model", "optimizer"]);
    let ema = file.with_part("ema");
    assert_eq!(ema.read_f32("x").unwrap(), [0.5, 0.25]);
    assert_eq!(names(&file.with_part("")), ["best", "ema.x", "model.x", "optimizer.state.0"]);
}

#[test]
fn wrappers_are_taken_off_and_collisions_are_refused_where_they_matter() {
    let value = dict([
        ("module.a._orig_mod.x", tensor(0, 2)),
        ("a.module.y", tensor(0, 2)),
        ("a.y", tensor(1, 2)),
        ("z", tensor(0, 2)),
        ("module.z", tensor(0, 2)),
    ]);
    let file = open(saved(&value)).unwrap();
    assert_eq!(names(&file), ["a.x", "a.y", "z"]);
    assert_eq!(file.read_f32("a.x").unwrap(), [1.0, -2.0]);
    assert_eq!(file.read_f32("z").unwrap(), [1.0, -2.0]);
    let text = file.read_f32("a.y").unwrap_err().to_string();
    assert!(text.contains("`a.y`: stands there twice with different values"), "{text}");
}

#[test]
fn a_tensor_that_cannot_be_read_is_an_error_where_it_is_needed() {
    let sparse = call("torch._utils", "_rebuild_sparse_tensor", Vec::new());
    let whole = call("torch._utils", "_rebuild_wrapper_subclass", Vec::new());
    let part = call(
        "torch._tensor",
        "_rebuild_from_type_v2",
        vec![
            Value::Global("torch._utils", "_rebuild_wrapper_subclass"),
            Value::Global("torch.distributed.tensor", "DTensor"),
            Value::Tuple(Vec::new()),
            Value::None,
        ],
    );
    let value = dict([
        ("complex", tensor_of("ComplexFloatStorage", 1, 1)),
        ("part", part),
        ("sparse", sparse),
        ("x", tensor(0, 2)),
    ]);
    let file = open(saved(&value)).unwrap();
    assert_eq!(file.read_f32("x").unwrap(), [1.0, -2.0]);
    for (name, message) in [
        ("complex", "tensor `complex`: holds ComplexFloat, expected booleans"),
        ("sparse", "tensor `sparse`: is sparse; save it after .to_dense()"),
        ("part", "one process's part of a DTensor; save the whole"),
    ] {
        assert!(file.contains(name) && file.entry(name).is_none());
        let text = file.read_f32(name).unwrap_err().to_string();
        assert!(text.contains(message), "{text}");
    }
    // With nothing else there the file itself is refused.
    assert!(refusal(saved(&dict([("part", whole)]))).contains("DTensor"));
}

#[test]
fn long_lists_beside_the_weights_are_no_matter() {
    let losses = Value::List((0..3_000_000).map(|i| Value::Float(f64::from(i))).collect());
    let value = dict([("state_dict", dict([("x", tensor(0, 2))])), ("losses", losses)]);
    let file = open(saved(&value)).unwrap();
    assert_eq!(names(&file), ["x"]);
    // Beyond the limit the message says what to do.
    let lists = Value::List(vec![Value::List(Vec::new()); 9_000_000]);
    let error = open(saved(&lists)).unwrap_err();
    let text = std::error::Error::source(&error).unwrap().to_string();
    assert!(text.contains("more than 8388608 values"), "{text}");
    assert!(text.contains("in Python: torch.save("), "{text}");
}

#[test]
fn other_archives_are_called_what_they_are() {
    let entry = |name: &str| (name.to_owned(), b"x".to_vec());
    for (entries, message) in [
        (
            vec![entry("__MACOSX/._best.pth"), entry("run/best.pth")],
            "around `run/best.pth`; unpack it",
        ),
        (
            vec![entry("a.npy"), entry("b.npy")],
            "an archive of NumPy (.npz); in Python: torch.save(",
        ),
        (
            vec![entry("m/models/model.json"), entry("m/data/weights/model_weights_config.json")],
            "a program of torch.export",
        ),
        (vec![entry("word/document.xml")], "without weights"),
    ] {
        let text = refusal(zip(&entries));
        assert!(text.starts_with("a.pth: ") && text.contains(message), "{text}");
    }
}

#[test]
fn an_archive_cut_anywhere_is_an_incomplete_download() {
    let whole = saved(&dict([("x", tensor(0, 2))]));
    for length in 4..whole.len() {
        let text = refusal(whole[..length].to_vec());
        assert!(text.contains("incomplete download: it ends in the middle"), "{length}: {text}");
    }
}

#[test]
fn folders_and_indices_are_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let error = |name: &str| WeightFile::open(path(name)).unwrap_err().to_string();
    assert!(error("").contains("a folder without weights"));
    std::fs::write(path("last.ckpt"), "x").unwrap();
    assert!(error("").ends_with("a folder; name a file in it: last.ckpt"), "{}", error(""));

    let one = |name, key| saved(&dict([(name, tensor(key, 2))]));
    std::fs::write(path("pytorch_model-00001-of-00002.bin"), one("x", 0)).unwrap();
    std::fs::write(path("pytorch_model-00002-of-00002.bin"), one("module.y", 1)).unwrap();
    let index = r#"{"metadata":{"total_size":16},"weight_map":{
        "x":"pytorch_model-00001-of-00002.bin","module.y":"pytorch_model-00002-of-00002.bin"}}"#;
    std::fs::write(path("pytorch_model.bin.index.json"), index).unwrap();
    for opened in ["", "pytorch_model.bin.index.json"] {
        let file = WeightFile::open(path(opened)).unwrap();
        assert_eq!(names(&file), ["x", "y"]);
        assert_eq!(file.read_f32("x").unwrap(), [1.0, -2.0]);
        assert_eq!(file.read_f32("y").unwrap(), [0.5, 0.25]);
    }
    let text = error("pytorch_model-00002-of-00002.bin");
    assert!(text.contains("one of the 2 files of a network; give their folder"), "{text}");
    std::fs::write(path("pytorch_model.bin.index.json"), index.replace("module.y", "z")).unwrap();
    assert!(error("").contains("holds `z`, which it does not"), "{}", error(""));
    std::fs::write(path("config.json"), "{}").unwrap();
    assert!(
        error("config.json")
            .ends_with("settings without weights; give the folder that they are in")
    );
    assert!(error("__0_0.distcp").contains("dcp_to_torch FOLDER new.pth"));
    // A file of its own goes first.
    std::fs::write(path("pytorch_model.bin"), one("whole", 0)).unwrap();
    assert_eq!(names(&WeightFile::open(folder.path()).unwrap()), ["whole"]);
}
