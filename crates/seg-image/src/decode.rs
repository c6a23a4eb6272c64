//! Image files to pixels of eight bits.
//!
//! The format is judged by content. EXIF orientation is applied, alpha is dropped (not composited),
//! 16 bits become 8 by `round(v / 257)`, palettes are expanded, grey is repeated to three channels,
//! gamma and colour profiles are ignored.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage};

use crate::error::ImageError;

/// The largest number of pixels that a picture may have.
pub const MAX_PIXELS: u64 = 64_000_000;
/// The most memory that a decoded picture may take, and that its decoder may take in addition.
pub const MAX_BYTES: u64 = 512 << 20;

/// Reads a picture from a file as RGB.
///
/// # Errors
///
/// If the file cannot be read, is not a picture, is broken, or is larger than [`MAX_PIXELS`] or
/// [`MAX_BYTES`].
pub fn read_rgb(file: impl AsRef<Path>) -> Result<RgbImage, ImageError> {
    let file = file.as_ref();
    decode_rgb(&read(file)?, file)
}

/// Decodes a picture from a file's content as RGB; errors call it `name`.
///
/// # Errors
///
/// As [`read_rgb`].
pub fn decode_rgb(content: &[u8], name: impl AsRef<Path>) -> Result<RgbImage, ImageError> {
    let name = name.as_ref();
    Ok(match decode(content, name)? {
        DynamicImage::ImageRgb8(image) => image,
        DynamicImage::ImageRgb16(image) => rgb(&image, |p| p.0.map(eight)),
        DynamicImage::ImageRgba16(image) => rgb(&image, |p| [p[0], p[1], p[2]].map(eight)),
        DynamicImage::ImageLuma16(image) => rgb(&image, |p| [eight(p[0]); 3]),
        DynamicImage::ImageLumaA16(image) => rgb(&image, |p| [eight(p[0]); 3]),
        DynamicImage::ImageRgba8(image) => rgb(&image, |p| [p[0], p[1], p[2]]),
        DynamicImage::ImageLuma8(image) => rgb(&image, |p| [p[0]; 3]),
        DynamicImage::ImageLumaA8(image) => rgb(&image, |p| [p[0]; 3]),
        other => other.to_rgb8(),
    })
}

/// Reads a picture from a file as one channel: its width, height and values, row-major.
///
/// If the picture is in colour, its red channel is taken: masks have the same value in all three.
///
/// # Errors
///
/// As [`read_rgb`].
pub fn read_gray8(file: &Path) -> Result<(u32, u32, Vec<u8>), ImageError> {
    decode_gray8(&read(file)?, file)
}

/// Decodes a picture from a file's content as one channel; see [`read_gray8`].
///
/// # Errors
///
/// As [`read_rgb`].
pub fn decode_gray8(content: &[u8], name: &Path) -> Result<(u32, u32, Vec<u8>), ImageError> {
    if let DynamicImage::ImageLuma8(image) = decode(content, name)? {
        return Ok((image.width(), image.height(), image.into_raw()));
    }
    let image = decode_rgb(content, name)?;
    Ok((image.width(), image.height(), image.pixels().map(|p| p[0]).collect()))
}

fn read(file: &Path) -> Result<Vec<u8>, ImageError> {
    std::fs::read(file).map_err(|source| ImageError::Read { file: file.to_owned(), source })
}

fn decode(content: &[u8], name: &Path) -> Result<DynamicImage, ImageError> {
    let broken = |source| ImageError::Decode { file: name.to_owned(), source };
    let mut reader = ImageReader::new(Cursor::new(content))
        .with_guessed_format()
        .map_err(|source| ImageError::Read { file: name.to_owned(), source })?;
    if reader.format().is_none() {
        return Err(ImageError::Format { file: name.to_owned() });
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let ((width, height), bytes) = (decoder.dimensions(), decoder.total_bytes());
    if u64::from(width) * u64::from(height) > MAX_PIXELS || bytes > MAX_BYTES {
        return Err(ImageError::TooLarge { file: name.to_owned(), width, height, bytes });
    }
    // Broken metadata do not make the pixels unreadable.
    let orientation = decoder.orientation().ok();
    let mut image = DynamicImage::from_decoder(decoder).map_err(broken)?;
    if let Some(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    Ok(image)
}

/// 16 bits to 8: 65535 is 255 · 257.
fn eight(v: u16) -> u8 {
    ((u32::from(v) + 128) / 257) as u8
}

fn rgb<P: image::Pixel>(
    image: &image::ImageBuffer<P, Vec<P::Subpixel>>,
    convert: impl Fn(&P) -> [u8; 3],
) -> RgbImage {
    let mut out = RgbImage::new(image.width(), image.height());
    for (to, from) in out.pixels_mut().zip(image.pixels()) {
        to.0 = convert(from);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sixteen_bits_become_eight_by_rounding() {
        assert_eq!([0, 128, 129, 32767, 65535].map(eight), [0, 0, 1, 127, 255]);
    }

    /// A PNG header that promises 60000 x 60000 pixels and holds none.
    #[test]
    fn a_bomb_is_refused_before_it_is_decoded() {
        let mut png = Vec::new();
        image::RgbImage::new(2, 2)
            .write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png)
            .unwrap();
        png[16..20].copy_from_slice(&60_000u32.to_be_bytes());
        png[20..24].copy_from_slice(&60_000u32.to_be_bytes());
        // The header's checksum, so that the lie is well formed.
        let crc = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&crc.to_be_bytes());
        let message = decode_rgb(&png, "bomb.png").unwrap_err().to_string();
        assert!(message.starts_with("bomb.png: 60000 x 60000 pixels"), "{message}");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |c, _| {
                (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg())
            })
        })
    }

    #[test]
    fn a_very_long_picture_is_read() {
        let mut png = Vec::new();
        image::GrayImage::from_pixel(20_000, 20, image::Luma([7]))
            .write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png)
            .unwrap();
        let image = decode_rgb(&png, "long.png").unwrap();
        assert_eq!((image.dimensions(), image.get_pixel(19_999, 19).0), ((20_000, 20), [7; 3]));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_picture_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..600), kind in 0..5usize) {
            let magic: [&[u8]; 5] =
                [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0\x08\0\0\0", b"BM", b""];
            let mut content = magic[kind].to_vec();
            content.append(&mut bytes);
            let _ = decode_rgb(&content, "x");
        }
    }
}
