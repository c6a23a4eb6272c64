//! Weights by name, in the program: what it carries, and a hub on this machine.

#![allow(clippy::unwrap_used)] // in helpers of tests

mod common;
#[path = "../../weight-hub/tests/server/mod.rs"]
mod server;

use std::path::Path;
use std::process::{Command, Output};

use causal_clip_seg_cli::sha256_of;
use common::{demo, failure, phantoms, program, short_training, success, text};
use server::{COMMIT, Repository, Server, nobody};

/// A hub that has the demonstration's weights as `ada/net`.
fn hub() -> Server {
    let weights = std::fs::read(demo("tiny.safetensors")).unwrap();
    let mut repository = Repository::new(&[("model.safetensors", &weights)]);
    repository.sha256 = Some(sha256_of(&weights));
    repository.start()
}

/// The program in a folder, with this hub and a cache in the folder.
fn with_hub(endpoint: &str, folder: &Path) -> Command {
    let mut command = program();
    for variable in [
        "HF_HUB_CACHE",
        "HUGGINGFACE_HUB_CACHE",
        "HF_TOKEN",
        "HF_TOKEN_PATH",
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
    ] {
        command.env_remove(variable);
    }
    command.env("HF_ENDPOINT", endpoint).env("HF_HOME", folder.join("hf"));
    command.env("NO_PROXY", "127.0.0.1").current_dir(folder);
    command
}

fn output(command: &mut Command) -> (Output, String) {
    let output = command.output().unwrap();
    let said = text(&output.stderr);
    (output, said)
}

#[test]
fn the_network_that_ships_has_a_name() {
    let out = tempfile::tempdir().unwrap();
    let mask = |name: &str, more: &[&str]| {
        let folder = out.path().join(name);
        let folder_text = folder.display().to_string();
        success("segment", &[&["--out", folder_text.as_str()], more].concat());
        std::fs::read(folder.join("xray-1.mask.png")).unwrap()
    };
    assert!(mask("a", &[]) == mask("b", &["-w", "chest"]));

    // What is called so here is that, and not the one in the program.
    std::fs::create_dir(out.path().join("phantom")).unwrap();
    let mut command = program();
    let (output, said) =
        output(command.current_dir(out.path()).args(["segment", "-w", "phantom", "left"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("found no best.safetensors in this folder"), "{said}");
}

#[test]
fn a_network_is_fetched_once_and_there_without_the_hub() {
    let (server, folder) = (hub(), tempfile::tempdir().unwrap());
    let segment = ["segment", "-w", "hf:ada/net", "-o", "answers"];
    let (first, said) = output(with_hub(&server.endpoint(), folder.path()).args(segment));
    assert!(first.status.success(), "{said}");
    assert!(said.contains("note: fetching model.safetensors ("), "{said}");
    assert_eq!(server.asked().iter().filter(|line| line.contains("/content/")).count(), 1);

    let asked = server.asked().len();
    let mut command = with_hub(&server.endpoint(), folder.path());
    let (second, said) = output(command.env("HF_HUB_OFFLINE", "1").args(segment));
    assert!(second.status.success(), "{said}");
    assert_eq!(server.asked().len(), asked);
    assert_eq!(second.stdout, first.stdout);

    let mut command = with_hub(&nobody(), folder.path());
    let (third, said) = output(command.args(segment));
    assert!(third.status.success(), "{said}");
    assert!(
        said.contains(&format!("taken from the cache (hf:ada/net/model.safetensors@{COMMIT})"))
    );
}

#[test]
fn nothing_is_said_when_quiet() {
    let (server, folder) = (hub(), tempfile::tempdir().unwrap());
    let mut command = with_hub(&server.endpoint(), folder.path());
    let (output, said) =
        output(command.args(["segment", "--quiet", "-w", "hf:ada/net", "-o", "answers"]));
    assert!(output.status.success(), "{said}");
    assert_eq!(said, "");
}

#[test]
fn what_is_missing_is_told_on_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let error = |command: &mut Command, name: &str| {
        let (output, said) = output(command.args(["segment", "-w", name, "left lung"]));
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        said
    };
    let mut offline = with_hub(&nobody(), folder.path());
    let said = error(offline.env("HF_HUB_OFFLINE", "1"), "hf:ada/net");
    assert!(said.contains("HF_HUB_OFFLINE is set") && said.contains("HF_HOME"), "{said}");
    let said = error(&mut with_hub(&nobody(), folder.path()), "hf:ada/net/x.pt");
    assert!(said.contains("cannot reach 127.0.0.1") && said.contains("`x.pt`"), "{said}");
    let server = hub();
    let said = error(&mut with_hub(&server.endpoint(), folder.path()), "hf:ada/none");
    assert!(said.contains("no such repository"), "{said}");
    for name in ["hf:../../etc/passwd", "hf:ada", "hf:https://huggingface.co/ada/net"] {
        let said = error(&mut with_hub(&server.endpoint(), folder.path()), name);
        assert!(said.contains("expected hf:OWNER/REPO[/FILE][@REVISION]"), "{said}");
    }
    let said = failure("segment", &["-w", "clip:RN18", "left lung"], 1);
    assert!(said.contains("there are clip:RN50, clip:RN101"), "{said}");
}

#[test]
fn every_command_takes_names() {
    let (server, folder) = (hub(), tempfile::tempdir().unwrap());
    let worked = |arguments: &[&str]| {
        let mut command = with_hub(&server.endpoint(), folder.path());
        let (output, said) = output(command.args(arguments));
        assert!(output.status.success(), "{arguments:?}: {said}");
        text(&output.stdout)
    };
    let pinned = format!("hf:ada/net/model.safetensors@{COMMIT}");
    let told = worked(&["import", "--json", "-i", "hf:ada/net", "-o", "net.safetensors"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["source"], pinned.as_str());

    let picture = demo("chest.png");
    worked(&["zero-shot", "--clip", "hf:ada/net", "-i", &picture, "a lung", "a dog"]);
    let data = phantoms(folder.path());
    worked(&["evaluate", "-w", "phantom", "--data", &data, "-o", "scores"]);
    worked(&["read", "-w", "hf:ada/net", "--data", &data, "-o", "reading"]);

    // A run records which weights it began with, and not a name that may mean others tomorrow.
    for key in ["model.weights=hf:ada/net", "model.clip=hf:ada/net@main"] {
        let set = ["train", "--set", key, "--set", "training.epochs=1"];
        let run = format!("run-{}", key.len());
        worked(&[&set[..1], &short_training(&data, &run), &set[1..]].concat());
        let recipe = std::fs::read_to_string(folder.path().join(run).join("recipe.toml")).unwrap();
        assert!(recipe.contains(&pinned), "{recipe}");
    }
    worked(&["segment", "-w", "run-24", "-o", "answers"]);
}
