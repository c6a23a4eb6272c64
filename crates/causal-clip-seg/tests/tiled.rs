//! Answers by tiles, of pictures in memory and of pictures read by rows.

#![allow(clippy::unwrap_used)] // in helpers of tests

use causal_clip_seg::config::InputConfig;
use causal_clip_seg::{CausalClipSegConfig, Device, PictureRows, RgbImage, Segmenter, Tiling};
use seg_image::{GrayRows, PictureOptions, Rgb, write_rgb};

const SENTENCES: [&str; 2] = ["the nuclei", "the stroma between them"];

fn segmenter() -> Segmenter {
    let tiny = CausalClipSegConfig::tiny();
    let input = InputConfig { size: 32, ..tiny.input.clone() };
    let network = CausalClipSegConfig { input, ..tiny }.init(&Device::flex()).unwrap();
    Segmenter::new(network.with_random_weights(3, |_| true)).unwrap()
}

fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 7 + y) as u8, (x + y * 3) as u8, (x * y % 251) as u8])
    })
}

fn crop(image: &RgbImage, x: u32, y: u32, side: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |dx, dy| *image.get_pixel(x + dx, y + dy))
}

#[test]
fn a_tile_as_large_as_the_picture_is_the_whole_answer() {
    let segmenter = segmenter();
    for (width, height) in [(40, 40), (97, 61), (5, 90)] {
        let image = picture(width, height);
        let whole = segmenter.segment(&image, SENTENCES[0]).unwrap();
        for side in [width.max(height), 1000] {
            let tiling = Tiling::new(side).unwrap();
            assert_eq!(segmenter.segment_tiled(&image, SENTENCES[0], tiling).unwrap(), whole);
        }
    }
}

#[test]
fn a_network_of_crops_answers_by_tiles() {
    let image = picture(150, 90);
    let expected =
        segmenter().segment_tiled(&image, SENTENCES[1], Tiling::new(64).unwrap()).unwrap();
    let segmenter = segmenter().with_tile(Some(64)).unwrap();
    let small = picture(30, 64);
    let masks = segmenter.segment_many(&[(&image, SENTENCES[1]), (&small, SENTENCES[0])]).unwrap();
    assert_eq!(masks[0], expected);
    let whole = segmenter.with_tile(None).unwrap().segment(&small, SENTENCES[0]).unwrap();
    assert_eq!(masks[1], whole);
    let message = self::segmenter().with_tile(Some(7)).unwrap_err().to_string();
    assert!(message.starts_with("a tile's side is 7"), "{message}");
}

#[test]
fn tiles_that_do_not_overlap_are_answers_of_their_own() {
    let segmenter = segmenter();
    let image = picture(80, 40);
    let tiling = Tiling::new(40).unwrap().with_overlap(0.0).unwrap();
    let mask = segmenter.segment_tiled(&image, SENTENCES[0], tiling).unwrap();
    let mut presence = 0f32;
    for left in [0, 40] {
        let part = segmenter.segment(&crop(&image, left, 0, 40), SENTENCES[0]).unwrap();
        presence = presence.max(part.presence());
        for y in 0..40 {
            let found = &mask.probabilities[y * 80 + left as usize..][..40];
            let far = |(a, b): (&f32, &f32)| (a - b).abs() > 1e-5;
            assert!(!found.iter().zip(&part.probabilities[y * 40..][..40]).any(far));
        }
    }
    assert!((mask.presence() - presence).abs() < 1e-5);
    assert_eq!(mask.presence(), mask.tiles_presence.unwrap());
}

#[test]
fn a_picture_read_by_rows_has_the_answer_of_one_in_memory() {
    let segmenter = segmenter();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.png");
    for (width, height) in [(150, 333), (200, 30), (40, 300), (33, 32)] {
        let image = picture(width, height);
        write_rgb(&file, &image).unwrap();
        let tiling = Tiling::new(64).unwrap().with_overlap(0.4).unwrap();
        let expected = segmenter.segment_tiled_many(&image, &SENTENCES, tiling).unwrap();
        let mut rows = PictureRows::open(&file, PictureOptions::default()).unwrap();
        let mut maps = vec![Vec::new(); 2];
        let add = |sentence: usize, rows: &[f32]| {
            maps[sentence].extend_from_slice(rows);
            Ok(())
        };
        let answers = segmenter.segment_rows(&mut rows, &SENTENCES, tiling, add).unwrap();
        for ((map, answer), mask) in maps.iter().zip(answers).zip(expected) {
            assert_eq!((map, answer.presence), (&mask.probabilities, mask.presence()));
        }
        // Its rows are gone.
        assert!(segmenter.segment_rows(&mut rows, &SENTENCES, tiling, |_, _| Ok(())).is_err());
    }
}

#[test]
fn pictures_without_pixels_and_too_wide_ones_are_refused() {
    let segmenter = segmenter();
    let tiling = Tiling::new(100).unwrap();
    for (width, height) in [(0, 5), (5, 0), (0, 500), (500, 0)] {
        assert!(segmenter.segment_tiled(&picture(width, height), "lung", tiling).is_err());
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wide.png");
    let mut rows = GrayRows::new(&file, 1 << 20, 65).unwrap();
    (0..65).for_each(|_| rows.write(&vec![0; 1 << 20]).unwrap());
    rows.finish().unwrap();
    let mut rows = PictureRows::open(&file, PictureOptions::default()).unwrap();
    let refused = segmenter.segment_rows(&mut rows, &["lung"], tiling, |_, _| Ok(()));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "a picture 1048576 pixels wide in tiles of 65: a row of tiles may have 67 million pixels; choose \
         smaller tiles"
    );
}
