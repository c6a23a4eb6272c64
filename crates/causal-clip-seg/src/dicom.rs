//! DICOM images as pictures, and masks as DICOM Segmentation objects.
//!
//! [`read_rgb`](crate::read_rgb) reads a DICOM image too; [`read_dicom`] also says what the picture was made
//! from, which an object that refers to it needs.
//!
//! ```no_run
//! use causal_clip_seg::Device;
//! use causal_clip_seg::dicom::{DicomOptions, read_dicom};
//! # fn main() -> Result<(), causal_clip_seg::SegError> {
//! let segmenter = causal_clip_seg::Segmenter::load("net.safetensors", &Device::default())?;
//! let picture = read_dicom("chest.dcm", &DicomOptions::default())?;
//! let mask = segmenter.segment(&picture.image, "The left lung.")?;
//! mask.write_dicom_seg("chest.seg.dcm", &picture.source, "The left lung.")?;
//! # Ok(())
//! # }
//! ```

use std::path::Path;

pub use seg_dicom::{
    Category, Code, DicomNote, DicomOptions, DicomPicture, DicomSource, Geometry, PixelSpacing,
    Problem, SegmentKind, SegmentMask, SegmentationOptions, Shown, Side, SpacingSource, Window,
    WindowFunction, decode_dicom, encode_segmentation, is_dicom, read_dicom, write_segmentation,
};

use crate::errors::SegError;
use crate::mask::Mask;

/// Writes the answers to sentences about one picture as one Segmentation object, a segment each; what is
/// [not there](Mask::decided) is a segment without a pixel.
///
/// # Errors
///
/// As [`write_segmentation`].
pub fn write_masks(
    file: impl AsRef<Path>,
    source: &DicomSource,
    answers: &[(&str, &Mask)],
    options: &SegmentationOptions,
) -> Result<(), SegError> {
    let decided = answers.iter().map(|(_, mask)| mask.decided()).collect::<Vec<_>>();
    let masks = answers.iter().zip(&decided).map(|((sentence, _), mask)| SegmentMask {
        source,
        sentence,
        size: (mask.width, mask.height),
        values: &mask.values,
        side: None,
    });
    Ok(write_segmentation(file, &masks.collect::<Vec<_>>(), options)?)
}
