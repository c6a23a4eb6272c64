//! The programs as a user starts them: what they print, leave and answer to a wrong word.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Cargo builds the programs beside the tests.
fn program(name: &str) -> PathBuf {
    let mut folder = std::env::current_exe().unwrap();
    folder.pop(); // this test
    folder.pop(); // deps
    folder.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

fn run(name: &str, arguments: &[&str]) -> Output {
    Command::new(program(name)).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a program printed that must have succeeded.
fn success(name: &str, arguments: &[&str]) -> String {
    let output = run(name, arguments);
    assert!(output.status.success(), "{name} {arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn demo(file: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/demo").join(file).display().to_string()
}

#[test]
fn a_device_that_is_not_there_is_one_line_and_code_two() {
    let cases = [
        ("tpu", "expected auto, flex, wgpu[:N], vulkan[:N] or cuda[:N]"),
        ("cuda:x", "expected auto, flex"),
        #[cfg(not(feature = "cuda"))]
        ("cuda:0", "not compiled in (build with `--features cuda`)"),
        #[cfg(not(feature = "wgpu"))]
        ("vulkan", "not compiled in (build with `--features vulkan`)"),
    ];
    for (device, expected) in cases {
        for (program, more) in [("segment", &[][..]), ("parity", &["--goldens", "."])] {
            let output = run(program, &[&["--device", device], more].concat());
            let message = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{device}: {message}");
            assert!(message.contains(expected) && message.lines().count() == 1, "{message}");
        }
    }
}

#[test]
fn the_devices_are_listed() {
    assert!(success("devices", &[]).starts_with("flex "));
}

#[test]
fn the_demonstration_segments_its_own_picture() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().display().to_string();
    let printed = success("segment", &["--out", &folder, "--probability"]);
    assert!(printed.contains("% of the picture"), "{printed}");
    for kind in ["mask", "overlay", "probability"] {
        assert!(out.path().join(format!("chest.{kind}.png")).exists(), "{kind}");
    }
}

#[test]
fn a_file_that_is_no_picture_is_named() {
    let output = run("segment", &["-i", &demo("README.md"), "--out", "/nonexistent/x", "left"]);
    assert_eq!(output.status.code(), Some(1));
    let output = run("segment", &["-w", &demo("chest.png"), "left"]);
    let message = text(&output.stderr);
    assert!(message.contains("chest.png") && message.lines().count() == 1, "{message}");
}

#[test]
fn tokens_show_what_is_cut() {
    let printed = success("tokens", &["--word-len", "4", "left lung and right lung"]);
    assert!(printed.contains("word_len 4 cuts \"and right lung\""), "{printed}");
}

/// The whole road: pictures, training, a weight file, a mask.
#[test]
fn phantoms_train_and_segment() {
    let out = tempfile::tempdir().unwrap();
    let path = |name: &str| out.path().join(name).display().to_string();
    let data = path("data");
    success("phantoms", &["--out", &data, "--train", "3", "--val", "2", "--test", "1"]);
    let train = |order: &str, folder: &str| {
        let arguments =
            ["--data", &data, "--preset", "tiny", "--out", &path(folder), "--size", "64"];
        let more = ["--epochs", "2", "--warm-up", "0.5", "--order", order, "--fillers", "0.5"];
        let printed = success("train", &[&arguments[..], &more].concat());
        assert!(printed.contains("true sentences: per-image mean Dice"), "{printed}");
        std::fs::read(path(folder).to_owned() + "/last.safetensors").unwrap()
    };
    let trained = ["alternating", "simultaneous", "off"].map(|order| train(order, order));
    assert!(trained[0] != trained[1] && trained[1] != trained[2]);
    assert!(trained[0] == train("alternating", "again"), "the same seed gives the same bits");
    let (weights, answers) = (path("off/best.safetensors"), path("answers"));
    let scored = success("evaluate", &["-w", &weights, "--data", &data, "--split", "test"]);
    assert!(scored.starts_with("test, true sentences: per-image mean Dice"), "{scored}");
    let arguments = ["-w", &weights, "-i", &demo("chest.png"), "--out", &answers, "left lung"];
    assert!(success("segment", &arguments).contains("% of the picture"));
    // Neither a set nor a run is written over.
    let again = run("train", &["--data", &data, "--preset", "tiny", "--out", &path("off")]);
    let message = text(&again.stderr);
    assert!(message.contains("holds a run already") && !again.status.success(), "{message}");
    assert_eq!(run("phantoms", &["--out", &data]).status.code(), Some(1));
}
