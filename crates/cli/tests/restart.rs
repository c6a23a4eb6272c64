//! A training that is stopped, killed or out of disk.

#![allow(clippy::unwrap_used)] // in helpers of tests
#![cfg(unix)] // signals

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{phantoms, program, run, short_training, success, text};

/// A training that is killed at any moment and goes on ends with the bits of one that was not.
#[test]
fn killed_twenty_times_and_the_same_bits() {
    use std::time::{Duration, Instant};

    const KILLS: usize = 20;
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    let path = |name: &str| out.path().join(name).display().to_string();
    let weights = |folder: &str| {
        let read = |file| std::fs::read(Path::new(folder).join(file)).unwrap();
        ["last.safetensors", "best.safetensors"].map(read)
    };
    // Checkpoints within epochs too.
    fn often<'a>(data: &'a str, folder: &'a str) -> Vec<&'a str> {
        let mut arguments = short_training(data, folder);
        arguments.extend(["--set", "checkpoints.minutes=0.005", "--set", "optimizer.ema=0.9"]);
        arguments
    }
    let straight = path("straight");
    let started = Instant::now();
    success("train", &often(&data, &straight));
    let whole = started.elapsed();
    let (expected, log) = (weights(&straight), losses(&straight));

    let mut stream = seeded::SplitMix64::new(whole.as_nanos() as u64);
    let (mut kills, mut runs) = (0, 0);
    while kills < KILLS {
        runs += 1;
        let folder = path(&format!("killed{runs}"));
        loop {
            let begun = Path::new(&folder).join("run.json").exists();
            let resumed = vec!["--resume", folder.as_str()];
            let arguments = if begun { resumed } else { often(&data, &folder) };
            let mut child = program()
                .arg("train")
                .args(arguments)
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            let share = f64::from(stream.uniform() + 1.0) / 2.0;
            std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * 0.8 * share));
            if kills < KILLS && child.try_wait().unwrap().is_none() {
                child.kill().unwrap(); // SIGKILL
                child.wait().unwrap();
                kills += 1;
                continue;
            }
            // Not in time to kill it: it must have ended well. Or no more to kill.
            assert!(child.wait().unwrap().success());
            break;
        }
        assert!(weights(&folder) == expected, "after {kills} kills the weights differ");
        assert_eq!(losses(&folder), log, "every step is in the log once");
    }
}

/// The log without times.
fn losses(folder: &str) -> Vec<String> {
    let log = std::fs::read_to_string(Path::new(folder).join("log.jsonl")).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.map(|line| format!("{} {} {}", line["step"], line["causal"], line["loss"])).collect()
}

/// Ctrl-C finishes the step, writes a checkpoint and says how to go on; a torn newest checkpoint is
/// passed over; two processes do not train in one folder.
#[test]
fn a_stopped_run_goes_on() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    let folder = out.path().join("run").display().to_string();
    let mut arguments = short_training(&data, &folder);
    arguments.extend(["--set", "checkpoints.minutes=0.0001", "--set", "training.epochs=400"]);
    let spawn = |arguments: &[&str]| {
        program()
            .arg("train")
            .args(arguments)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut child = spawn(&arguments);
    let checkpoints = Path::new(&folder).join("checkpoints");
    let list = || -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&checkpoints).into_iter().flatten().flatten();
        let mut files = entries.map(|entry| entry.path()).collect::<Vec<_>>();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "safetensors"));
        files.sort();
        files
    };
    while list().len() < 2 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let message = text(&run("train", &["--resume", &folder]).stderr);
    assert!(message.contains("another process is training here"), "{message}");
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let printed = text(&output.stdout);
    assert!(output.status.success() && printed.contains("train --resume"), "{printed}");

    // Torn in the middle, and of no length at all.
    let files = list();
    let newest = files.last().unwrap();
    let bytes = std::fs::read(newest).unwrap();
    std::fs::write(newest, &bytes[..bytes.len() / 2]).unwrap();
    std::fs::write(checkpoints.join("step-99999999.safetensors"), b"").unwrap();
    let child = spawn(&["--resume", &folder]);
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("stopped"), "{}", text(&output.stdout));
}

/// A disk that is full (here: a limit on a file's size) is a clear error, and what was written
/// before is whole.
#[test]
fn a_full_disk_leaves_the_earlier_checkpoint() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    let folder = out.path().join("run").display().to_string();
    let program = env!("CARGO_BIN_EXE_causal-clip-seg");
    let mut arguments = short_training(&data, &folder);
    arguments.extend(["--set", "training.epochs=1"]);
    success("train", &arguments);
    let newest = || {
        let entries = std::fs::read_dir(Path::new(&folder).join("checkpoints")).unwrap();
        let mut files = entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
        files.sort();
        files
    };
    let before = newest();
    // One more epoch, with no file above a MiB: the signal is ignored so that the write fails.
    let recipe = Path::new(&folder).join("recipe.toml");
    let longer = std::fs::read_to_string(&recipe).unwrap().replace("epochs = 1", "epochs = 2");
    std::fs::write(&recipe, longer).unwrap();
    let shell = "ulimit -f 1024; trap '' XFSZ; exec \"$0\" train --resume \"$1\"";
    let output = Command::new("bash").args(["-c", shell, program, &folder]).output().unwrap();
    let message = text(&output.stderr);
    assert!(message.contains("cannot write") && !output.status.success(), "{message}");
    assert_eq!(newest(), before, "nothing was lost and nothing half-written is left");
    assert!(success("train", &["--resume", &folder]).contains("done"));
}
