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
    let found = values.len();
    if found != width as usize * height as usize {
        return Err(ImageError::Size { file: file.to_owned(), width, height, found });
    }
    match GrayImage::from_raw(width, height, values) {
        Some(image) => write(file, &DynamicImage::ImageLuma8(image)),
        None => Err(ImageError::Size { file: file.to_owned(), width, height, found }),
    }
}

fn write(file: &Path, image: &DynamicImage) -> Result<(), ImageError> {
    let mut out = std::io::Cursor::new(Vec::new());
    image
        .write_to(&mut out, ImageFormat::Png)
        .map_err(|source| ImageError::Encode { file: file.to_owned(), source })?;
    Ok(whole_file::write(file, out.get_ref())?)
}
