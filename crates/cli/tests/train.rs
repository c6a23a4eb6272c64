//! The whole road: `phantoms`, `train`, `evaluate`, `score`, `inspect`, `read`, `paired`, `segment`.

#![allow(clippy::unwrap_used)] // in helpers of tests

mod common;

use std::path::Path;

use common::{demo, phantoms, run, short_training, success, text};

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

    // A run's folder stands for its best network.
    let (weights, answers) = (path("mean"), path("answers"));
    let controls = "true,shuffled,stratified,fixed,empty,opposite,prior";
    let arguments = ["-w", &weights, "--data", &data, "--out", &answers, "--controls", controls];
    let scored = success("evaluate", &[&arguments[..], &["--tta", "--branch", "causal"]].concat());
    assert!(scored.contains("| fixed | ") && scored.contains("| prior | "), "{scored}");
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
    let printed = success("score", &[&masks, &masks, "--out", &table]);
    assert!(printed.contains("| true | ") && printed.contains("1.0000"), "{printed}");
    let table = std::fs::read_to_string(out.path().join("table/cases.csv")).unwrap();
    assert!(table.starts_with("case,dice,iou,precision,recall,nsd,hd95,assd\n"), "{table}");

    let look = path("look");
    let printed = success("inspect", &["--data", &data, "--out", &look]);
    assert!(printed.contains("can be trained on"), "{printed}");
    let read = path("reading");
    let arguments = ["-w", &weights, "--data", &data, "--cases", "3", "--out", &read];
    assert!(success("read", &arguments).contains("off topic"));
    for page in ["look/report.html", "look/report.json", "reading/reading.html"] {
        assert!(out.path().join(page).exists(), "{page}");
    }

    let arguments = ["-w", &weights, "-i", &demo("chest.png"), "--out", &answers, "left lung"];
    assert!(success("segment", &arguments).contains("\"left lung\""));
    // Neither a set nor a run is written over.
    let again = run("train", &short_training(&data, &path("off")));
    let message = text(&again.stderr);
    assert!(message.contains("already holds a run") && !again.status.success(), "{message}");
    assert_eq!(run("phantoms", &["--out", &data]).status.code(), Some(1));
}

/// Training that asks for what is not there, and everything that looks at what came of it.
#[test]
fn absence_is_trained_and_studied() {
    let out = tempfile::tempdir().unwrap();
    let path = |name: &str| out.path().join(name).display().to_string();
    let data = phantoms(out.path());
    let (run_folder, answers) = (path("run"), path("answers"));
    let more = ["--set", "data.negatives=0.4"];
    let printed = success("train", &[&short_training(&data, &run_folder)[..], &more].concat());
    assert!(printed.contains("held to be there from presence"), "{printed}");
    let weights = path("run/best.safetensors");
    let arguments = ["-w", &weights, "--data", &data, "--out", &answers, "--controls", "true"];
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
        (&["--recipe", "papr"], "cannot read papr"),
        (&[], "data.folder is not given"),
        (&["--resume", "nowhere"], "no run to resume"),
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

/// The commit in a run's record is the one that the program was built from, wherever it is started.
#[test]
fn the_commit_is_that_of_the_build() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    let elsewhere = out.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let git = |arguments: &[&str]| {
        let named = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let git = std::process::Command::new("git")
            .current_dir(&elsewhere)
            .args(named)
            .args(arguments)
            .output();
        git.is_ok_and(|output| output.status.success())
    };
    // Without git there is nothing that could be recorded by mistake.
    let _ = git(&["init"]) && git(&["commit", "--allow-empty", "-m", "another project"]);
    let folder = out.path().join("run").display().to_string();
    let arguments = short_training(&data, &folder);
    let run =
        common::program().current_dir(&elsewhere).arg("train").args(arguments).output().unwrap();
    assert!(run.status.success(), "{}", text(&run.stderr));
    let record = std::fs::read_to_string(out.path().join("run/run.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!(record["commit"], env!("CAUSAL_CLIP_SEG_COMMIT"));
}

/// Weights remember how their set's masks were read.
#[test]
fn the_rule_of_masks_goes_with_the_weights() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    // Labels: 1 for what is asked for, 2 for a corner that counts nowhere.
    for mask in std::fs::read_dir(Path::new(&data).join("masks")).unwrap() {
        let file = mask.unwrap().path();
        let mask = seg_image::read_mask(&file, Default::default()).unwrap().mask;
        let label = |at: usize, inside: bool| if at < 40 { 2 } else { u8::from(inside) };
        let values = mask.values.iter().enumerate().map(|(at, inside)| label(at, *inside));
        seg_image::write_gray8(&file, mask.width, mask.height, values.collect()).unwrap();
    }
    let folder = out.path().join("run").display().to_string();
    let refused = run("train", &short_training(&data, &folder));
    let message = text(&refused.stderr);
    assert!(message.contains("choose the mask rule") && message.contains("2 ("), "{message}");

    let rule = ["--set", "data.mask_rule={ equals = 1 }", "--set", "data.ignore=2"];
    let folder = out.path().join("labels").display().to_string();
    success("train", &[&short_training(&data, &folder)[..], &rule].concat());
    let answers = out.path().join("answers").display().to_string();
    let evaluate = ["-w", &folder, "--data", &data, "--controls", "true", "--out", &answers];
    success("evaluate", &evaluate);
    let another = [&evaluate[..], &["--mask-rule", "half"]].concat();
    let message = text(&run("evaluate", &another).stderr);
    assert!(message.contains("upper half"), "{message}");
}
