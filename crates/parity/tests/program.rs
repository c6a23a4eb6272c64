//! The program as a developer starts it.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::process::Command;

#[test]
fn a_device_that_is_not_there_is_one_line_and_code_two() {
    let arguments = ["--goldens", ".", "--device", "tpu"];
    let output = Command::new(env!("CARGO_BIN_EXE_parity")).args(arguments).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    let expected =
        "expected auto, flex, wgpu[:N], vulkan[:N], cuda[:N] or remote:ws://HOST:PORT[/N]";
    assert!(message.contains(expected) && message.lines().count() == 1, "{message}");
}

#[test]
fn a_case_is_held_to_its_vectors() {
    let goldens = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
    let arguments = ["--goldens", goldens, "--case", "tiny_clip", "--summary"];
    let output = Command::new(env!("CARGO_BIN_EXE_parity")).args(arguments).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && printed.contains(", 0 beyond 20 floors"), "{printed}");
}
