//! Reads DICOM images as pictures of 8 bits, as a radiologist sees them, and writes masks as DICOM
//! Segmentation objects.
//!
//! ```
//! use seg_dicom::{DicomOptions, decode_dicom, is_dicom};
//!
//! let error = decode_dicom(b"no DICOM", "note.txt", &DicomOptions::default()).unwrap_err();
//! assert!(error.to_string().starts_with("note.txt: not a DICOM file"));
//! assert!(!is_dicom(b"no DICOM"));
//! ```
//!
//! Grey values go the way of the standard: the stored bits, padding, modality, the values of interest (a
//! lookup table, else the first window, else the range of what occurs; 8 bits without either are shown as
//! they are), and the inversion of MONOCHROME1, once. Colours become RGB, once. Pixels that are not square
//! are made so in the picture, and masks go back to the grid that is stored.
//!
//! Research software; not for clinical use.
//!
//! # Hostile files
//!
//! No byte of a file makes it panic or allocate what a header only claims: lengths are held against the
//! file, sizes against [`MAX_PIXELS`] and what there is of pixels, and codestreams against the file's own
//! size. A panic of a decoder is caught and told as an error.
#![deny(missing_docs)]

mod bits;
mod charset;
mod code;
mod codec;
mod codestream;
mod colour;
mod container;
mod dataset;
mod error;
mod frame;
mod grey;
mod groups;
#[cfg(all(feature = "jpeg2000", not(target_family = "wasm")))]
mod jpeg2000;
mod layout;
mod lookup;
mod note;
mod object;
mod options;
mod picture;
mod run_length;
mod samples;
mod segmentation;
mod shape;
mod side;
mod source;
mod spacing;
mod transfer;
mod uid;
mod voi;

pub use code::{Category, Code, SegmentKind, UnknownKind};
pub use container::is_dicom;
pub use error::{DicomError, Problem};
pub use grey::Shown;
pub use image::RgbImage;
pub use note::DicomNote;
pub use options::{DicomOptions, NoWindow, Window};
pub use picture::{DicomPicture, decode_dicom, read_dicom};
pub use segmentation::{
    Geometry, SegmentMask, SegmentationError, SegmentationOptions, UnknownGeometry,
    encode_segmentation, write_segmentation,
};
pub use side::Side;
pub use source::DicomSource;
pub use spacing::{PixelSpacing, SpacingSource};
pub use voi::WindowFunction;

/// The largest file, and the most that a deflated one may inflate to, in bytes.
pub const MAX_FILE: u64 = 1 << 30;
/// The most pixels of a frame, and of the picture that is made of it.
pub const MAX_PIXELS: u64 = 64_000_000;
