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

#[test]
fn masks_are_scored_under_every_convention_and_beside_published_ones() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    let path = |name: &str| out.path().join(name).display().to_string();
    let (masks, table) = (Path::new(&data).join("masks").display().to_string(), path("table"));
    let scored = success("score_masks", &[&masks, &masks, "--out", &table, "--all-conventions"]);
    for part in ["| true | ", "| dice_lvit | ", "| iou_pooled | 1.0000 | 0 | "] {
        assert!(scored.contains(part), "{part} is not in\n{scored}");
    }
    let conventions = std::fs::read_to_string(path("table/conventions.json")).unwrap();
    let conventions: serde_json::Value = serde_json::from_str(&conventions).unwrap();
    assert_eq!(conventions["conventions"]["dice_per_image"]["value"], 1.0);

    let scores = path("table/scores.json");
    let arguments = ["--dice", "83.66", "--iou", "75.11"];
    let alone = success("convention", &arguments);
    assert!(alone.contains("is 85.79, Dice differs by -2.126 points"), "{alone}");
    assert!(alone.contains("Per image: ") && !alone.contains("ours"), "{alone}");
    let beside = success("convention", &[&arguments[..], &["--scores", &scores]].concat());
    assert!(beside.contains("| ours minus published, points | | +16.34 | +24.89 |"), "{beside}");
    let pooled = success("convention", &["--dice", "90.88", "--iou", "83.28"]);
    assert!(pooled.contains("Pooled: "), "{pooled}");

    let table = path("data/manifest.csv");
    for (arguments, expected) in [
        (&["--dice", "0.8366", "--iou", "0.7511"][..], "give them in percent, 83.66 and 75.11"),
        (&["--dice", "83,66", "--iou", "75.11"], "`83,66` is not a score"),
        (&["--dice", "101", "--iou", "75.11"], "give it in percent, 0 to 100"),
        (&["--dice", "83.66", "--iou", "75.11", "--scores", &table], "is not valid JSON"),
    ] {
        let output = run("convention", arguments);
        let message = text(&output.stderr);
        assert!(message.contains(expected) && !output.status.success(), "{message}");
    }
}

/// A few phantoms; the folder of the set.
fn phantoms(out: &Path) -> String {
    let data = out.join("data").display().to_string();
    success("phantoms", &["--out", &data, "--train", "3", "--val", "2", "--test", "2"]);
    data
}

/// `tiny` at 32 pixels, a few short epochs of small batches, on the set `data`.
fn short_training<'a>(data: &'a str, out: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["--preset", "tiny", "--data", data, "--out", out];
    for set in ["model.size=32", "data.fillers=0.5", "training.batch=2", "game.warm_up=1"] {
        arguments.extend(["--set", set]);
    }
    arguments.extend(["--epochs", "3", "--set", "augment.flip_horizontal=0.5"]);
    arguments
}

/// The whole road: pictures, training, a weight file, scores, a mask.
#[test]
fn phantoms_train_and_segment() {
    let out = tempfile::tempdir().unwrap();
    let path = |name: &str| out.path().join(name).display().to_string();
    let data = phantoms(out.path());
    let train = |order: &str, folder: &str| {
        let (folder, order) = (path(folder), format!("game.order={order}"));
        let more = ["--set", order.as_str(), "--set", "optimizer.ema=0.9"];
        let printed = success("train", &[&short_training(&data, &folder)[..], &more].concat());
        assert!(printed.contains("| true | "), "{printed}");
        for file in ["recipe.toml", "run.json", "log.jsonl", "curves.png", "validation.png"] {
            assert!(Path::new(&folder).join(file).exists(), "{file}");
        }
        std::fs::read(folder + "/last.safetensors").unwrap()
    };
    let orders = ["alternating", "simultaneous", "off", "mean"];
    let trained = orders.map(|order| train(order, order));
    for (place, one) in trained.iter().enumerate() {
        assert!(trained[place + 1..].iter().all(|other| other != one));
    }
    assert!(trained[1] == train("simultaneous", "again"), "the same seed gives the same bits");

    let (weights, answers) = (path("mean/best.safetensors"), path("answers"));
    let controls = "true,shuffled,stratified,fixed,empty,opposite";
    let arguments = ["-w", &weights, "--data", &data, "--out", &answers, "--controls", controls];
    let scored = success("evaluate", &[&arguments[..], &["--tta", "--branch", "causal"]].concat());
    assert!(scored.contains("| fixed | "), "{scored}");
    let scores = std::fs::read_to_string(path("answers/scores.json")).unwrap();
    let scores: serde_json::Value = serde_json::from_str(&scores).unwrap();
    assert!(scores["controls"]["true"]["per_image"]["dice"]["ci95"][1].is_number());
    assert!(scores["differences"]["true-shuffled"]["dice"]["mean"].is_number());
    assert_eq!(scores["weights_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(scores["run"]["branch"], "causal");
    for file in ["overlays.png", "reliability.png", "cases.empty.csv", "scores.md"] {
        assert!(out.path().join("answers").join(file).exists(), "{file}");
    }

    // The masks that were left, scored as anybody's.
    let (masks, table) = (path("answers/masks"), path("table"));
    let printed = success("score_masks", &[&masks, &masks, "--out", &table]);
    assert!(printed.contains("| true | ") && printed.contains("1.0000"), "{printed}");
    let table = std::fs::read_to_string(out.path().join("table/cases.csv")).unwrap();
    assert!(table.starts_with("case,dice,iou,precision,recall,nsd,hd95,assd\n"), "{table}");

    let look = path("look");
    let printed = success("inspect_data", &["--data", &data, "--out", &look]);
    assert!(printed.contains("can be trained on"), "{printed}");
    let read = path("reading");
    let arguments = ["-w", &weights, "--data", &data, "--cases", "3", "--out", &read];
    assert!(success("reading_test", &arguments).contains("off topic"));
    for page in ["look/report.html", "look/report.json", "reading/reading.html"] {
        assert!(out.path().join(page).exists(), "{page}");
    }

    let arguments = ["-w", &weights, "-i", &demo("chest.png"), "--out", &answers, "left lung"];
    assert!(success("segment", &arguments).contains("\"left lung\""));
    // Neither a set nor a run is written over.
    let again = run("train", &short_training(&data, &path("off")));
    let message = text(&again.stderr);
    assert!(message.contains("holds a run already") && !again.status.success(), "{message}");
    assert_eq!(run("phantoms", &["--out", &data]).status.code(), Some(1));
}

/// Training that asks for what is not there, and everything that looks at what came of it.
#[test]
fn absence_is_trained_and_studied() {
    let out = tempfile::tempdir().unwrap();
    let path = |name: &str| out.path().join(name).display().to_string();
    let data = phantoms(out.path());
    let planted = path("planted");
    let printed = success("plant_confounder", &["--data", &data, "--out", &planted]);
    assert_eq!(printed.lines().count(), 2, "{printed}");
    let again = run("plant_confounder", &["--data", &data, "--out", &planted]);
    assert!(text(&again.stderr).contains("there is a set already"));
    let [aligned, flipped] = ["aligned", "flipped"].map(|set| format!("{planted}/{set}"));
    // The same cases by the same names, so that `paired` can hold one against the other.
    let rows = |set: &str| std::fs::read_to_string(format!("{set}/manifest.csv")).unwrap();
    assert!(rows(&flipped).lines().all(|row| rows(&aligned).contains(row)));

    let (run_folder, answers) = (path("run"), path("answers"));
    let more = ["--set", "data.negatives=0.4"];
    let printed = success("train", &[&short_training(&aligned, &run_folder)[..], &more].concat());
    assert!(printed.contains("held to be there from presence"), "{printed}");
    let weights = path("run/best.safetensors");
    let arguments = ["-w", &weights, "--data", &flipped, "--out", &answers, "--controls", "true"];
    let studied = ["--presence", "--causal-report"];
    let printed = success("evaluate", &[&arguments[..], &studied].concat());
    assert!(printed.contains("threshold of the weights"), "{printed}");
    let scores = std::fs::read_to_string(path("answers/scores.json")).unwrap();
    let scores: serde_json::Value = serde_json::from_str(&scores).unwrap();
    assert!(scores["presence"]["no_target_accuracy"].is_number(), "{scores}");
    assert!(scores["presence"]["no_target_accuracy_by_kind"]["covered"][0].is_number());
    assert_eq!(scores["causal"][0]["name"], "causal");
    for file in ["presence.csv", "causal.csv"] {
        assert!(out.path().join("answers").join(file).exists(), "{file}");
    }

    let own = path("answers/cases.csv");
    let printed = success("paired", &["--a", &own, &own, "--b", &own]);
    assert!(printed.contains("+0.0000 (+0.0000 to +0.0000)"), "{printed}");
    let refused = run("paired", &["--a", &own, "--b", &own, "--columns", "dize"]);
    assert!(text(&refused.stderr).contains("cases.csv: no column `dize`"));

    // A threshold above every probability: nothing is there.
    let arguments = ["-w", &weights, "-i", &demo("chest.png"), "--out", &answers, "left lung"];
    let printed = success("segment", &[&arguments[..], &["--explain", "--presence=1"]].concat());
    assert!(printed.contains("not there (presence"), "{printed}");
    assert!(out.path().join("answers/chest.explain.png").exists());
    let printed = run("segment", &["--presence", "--out", &answers]);
    let known = text(&printed.stderr).contains("no threshold of presence");
    assert!(printed.status.success() || known, "{}", text(&printed.stderr));
}

#[test]
fn a_recipe_is_checked_before_anything_starts() {
    for (arguments, expected) in [
        (&["--set", "optimizer.lrr=1"][..], "unknown field `lrr`"),
        (&["--set", "training.batch=0"], "training.batch is 0: it must be at least 1"),
        (&["--set", "augment.rotate=400", "--set", "augment.affine=1"], "augment.rotate is 400"),
        (&["--recipe", "nowhere.toml"], "cannot read nowhere.toml"),
        (&["--data", "nowhere"], "nowhere"),
        (&[], "data.folder is not given"),
        (&["--resume", "nowhere"], "no run to go on with"),
    ] {
        let output = run("train", arguments);
        let message = text(&output.stderr);
        assert!(message.contains(expected) && !output.status.success(), "{arguments:?}: {message}");
    }
    let printed = success("train", &["--print-recipe", "--set", "optimizer.lr=3e-4"]);
    assert!(printed.contains("lr = 0.0003"), "{printed}");
}

/// A picture that is none is named before the first step, not at the end of an epoch.
#[test]
fn a_broken_picture_names_itself_first() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    std::fs::write(Path::new(&data).join("images/0004.png"), b"no picture").unwrap();
    let folder = out.path().join("run").display().to_string();
    let message = text(&run("train", &short_training(&data, &folder)).stderr);
    assert!(message.contains("0004.png") && !message.contains("epoch"), "{message}");
}

/// A training that is killed at any moment and goes on ends with the bits of one that was not.
#[cfg(unix)]
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
            let mut child = Command::new(program("train"))
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
#[cfg(unix)]
fn losses(folder: &str) -> Vec<String> {
    let log = std::fs::read_to_string(Path::new(folder).join("log.jsonl")).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.map(|line| format!("{} {} {}", line["step"], line["causal"], line["loss"])).collect()
}

/// Ctrl-C finishes the step, writes a checkpoint and says how to go on; a torn newest checkpoint is
/// passed over; two processes do not train in one folder.
#[cfg(unix)]
#[test]
fn a_stopped_run_goes_on() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    let folder = out.path().join("run").display().to_string();
    let mut arguments = short_training(&data, &folder);
    arguments.extend(["--set", "checkpoints.minutes=0.0001", "--set", "training.epochs=400"]);
    let spawn = |arguments: &[&str]| {
        Command::new(program("train"))
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
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_earlier_checkpoint() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    let folder = out.path().join("run").display().to_string();
    let program = program("train").display().to_string();
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
    let shell = "ulimit -f 1024; trap '' XFSZ; exec \"$0\" --resume \"$1\"";
    let output = Command::new("bash").args(["-c", shell, &program, &folder]).output().unwrap();
    let message = text(&output.stderr);
    assert!(message.contains("cannot write") && !output.status.success(), "{message}");
    assert_eq!(newest(), before, "nothing was lost and nothing half-written is left");
    assert!(success("train", &["--resume", &folder]).contains("done"));
}
