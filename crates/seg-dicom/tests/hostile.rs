//! Whatever the bytes: a picture or an error that names what is wrong.

#![allow(clippy::unwrap_used)] // in helpers of tests

mod common;

use common::{File, JPEG, RUN_LENGTH, group, item, read, refused, run_length};
use dicom_core::VR;
use dicom_core::value::PrimitiveValue;
use dicom_dictionary_std::{tags, uids};
use proptest::prelude::*;
use seg_dicom::{DicomOptions, decode_dicom};

fn small() -> File {
    let mut file = File::new(4, 2);
    let window = item(&[(tags::WINDOW_CENTER, VR::DS, PrimitiveValue::from("100"))]);
    file.items(
        tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
        vec![group(tags::FRAME_VOILUT_SEQUENCE, window)],
    );
    file.window("100", "200").pixels(&[1, 2, 3, 4, 5, 6, 7, 8]);
    file
}

/// Small files of several kinds.
fn files() -> Vec<Vec<u8>> {
    let mut packed = File::new(4, 2);
    let planes = [vec![0; 8], (1..9).collect()];
    packed.window("100", "200").fragments(vec![0], vec![run_length(&planes)]);
    let mut jpeg = Vec::new();
    let grey = image::DynamicImage::from(image::GrayImage::from_pixel(4, 2, image::Luma([90])));
    grey.write_to(&mut std::io::Cursor::new(&mut jpeg), image::ImageFormat::Jpeg).unwrap();
    let mut lossy = File::new(4, 2);
    lossy.bits(8, 8).fragments(vec![], vec![jpeg]);
    vec![
        small().explicit(),
        small().write(uids::IMPLICIT_VR_LITTLE_ENDIAN),
        small().write(common::BIG_ENDIAN),
        packed.write(RUN_LENGTH),
        lossy.write(JPEG),
    ]
}

fn decode(bytes: &[u8]) -> Result<seg_dicom::DicomPicture, seg_dicom::DicomError> {
    decode_dicom(bytes, "x.dcm", &DicomOptions::default())
}

#[test]
fn a_cut_file_is_refused_wherever_it_ends() {
    for (number, bytes) in files().iter().enumerate() {
        let whole = read(bytes);
        // Padding and delimiters behind the pixels say nothing of them.
        let slack = if number < 3 { 0 } else { 8 };
        for length in 0..bytes.len() - slack {
            match decode(&bytes[..length]) {
                Err(error) => {
                    let message = error.to_string();
                    assert!(message.starts_with("x.dcm: ") && message.len() > 20, "{message}");
                }
                Ok(picture) => panic!("file {number}, {length} bytes: {:?}", picture.image),
            }
        }
        assert_eq!(read(bytes), whole);
    }
    let whole = small().explicit();
    let message = refused(&whole[..whole.len() - 3]);
    assert!(
        message.starts_with("x.dcm: ends inside PixelData (7FE0,0010): 16 bytes are"),
        "{message}"
    );
}

#[test]
fn no_bit_makes_it_panic() {
    for bytes in files() {
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let _ = decode(&changed);
            }
        }
    }
}

#[test]
fn fewer_pixels_than_the_size_says_are_no_picture() {
    let mut file = small();
    file.pixels(&[1, 2, 3]);
    assert_eq!(
        refused(&file.explicit()),
        "x.dcm: ends inside its pixels: 1 frame(s) of 4 x 2 need 16 bytes, 6 are there: an incomplete \
         download or copy; get it again"
    );
    file.frames(4_000_000_000);
    assert!(
        refused(&file.explicit()).contains("4000000000 frame(s) of 4 x 2 need 64000000000 bytes")
    );
    let mut packed = File::new(60000, 1000);
    packed.fragments(vec![], vec![run_length(&[vec![0; 100], vec![0; 100]])]);
    assert!(refused(&packed.write(RUN_LENGTH)).contains("bytes for 2 planes of 60000000"));
    file.words(tags::ROWS, &[65535]).words(tags::COLUMNS, &[65535]);
    assert!(refused(&file.explicit()).contains("65535 x 65535 pixels, the limit is 64 million"));
}

/// A length that only the file claims is neither allocated nor believed.
#[test]
fn lengths_are_held_against_the_file() {
    let mut bytes = small().explicit();
    let name = bytes.windows(4).position(|w| w == b"\x10\0\x10\0").unwrap();
    bytes.splice(name..name + 8, *b"\x10\0\x10\0UT\0\0\xff\xff\xff\x7f");
    assert!(refused(&bytes).contains("PatientName (0010,0010): 2147483647 bytes are announced"));
}

#[test]
fn sequences_nested_without_end_are_refused() {
    let bytes = small().explicit();
    let pixels = bytes.windows(4).position(|w| w == b"\xe0\x7f\x10\0").unwrap();
    let mut nested = bytes[..pixels].to_vec();
    for _ in 0..100_000 {
        nested.extend(b"\x40\x55\x00\x10SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff");
    }
    assert!(refused(&nested).contains("sequences lie 32 deep"));
}

#[test]
fn what_is_not_read_is_refused_by_name() {
    for (uid, what) in [
        (
            "1.2.840.10008.1.2.4.80",
            "its pixels are JPEG-LS (transfer syntax 1.2.840.10008.1.2.4.80)",
        ),
        ("1.2.840.10008.1.2.4.81", "JPEG-LS"),
        ("1.2.840.10008.1.2.4.100", "an MPEG-2 video"),
        ("1.2.840.10008.1.2.4.102", "an MPEG-4 video (H.264)"),
        ("1.2.840.10008.1.2.4.107", "an HEVC video (H.265)"),
        ("1.2.840.10008.1.2.4.110", "JPEG XL"),
        ("1.2.3.4.5.6.7.8.9.10.11.12", "transfer syntax `1.2.3.4.5.6.7.8.9.10.11.12` is not known"),
    ] {
        let mut bytes = small().explicit();
        let place = bytes.windows(20).position(|w| w.starts_with(b"1.2.840.10008.1.2.1")).unwrap();
        let mut padded = uid.as_bytes().to_vec();
        padded.resize(padded.len().next_multiple_of(2), 0);
        bytes[place - 2] = padded.len() as u8;
        bytes.splice(place..place + 20, padded);
        let message = refused(&bytes);
        assert!(message.contains(what), "{message}");
    }
    let mut float = small();
    float.0.remove_element(tags::PIXEL_DATA);
    let none = refused(&float.explicit());
    assert!(none.contains("there is no picture in it (modality CR, SOP class 1.2.840"), "{none}");
    float.put(tags::FLOAT_PIXEL_DATA, VR::OF, PrimitiveValue::F32([0.5].as_slice().into()));
    assert!(
        refused(&float.explicit()).contains("floating-point numbers, FloatPixelData (7FE0,0008)")
    );
    for (change, what) in [
        ((tags::BITS_ALLOCATED, 32), "a picture of 32 bits a value is not read"),
        ((tags::BITS_ALLOCATED, 12), "BitsAllocated (0028,0100) is 12, expected 8 or 16"),
        ((tags::BITS_STORED, 17), "BitsStored (0028,0101) is 17, expected 1 to BitsAllocated"),
        ((tags::HIGH_BIT, 10), "HighBit (0028,0102) is 10, expected"),
        ((tags::PIXEL_REPRESENTATION, 2), "PixelRepresentation (0028,0103) is 2, expected 0 or 1"),
        ((tags::SAMPLES_PER_PIXEL, 3), "SamplesPerPixel (0028,0002) is 3, expected 1 for grey"),
        ((tags::ROWS, 0), "Rows (0028,0010) is 0, expected at least 1"),
    ] {
        let mut file = small();
        file.words(change.0, &[change.1]);
        let message = refused(&file.explicit());
        assert!(message.contains(what), "{message}");
    }
    let mut file = small();
    file.text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "CMYK");
    assert!(
        refused(&file.explicit())
            .contains("PhotometricInterpretation (0028,0004) is CMYK, expected")
    );
    file.0.remove_element(tags::PHOTOMETRIC_INTERPRETATION);
    assert!(refused(&file.explicit()).contains("PhotometricInterpretation (0028,0004) is missing"));
    file.text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2").frames(0);
    assert!(
        refused(&file.explicit()).contains("NumberOfFrames (0028,0008) is 0, expected a whole")
    );
    assert!(refused(b"").contains("not a DICOM file"));
    assert!(refused(&[0; 400]).contains("not a DICOM file"));
}

/// The header of a JPEG with 12 bits, which no decoder here reads.
#[test]
fn a_jpeg_of_twelve_bits_or_another_size_is_refused_before_it_is_decoded() {
    let mut jpeg =
        b"\xff\xd8\xff\xc1\0\x0b\x0c\0\x02\0\x04\x01\x01\x11\0\xff\xda\0\0\xff\xd9\0".to_vec();
    let mut file = File::new(4, 2);
    file.fragments(vec![], vec![jpeg.clone()]);
    let message = refused(&file.write("1.2.840.10008.1.2.4.51"));
    assert!(message.contains("a JPEG of 12 bits is not read: decompress it first"), "{message}");
    jpeg[6] = 8;
    jpeg[9] = 0xff;
    file.fragments(vec![], vec![jpeg]);
    let message = refused(&file.write("1.2.840.10008.1.2.4.51"));
    assert!(
        message
            .contains("the file says 4 x 2 pixels of 1 value(s), the JPEG inside 65284 x 2 of 1"),
        "{message}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_give_a_picture_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        start in 0usize..3,
    ) {
        let mut file = if start > 0 { vec![0; 128] } else { Vec::new() };
        if start > 0 {
            file.extend(b"DICM");
        }
        if start > 1 {
            file.extend(b"\x02\0\x10\0UI\x14\0");
            file.extend(b"1.2.840.10008.1.2.1\0");
        }
        file.extend(bytes);
        let _ = decode(&file);
    }

    #[test]
    fn any_change_gives_a_picture_or_an_error(
        which in 0usize..5,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut file = files().swap_remove(which);
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let _ = decode(&file);
    }
}
