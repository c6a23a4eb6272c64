//! Writes pictures and masks as PNG files, atomically.

use std::path::Path;

use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};

use crate::error::ImageError;
use crate::mask::BinaryMask;

/// Writes a picture as PNG.
///
/// # Errors
///
/// If the file cannot be written; an earlier one is then unchanged.
pub fn write_rgb(file: &Path, image: &RgbImage) -> Result<(), ImageError> {
    write(file, &DynamicImage::ImageRgb8(image.clone()))
}

/// Writes a mask as grey PNG of 0 and 255.
///
/// # Errors
///
/// If the file cannot be written, or the number of values is not that of the pixels.
pub fn write_mask(file: &Path, mask: &BinaryMask) -> Result<(), ImageError> {
    let values = mask.values.iter().map(|inside| u8::from(*inside) * 255).collect();
    write_gray8(file, mask.width, mask.height, values)
}

/// A mask as the bytes of a grey PNG of 0 and 255.
///
/// # Errors
///
/// If the number of values is not that of the pixels.
pub fn encode_mask(mask: &BinaryMask) -> Result<Vec<u8>, ImageError> {
    let values = mask.values.iter().map(|inside| u8::from(*inside) * 255).collect();
    encode(Path::new("mask.png"), &gray(Path::new("mask.png"), mask.width, mask.height, values)?)
}

/// Writes one channel as grey PNG.
///
/// # Errors
///
/// If the file cannot be written, or there are not `width · height` values.
pub fn write_gray8(
    file: &Path,
    width: u32,
    height: u32,
    values: Vec<u8>,
) -> Result<(), ImageError> {
    write(file, &gray(file, width, height, values)?)
}

fn gray(file: &Path, width: u32, height: u32, values: Vec<u8>) -> Result<DynamicImage, ImageError> {
    let found = values.len();
    let refused = || ImageError::Size { file: file.to_owned(), width, height, found };
    if found != width as usize * height as usize {
        return Err(refused());
    }
    GrayImage::from_raw(width, height, values).map(DynamicImage::ImageLuma8).ok_or_else(refused)
}

fn write(file: &Path, image: &DynamicImage) -> Result<(), ImageError> {
    Ok(whole_file::write(file, &encode(file, image)?)?)
}

fn encode(file: &Path, image: &DynamicImage) -> Result<Vec<u8>, ImageError> {
    let mut out = std::io::Cursor::new(Vec::new());
    image
        .write_to(&mut out, ImageFormat::Png)
        .map_err(|source| ImageError::Encode { file: file.to_owned(), source })?;
    Ok(out.into_inner())
}
