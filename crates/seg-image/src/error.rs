//! Why a picture could not be read or written.

use std::path::PathBuf;

use file_kind::FileKind;

/// Why a picture could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum ImageError {
    /// The file could not be read.
    #[error("cannot read {}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    /// The content is not of a format that is read.
    #[error(
        "{}: not a PNG, JPEG, TIFF or BMP file{}",
        file.display(), kind.map_or(String::new(), instead)
    )]
    Format { file: PathBuf, kind: Option<FileKind> },
    /// The content breaks its format.
    #[error("{}: broken or unsupported picture", file.display())]
    Decode { file: PathBuf, source: image::ImageError },
    /// The header promises more than the limits allow; nothing was decoded.
    #[error(
        "{}: {width} x {height} pixels ({bytes} bytes decoded), the limits are {} million pixels and {} MiB",
        file.display(), crate::MAX_PIXELS / 1_000_000, crate::MAX_BYTES >> 20
    )]
    TooLarge { file: PathBuf, width: u32, height: u32, bytes: u64 },
    /// A picture beyond the limits of whole pictures that cannot be read a few rows at a time.
    #[error(
        "{}: {width} x {height} pixels, and {why}: it has to be read whole, and the limits are then {} million \
         pixels and {} MiB; store it as a PNG without interlacing or a TIFF in small strips or tiles",
        file.display(), crate::MAX_PIXELS / 1_000_000, crate::MAX_BYTES >> 20
    )]
    NoRows { file: PathBuf, width: u32, height: u32, why: String },
    /// The header promises more than can be read even a few rows at a time; nothing was decoded.
    #[error(
        "{}: {width} x {height} pixels, the limits are {} on a side and {} million pixels",
        file.display(), crate::MAX_SIDE_BY_ROWS, crate::MAX_PIXELS_BY_ROWS / 1_000_000
    )]
    TooManyRows { file: PathBuf, width: u32, height: u32 },
    /// A file ends before its picture does.
    #[error(
        "{}: ends in the middle of the picture ({bytes} bytes, no end marker): an incomplete download \
         or copy; get it again",
        file.display()
    )]
    Cut { file: PathBuf, bytes: usize },
    /// A kind of picture that is known and not read.
    #[error("{}: {what} is not read: convert it to 8 or 16 bits without a sign", file.display())]
    Unsupported { file: PathBuf, what: String },
    /// A value that the number of bits, as it was given, cannot hold.
    #[error(
        "{}: the largest value is {largest}, beyond {bits} bits: give more bits, up to 16",
        file.display()
    )]
    Bits { file: PathBuf, bits: u8, largest: u16 },
    /// A mask's values do not fit the rule, or have two readings.
    #[error("{}: as a mask it {found}; {choose}", file.display())]
    MaskRule { file: PathBuf, found: String, choose: String },
    /// The file could not be written; an earlier one of that name is unchanged.
    #[error(transparent)]
    Write(#[from] whole_file::WriteError),
    /// The picture could not be encoded; an earlier file of that name is unchanged.
    #[error("cannot encode {}", file.display())]
    Encode { file: PathBuf, source: image::ImageError },
    /// A DICOM file has no picture that can be read.
    #[cfg(feature = "dicom")]
    #[error(transparent)]
    Dicom(#[from] seg_dicom::DicomError),
    /// The number of values is not that of the pixels.
    #[error("{}: found {found} values for {width} x {height} pixels", file.display())]
    Size { file: PathBuf, width: u32, height: u32, found: usize },
}

/// What a file is that is no picture.
fn instead(kind: FileKind) -> String {
    match kind {
        FileKind::Dicom if cfg!(feature = "dicom") => {
            format!(", but {kind}, which only pictures may be")
        }
        FileKind::Dicom => format!(", but {kind}, which needs the feature `dicom`"),
        _ => format!(", but {kind}"),
    }
}
