//! DICOM files as pictures.

use std::path::Path;

use file_kind::FileKind;
use seg_dicom::{DicomOptions, DicomPicture, decode_dicom};

use crate::decode::Picture;
use crate::error::ImageError;
use crate::note::FileNote;

/// Whether a file is read as DICOM: by its first 512 bytes, else by the ending of its name, if it is nothing
/// else.
pub fn is_dicom(head: &[u8], name: &Path) -> bool {
    let called_so = || {
        let ending = name.extension().unwrap_or_default();
        ["dcm", "dicom"].iter().any(|known| ending.eq_ignore_ascii_case(known))
    };
    seg_dicom::is_dicom(head) || (called_so() && FileKind::of(head).is_none())
}

/// Decodes the first frame as its own attributes say.
pub(crate) fn decode(content: &[u8], name: &Path) -> Result<Picture, ImageError> {
    let DicomPicture { image, notes, .. } = decode_dicom(content, name, &DicomOptions::default())?;
    Ok(Picture { image, notes: notes.into_iter().map(FileNote::Dicom).collect() })
}
