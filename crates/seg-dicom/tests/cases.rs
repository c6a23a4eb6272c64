//! Synthetic files with the pixels that NumPy and pydicom computed, where they lie beside the checkout.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::path::{Path, PathBuf};

use seg_dicom::{DicomOptions, DicomPicture, read_dicom};
use serde_json::Value;

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases/dicom");
    folder.is_dir().then_some(folder)
}

fn numbers(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as usize).collect()
}

/// The values of a picture; one for grey.
fn values(picture: &DicomPicture, channels: usize) -> Vec<usize> {
    let pixels = picture.image.pixels();
    pixels
        .flat_map(|p| p.0[..channels].iter().map(|v| usize::from(*v)).collect::<Vec<_>>())
        .collect()
}

#[test]
fn pictures_are_those_that_others_compute() {
    let Some(folder) = folder() else { return };
    let text = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let cases: Value = serde_json::from_str(&text).unwrap();
    let mut seen = 0;
    for (name, case) in cases["files"].as_object().unwrap() {
        let shape = numbers(&case["shape"]);
        let expected = numbers(&case["expected"]);
        let tolerance = case["tolerance"].as_u64().unwrap() as usize;
        let colour = shape.len() == 3 && shape[2] == 3;
        let (frames, channels) = match (shape.len(), colour) {
            (3, false) => (shape[0], 1),
            _ => (1, if colour { 3 } else { 1 }),
        };
        let mut found = Vec::new();
        for frame in 1..=frames as u32 {
            let keep_grid = true;
            let options = DicomOptions { frame, keep_grid, ..DicomOptions::default() };
            match read_dicom(folder.join(name), &options) {
                Ok(picture) => found.extend(values(&picture, channels)),
                Err(error) => {
                    let message = error.to_string();
                    assert!(name.contains("jpegls") && message.contains("JPEG-LS"), "{message}");
                }
            }
        }
        if found.is_empty() {
            seen += 1;
            continue;
        }
        assert_eq!(found.len(), expected.len(), "{name}");
        let differences = found.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b));
        let worst = differences.max().unwrap();
        println!("{name}: {worst} of {tolerance}");
        assert!(worst <= tolerance, "{name}: {worst}");
        if let Some(size) = case.get("display_size_rows_cols") {
            let shown = read_dicom(folder.join(name), &DicomOptions::default()).unwrap();
            let (width, height) = shown.image.dimensions();
            assert_eq!(numbers(size), [height as usize, width as usize]);
        }
        seen += 1;
    }
    assert_eq!(seen, 18);
}
