//! Mask files as people have them: read right, or refused with what was found and what to choose.

#![allow(clippy::unwrap_used)] // pictures that are made here

use std::io::Cursor;

use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, ImageFormat, Luma, RgbImage};
use image::{LumaA, Rgb, Rgba, RgbaImage};
use proptest::prelude::*;
use seg_image::{FileNote, MaskOptions, MaskReading, MaskRule, decode_mask};

const SIZE: u32 = 48;

fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut content = Cursor::new(Vec::new());
    image.into().write_to(&mut content, format).unwrap();
    content.into_inner()
}

/// 0 in the background, 1 in a disc at the left, 2 in a block at the right.
fn label(x: u32, y: u32) -> usize {
    let (dx, dy) = (x as i32 - 14, y as i32 - 24);
    match () {
        () if dx * dx + dy * dy <= 81 => 1,
        () if (30..42).contains(&x) && (12..30).contains(&y) => 2,
        () => 0,
    }
}

fn grey(of_label: [u8; 3]) -> Vec<u8> {
    let image = GrayImage::from_fn(SIZE, SIZE, |x, y| Luma([of_label[label(x, y)]]));
    file(image, ImageFormat::Png)
}

fn coloured(of_label: [[u8; 3]; 3], format: ImageFormat) -> Vec<u8> {
    file(RgbImage::from_fn(SIZE, SIZE, |x, y| Rgb(of_label[label(x, y)])), format)
}

fn read(content: &[u8], rule: &str) -> Result<MaskReading, String> {
    let rule = rule.parse::<MaskRule>().unwrap();
    decode_mask(content, "m.png", rule.into()).map_err(|error| error.to_string())
}

/// How many pixels of each label are inside: `[background, disc, block]`, as shares.
fn inside(reading: &MaskReading) -> [f64; 3] {
    let mut counts = [[0u32; 2]; 3];
    for y in 0..SIZE {
        for x in 0..SIZE {
            counts[label(x, y)][usize::from(reading.mask.get(x, y))] += 1;
        }
    }
    counts.map(|[out, inside]| f64::from(inside) / f64::from(out + inside))
}

#[track_caller]
fn reads(content: &[u8], rule: &str, expected: [f64; 3]) -> Vec<FileNote> {
    let reading = read(content, rule).unwrap();
    let found = inside(&reading);
    // Blurring and enlarging move the border of so small a disc a little.
    let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 0.08);
    assert!(near, "{rule}: {found:?}, expected {expected:?}");
    reading.notes
}

#[track_caller]
fn refuses(content: &[u8], rule: &str, parts: &[&str]) {
    let message = read(content, rule).unwrap_err();
    assert!(message.starts_with("m.png: as a mask it "), "{message}");
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

const BOTH: [f64; 3] = [0.0, 1.0, 1.0];
const DISC: [f64; 3] = [0.0, 1.0, 0.0];
const NOTHING: [f64; 3] = [0.0; 3];

#[test]
fn what_has_one_reading_is_read() {
    assert_eq!(reads(&grey([0, 255, 255]), "auto", BOTH), []);
    assert_eq!(reads(&grey([0, 0, 0]), "auto", NOTHING), []);
    assert_eq!(reads(&grey([255, 255, 255]), "auto", [1.0; 3]), []);
    assert_eq!(reads(&grey([0, 1, 1]), "auto", BOTH), [FileNote::ZeroAndOne]);
    assert_eq!(reads(&grey([0, 200, 200]), "auto", BOTH), []);
    assert_eq!(reads(&grey([0, 3, 3]), "auto", BOTH), [FileNote::OneValue]);
}

#[test]
fn labels_have_two_readings() {
    for labels in [[0, 1, 2], [0, 1, 255], [0, 128, 255], [1, 2, 3], [0, 60, 90], [0, 140, 255]] {
        let named = labels.map(|value| format!("{value} ("));
        let named = named.iter().map(String::as_str).collect::<Vec<_>>();
        refuses(&grey(labels), "auto", &[&named[..], &["choose the mask rule"]].concat());
    }
    reads(&grey([0, 1, 2]), "1", DISC);
    reads(&grey([0, 1, 2]), "equals=1", DISC);
    reads(&grey([0, 1, 2]), "non_zero", BOTH);
    refuses(&grey([0, 1, 2]), "half", &["upper half", "non_zero"]);
    reads(&grey([0, 128, 255]), "half", BOTH);
}

/// Instances numbered through, more than the half of them below 128.
#[test]
fn many_instances_are_not_taken_for_a_soft_mask() {
    let cell = |x: u32, y: u32| match (x % 8 < 5 && y % 8 < 5, x / 8 + 6 * (y / 8)) {
        (true, number) => 1 + 6 * number as u8,
        (false, _) => 0,
    };
    let image = GrayImage::from_fn(SIZE, SIZE, |x, y| Luma([cell(x, y)]));
    refuses(&file(image, ImageFormat::Png), "auto", &["areas of one value", "non_zero"]);
}

#[test]
fn soft_and_jpeg_masks_are_read_at_the_half() {
    let hard = GrayImage::from_fn(SIZE, SIZE, |x, y| Luma([[0, 255, 255][label(x, y)]]));
    for sigma in [0.6, 1.0, 2.0] {
        reads(&file(image::imageops::blur(&hard, sigma), ImageFormat::Png), "auto", BOTH);
    }
    for quality in [20, 50, 75, 95] {
        let mut content = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut content, quality);
        hard.write_with_encoder(encoder).unwrap();
        reads(&content, "auto", BOTH);
        // Saved again as PNG: the noise stays.
        let noisy = image::load_from_memory(&content).unwrap();
        reads(&file(noisy, ImageFormat::Png), "auto", BOTH);
    }
    use image::imageops::{FilterType, resize};
    for filter in [FilterType::Triangle, FilterType::CatmullRom, FilterType::Lanczos3] {
        let small = resize(&hard, 20, 20, filter);
        let mask = read(&file(small, ImageFormat::Png), "auto").unwrap().mask;
        assert!((mask.coverage() - 0.204).abs() < 0.03, "{}", mask.coverage());
    }
}

#[test]
fn sixteen_bits_are_judged_before_they_are_reduced() {
    let deep = |of_label: [u16; 3]| {
        let image = ImageBuffer::from_fn(SIZE, SIZE, |x, y| Luma([of_label[label(x, y)]]));
        file(DynamicImage::ImageLuma16(image), ImageFormat::Png)
    };
    reads(&deep([0, 65535, 65535]), "auto", BOTH);
    reads(&deep([0, 255, 255]), "auto", BOTH);
    assert_eq!(reads(&deep([0, 1, 1]), "auto", BOTH), [FileNote::ZeroAndOne]);
    assert_eq!(reads(&deep([0, 4095, 4095]), "auto", BOTH), [FileNote::OneValue]);
    refuses(&deep([0, 1, 2]), "auto", &["0 (", "1 (", "2 ("]);
    refuses(&deep([0, 300, 301]), "auto", &["300 (", "301 ("]);
    reads(&deep([0, 1, 2]), "non_zero", BOTH);
    reads(&deep([0, 300, 301]), "300", DISC);
    refuses(&deep([0, 1, 2]), "half", &["2 ("]);
    refuses(&deep([0, 300, 301]), "half", &["32768", "301 ("]);
}

#[test]
fn one_colour_is_a_mask_and_two_are_not() {
    const BLACK: [u8; 3] = [0; 3];
    let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 128, 0], [180, 60, 20]];
    for colour in colours {
        let png = coloured([BLACK, colour, colour], ImageFormat::Png);
        assert_eq!(reads(&png, "auto", BOTH), [FileNote::OneColour]);
        let on_white = coloured([[255; 3], colour, colour], ImageFormat::Png);
        reads(&on_white, "auto", BOTH);
        refuses(&png, "half", &["in colour", "#000000"]);
        refuses(&png, "1", &["in colour"]);
        reads(&png, "non_zero", BOTH);
    }
    for colour in &colours[..3] {
        reads(&coloured([BLACK, *colour, *colour], ImageFormat::Jpeg), "auto", BOTH);
    }
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Tiff] {
        let two = coloured([BLACK, [255, 0, 0], [0, 255, 0]], format);
        refuses(&two, "auto", &["several colours", "#ff0000 (", "#00ff00 (", "choose the one"]);
        reads(&two, "#ff0000", DISC);
        reads(&two, "#00ff00", [0.0, 0.0, 1.0]);
        reads(&two, "non_zero", BOTH);
        reads(&two, "#0000ff", NOTHING);
    }
}

/// A PNG of the labels by their numbers, with this palette.
fn indexed(palette: &[[u8; 3]]) -> Vec<u8> {
    let mut content = Vec::new();
    let mut encoder = png::Encoder::new(&mut content, SIZE, SIZE);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette.concat());
    let last = palette.len() - 1;
    let indices = (0..SIZE * SIZE).map(|at| label(at % SIZE, at / SIZE).min(last) as u8);
    let indices = indices.collect::<Vec<_>>();
    encoder.write_header().unwrap().write_image_data(&indices).unwrap();
    content
}

#[test]
fn a_palette_has_labels() {
    let content = indexed(&[[0, 0, 0], [128, 0, 0], [0, 128, 0]]);
    refuses(&content, "auto", &["#800000", "#008000"]);
    reads(&content, "1", DISC);
    reads(&content, "#008000", [0.0, 0.0, 1.0]);
    refuses(&content, "3", &["a palette of 3 colours", "below 3"]);
}

/// Black on white: by the numbers the black is inside, as shown the white.
#[test]
fn a_palette_that_shows_its_background_bright_has_two_readings() {
    for ground in [[255, 255, 255], [200, 0, 0]] {
        let content = indexed(&[ground, [0, 0, 0]]);
        let colour = format!("#{:02x}{:02x}{:02x}", ground[0], ground[1], ground[2]);
        refuses(&content, "auto", &["shows the number 0 as", &colour, "such as 1"]);
        reads(&content, "1", BOTH);
        reads(&content, &colour, [1.0, 0.0, 0.0]);
    }
    // A colour on white has one reading, and so has white on black.
    reads(&indexed(&[[255, 255, 255], [200, 0, 0]]), "auto", BOTH);
    reads(&indexed(&[[0, 0, 0], [255, 255, 255]]), "auto", BOTH);
}

#[test]
fn a_png_that_moves_is_told() {
    let mut content = Vec::new();
    let mut encoder = png::Encoder::new(&mut content, SIZE, SIZE);
    encoder.set_animated(2, 0).unwrap();
    let pixels = (0..SIZE * SIZE).map(|at| [0, 255, 255][label(at % SIZE, at / SIZE)]);
    let pixels = pixels.collect::<Vec<u8>>();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    assert_eq!(reads(&content, "auto", BOTH), [FileNote::Pages]);
}

#[test]
fn what_is_not_a_picture_is_called_by_its_name() {
    let dicom = [&[0; 128][..], b"DICM", &[0; 60]].concat();
    for (content, named) in [
        (
            &b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"[..],
            "git lfs pull",
        ),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"", "empty"),
        (b"GIF89a and so on", "GIF"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"\x1f\x8b\x08 a NIfTI volume, say", "gzip"),
        (&dicom, "DICOM"),
    ] {
        let message = read(content, "auto").unwrap_err();
        let start = "m.png: not a PNG, JPEG, TIFF or BMP file, but ";
        assert!(message.starts_with(start) && message.contains(named), "{message}");
    }
}

/// Decoders spread few bits over 0 to 255: 1 of 2 bits becomes 85.
#[test]
fn labels_of_few_bits_are_the_stored_numbers() {
    let packed = |depth: png::BitDepth, of_label: [u8; 3]| {
        let bits = depth as usize;
        let mut content = Vec::new();
        let mut encoder = png::Encoder::new(&mut content, SIZE, SIZE);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(depth);
        let values = (0..SIZE * SIZE).map(|at| of_label[label(at % SIZE, at / SIZE)]);
        let values = values.collect::<Vec<_>>();
        let byte = |part: &[u8]| part.iter().fold(0, |byte, value| byte << bits | value);
        let bytes = values.chunks(8 / bits).map(byte).collect::<Vec<u8>>();
        encoder.write_header().unwrap().write_image_data(&bytes).unwrap();
        content
    };
    use png::BitDepth::{Four, One, Two};
    assert_eq!(reads(&packed(One, [0, 1, 1]), "auto", BOTH), []);
    assert_eq!(reads(&packed(Two, [0, 3, 3]), "auto", BOTH), []);
    reads(&packed(One, [0, 1, 1]), "1", BOTH);
    for depth in [Two, Four] {
        let labels = packed(depth, [0, 1, 2]);
        refuses(&labels, "auto", &["0 (", "1 (", "2 ("]);
        reads(&labels, "1", DISC);
        reads(&labels, "2", [0.0, 0.0, 1.0]);
    }
    reads(&packed(Four, [0, 15, 9]), "half", BOTH);
}

#[test]
fn alpha_that_says_the_same_is_no_second_reading() {
    let clear = RgbaImage::from_fn(SIZE, SIZE, |x, y| {
        let value = [0, 255, 255][label(x, y)];
        Rgba([value, value, value, value])
    });
    assert_eq!(reads(&file(clear, ImageFormat::Png), "auto", BOTH), []);
}

#[test]
fn alpha_is_a_second_reading() {
    let clear =
        RgbaImage::from_fn(SIZE, SIZE, |x, y| Rgba([255, 255, 255, [0, 255, 255][label(x, y)]]));
    let clear = file(clear, ImageFormat::Png);
    refuses(&clear, "auto", &["alpha", "20.4 % is opaque", "100.0 % is bright"]);
    reads(&clear, "alpha", BOTH);
    reads(&clear, "half", [1.0; 3]);
    let opaque =
        GrayAlphaImage::from_fn(SIZE, SIZE, |x, y| LumaA([[0, 255, 255][label(x, y)], 255]));
    let opaque = file(opaque, ImageFormat::Png);
    assert_eq!(reads(&opaque, "auto", BOTH), []);
    refuses(&opaque, "alpha", &["opaque everywhere"]);
}

#[test]
fn an_ignored_value_counts_nowhere() {
    let read = |ignore, rule: &str| {
        let options = MaskOptions { rule: rule.parse().unwrap(), ignore };
        decode_mask(&grey([0, 1, 255]), "m.png", options).map_err(|error| error.to_string())
    };
    let reading = read(Some(255), "auto").unwrap();
    assert_eq!(inside(&reading), DISC);
    assert_eq!(reading.ignored.unwrap().area(), 12 * 18);
    assert_eq!(inside(&read(Some(255), "non_zero").unwrap()), DISC);
    assert!(read(None, "auto").is_err());
}

/// Labels are numbers, however a viewer shows them.
#[test]
fn a_tiff_that_shows_zero_as_white_has_two_readings() {
    let hard = GrayImage::from_fn(SIZE, SIZE, |x, y| Luma([[0, 255, 255][label(x, y)]]));
    let mut content = file(hard, ImageFormat::Tiff);
    // PhotometricInterpretation (262), a SHORT: from 1 (black is 0) to 0.
    let entry = [6, 1, 3, 0, 1, 0, 0, 0, 1];
    let at = content.windows(9).position(|window| window == entry).unwrap();
    content[at + 8] = 0;
    refuses(&content, "auto", &["shows 0 as white", "20.4 %", "79.6 % as shown"]);
    reads(&content, "half", BOTH);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_values_give_a_mask_or_an_error(
        values in prop::collection::vec(any::<[u8; 4]>(), 1..80),
        kind in 0..4usize,
        rule in prop::sample::select(vec!["auto", "half", "non_zero", "1", "#ff0000", "alpha"]),
        ignore in any::<Option<u16>>(),
    ) {
        let width = values.len() as u32;
        let at = |x: u32| values[x as usize];
        let image: DynamicImage = match kind {
            0 => GrayImage::from_fn(width, 1, |x, _| Luma([at(x)[0]])).into(),
            1 => RgbImage::from_fn(width, 1, |x, _| Rgb([at(x)[0], at(x)[1], at(x)[2]])).into(),
            2 => RgbaImage::from_fn(width, 1, |x, _| Rgba(at(x))).into(),
            _ => DynamicImage::ImageLuma16(ImageBuffer::from_fn(width, 1, |x, _| {
                Luma([u16::from_be_bytes([at(x)[0], at(x)[1]])])
            })),
        };
        let options = MaskOptions { rule: rule.parse().unwrap(), ignore };
        if let Ok(reading) = decode_mask(&file(image, ImageFormat::Png), "m.png", options) {
            prop_assert_eq!(reading.mask.values.len(), values.len());
        }
    }
}
