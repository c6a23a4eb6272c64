//! Several devices at one task: here the CPU, named twice.

#![allow(clippy::unwrap_used)] // in helpers of tests

mod common;

use std::path::Path;

use common::{failure, json, phantoms, program, run, short_training, success, text};

fn bytes(folder: &str, file: &str) -> Vec<u8> {
    std::fs::read(Path::new(folder).join(file)).unwrap()
}

/// As many devices give the same bits, after a kill too; another number is said and logged.
#[test]
fn a_training_on_two_devices_can_be_killed_and_resumed() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    let path = |name: &str| out.path().join(name).display().to_string();
    let (straight, killed) = (path("straight"), path("killed"));
    let train = |folder| {
        let mut arguments = short_training(&data, folder);
        arguments.extend(["--device", "flex,flex", "--set", "optimizer.ema=0.9"]);
        arguments.extend(["--set", "checkpoints.minutes=0.003", "--set", "training.epochs=5"]);
        arguments
    };
    success("train", &train(&straight));
    let mut child = program()
        .arg("train")
        .args(train(&killed))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let checkpoints = Path::new(&killed).join("checkpoints");
    while !std::fs::read_dir(&checkpoints).is_ok_and(|mut files| files.next().is_some()) {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    success("train", &["--resume", &killed, "--device", "flex,flex"]);
    let last = "last.safetensors";
    assert!(bytes(&straight, last) == bytes(&killed, last), "the weights differ");

    let recipe = Path::new(&killed).join("recipe.toml");
    let words = std::fs::read_to_string(&recipe).unwrap();
    std::fs::write(&recipe, words.replace("epochs = 5", "epochs = 6")).unwrap();
    let output = run("train", &["--resume", &killed]);
    let message = text(&output.stderr);
    assert!(message.contains("the run began on flex,flex, goes on with flex"), "{message}");
    assert!(text(&bytes(&killed, "log.jsonl")).contains("\"resumed_with\":\"devices\""));
}

#[test]
fn answers_do_not_depend_on_how_many_devices_there_are() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    let path = |name: &str| out.path().join(name).display().to_string();
    let scores = |name: &str, device: &str| {
        let folder = path(name);
        let arguments = ["-w", "phantom", "--data", &data, "--split", "train", "--out", &folder];
        let mut scores = json("evaluate", &[&arguments[..], &["--device", device]].concat());
        scores["run"]["device"].take();
        assert!(scores["run"]["ece"].is_f64(), "{scores}");
        (scores, bytes(&folder, "cases.true.csv"))
    };
    let (one, three) = (scores("one", "flex"), scores("three", "flex,flex,flex"));
    assert_eq!(one.0["run"], three.0["run"]); // the expected error is of every bit
    assert!(one == three, "scores differ");

    let table = Path::new(&data).join("manifest.csv").display().to_string();
    let answers = |name: &str, device: &str| {
        let folder = path(name);
        success("segment", &["-w", "phantom", "--jobs", &table, "-o", &folder, "--device", device]);
        let masks = std::fs::read_dir(Path::new(&folder).join("masks")).unwrap().flatten();
        let mut masks = masks
            .map(|file| (file.file_name(), std::fs::read(file.path()).unwrap()))
            .collect::<Vec<_>>();
        masks.sort();
        (text(&bytes(&folder, "answers.csv")), masks)
    };
    assert_eq!(answers("alone", "flex"), answers("together", "flex,flex,flex"));
}

#[test]
fn several_devices_where_one_is_asked_for_are_refused() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("out").display().to_string();
    let message = failure("segment", &["--device", "flex,flex", "-o", &folder], 2);
    assert!(message.contains("--device names 2 devices"), "{message}");
    let message = failure("train", &["--device", "flex,tpu", "--data", "none"], 2);
    assert!(message.contains("device `tpu`"), "{message}");
    let message = failure("train", &["--device", "flex,", "--data", "none"], 2);
    assert!(message.contains("device ``"), "{message}");
    let data = phantoms(out.path());
    let mut arguments = short_training(&data, &folder);
    arguments.extend(["--device", "flex,flex,flex"]); // batches of two pictures
    let message = failure("train", &arguments, 1);
    assert!(message.contains("at least one picture for each device"), "{message}");
}
