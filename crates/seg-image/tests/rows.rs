//! Pictures read a few rows at a time: the pixels, notes and refusals of those read whole.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::path::{Path, PathBuf};

use png::{BitDepth, ColorType};
use proptest::prelude::*;
use seg_image::{
    FileNote, ImageError, Picture, PictureOptions, PictureRows, RgbImage, read_picture,
};

/// A picture's rows, `step` at a time, as one picture.
fn by_rows(file: &Path, options: PictureOptions, step: u32) -> Result<Picture, ImageError> {
    let mut rows = PictureRows::open(file, options)?;
    let (width, height) = (rows.width(), rows.height());
    let mut values = Vec::new();
    loop {
        let band = rows.read(step)?;
        if band.height() == 0 {
            break;
        }
        assert_eq!(band.width(), width);
        values.extend(band.into_raw());
    }
    let image = RgbImage::from_raw(width, height, values).unwrap();
    Ok(Picture { image, notes: rows.notes().to_vec() })
}

/// Both ways of reading give one answer.
fn compare(file: &Path, options: PictureOptions) -> Result<Picture, String> {
    let whole = read_picture(file, options).map_err(|error| error.to_string());
    for step in [1, 3, 7, 1000] {
        let rows = by_rows(file, options, step).map_err(|error| error.to_string());
        assert_eq!(rows, whole, "{step} rows at a time");
    }
    whole
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, content: &[u8]) -> PathBuf {
        let file = self.0.path().join(name);
        std::fs::write(&file, content).unwrap();
        file
    }
}

fn noise(count: usize, most: u8) -> Vec<u8> {
    (0..count as u32).map(|i| ((i.wrapping_mul(2_654_435_761) >> 13) as u8) & most).collect()
}

const WIDTH: u32 = 37;
const HEIGHT: u32 = 23;

fn png(colour: ColorType, bits: BitDepth, palette_alpha: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, WIDTH, HEIGHT);
    encoder.set_color(colour);
    encoder.set_depth(bits);
    if colour == ColorType::Indexed {
        encoder.set_palette(noise(3 << bits as u8, 255));
        if palette_alpha {
            encoder.set_trns(noise(3, 255));
        }
    }
    let row = (WIDTH as usize * colour.samples() * bits as usize).div_ceil(8);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&noise(row * HEIGHT as usize, 255)).unwrap();
    writer.finish().unwrap();
    out
}

#[test]
fn every_png_is_the_same_by_rows() {
    use BitDepth::{Eight, Four, One, Sixteen, Two};
    let folder = Folder::new();
    let kinds = [
        (ColorType::Grayscale, &[One, Two, Four, Eight, Sixteen][..]),
        (ColorType::Indexed, &[One, Two, Four, Eight]),
        (ColorType::GrayscaleAlpha, &[Eight, Sixteen]),
        (ColorType::Rgb, &[Eight, Sixteen]),
        (ColorType::Rgba, &[Eight, Sixteen]),
    ];
    for (colour, depths) in kinds {
        for bits in depths {
            for alpha in [false, true] {
                let file = folder.put("a.png", &png(colour, *bits, alpha));
                let picture = compare(&file, PictureOptions::default()).unwrap();
                assert_eq!(picture.image.dimensions(), (WIDTH, HEIGHT));
            }
        }
    }
}

/// A little-endian TIFF; values of tags that are longer than four bytes are put behind it.
struct Tiff {
    bits: u16,
    samples: u16,
    photometric: u16,
    planes: u16,
    orientation: u16,
    /// Columns and rows of a tile; rows of a strip.
    tile: Option<(u32, u32)>,
    strip: u32,
    /// The largest value of a sample.
    most: u8,
}

const GREY: Tiff = Tiff {
    bits: 8,
    samples: 1,
    photometric: 1,
    planes: 1,
    orientation: 1,
    tile: None,
    strip: 5,
    most: 255,
};

impl Tiff {
    fn bytes(&self) -> Vec<u8> {
        let pixel =
            usize::from(self.samples / self.planes.max(1)).max(1) * usize::from(self.bits / 8);
        let pixel = if self.planes == 2 { usize::from(self.bits / 8) } else { pixel };
        let planes = if self.planes == 2 { usize::from(self.samples) } else { 1 };
        let (across, chunk) = match self.tile {
            Some((w, h)) => (WIDTH.div_ceil(w) * HEIGHT.div_ceil(h), (w * h) as usize * pixel),
            None => (HEIGHT.div_ceil(self.strip), (WIDTH * self.strip) as usize * pixel),
        };
        let mut out = b"II*\0\0\0\0\0".to_vec();
        let (mut offsets, mut counts) = (Vec::new(), Vec::new());
        for index in 0..across as usize * planes {
            let rows_left = HEIGHT - (index as u32 % across) * self.strip.min(HEIGHT);
            let length = match self.tile {
                Some(_) => chunk,
                None => (WIDTH * self.strip.min(rows_left)) as usize * pixel,
            };
            offsets.push(out.len() as u32);
            counts.push(length as u32);
            let values = noise(length + 7 * index, self.most);
            out.extend(&values[7 * index..]);
            out.resize(out.len().next_multiple_of(4), 0);
        }
        let mut tags: Vec<(u16, u16, Vec<u32>)> = vec![
            (256, 4, vec![WIDTH]),
            (257, 4, vec![HEIGHT]),
            (258, 3, vec![u32::from(self.bits); usize::from(self.samples)]),
            (259, 3, vec![1]),
            (262, 3, vec![u32::from(self.photometric)]),
            (274, 3, vec![u32::from(self.orientation)]),
            (277, 3, vec![u32::from(self.samples)]),
            (284, 3, vec![u32::from(self.planes)]),
        ];
        match self.tile {
            Some((w, h)) => tags.extend([
                (322, 4, vec![w]),
                (323, 4, vec![h]),
                (324, 4, offsets),
                (325, 4, counts),
            ]),
            None => tags.extend([(273, 4, offsets), (278, 4, vec![self.strip]), (279, 4, counts)]),
        }
        if self.samples == 4 {
            tags.push((338, 3, vec![2]));
        }
        tags.sort();
        let places = tags.iter().map(|(_, kind, values)| {
            let bytes = values.iter().flat_map(|value| match kind {
                3 => (*value as u16).to_le_bytes().to_vec(),
                _ => value.to_le_bytes().to_vec(),
            });
            let mut bytes = bytes.collect::<Vec<_>>();
            if bytes.len() <= 4 {
                bytes.resize(4, 0);
                return bytes;
            }
            let at = out.len() as u32;
            out.append(&mut bytes);
            out.resize(out.len().next_multiple_of(4), 0);
            at.to_le_bytes().to_vec()
        });
        let places = places.collect::<Vec<_>>();
        let directory = out.len() as u32;
        out[4..8].copy_from_slice(&directory.to_le_bytes());
        out.extend((tags.len() as u16).to_le_bytes());
        for ((tag, kind, values), place) in tags.iter().zip(places) {
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend((values.len() as u32).to_le_bytes());
            out.extend(place);
        }
        out.extend([0; 4]);
        out
    }
}

#[test]
fn every_tiff_is_the_same_by_rows() {
    let folder = Folder::new();
    let layouts = [
        (None, 1),
        (None, 5),
        (None, 23),
        (None, 64),
        (Some((16, 16)), 1),
        (Some((48, 32)), 1),
        (Some((16, 8)), 1),
    ];
    let mut read = 0;
    for (tile, strip) in layouts {
        for (samples, photometric) in [(1, 1), (1, 0), (3, 2), (4, 2)] {
            for bits in [8, 16] {
                let tiff = Tiff { tile, strip, samples, photometric, bits, ..GREY };
                let file = folder.put("a.tif", &tiff.bytes());
                read += usize::from(compare(&file, PictureOptions::default()).is_ok());
            }
        }
    }
    assert_eq!(read, layouts.len() * 8);
    // What is read whole.
    for tiff in
        [Tiff { planes: 2, samples: 3, photometric: 2, ..GREY }, Tiff { orientation: 6, ..GREY }]
    {
        let file = folder.put("a.tif", &tiff.bytes());
        compare(&file, PictureOptions::default()).unwrap();
        compare(&file, PictureOptions { ignore_orientation: true, ..PictureOptions::default() })
            .unwrap();
    }
}

#[test]
fn bits_are_judged_over_all_rows() {
    let folder = Folder::new();
    let tiff = Tiff { bits: 16, most: 0x0f, ..GREY };
    let file = folder.put("a.tif", &tiff.bytes());
    let picture = compare(&file, PictureOptions::default()).unwrap();
    assert_eq!(picture.notes, [FileNote::FewBits { bits: 12 }]);
    let bits = |bits| PictureOptions { bits: Some(bits), ..PictureOptions::default() };
    let message = compare(&file, bits(10)).unwrap_err();
    assert!(message.contains("the largest value is 3844, beyond 10 bits"), "{message}");
    assert_eq!(compare(&file, bits(12)).unwrap().notes, []);
}

#[test]
fn other_formats_are_read_whole() {
    let folder = Folder::new();
    let image = RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]));
    for name in ["a.jpg", "a.bmp"] {
        let file = folder.0.path().join(name);
        image.save(&file).unwrap();
        assert_eq!(compare(&file, PictureOptions::default()).unwrap().image.dimensions(), (40, 30));
    }
    let jpeg = std::fs::read(folder.0.path().join("a.jpg")).unwrap();
    let message =
        compare(&folder.put("cut.jpg", &jpeg[..jpeg.len() / 2]), PictureOptions::default());
    assert!(message.unwrap_err().contains("ends in the middle"));
    let message = compare(&folder.put("a.txt", b"no picture"), PictureOptions::default());
    assert!(message.unwrap_err().contains("not a PNG, JPEG, TIFF or BMP file"));
}

/// The header of a small PNG with other sides, and its method of interlacing.
fn lying_png(width: u32, height: u32, interlaced: u8) -> Vec<u8> {
    let mut png = png(ColorType::Rgb, BitDepth::Eight, false);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    png[28] = interlaced;
    let crc = !png[12..29].iter().fold(!0u32, |crc, byte| {
        (0..8)
            .fold(crc ^ u32::from(*byte), |c, _| (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg()))
    });
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    png
}

#[test]
fn what_is_too_large_is_refused_before_it_is_decoded() {
    let folder = Folder::new();
    let open = |png: &[u8]| PictureRows::open(folder.put("a.png", png), PictureOptions::default());
    let message = open(&lying_png(2_000_000, 10, 0)).err().unwrap().to_string();
    assert!(
        message.ends_with("the limits are 1048576 on a side and 40000 million pixels"),
        "{message}"
    );
    let message = open(&lying_png(20_000, 20_000, 1)).err().unwrap().to_string();
    assert!(
        message.contains("20000 x 20000 pixels, and it is an interlaced PNG: it has"),
        "{message}"
    );
    // By rows it is opened, and found to be cut.
    let mut rows = open(&lying_png(20_000, 20_000, 0)).unwrap();
    let message = rows.read(512).unwrap_err().to_string();
    assert!(message.ends_with("broken or unsupported picture"), "{message}");
}

#[test]
fn a_png_cut_anywhere_is_refused() {
    let folder = Folder::new();
    let png = png(ColorType::Rgb, BitDepth::Eight, false);
    for cut in (1..png.len()).step_by(97) {
        let file = folder.put("a.png", &png[..cut]);
        let whole = read_picture(&file, PictureOptions::default()).is_ok();
        assert_eq!(by_rows(&file, PictureOptions::default(), 4).is_ok(), whole, "{cut}");
        assert!(!whole || cut > png.len() - 16, "{cut}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn broken_files_are_read_as_whole_ones_or_refused(
        kind in 0..4usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        step in 1u32..9,
    ) {
        let mut bytes = match kind {
            0 => Tiff { bits: 16, ..GREY }.bytes(),
            1 => Tiff { tile: Some((16, 16)), samples: 3, photometric: 2, ..GREY }.bytes(),
            2 => png(ColorType::Indexed, BitDepth::Four, true),
            _ => png(ColorType::Rgba, BitDepth::Sixteen, false),
        };
        // A TIFF's directory is at its end.
        let from = if kind < 2 { bytes.len() - 300 } else { 0 };
        let length = bytes.len() - from;
        for (place, value) in changes {
            bytes[from + place.index(length)] = value;
        }
        let folder = Folder::new();
        let file = folder.put("x", &bytes);
        let options = PictureOptions::default();
        let rows = match PictureRows::open(&file, options) {
            // A lie about the height would only take long.
            Ok(rows) if u64::from(rows.width()) * u64::from(rows.height()) > 4_000_000 => return Ok(()),
            _ => by_rows(&file, options, step),
        };
        if let (Ok(rows), Ok(whole)) = (&rows, &read_picture(&file, options)) {
            prop_assert_eq!(rows, whole);
        }
    }
}
