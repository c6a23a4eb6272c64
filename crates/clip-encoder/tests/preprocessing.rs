//! Preprocessing against OpenCV 4.13 (letterbox), Pillow 12.0 (stretch) and PyTorch (normalise).
//!
//! A small set of vectors lies beside this file; the full one is read where it exists.

#![allow(clippy::unwrap_used)] // on vectors of our own

use std::path::{Path, PathBuf};

use clip_encoder::{MaskView, Normalisation, Resize, RgbView};
use safetensors::SafeTensors;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
    masks: Vec<Case>,
    inverse_tensors: String,
    inverse: Vec<Inverse>,
    normalise: Vec<Pixel>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    mode: Resize,
    size: usize,
    input: String,
    /// The picture behind an input that decoders read differently (JPEG, 16 bits).
    decoded: Option<String>,
    expected: String,
}

#[derive(Deserialize)]
struct Inverse {
    name: String,
    mode: Resize,
    size: usize,
    width: usize,
    height: usize,
    prob: String,
    threshold: f32,
    expected_mask: String,
    expected_prob: Option<String>,
    prob_tolerance: Option<f32>,
}

#[derive(Deserialize)]
struct Pixel {
    rgb: [u8; 3],
    value: [f32; 3],
}

/// The folders with a `preproc.json`: ours, and the full set where it exists.
fn sets() -> Vec<(PathBuf, Vectors)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [here.join("tests/data"), here.join("../../../shared/goldens")];
    let sets: Vec<_> = folders
        .into_iter()
        .filter(|folder| folder.join("preproc.json").exists())
        .map(|folder| {
            let text = std::fs::read_to_string(folder.join("preproc.json")).unwrap();
            (folder, serde_json::from_str(&text).unwrap())
        })
        .collect();
    assert!(!sets.is_empty());
    sets
}

#[test]
fn pictures_equal_the_references_byte_for_byte() {
    for (folder, vectors) in sets() {
        for case in vectors.cases {
            let input = case.decoded.as_ref().unwrap_or(&case.input);
            let picture = image::open(folder.join(input)).unwrap().to_rgb8();
            let (width, height) = (picture.width() as usize, picture.height() as usize);
            let view = RgbView::new(width, height, picture.as_raw()).unwrap();
            let expected = image::open(folder.join(&case.expected)).unwrap().to_rgb8();
            let found = case.mode.image(view, case.size).unwrap();
            assert!(&found == expected.as_raw(), "{}", case.name);
        }
    }
}

#[test]
fn masks_equal_the_references_byte_for_byte() {
    for (folder, vectors) in sets() {
        for case in vectors.masks {
            let mask = image::open(folder.join(&case.input)).unwrap().to_luma8();
            let (width, height) = (mask.width() as usize, mask.height() as usize);
            let view = MaskView::new(width, height, mask.as_raw()).unwrap();
            let expected = image::open(folder.join(&case.expected)).unwrap().to_luma8();
            let found = case.mode.mask(view, case.size).unwrap();
            assert!(&found == expected.as_raw(), "{}", case.name);
        }
    }
}

#[test]
fn maps_come_back_to_the_pictures_pixels() {
    for (folder, vectors) in sets() {
        let bytes = std::fs::read(folder.join(&vectors.inverse_tensors)).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        for case in vectors.inverse {
            let map = floats(&tensors, &case.prob);
            let found = case.mode.back(&map, case.size, case.width, case.height).unwrap();

            let mask = image::open(folder.join(&case.expected_mask)).unwrap().to_luma8();
            assert_eq!(found.len(), mask.len(), "{}", case.name);
            let differ = found.iter().zip(mask.as_raw());
            let differ = differ.filter(|&(&p, &m)| (p > case.threshold) != (m > 0)).count();
            assert_eq!(differ, 0, "{}: pixels of the mask", case.name);

            let Some(expected) = case.expected_prob else { continue };
            let expected = floats(&tensors, &expected);
            assert_eq!(found.len(), expected.len());
            let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= case.prob_tolerance.unwrap_or(0.0), "{}: {worst}", case.name);
        }
    }
}

#[test]
fn normalised_pixels_equal_pytorchs_bit_for_bit() {
    for (_, vectors) in sets() {
        for pixel in vectors.normalise {
            assert_eq!(Normalisation::Clip.normalise(&pixel.rgb), pixel.value);
        }
    }
}

#[test]
fn planes_are_red_green_blue() {
    let two = [255, 0, 51, 0, 255, 102];
    assert_eq!(Normalisation::None.normalise(&two), [1.0, 0.0, 0.0, 1.0, 0.2, 0.4]);
}

#[test]
fn extreme_sizes_have_a_result() {
    for (width, height) in [(1, 1), (20_000, 20), (20, 20_000), (32_767, 1), (1, 32_767)] {
        let bytes = vec![200; width * height * 3];
        let picture = RgbView::new(width, height, &bytes).unwrap();
        let mask = MaskView::new(width, height, &bytes[..width * height]).unwrap();
        for way in [Resize::Letterbox, Resize::Stretch] {
            for size in [1, 32, 416] {
                assert_eq!(way.image(picture, size).unwrap().len(), size * size * 3);
                assert_eq!(way.mask(mask, size).unwrap().len(), size * size);
                let map = vec![0.5; size * size];
                assert_eq!(way.back(&map, size, width, height).unwrap().len(), width * height);
            }
        }
    }
}

fn floats(tensors: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let tensor = tensors.tensor(name).unwrap();
    assert_eq!(tensor.dtype(), safetensors::Dtype::F32);
    tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}
