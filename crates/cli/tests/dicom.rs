//! DICOM files: pictures like any other, and Segmentation objects as answers.

#![cfg(feature = "dicom")]
#![allow(clippy::unwrap_used)] // in helpers of tests

mod common;

use std::path::{Path, PathBuf};

use causal_clip_seg::dicom::{DicomOptions, read_dicom};
use common::{failure, json, phantoms, run, success, text};
use seg_image::{MaskOptions, RgbImage, read_mask, read_rgb};

/// An element of Explicit VR Little Endian.
fn element(out: &mut Vec<u8>, (group, number): (u16, u16), vr: &[u8; 2], value: &[u8]) {
    let pad = if vr == b"UI" || vr == b"OB" { 0 } else { b' ' };
    let mut value = value.to_vec();
    value.resize(value.len().next_multiple_of(2), pad);
    out.extend(group.to_le_bytes());
    out.extend(number.to_le_bytes());
    out.extend(vr);
    match vr {
        b"OB" => {
            out.extend([0, 0]);
            out.extend((value.len() as u32).to_le_bytes());
        }
        _ => out.extend((value.len() as u16).to_le_bytes()),
    }
    out.extend(value);
}

/// Grey pictures as frames of one file, which says how the first direction of its rows lies.
fn dicom(frames: &[&RgbImage], direction: &str) -> Vec<u8> {
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    element(&mut out, (2, 0x10), b"UI", b"1.2.840.10008.1.2.1");
    element(&mut out, (8, 0x16), b"UI", b"1.2.840.10008.5.1.4.1.1.1");
    element(&mut out, (8, 0x18), b"UI", b"2.25.1");
    element(&mut out, (8, 0x60), b"CS", b"CR");
    element(&mut out, (0x10, 0x10), b"PN", b"Synthetic^Case");
    element(&mut out, (0x20, 0xd), b"UI", b"2.25.2");
    element(&mut out, (0x20, 0xe), b"UI", b"2.25.3");
    element(&mut out, (0x20, 0x20), b"CS", direction.as_bytes());
    element(&mut out, (0x28, 2), b"US", &1u16.to_le_bytes());
    element(&mut out, (0x28, 4), b"CS", b"MONOCHROME2");
    element(&mut out, (0x28, 8), b"IS", frames.len().to_string().as_bytes());
    element(&mut out, (0x28, 0x10), b"US", &(frames[0].height() as u16).to_le_bytes());
    element(&mut out, (0x28, 0x11), b"US", &(frames[0].width() as u16).to_le_bytes());
    for (number, value) in [(0x100, 8u16), (0x101, 8), (0x102, 7), (0x103, 0)] {
        element(&mut out, (0x28, number), b"US", &value.to_le_bytes());
    }
    let pixels = frames.iter().flat_map(|frame| frame.pixels()).map(|pixel| pixel[0]);
    element(&mut out, (0x7fe0, 0x10), b"OB", &pixels.collect::<Vec<_>>());
    out
}

fn xray(number: u8) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/chest");
    folder.join(format!("xray-{number}.jpg"))
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

/// A mask's values, and those of a frame of an object.
fn mask(file: &Path) -> Vec<bool> {
    read_mask(file, MaskOptions::default()).unwrap().mask.values
}

fn frame(file: &Path, frame: u32) -> Vec<bool> {
    let picture = read_dicom(file, &DicomOptions { frame, ..DicomOptions::default() }).unwrap();
    picture.image.pixels().map(|pixel| pixel[0] > 0).collect()
}

#[test]
fn a_radiograph_is_answered_as_the_same_picture_and_in_kind() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("x.dcm"), folder.path().join("out"));
    let picture = read_rgb(xray(1)).unwrap();
    std::fs::write(&file, dicom(&[&picture], "L\\F")).unwrap();
    let sentences = ["Left lung.", "Right lung."];
    let ask = |file: &Path, more: &[&str]| {
        let (file, out) = (name(file), name(&out));
        success("segment", &[&["-i", &file, "--out", &out, "--picture"], more, &sentences].concat())
    };
    ask(&xray(1), &[]);
    ask(&file, &["--dicom-seg", "--geometry", "plane", "--code", "lung"]);
    for number in [1, 2u32] {
        let of = |stem: &str| mask(&out.join(format!("{stem}.{number}.mask.png")));
        assert!(of("x").iter().any(|inside| *inside));
        assert_eq!(of("x"), of("xray-1"));
        assert_eq!(frame(&out.join("x.seg.dcm"), number), of("x"));
    }
    for stem in ["x", "xray-1"] {
        assert_eq!(read_rgb(out.join(format!("{stem}.picture.png"))).unwrap(), picture);
    }
    // Tiles, and a table of questions.
    ask(&file, &["--tile", "128"]);
    let table = folder.path().join("jobs.csv");
    std::fs::write(&table, "image,text\nx.dcm,Left lung.\n").unwrap();
    let jobs = ["--jobs", &name(&table), "--out", &name(&folder.path().join("jobs"))];
    success("segment", &jobs);
    assert!(folder.path().join("jobs/masks/x.png").exists());
    let message = failure("segment", &[&jobs[..], &["--dicom-seg"]].concat(), 2);
    assert!(message.contains("--dicom-seg goes with pictures from --image"), "{message}");
}

#[test]
fn every_frame_of_a_loop_is_answered_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("x.dcm"), folder.path().join("out"));
    let pictures = [1, 2].map(|number| read_rgb(xray(number)).unwrap());
    let loop_ = dicom(&[&pictures[0], &pictures[1]], "");
    std::fs::write(&file, loop_).unwrap();
    let (path, out_name) = (name(&file), name(&out));
    let ask = ["-i", &path, "--out", &out_name, "--dicom-seg", "Left lung."];
    let told = json("segment", &[&ask[..], &["--frame", "all"]].concat());
    assert_eq!(told["answers"].as_array().unwrap().len(), 2, "{told}");
    for number in [1, 2] {
        let written = mask(&out.join(format!("x.frame{number}.mask.png")));
        assert_eq!(frame(&out.join("x.seg.dcm"), number), written);
    }
    assert_ne!(frame(&out.join("x.seg.dcm"), 1), frame(&out.join("x.seg.dcm"), 2));
    let second = mask(&out.join("x.frame2.mask.png"));
    success("segment", &[&ask[..], &["--frame", "2"]].concat());
    assert_eq!(mask(&out.join("x.mask.png")), second);
    let message = failure("segment", &[&ask[..], &["--frame", "3"]].concat(), 1);
    assert!(message.contains("has 2 frame(s): there is no frame 3"), "{message}");
    failure("segment", &[&ask[..], &["--frame", "0"]].concat(), 2);
}

#[test]
fn what_a_file_says_of_its_sides_is_held_against_the_network() {
    let folder = tempfile::tempdir().unwrap();
    let out = name(&folder.path().join("out"));
    let picture = read_rgb(xray(1)).unwrap();
    let told = |direction: &str, sentence: &str| {
        let file = folder.path().join("x.dcm");
        std::fs::write(&file, dicom(&[&picture], direction)).unwrap();
        let output = run("segment", &["-i", &name(&file), "--out", &out, sentence]);
        assert!(output.status.success());
        text(&output.stderr)
    };
    assert_eq!(told("L\\F", "Left lung."), "");
    assert!(told("R\\F", "Left lung.").contains("on the patient's other side: Left lung."));
    assert_eq!(told("R\\F", "Lungs."), "");
}

#[test]
fn names_and_settings_that_change_nothing_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let picture = dicom(&[&read_rgb(xray(1)).unwrap()], "");
    // Files that archives call by identifiers: the numbers after the last dot are no ending.
    for number in ["1.2.840.1", "1.2.840.2"] {
        std::fs::write(folder.path().join(number), &picture).unwrap();
    }
    let files = [1, 2].map(|number| name(&folder.path().join(format!("1.2.840.{number}"))));
    success("segment", &["-i", &files[0], "-i", &files[1], "--out", &name(&out), "Left lung."]);
    assert!(out.join("1.2.840.1.mask.png").exists() && out.join("1.2.840.2.mask.png").exists());
    let told =
        run("segment", &["-i", &name(&xray(1)), "--frame", "1", "--out", &name(&out), "lungs"]);
    assert!(text(&told.stderr).contains("no DICOM file: --frame and --window change nothing"));
}

#[test]
fn what_cannot_be_answered_in_kind_is_refused_before_anything_is_computed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let ask = ["-i", &name(&xray(1)), "--out", &name(&out), "--dicom-seg", "Left lung."];
    let message = failure("segment", &ask, 2);
    assert!(
        message.contains("no DICOM file, which --dicom-seg needs") && !out.exists(),
        "{message}"
    );
    let file = folder.path().join("x.dcm");
    let whole = dicom(&[&read_rgb(xray(1)).unwrap()], "");
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let message = failure("segment", &["-i", &name(&file), "--out", &name(&out), "lungs"], 1);
    assert!(
        message.contains("x.dcm: ends inside PixelData") && message.lines().count() == 1,
        "{message}"
    );
    let empty = failure("segment", &["-i", &name(&file), " "], 2);
    assert!(empty.contains("an empty sentence"), "{empty}");
    let window = ["-i", &name(&file), "--window", "5,0", "lungs"];
    assert!(failure("segment", &window, 2).contains("`5,0` is no window"));
}

#[test]
fn sets_have_dicom_pictures_too() {
    let folder = tempfile::tempdir().unwrap();
    let data = PathBuf::from(phantoms(folder.path()));
    let manifest = std::fs::read_to_string(data.join("manifest.csv")).unwrap();
    let mut changed = String::new();
    for (number, line) in manifest.lines().enumerate() {
        let (image, rest) = line.split_once(',').unwrap();
        let image = match number {
            0 => image.to_owned(),
            _ => {
                let picture = read_rgb(data.join(image)).unwrap();
                let name = image.replace(".png", ".dcm");
                std::fs::write(data.join(&name), dicom(&[&picture], "")).unwrap();
                name
            }
        };
        changed += &format!("{image},{rest}\n");
    }
    std::fs::write(data.join("manifest.csv"), changed).unwrap();
    let (data, out) = (name(&data), name(&folder.path().join("out")));
    let told = json("inspect", &["--data", &data, "--out", &out]);
    assert!(!told.to_string().contains("unreadable"), "{told}");
    success("evaluate", &["-w", "phantom", "--data", &data, "--split", "test", "--out", &out]);
}
