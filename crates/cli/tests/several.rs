//! Several devices at one task: here the CPU, named twice.

#![allow(clippy::unwrap_used)] // in helpers of tests

mod common;

use std::path::Path;

use common::{failure, json, phantoms, run, short_training, success, text};

fn bytes(folder: &str, file: &str) -> Vec<u8> {
    std::fs::read(Path::new(folder).join(file)).unwrap()
}

/// The same number of devices gives the same bits, after a stop too; another number is said and logged.
#[test]
fn a_training_on_two_devices_can_be_stopped_and_resumed() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    let path = |name: &str| out.path().join(name).display().to_string();
    let (straight, stopped) = (path("straight"), path("stopped"));
    let train = |folder: &str, epochs: &str| {
        let mut arguments = short_training(&data, folder);
        let place = arguments.iter().position(|argument| *argument == "--epochs").unwrap();
        arguments[place + 1] = epochs;
        arguments.extend(["--device", "flex,flex", "--set", "optimizer.ema=0.9"]);
        success("train", &arguments);
    };
    train(&straight, "3");
    train(&stopped, "1");
    let recipe = Path::new(&stopped).join("recipe.toml");
    let text_of = std::fs::read_to_string(&recipe).unwrap();
    std::fs::write(&recipe, text_of.replace("epochs = 1", "epochs = 3")).unwrap();
    success("train", &["--resume", &stopped, "--device", "flex,flex"]);
    let last = "last.safetensors";
    assert!(bytes(&straight, last) == bytes(&stopped, last), "the weights differ");

    let text_of = std::fs::read_to_string(&recipe).unwrap();
    std::fs::write(&recipe, text_of.replace("epochs = 3", "epochs = 4")).unwrap();
    let output = run("train", &["--resume", &stopped]);
    let message = text(&output.stderr);
    assert!(message.contains("the run began on flex,flex, goes on with flex"), "{message}");
    assert!(text(&bytes(&stopped, "log.jsonl")).contains("\"resumed_with\":\"devices\""));
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
        (scores, bytes(&folder, "cases.true.csv"))
    };
    assert_eq!(scores("one", "flex"), scores("three", "flex,flex,flex"));

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
