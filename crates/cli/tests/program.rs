//! What holds for every command: help, exit codes, `--quiet`, `--json`, completions.

#![allow(clippy::unwrap_used)] // in helpers of tests

mod common;

use common::{demo, failure, json, phantoms, program, run, success, text};

#[test]
fn a_device_that_is_not_there_is_one_line_and_code_two() {
    let cases = [
        ("tpu", "expected auto, flex, wgpu[:N], vulkan[:N], cuda[:N] or remote:ws://HOST:PORT[/N]"),
        ("cuda:x", "expected auto, flex"),
        #[cfg(not(feature = "cuda"))]
        ("cuda:0", "not compiled in (build with `--features cuda`)"),
        #[cfg(not(feature = "wgpu"))]
        ("vulkan", "not compiled in (build with `--features vulkan`)"),
    ];
    for (device, expected) in cases {
        let message = failure("segment", &["--device", device], 2);
        assert!(message.contains(expected) && message.lines().count() == 1, "{message}");
    }
}

#[test]
fn the_devices_are_listed() {
    assert!(success("devices", &[]).starts_with("flex "));
    let listed = json("devices", &[]);
    assert_eq!((&listed[0]["name"], &listed[0]["usable"]), (&"flex".into(), &true.into()));
}

#[test]
fn a_wrong_command_line_is_code_two() {
    failure("segment", &["--no-such-flag"], 2);
    failure("evaluate", &[], 2);
    let message = failure("segment", &["-i", &demo("chest.png")], 2);
    assert!(message.starts_with("error: no sentence: say what to segment"), "{message}");
}

#[test]
fn every_command_explains_itself_with_an_example() {
    let commands = success("help", &[]);
    let commands = commands.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let commands = commands.filter_map(|line| line.split_whitespace().next());
    let commands = commands.filter(|name| *name != "help").collect::<Vec<_>>();
    assert!(commands.len() >= 14, "{commands:?}");
    for name in commands {
        let help = success(name, &["--help"]);
        assert!(
            help.contains("\nExample") && help.contains(&format!("  causal-clip-seg {name}"))
                || name == "completions",
            "{name}:\n{help}"
        );
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{name}:\n{help}");
    }
}

#[test]
fn every_shell_completes_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = success("completions", &[shell]);
        for part in ["segment", "zero-shot", "completions", "no-leave-out"] {
            assert!(script.contains(part), "{shell} does not know {part}");
        }
    }
    failure("completions", &["tcsh"], 2);
}

#[test]
fn quiet_leaves_the_result_alone() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    let path = |name: &str| out.path().join(name).display().to_string();
    let (masks, folder) = (format!("{data}/masks"), path("scores"));
    std::fs::create_dir(path("none")).unwrap();
    let arguments = [&path("none"), &masks, "--missing-as-empty", "--out", &folder];
    let loud = run("score", &arguments);
    assert!(text(&loud.stderr).contains("note: ") && loud.status.success());
    let quiet = run("score", &[&arguments[..], &["--quiet"]].concat());
    assert_eq!((text(&quiet.stderr), &quiet.stdout), (String::new(), &loud.stdout));
}

#[test]
fn tables_are_json_too() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    let folder = out.path().join("out").display().to_string();
    let masks = format!("{data}/masks");
    let scored = json("score", &[&masks, &masks, "--out", &folder, "--all-conventions"]);
    assert_eq!(scored["scores"]["controls"]["true"]["per_image"]["dice"]["mean"], 1.0);
    assert_eq!(scored["conventions"]["conventions"]["dice_per_image"]["value"], 1.0);
    let cases = format!("{folder}/cases.csv");
    assert_eq!(json("paired", &["--a", &cases, "--b", &cases])[0]["difference"], 0.0);
    let pair = json("convention", &["--dice", "83.66", "--iou", "75.11"]);
    assert_eq!(pair["convention"], "per_image");
    assert_eq!(json("tokens", &["left lung"])[0]["tokens"][1]["text"], "left</w>");
    assert!(json("inspect", &["--data", &data]).is_object());
}

#[test]
fn tokens_show_what_is_cut() {
    let printed = success("tokens", &["--word-len", "4", "left lung and right lung"]);
    assert!(printed.contains("word_len 4 cuts \"and right lung\""), "{printed}");
}

/// The program needs nothing beside it: neither its source nor the folder it is started from.
#[test]
fn it_runs_from_any_folder() {
    let folder = tempfile::tempdir().unwrap();
    let output = program().arg("segment").current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(folder.path().join("runs/segment/xray-1.mask.png").exists());
    let recipe = program()
        .args(["train", "--recipe", "phantom", "--print-recipe"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(text(&recipe.stdout).contains("preset = \"tiny\""), "{}", text(&recipe.stderr));
}

/// The allocator's settings are those of a process that was started again, unless `--no-tune` says not to.
#[cfg(target_os = "linux")]
#[test]
fn the_answers_do_not_hang_on_the_allocator() {
    let out = tempfile::tempdir().unwrap();
    let [tuned, plain] = [&["--out"][..], &["--no-tune", "--out"]].map(|flags| {
        let folder = out.path().join(flags.len().to_string()).display().to_string();
        success("segment", &[flags, &[folder.as_str()]].concat());
        std::fs::read(format!("{folder}/xray-1.mask.png")).unwrap()
    });
    assert!(tuned == plain);
}
