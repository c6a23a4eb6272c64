//! Reads image files as 8-bit RGB and as masks, and writes masks and overlays.
//!
//! ```
//! use seg_image::{BinaryMask, OverlayStyle, RgbImage, decode_rgb, overlay};
//!
//! let image = RgbImage::new(40, 30);
//! let mask = BinaryMask::from_fn(40, 30, |x, y| (10..20).contains(&x) && y < 15);
//! assert_eq!(mask.area(), 150);
//! let picture = overlay(&image, &mask, &OverlayStyle::default(), "upper left");
//! assert!(picture.width() >= 448);
//!
//! let error = decode_rgb(b"no picture", "note.txt").unwrap_err();
//! assert!(error.to_string().starts_with("note.txt: not a PNG, JPEG, TIFF or BMP file"));
//! ```
//!
//! With the feature `dicom`, DICOM files are read as pictures too; see the crate `seg-dicom`.
#![deny(missing_docs)]

mod caption;
mod contents;
mod decode;
#[cfg(feature = "dicom")]
mod dicom;
mod error;
mod gray_rows;
mod jpeg;
mod judge;
mod mask;
mod mask_file;
mod mask_rule;
mod note;
mod overlay;
mod rows;
mod tiff_rows;
mod tiff_tags;
mod write;

pub use caption::FONT;
pub use decode::{
    MAX_BYTES, MAX_PIXELS, Picture, PictureOptions, decode_picture, decode_rgb, read_picture,
    read_rgb,
};
#[cfg(feature = "dicom")]
pub use dicom::is_dicom;
pub use error::ImageError;
pub use gray_rows::GrayRows;
pub use image::{Rgb, RgbImage};
pub use mask::{BinaryMask, BoundingBox};
pub use mask_file::{MaskReading, decode_mask, read_mask};
pub use mask_rule::{Colour, MaskOptions, MaskRule, UnknownMaskRule};
pub use note::{FileNote, NoteCounts};
pub use overlay::{OverlayStyle, contact_sheet, flip_horizontal, overlay, overlay_with_reference};
pub use rows::{MAX_PIXELS_BY_ROWS, MAX_SIDE_BY_ROWS, PictureRows};
pub use write::{encode_mask, write_gray8, write_mask, write_rgb};
