//! Pictures to PNG files, written beside and renamed.

use std::io::{BufWriter, Write};
use std::path::Path;

use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};

use crate::error::ImageError;
use crate::mask::BinaryMask;

/// A picture as PNG.
///
/// # Errors
///
/// If the file cannot be written; an earlier one is unchanged then.
pub fn write_rgb(file: &Path, image: &RgbImage) -> Result<(), ImageError> {
    write(file, &DynamicImage::ImageRgb8(image.clone()))
}

/// A mask as grey PNG of 0 and 255.
///
/// # Errors
///
/// If the file cannot be written, or the mask's size is not that of its values.
pub fn write_mask(file: &Path, mask: &BinaryMask) -> Result<(), ImageError> {
    let values = mask.values.iter().map(|inside| u8::from(*inside) * 255).collect();
    write_gray8(file, mask.width, mask.height, values)
}

/// One channel as grey PNG.
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
    let failed = |source| ImageError::Write { file: file.to_owned(), source };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut beside =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    let mut out = std::io::Cursor::new(Vec::new());
    image
        .write_to(&mut out, ImageFormat::Png)
        .map_err(|source| ImageError::Encode { file: file.to_owned(), source })?;
    BufWriter::new(&mut beside).write_all(out.get_ref()).map_err(failed)?;
    beside.as_file().sync_all().map_err(failed)?;
    let kept = beside.persist(file).map_err(|error| failed(error.error))?;
    set_readable(&kept);
    Ok(())
}

/// Temporary files are private to their maker; a picture is for whoever may read the folder.
fn set_readable(file: &std::fs::File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Best effort: the picture is there either way.
        let _ = file.set_permissions(std::fs::Permissions::from_mode(0o644));
    }
    #[cfg(not(unix))]
    let _ = file;
}
