//! What the tests of the program share: they start it as a user does.

#![allow(clippy::unwrap_used, dead_code)] // helpers of tests; not every file needs all of them

use std::path::Path;
use std::process::{Command, Output};

/// The program, for a test to set up further.
pub fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_causal-clip-seg"))
}

pub fn run(command: &str, arguments: &[&str]) -> Output {
    program().arg(command).args(arguments).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a command printed that must have succeeded.
pub fn success(command: &str, arguments: &[&str]) -> String {
    let output = run(command, arguments);
    assert!(output.status.success(), "{command} {arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The error of a command that must have failed with this code, on one line.
pub fn failure(command: &str, arguments: &[&str], code: i32) -> String {
    let output = run(command, arguments);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{command} {arguments:?}: {message}");
    message
}

/// The JSON document that a command printed.
pub fn json(command: &str, arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&success(command, &[arguments, &["--json"]].concat())).unwrap()
}

/// A file of the demonstration.
pub fn demo(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/demo");
    folder.join(file).display().to_string()
}

/// A few phantoms; the folder of the set.
pub fn phantoms(out: &Path) -> String {
    let data = out.join("data").display().to_string();
    success("phantoms", &["--out", &data, "--train", "3", "--val", "2", "--test", "2"]);
    data
}

/// `tiny` at 32 pixels, a few short epochs of small batches, on the set `data`.
pub fn short_training<'a>(data: &'a str, out: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["--preset", "tiny", "--data", data, "--out", out];
    for set in ["model.size=32", "data.fillers=0.5", "training.batch=2", "game.warm_up=1"] {
        arguments.extend(["--set", set]);
    }
    arguments.extend(["--epochs", "3", "--set", "augment.flip_horizontal=0.5"]);
    arguments
}
