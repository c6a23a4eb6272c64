//! Sets and runs as people have them: what the program takes with a note, and what it refuses.

#![allow(clippy::unwrap_used)] // in helpers of tests

mod common;

use std::fs;
use std::path::Path;

use common::{failure, phantoms, run, short_training, success, text};
use seg_image::{BinaryMask, RgbImage, write_mask, write_rgb};

/// A set of pictures and masks in a folder; each row is a sentence, a split and whether its mask is
/// empty.
fn set(folder: &Path, rows: &[(&str, &str, bool)]) -> String {
    fs::create_dir_all(folder).unwrap();
    let mut table = "image,mask,text,split\n".to_owned();
    for (i, (text, split, empty)) in rows.iter().enumerate() {
        let value = |x: u32, y: u32| (x * 7 + y * 3 + 31 * i as u32) as u8;
        let picture = RgbImage::from_fn(32, 32, |x, y| seg_image::Rgb([value(x, y); 3]));
        write_rgb(&folder.join(format!("p{i}.png")), &picture).unwrap();
        let left = i % 2 == 0;
        let mask = BinaryMask::from_fn(32, 32, |x, _| {
            !empty && (x < 10) == left && !(10..=20).contains(&x)
        });
        write_mask(&folder.join(format!("m{i}.png")), &mask).unwrap();
        table += &format!("p{i}.png,m{i}.png,{text},{split}\n");
    }
    fs::write(folder.join("manifest.csv"), table).unwrap();
    folder.display().to_string()
}

fn tiny<'a>(data: &'a str, out: &'a str) -> Vec<&'a str> {
    let set = ["--set", "model.size=32", "--set", "training.batch=4", "--epochs", "1"];
    [&["--preset", "tiny", "--data", data, "--out", out][..], &set].concat()
}

#[test]
fn what_nothing_can_be_learned_from_is_refused_before_a_run_is_there() {
    let out = tempfile::tempdir().unwrap();
    let path = |name: &str| out.path().join(name);
    let run_folder = path("run").display().to_string();
    for (name, rows, expected) in [
        (
            "empty",
            [("Spot.", "train", true), ("Spot.", "train", true), ("Spot.", "val", false)],
            "the masks of all 2 train cases are empty (the first: ",
        ),
        (
            "val",
            [("Spot.", "train", false), ("Spot.", "val", true), ("Spot.", "val", true)],
            "the masks of all 2 val cases are empty (the first: ",
        ),
    ] {
        let data = set(&path(name), &rows);
        let message = failure("train", &tiny(&data, &run_folder), 1);
        assert!(message.contains(expected) && message.lines().count() == 1, "{message}");
        assert!(!path("run").join("run.json").exists());
        let found = run("inspect", &["--data", &data]);
        assert_eq!(found.status.code(), Some(1), "inspection refuses the same");
    }
    let data = set(&path("one"), &[("Spot.", "train", false)]);
    let said = text(&run("train", &tiny(&data, &run_folder)).stderr);
    assert!(
        said.contains("note: there are no validation cases: the weights after the last"),
        "{said}"
    );
}

#[test]
fn notes_are_said_once() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("set");
    let data = set(
        &folder,
        &[("Spot.", "train", false), ("Spot.", "val", false), ("Spot.", "test", false)],
    );
    let table = fs::read_to_string(folder.join("manifest.csv")).unwrap();
    fs::write(folder.join("manifest.csv"), table.replace("p0.png", "P0.PNG").replace(',', ";"))
        .unwrap();
    let run_folder = out.path().join("run").display().to_string();
    let said = text(&run("train", &tiny(&data, &run_folder)).stderr);
    assert_eq!(said.matches("(`P0.PNG` for p0.png)").count(), 1, "{said}");
    let answers = out.path().join("answers").display().to_string();
    for command in ["evaluate", "read"] {
        let said = run(command, &["-w", &run_folder, "--data", &data, "--out", &answers]);
        let said = text(&said.stderr);
        assert_eq!(said.matches("(`P0.PNG` for p0.png)").count(), 1, "{command}: {said}");
    }
    let found = success("inspect", &["--data", &data]);
    assert_eq!(found.matches("(`P0.PNG` for p0.png)").count(), 1, "{found}");
}

#[test]
fn a_mirror_that_makes_sentences_untrue_is_said() {
    let out = tempfile::tempdir().unwrap();
    let mut rows = (0..24)
        .map(|i| (["Herd links.", "Herd rechts."][i % 2], "train", false))
        .collect::<Vec<_>>();
    rows.push(("Herd links.", "val", false));
    let data = set(&out.path().join("set"), &rows);
    let run_folder = out.path().join("run").display().to_string();
    let flips = [&tiny(&data, &run_folder)[..], &["--set", "augment.flip_horizontal=0.5"]].concat();
    let said = text(&run("train", &flips).stderr);
    let expected = "\"links\" goes with the mask's side in 24 of 24 cases and does not turn";
    assert!(said.contains(expected), "{said}");
    let found = success("inspect", &["--data", &data]);
    assert!(found.contains("horizontal flip: no (\"links\" goes with"), "{found}");
}

/// A run goes on with what it began with: recipe, tables, pictures and masks.
#[test]
fn a_resumed_run_compares_what_it_began_with() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    let run_folder = out.path().join("run").display().to_string();
    success("train", &short_training(&data, &run_folder));
    let recipe = Path::new(&run_folder).join("recipe.toml");
    let began = fs::read_to_string(&recipe).unwrap();
    let resume = || run("train", &["--resume", &run_folder]);
    for (from, to, key) in [
        (
            "flip_horizontal = 0.5",
            "flip_horizontal = 0.0",
            "augment.flip_horizontal is 0.0, the run began with 0.5",
        ),
        (
            "batch = 2",
            "batch = 1",
            "training.batch is 1, the run began with 2: both may change if training.batch times \
             optimizer.accumulate stays 2",
        ),
        ("size = 32", "size = 64", "model.size is 64, the run began with 32"),
    ] {
        fs::write(&recipe, began.replace(from, to)).unwrap();
        let output = resume();
        let message = text(&output.stderr);
        assert!(message.contains(key) && output.status.code() == Some(1), "{message}");
    }
    // Half as much at a time, twice as often.
    let smaller =
        began.replace("batch = 2", "batch = 1").replace("accumulate = 1", "accumulate = 2");
    fs::write(&recipe, smaller.replace("epochs = 3", "epochs = 4")).unwrap();
    let output = resume();
    let said = text(&output.stderr);
    assert!(
        said.contains("note: training.batch is 1, the run began with 2: taken and logged"),
        "{said}"
    );
    assert!(
        said.contains("note: training.epochs is 4, the run began with 3: taken and logged"),
        "{said}"
    );
    assert!(output.status.success());
    let log = fs::read_to_string(Path::new(&run_folder).join("log.jsonl")).unwrap();
    assert!(log.contains("\"resumed_with\":\"training.epochs\""), "{log}");

    // A picture, a mask, and a validation picture that another file has replaced.
    for (file, other) in
        [("images/0000.png", "images/0001.png"), ("images/0003.png", "images/0001.png")]
    {
        let (file, other) = (Path::new(&data).join(file), Path::new(&data).join(other));
        let before = fs::read(&file).unwrap();
        fs::copy(&other, &file).unwrap();
        let output = resume();
        let message = text(&output.stderr);
        let name = file.strip_prefix(&data).unwrap().display().to_string();
        let expected = format!("{name} is not what the run began with: put it back");
        assert!(message.contains(&expected) && !output.status.success(), "{message}");
        fs::write(&file, before).unwrap();
    }
    assert!(resume().status.success());
    let mask =
        fs::read_dir(Path::new(&data).join("masks")).unwrap().next().unwrap().unwrap().path();
    let size = {
        let mask = image_size(&mask);
        BinaryMask::from_fn(mask.0, mask.1, |x, y| x < 9 && y < 9)
    };
    write_mask(&mask, &size).unwrap();
    let table = text(&resume().stderr);
    let named = mask.file_name().unwrap().to_str().unwrap();
    let is_read = fs::read_to_string(Path::new(&data).join("manifest.csv")).unwrap();
    let in_test = is_read.lines().any(|line| line.contains(named) && line.contains(",test"));
    assert!(in_test || table.contains("is not what the run began with"), "{table}");
}

fn image_size(mask: &Path) -> (u32, u32) {
    let found = seg_image::read_mask(mask, Default::default()).unwrap().mask;
    let (width, height) = (found.width, found.height);
    (width, height)
}
