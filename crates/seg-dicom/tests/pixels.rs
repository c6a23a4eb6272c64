//! How stored values are shown, by hand-computed values: each way of storing, each step to brightness.

#![allow(clippy::unwrap_used)] // in helpers of tests

mod common;

use common::{
    BIG_ENDIAN, File, JPEG, RUN_LENGTH, colours, group, item, levels, read, read_with, refused,
    run_length, words,
};
use dicom_core::value::PrimitiveValue;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use seg_dicom::{DicomNote, DicomOptions, Shown, Side, SpacingSource, Window};

/// Six pixels of 12 bits in a window of all of them.
const VALUES: [u16; 6] = [0, 512, 1024, 2048, 3000, 4095];
const SHOWN: [u8; 6] = [0, 32, 64, 128, 187, 255];

fn radiograph() -> File {
    let mut file = File::new(3, 2);
    file.window("2048", "4096").pixels(&VALUES);
    file
}

#[test]
fn every_way_of_writing_elements_gives_the_same_picture() {
    let file = radiograph();
    let explicit = file.explicit();
    let body =
        |bytes: &[u8]| bytes.windows(8).position(|w| w.starts_with(b"\x08\0\x05\0")).unwrap();
    assert_eq!(levels(&explicit), SHOWN);
    assert_eq!(levels(&file.write(uids::IMPLICIT_VR_LITTLE_ENDIAN)), SHOWN);
    assert_eq!(levels(&file.write(BIG_ENDIAN)), SHOWN);
    // Without a preamble, and without any header.
    assert_eq!(levels(&explicit[132..]), SHOWN);
    let bare = read(&explicit[body(&explicit)..]);
    assert_eq!(bare.notes, [DicomNote::NoTransferSyntax]);
    let implicit = file.write(uids::IMPLICIT_VR_LITTLE_ENDIAN);
    assert_eq!(levels(&implicit[body(&implicit)..]), SHOWN);
    // Deflated by another library than the one that inflates the file as a whole.
    let mut deflated = explicit[..body(&explicit)].to_vec();
    let place = deflated.windows(20).position(|w| w.starts_with(b"1.2.840.10008.1.2.1")).unwrap();
    deflated.splice(place..place + 20, *b"1.2.840.10008.1.2.1.99");
    deflated[place - 2] = 22;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &explicit[body(&explicit)..]).unwrap();
    deflated.extend(encoder.finish().unwrap());
    assert_eq!(levels(&deflated), SHOWN);
    // Says one and is the other.
    let mut liar = explicit[..body(&explicit)].to_vec();
    liar.extend(&implicit[body(&implicit)..]);
    assert_eq!(levels(&liar), SHOWN);
}

#[test]
fn words_of_eight_bits_lie_the_other_way_in_big_endian() {
    let mut file = File::new(3, 3);
    file.bits(8, 8).pixels(&[0x0a09, 0x0c0b, 0x0e0d, 0x100f, 0x0011]);
    let expected = (9..18).collect::<Vec<u8>>();
    assert_eq!(levels(&file.explicit()), expected);
    assert_eq!(levels(&file.write(BIG_ENDIAN)), expected);
}

#[test]
fn unused_bits_are_left_out_wherever_they_are() {
    let mut file = radiograph();
    file.pixels(&VALUES.map(|value| value | 0xa000));
    assert_eq!(file.levels(), SHOWN);
    file.words(tags::HIGH_BIT, &[15]).pixels(&VALUES.map(|value| value << 4 | 7));
    assert_eq!(file.levels(), SHOWN);
}

#[test]
fn monochrome1_is_inverted_once() {
    let mut file = radiograph();
    file.text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME1");
    let inverted = SHOWN.map(|value| 255 - value);
    let found = file.levels();
    assert!(found.iter().zip(inverted).all(|(a, b)| a.abs_diff(b) <= 1), "{found:?}");
    file.text(tags::PRESENTATION_LUT_SHAPE, VR::CS, "INVERSE");
    assert_eq!(file.levels(), found);
}

#[test]
fn signed_values_without_a_window_span_their_range() {
    let mut file = File::new(3, 1);
    file.words(tags::PIXEL_REPRESENTATION, &[1]).pixels(&[0xff38, 0x0000, 0x0064]); // -200, 0, 100
    let picture = read(&file.explicit());
    assert_eq!(levels(&file.explicit()), [0, 170, 255]);
    assert_eq!(picture.source.shown, Shown::Range { smallest: -200.0, largest: 100.0 });
    assert_eq!(picture.notes, [DicomNote::NoWindow]);
    file.pixels(&[5, 5, 5]);
    assert_eq!(file.levels(), [0, 0, 0]);
}

#[test]
fn padding_is_black_and_counts_nowhere() {
    let mut file = File::new(4, 1);
    file.bits(16, 16).words(tags::PIXEL_PADDING_VALUE, &[65535]).pixels(&[100, 200, 300, 65535]);
    assert_eq!(file.levels(), [0, 128, 255, 0]);
    file.text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME1");
    assert_eq!(file.levels(), [255, 128, 0, 0]);
    file.words(tags::PIXEL_PADDING_RANGE_LIMIT, &[300]);
    assert_eq!(file.levels(), [255, 0, 0, 0]);
}

#[test]
fn eight_bits_without_a_window_are_shown_as_they_are() {
    let mut file = File::new(3, 1);
    file.bits(8, 8).bytes(&[24, 100, 230, 0]);
    let picture = read(&file.explicit());
    assert_eq!(
        (levels(&file.explicit()), picture.source.shown),
        (vec![24, 100, 230], Shown::AsStored)
    );
    assert!(picture.notes.is_empty());
    file.text(tags::RESCALE_SLOPE, VR::DS, "2").text(tags::RESCALE_INTERCEPT, VR::DS, "-7");
    assert_eq!(file.levels(), [0, 94, 255]);
}

#[test]
fn modality_tables_come_before_the_window() {
    let mut file = File::new(4, 1);
    let table = item(&[
        (tags::LUT_DESCRIPTOR, VR::US, words(&[4, 10, 16])),
        (tags::LUT_DATA, VR::OW, words(&[0, 100, 200, 400])),
    ]);
    file.items(tags::MODALITY_LUT_SEQUENCE, vec![table]).window("200.5", "401");
    file.pixels(&[0, 11, 12, 99]); // below, inside, inside, above
    assert_eq!(file.levels(), [0, 64, 128, 255]);
}

/// dicom-pixeldata 0.10.1 panics here.
#[test]
fn a_voi_table_may_have_more_bits_than_the_picture() {
    let mut file = File::new(4, 1);
    let entries = (0..256).map(|at| (4095 * at / 255) as u16).collect::<Vec<_>>();
    let table = item(&[
        (tags::LUT_DESCRIPTOR, VR::US, words(&[256, 0, 12])),
        (tags::LUT_DATA, VR::OW, words(&entries)),
    ]);
    file.bits(8, 8).items(tags::VOILUT_SEQUENCE, vec![table]).window("10", "1");
    file.bytes(&[0, 64, 128, 255]);
    let picture = read(&file.explicit());
    assert_eq!(levels(&file.explicit()), [0, 64, 128, 255]);
    assert_eq!(picture.source.shown, Shown::LookupTable);
    // A window of the user's own takes its place.
    let window = Some(Window::new(128.0, 256.0).unwrap());
    let own = read_with(&file.explicit(), &DicomOptions { window, ..DicomOptions::default() });
    assert_eq!(own.image.get_pixel(1, 0)[0], 64);
    assert!(matches!(own.source.shown, Shown::Window(..)));
}

#[test]
fn a_table_of_signed_values_may_begin_below_zero_and_announce_too_many_bits() {
    let mut file = File::new(4, 1);
    let table = item(&[
        (tags::LUT_DESCRIPTOR, VR::US, words(&[3, 0xffff, 16])), // from -1
        (tags::LUT_DATA, VR::OW, words(&[0, 2048, 4095])),
    ]);
    file.items(tags::VOILUT_SEQUENCE, vec![table]).text(tags::RESCALE_INTERCEPT, VR::DS, "-1");
    file.pixels(&[0, 1, 2, 3]); // -1, 0, 1, 2
    assert_eq!(file.levels(), [0, 128, 255, 255]);
}

#[test]
fn of_several_windows_the_first_is_taken_and_told() {
    let mut file = radiograph();
    file.window("2048\\100", "4096\\10");
    let picture = read(&file.explicit());
    assert_eq!(levels(&file.explicit()), SHOWN);
    assert_eq!((picture.source.windows, picture.notes), (2, vec![DicomNote::Windows { count: 2 }]));
    // One that is none is passed over; without any other there is none.
    file.window("2048", "0");
    assert!(matches!(read(&file.explicit()).source.shown, Shown::Range { .. }));
}

#[test]
fn each_frame_has_its_own_window_and_frames_are_chosen() {
    let mut file = File::new(2, 1);
    let window = |width: &str| {
        let window = item(&[
            (tags::WINDOW_CENTER, VR::DS, PrimitiveValue::from("128")),
            (tags::WINDOW_WIDTH, VR::DS, PrimitiveValue::from(width)),
        ]);
        group(tags::FRAME_VOILUT_SEQUENCE, window)
    };
    let frames = vec![window("256"), window("1")];
    file.frames(2).window("9", "9").items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames);
    file.pixels(&[64, 192, 127, 128]);
    let frame =
        |frame| read_with(&file.explicit(), &DicomOptions { frame, ..DicomOptions::default() });
    let first = frame(1);
    assert_eq!(first.image.pixels().map(|p| p[0]).collect::<Vec<_>>(), [64, 192]);
    assert_eq!(first.notes, [DicomNote::Frames { count: 2, read: 1 }]);
    assert_eq!(frame(2).image.pixels().map(|p| p[0]).collect::<Vec<_>>(), [0, 255]);
    for frame in [0, 3] {
        let options = DicomOptions { frame, ..DicomOptions::default() };
        let error = seg_dicom::decode_dicom(&file.explicit(), "x.dcm", &options).unwrap_err();
        assert_eq!(error.to_string(), format!("x.dcm: has 2 frame(s): there is no frame {frame}"));
    }
}

#[test]
fn single_bits_are_packed_through_all_frames() {
    let mut file = File::new(5, 1);
    file.bits(1, 1).frames(3).bytes(&[0b0011_0001, 0b0111_1100]);
    let frame = |frame| {
        let picture =
            read_with(&file.explicit(), &DicomOptions { frame, ..DicomOptions::default() });
        picture.image.pixels().map(|p| p[0] / 255).collect::<Vec<_>>()
    };
    assert_eq!([frame(1), frame(2), frame(3)], [[1, 0, 0, 0, 1], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1]]);
}

#[test]
fn colours_of_every_kind_come_out_as_rgb() {
    let rgb = [[10, 20, 30], [200, 100, 50]];
    let mut file = File::new(2, 1);
    file.colour("RGB").bytes(&[10, 20, 30, 200, 100, 50]);
    assert_eq!(colours(&file.explicit()), rgb);
    file.words(tags::PLANAR_CONFIGURATION, &[1]).bytes(&[10, 200, 20, 100, 30, 50]);
    assert_eq!(colours(&file.explicit()), rgb);
    file.bits(16, 16).pixels(&[10, 200, 20, 100, 30, 50].map(|value: u16| value * 257));
    assert_eq!(colours(&file.explicit()), rgb);
    // Y, Cb, Cr of PS3.3, C.7.6.3.1.2, of pure red and of grey.
    file.colour("YBR_FULL").bytes(&[76, 85, 255, 128, 128, 128]);
    let [red, grey] = colours(&file.explicit())[..] else { panic!() };
    assert!(
        red.iter().zip([255, 0, 0]).all(|(a, b)| a.abs_diff(b) <= 2) && grey == [128; 3],
        "{red:?}"
    );
    file.colour("YBR_FULL_422").bytes(&[76, 128, 85, 255]);
    let [red, light] = colours(&file.explicit())[..] else { panic!() };
    assert!(red[0] > 250 && red[1] < 5 && light[0] == 255 && light[1] < 60, "{red:?} {light:?}");
}

/// Descriptor and values of the palettes for red, green and blue.
const PALETTES: [(Tag, Tag); 3] = [
    (tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA),
    (
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA),
];

#[test]
fn palettes_of_eight_and_sixteen_bits() {
    let mut file = File::new(4, 1);
    file.text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "PALETTE COLOR").bits(8, 8);
    file.bytes(&[0, 1, 2, 9]);
    for (channel, (descriptor, data)) in (0..).zip(PALETTES) {
        file.words(descriptor, &[2, 1, 16]);
        file.put(data, VR::OW, words(&[(10 + channel) << 8 | 0xff, 200 << 8]));
    }
    let expected = [[10, 11, 12], [10, 11, 12], [200; 3], [200; 3]];
    assert_eq!(colours(&file.explicit()), expected);
    // The window of a picture in colour is nobody's business.
    file.window("1", "1");
    assert_eq!(colours(&file.explicit()), expected);
    let options = DicomOptions { window: Window::new(1.0, 1.0).ok(), ..DicomOptions::default() };
    assert_eq!(read_with(&file.explicit(), &options).notes, [DicomNote::ColourWindow]);
    for (descriptor, data) in PALETTES {
        file.words(descriptor, &[2, 1, 8]);
        file.put(data, VR::OW, words(&[200 << 8 | 10]));
    }
    assert_eq!(colours(&file.explicit()), [[10; 3], [10; 3], [200; 3], [200; 3]]);
}

#[test]
fn run_lengths_of_grey_and_colour() {
    let mut file = radiograph();
    let plane = |shift: u16| VALUES.iter().map(|value| (value >> shift) as u8).collect::<Vec<_>>();
    file.fragments(vec![], vec![run_length(&[plane(8), plane(0)])]);
    assert_eq!(levels(&file.write(RUN_LENGTH)), SHOWN);
    let mut colour = File::new(2, 1);
    colour.colour("RGB").fragments(vec![], vec![run_length(&[vec![1, 4], vec![2, 5], vec![3, 6]])]);
    assert_eq!(colours(&colour.write(RUN_LENGTH)), [[1, 2, 3], [4, 5, 6]]);
    colour.fragments(vec![], vec![run_length(&[vec![1, 4], vec![2, 5]])]);
    assert!(refused(&colour.write(RUN_LENGTH)).contains("2 planes, expected 3"));
}

/// A picture of one value is packed 64 to 1, which dicom-rs's decoder takes for an attack.
#[test]
fn a_large_frame_may_be_packed_as_well_as_the_format_can() {
    let (columns, rows) = (3000, 3000);
    let mut file = File::new(columns, rows);
    let plane = vec![0u8; usize::from(columns) * usize::from(rows)];
    file.window("2048", "4096").fragments(vec![], vec![run_length(&[plane.clone(), plane])]);
    assert_eq!(read(&file.write(RUN_LENGTH)).image.dimensions(), (3000, 3000));
}

fn jpeg(image: &image::DynamicImage) -> Vec<u8> {
    let mut out = Vec::new();
    image.write_to(&mut std::io::Cursor::new(&mut out), image::ImageFormat::Jpeg).unwrap();
    out
}

#[test]
fn jpegs_in_grey_and_colour_whatever_their_label_says() {
    let grey = image::GrayImage::from_fn(24, 16, |x, y| image::Luma([(4 * x + 8 * y) as u8]));
    let mut file = File::new(24, 16);
    file.bits(8, 8).fragments(vec![], vec![jpeg(&grey.clone().into())]);
    let close = |a: &[u8], b: &[u8], most| a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= most);
    assert!(close(&levels(&file.write(JPEG)), grey.as_raw(), 6));
    let colour = image::RgbImage::from_fn(24, 16, |x, _| image::Rgb([250 - 2 * x as u8, 40, 20]));
    for label in ["YBR_FULL_422", "RGB"] {
        let mut file = File::new(24, 16);
        file.colour(label).fragments(vec![], vec![jpeg(&colour.clone().into())]);
        let found = read(&file.write(JPEG)).image;
        assert!(close(found.as_raw(), colour.as_raw(), 12), "{label}");
    }
    // Without its marker nothing but the label says whether the values are RGB; here they are not.
    let mut bare = jpeg(&colour.clone().into());
    assert_eq!(bare[2..4], [0xff, 0xe0]);
    let length = usize::from(u16::from_be_bytes([bare[4], bare[5]]));
    bare.drain(2..4 + length);
    let mut file = File::new(24, 16);
    file.colour("YBR_FULL").fragments(vec![], vec![bare.clone()]);
    assert!(close(read(&file.write(JPEG)).image.as_raw(), colour.as_raw(), 12));
    file.colour("RGB");
    let as_said = read(&file.write(JPEG)).image;
    assert!(!close(as_said.as_raw(), colour.as_raw(), 60));
}

#[test]
fn frames_in_several_pieces_are_found_by_table_and_by_marker() {
    let frame =
        |level: u8| jpeg(&image::GrayImage::from_pixel(16, 16, image::Luma([level])).into());
    let (a, b) = (frame(50), frame(200));
    let even = |mut bytes: Vec<u8>| {
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    };
    let (first, second) = (even(a[..100].to_vec()), even(a[100..].to_vec()));
    let start = (first.len() + second.len() + 16) as u32;
    let pieces = vec![first, second, even(b)];
    for table in [vec![0, start], vec![]] {
        let mut file = File::new(16, 16);
        file.bits(8, 8).frames(2).fragments(table, pieces.clone());
        let bytes = file.write(JPEG);
        for (number, level) in [(1, 50), (2, 200u8)] {
            let options = DicomOptions { frame: number, ..DicomOptions::default() };
            let found = read_with(&bytes, &options).image.get_pixel(3, 3)[0];
            assert!(found.abs_diff(level) <= 2, "{number}: {found}");
        }
    }
    let mut file = File::new(16, 16);
    file.bits(8, 8).frames(2).fragments(vec![], vec![pieces[0].clone(), vec![0; 4], vec![0; 4]]);
    assert!(refused(&file.write(JPEG)).contains("3 compressed piece(s) for 2 frame(s)"));
}

#[test]
fn pixels_that_are_not_square_are_made_so() {
    let mut file = File::new(2, 2);
    file.bits(8, 8).text(tags::PIXEL_ASPECT_RATIO, VR::IS, "2\\1").bytes(&[10, 20, 30, 40]);
    let picture = read(&file.explicit());
    assert_eq!(picture.image.dimensions(), (2, 4));
    assert_eq!((picture.source.stored_size, picture.source.shown_size), ((2, 2), (2, 4)));
    assert_eq!(picture.notes, [DicomNote::NotSquare { stored: (2, 2), shown: (2, 4) }]);
    // Distances that no pixels have say nothing, and are told.
    file.text(tags::PIXEL_SPACING, VR::DS, "0\\0.2");
    let found = "0\\0.2".to_owned();
    let picture = read(&file.explicit());
    assert!(
        picture.notes.contains(&DicomNote::NoSpacing { found }) && picture.source.spacing.is_none()
    );
    // Distances say it better than a ratio.
    file.text(tags::PIXEL_SPACING, VR::DS, "0.1\\0.2");
    let picture = read(&file.explicit());
    assert_eq!(picture.image.dimensions(), (4, 2));
    let spacing = picture.source.spacing.unwrap();
    assert_eq!((spacing.rows, spacing.columns), (0.1, 0.2));
    assert_eq!(spacing.source, SpacingSource::PixelSpacing);
    let keep_grid = DicomOptions { keep_grid: true, ..DicomOptions::default() };
    assert_eq!(read_with(&file.explicit(), &keep_grid).image.dimensions(), (2, 2));
}

#[test]
fn what_a_file_says_of_itself_is_known() {
    let mut file = radiograph();
    file.text(tags::PATIENT_ORIENTATION, VR::CS, "L\\F").text(tags::IMAGE_LATERALITY, VR::CS, "R");
    file.text(tags::PRESENTATION_INTENT_TYPE, VR::CS, "FOR PROCESSING");
    file.text(tags::IMAGER_PIXEL_SPACING, VR::DS, "0.2\\0.2");
    let picture = read(&file.explicit());
    let source = &picture.source;
    assert_eq!(
        (source.side_on_the_right, source.laterality),
        (Some(Side::Left), Some(Side::Right))
    );
    assert!(source.for_processing && picture.notes.contains(&DicomNote::ForProcessing));
    assert_eq!(source.spacing.unwrap().source, SpacingSource::ImagerPixelSpacing);
    assert_eq!((source.modality.as_str(), source.photometric.as_str()), ("CR", "MONOCHROME2"));
    file.text(tags::PATIENT_ORIENTATION, VR::CS, "");
    file.text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "-1\\0\\0\\0\\0\\-1");
    assert_eq!(read(&file.explicit()).source.side_on_the_right, Some(Side::Right));
}

/// Files of other encoders; see `data/make.py`.
#[test]
fn jpeg_2000_and_lossless_jpeg_give_every_value_back() {
    let file = |name: &str| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        std::fs::read(folder.join(name)).unwrap()
    };
    let grey = (0..37).flat_map(|y| (0..45).map(move |x| f64::from((37 * x + 101 * y) % 4096)));
    // A window of all values, as the standard has it for 12 bits.
    let shown = grey.map(|value| (value / 4095.0 * 255.0 + 0.5).floor() as u8).collect::<Vec<_>>();
    let rgb = (0..37).flat_map(|y: u32| {
        (0..45)
            .map(move |x| [7 * x + y, x + 11 * y, 3 * x + 5 * y].map(|value| (value % 256) as u8))
    });
    let rgb = rgb.collect::<Vec<_>>();
    for name in ["jpeg2000.dcm", "jpeg2000_signed.dcm", "jpeg_lossless.dcm"] {
        assert_eq!(levels(&file(name)), shown, "{name}");
    }
    assert_eq!(colours(&file("jpeg2000_rgb.dcm")), rgb);
    // A cut one is not a whole one with a grey end.
    let whole = file("jpeg2000.dcm");
    let start = whole.windows(4).position(|w| w == b"\xff\x4f\xff\x51").unwrap();
    for length in [60, 200, (whole.len() - start) / 2, whole.len() - start - 40] {
        let mut cut = File::new(45, 37);
        cut.fragments(vec![], vec![whole[start..start + length / 2 * 2].to_vec()]);
        let message = refused(&cut.write("1.2.840.10008.1.2.4.90"));
        assert!(message.contains("the JPEG 2000 inside is broken or cut"), "{length}: {message}");
    }
}
