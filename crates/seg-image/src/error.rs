//! Why a picture could not be read or written.

use std::path::PathBuf;

/// Why a picture could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum ImageError {
    /// The file could not be read.
    #[error("cannot read {}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    /// The content is not of a known format.
    #[error("{}: not a PNG, JPEG, TIFF or BMP file", file.display())]
    Format { file: PathBuf },
    /// The content breaks its format.
    #[error("{}: broken or unsupported picture", file.display())]
    Decode { file: PathBuf, source: image::ImageError },
    /// The header promises more than the limits allow; nothing was decoded.
    #[error(
        "{}: {width} x {height} pixels ({bytes} bytes decoded), the limits are {} million pixels and {} MiB",
        file.display(), crate::MAX_PIXELS / 1_000_000, crate::MAX_BYTES >> 20
    )]
    TooLarge { file: PathBuf, width: u32, height: u32, bytes: u64 },
    /// A mask would be read as empty, since its values are not those that the rule expects.
    #[error(
        "{}: no value reaches 128, the largest is {largest}: for a mask of 0 and 1 or of label ids \
         choose another mask rule",
        file.display()
    )]
    MaskRule { file: PathBuf, largest: u8 },
    /// The file could not be written; an earlier one of that name is unchanged.
    #[error(transparent)]
    Write(#[from] whole_file::WriteError),
    /// The picture could not be encoded; an earlier file of that name is unchanged.
    #[error("cannot encode {}", file.display())]
    Encode { file: PathBuf, source: image::ImageError },
    /// The number of values is not that of the pixels.
    #[error("{}: found {found} values for {width} x {height} pixels", file.display())]
    Size { file: PathBuf, width: u32, height: u32, found: usize },
}
