//! Why a DICOM file could not be read or written.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use dicom_core::Tag;

/// Why a DICOM file could not be read.
#[derive(Debug)]
pub struct DicomError {
    /// The file, or what was given as its name.
    pub file: PathBuf,
    /// What is the matter with it.
    pub problem: Box<Problem>,
}

impl fmt::Display for DicomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.problem)
    }
}

impl Error for DicomError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.problem.source() // the problem itself is in the message
    }
}

impl DicomError {
    pub(crate) fn new(file: &Path, problem: Problem) -> Self {
        Self { file: file.to_owned(), problem: Box::new(problem) }
    }
}

/// What is the matter with a DICOM file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum Problem {
    /// The file could not be read.
    #[error("cannot be read")]
    Read { source: std::io::Error },
    /// The file is larger than a picture may be.
    #[error("{bytes} bytes, the limit is {} MiB", crate::MAX_FILE >> 20)]
    TooLong { bytes: u64 },
    /// The content is no DICOM file.
    #[error("not a DICOM file: no `DICM` at byte 128, and no data element at the beginning")]
    NotDicom,
    /// The file ends inside an element.
    #[error(
        "ends inside {}: {claimed} bytes are announced, {left} are there: an incomplete download or copy; \
         get it again", element(*tag)
    )]
    Cut { tag: Tag, claimed: u64, left: u64 },
    /// The bytes where an element should begin are none.
    #[error("broken at byte {at} of the data set, {}: expected a data element", after(*tag))]
    Structure { tag: Option<Tag>, at: usize },
    /// Sequences are nested deeper than any real ones.
    #[error("sequences lie {} deep in each other: the file is broken", crate::dataset::MAX_DEPTH)]
    Depth,
    /// There are more elements than in any real file.
    #[error("more than {} data elements: the file is broken", crate::dataset::MAX_ELEMENTS)]
    Elements,
    /// The compressed data set is broken.
    #[error("the deflated data set is broken or cut")]
    Deflate { source: std::io::Error },
    /// What is compressed has more bytes than the limit.
    #[error("inflates to more than {most} bytes")]
    Inflated { most: u64 },
    /// How the pixels are encoded is known and not read.
    #[error("its pixels are {what} (transfer syntax {uid}), which is not read: {advice}")]
    TransferSyntax { uid: String, what: &'static str, advice: &'static str },
    /// How the pixels are encoded is not known.
    #[error(
        "transfer syntax `{uid}` is not known: convert the file to Explicit VR Little Endian, for example by \
         DCMTK's dcmconv or GDCM's `gdcmconv --raw`"
    )]
    UnknownTransferSyntax { uid: String },
    /// There are no pixels.
    #[error("there is no picture in it (modality {modality}, SOP class {class}): give an image")]
    NoPixels { modality: String, class: String },
    /// An attribute is missing that the pixels need.
    #[error("{} is missing: without it the pixels have no meaning", element(*tag))]
    Missing { tag: Tag },
    /// An attribute has a value that it cannot have, or that is not read.
    #[error("{} is {found}, expected {expected}", element(*tag))]
    Value { tag: Tag, found: String, expected: &'static str },
    /// A kind of pixels that is known and not read.
    #[error("{what} is not read: {advice}")]
    Unsupported { what: String, advice: &'static str },
    /// The picture is larger than the limits.
    #[error("{columns} x {rows} pixels, the limit is {} million", crate::MAX_PIXELS / 1_000_000)]
    TooManyPixels { rows: u32, columns: u32 },
    /// There is no such frame.
    #[error("has {frames} frame(s): there is no frame {asked}")]
    Frame { asked: u32, frames: u32 },
    /// There are fewer pixels than the size says.
    #[error(
        "ends inside its pixels: {frames} frame(s) of {columns} x {rows} need {expected} bytes, {found} are \
         there: an incomplete download or copy; get it again"
    )]
    FewPixels { rows: u32, columns: u32, frames: u32, expected: u64, found: u64 },
    /// It cannot be told which of the compressed pieces are which frame.
    #[error(
        "{fragments} compressed piece(s) for {frames} frame(s), and no table says which belong together"
    )]
    Fragments { fragments: usize, frames: u32 },
    /// The compressed picture says another size than the file.
    #[error(
        "the file says {columns} x {rows} pixels of {samples} value(s), the {codec} inside \
         {found_columns} x {found_rows} of {found_samples}"
    )]
    Codestream {
        codec: &'static str,
        rows: u32,
        columns: u32,
        samples: u16,
        found_rows: u32,
        found_columns: u32,
        found_samples: u16,
    },
    /// The compressed picture is broken.
    #[error("the {codec} inside is broken or cut: {why}")]
    Codec { codec: &'static str, why: String },
    /// A lookup table is not what its descriptor says.
    #[error("{}: {why}", element(*tag))]
    Table { tag: Tag, why: String },
}

/// `Rows (0028,0010)`.
pub(crate) fn element(tag: Tag) -> String {
    match crate::dataset::name(tag) {
        Some(name) => format!("{name} ({:04X},{:04X})", tag.0, tag.1),
        None => format!("element ({:04X},{:04X})", tag.0, tag.1),
    }
}

fn after(tag: Option<Tag>) -> String {
    tag.map_or_else(|| "at its beginning".to_owned(), |tag| format!("after {}", element(tag)))
}
