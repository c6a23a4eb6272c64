//! `segment --tile`: small and large pictures, from the command line and from a table.

#![allow(clippy::unwrap_used)] // in helpers of tests

mod common;

use std::path::Path;

use causal_clip_seg::Tiling;
use common::{demo, failure, json, phantoms, run, short_training, success, text};
use seg_image::{GrayRows, MaskOptions, read_mask, read_rgb};

/// A picture of so many pixels that it is answered by rows, with some structure.
fn large(file: &Path) {
    let (width, height) = (4200u32, 4100u32);
    let mut rows = GrayRows::new(file, width, height).unwrap();
    for y in 0..height {
        let line = (0..width).map(|x| ((x / 9) ^ (y / 7)) as u8);
        rows.write(&line.collect::<Vec<_>>()).unwrap();
    }
    rows.finish().unwrap();
}

fn out(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

#[test]
fn a_tile_as_large_as_the_picture_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    success("segment", &["--out", &out(folder.path(), "whole"), "--probability"]);
    let tiled = out(folder.path(), "tiled");
    let printed = json("segment", &["--out", &tiled, "--probability", "--tile", "2000"]);
    assert!(printed["answers"][0]["tiles"].is_null(), "{printed}");
    for kind in ["mask", "overlay", "probability"] {
        let read =
            |of: &str| std::fs::read(folder.path().join(of).join(format!("xray-1.{kind}.png")));
        assert_eq!(read("whole").unwrap(), read("tiled").unwrap(), "{kind}");
    }
}

#[test]
fn tiles_are_told_and_places_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let out = out(folder.path(), "out");
    let picture = demo("chest.png");
    let side = read_rgb(&picture).unwrap().width().min(read_rgb(&picture).unwrap().height()) / 2;
    let side = side.max(32).to_string();
    let asked = [
        "-w",
        "phantom",
        "-i",
        &picture,
        "--out",
        &out,
        "--tile",
        &side,
        "left lung",
        "opacity",
        "--json",
    ];
    let output = run("segment", &asked);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let tiles = |answer: usize| &told["answers"][answer]["tiles"];
    assert!(tiles(0)["count"].as_u64().unwrap() > 3, "{told}");
    assert_eq!([&tiles(0)["place_in_each"], &tiles(1)["place_in_each"]], [true, false]);
    let notes = text(&output.stderr);
    let warned = notes.lines().filter(|line| line.contains("does not know where in the picture"));
    assert_eq!(warned.count(), 1, "{notes}");
    assert!(folder.path().join("out/chest.2.overlay.png").exists());
}

#[test]
fn a_large_picture_is_answered_by_rows() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("slide.png");
    large(&picture);
    let (picture, answers) = (picture.display().to_string(), out(folder.path(), "out"));
    let asked = [
        "-w",
        "phantom",
        "-i",
        &picture,
        "-o",
        &answers,
        "--tile",
        "2048",
        "--probability",
        "opacity",
    ];
    let told = json("segment", &[&asked[..], &["--threshold", "0.01"]].concat());
    let answer = &told["answers"][0];
    assert_eq!(answer["tiles"]["count"], 9);
    let folder_of = |name: &str| folder.path().join("out").join(name);
    let mask = read_mask(&folder_of("slide.mask.png"), MaskOptions::default()).unwrap().mask;
    assert_eq!((mask.width, mask.height), (4200, 4100));
    assert_eq!(mask.coverage(), answer["area_share"].as_f64().unwrap());
    let corners =
        mask.bounding_box().map(|found| [found.left, found.right, found.top, found.bottom]);
    let told = ["left", "right", "top", "bottom"].map(|side| answer["bounding_box"][side].as_u64());
    assert_eq!(corners.map(|corners| corners.map(|at| Some(u64::from(at)))), Some(told));
    assert!(folder_of("slide.probability.png").exists());
    assert!(!folder_of("slide.overlay.png").exists());

    // What is not there has an empty mask.
    let told = json("segment", &[&asked[..], &["--threshold", "0.01", "--presence=1"]].concat());
    assert_eq!(told["answers"][0]["present"], false);
    let mask = read_mask(&folder_of("slide.mask.png"), MaskOptions::default()).unwrap().mask;
    assert_eq!((mask.width, mask.height, mask.area()), (4200, 4100, 0));
}

#[test]
fn a_table_has_large_pictures_too() {
    let folder = tempfile::tempdir().unwrap();
    large(&folder.path().join("slide.png"));
    let whole = std::fs::read(folder.path().join("slide.png")).unwrap();
    std::fs::write(folder.path().join("cut.png"), &whole[..whole.len() / 2]).unwrap();
    std::fs::copy(demo("chest.png"), folder.path().join("chest.png")).unwrap();
    let table = folder.path().join("jobs.csv");
    let rows =
        "image,text\nslide.png,opacity\nslide.png,left lung\ncut.png,opacity\nchest.png,opacity\n";
    std::fs::write(&table, rows).unwrap();
    let (table, answers) = (table.display().to_string(), out(folder.path(), "out"));
    let asked = ["--jobs", &table, "-o", &answers, "--tile", "2048"];
    let output = run("segment", &asked);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("jobs.csv, row 4: ") && errors.contains("cut.png"), "{errors}");
    assert!(errors.contains("1 answers: a sentence names a place"), "{errors}");
    let written = std::fs::read_to_string(folder.path().join("out/answers.csv")).unwrap();
    assert_eq!(written.lines().count(), 4, "{written}");
    let masks = std::fs::read_dir(folder.path().join("out/masks")).unwrap().count();
    assert_eq!(masks, 3);
    let other = ["--jobs", &table, "-o", &answers, "--tile", "1024"];
    assert!(failure("segment", &other, 1).contains("from other tiles; choose another folder"));
}

#[test]
fn training_on_crops_stores_the_tiles() {
    let folder = tempfile::tempdir().unwrap();
    let (data, run) = (phantoms(folder.path()), out(folder.path(), "run"));
    let crops = ["--set", "data.crop=50", "--set", "data.crop_places=crop"];
    success("train", &[&short_training(&data, &run)[..], &crops].concat());
    let image = format!("{data}/images/0000.png");
    let (width, height) = read_rgb(&image).unwrap().dimensions();
    let expected = Tiling::new(50).unwrap().tiles(width, height);
    let answers = out(folder.path(), "answers");
    let asked = ["-w", &run, "-i", &image, "-o", &answers, "opacity"];
    let count = |more: &[&str]| {
        let told = json("segment", &[&asked[..], more].concat());
        told["answers"][0]["tiles"]["count"].as_u64()
    };
    assert_eq!(count(&[]), Some(expected));
    assert!(count(&["--tile-overlap", "0.6"]) > Some(expected));
    assert_eq!(count(&["--tile", "0"]), None);
    for tile in ["50", "0"] {
        let scores = out(folder.path(), tile);
        success("evaluate", &["-w", &run, "--data", &data, "--tile", tile, "--out", &scores]);
    }
    let message = failure("train", &["--data", &data, "--set", "data.crop=5"], 1);
    assert!(message.contains("a tile's side is 5"), "{message}");
}

#[test]
fn impossible_tiles_are_refused() {
    let message = failure("segment", &["--tile", "8", "lung"], 1);
    assert!(message.contains("a tile's side is 8: it must lie in 32 to 32767 pixels"), "{message}");
    let message = failure("segment", &["--tile", "64", "--tile-overlap", "1", "lung"], 1);
    assert!(message.contains("tiles overlap by 1 of their side"), "{message}");
    failure("segment", &["--tile-overlap", "0.5", "lung"], 2);
    failure("segment", &["--tile", "64", "--explain", "lung"], 2);
    success(
        "segment",
        &["--out", &out(tempfile::tempdir().unwrap().path(), "x"), "--tile", "0", "lung"],
    );
}
