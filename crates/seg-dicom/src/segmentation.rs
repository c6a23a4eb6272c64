//! Masks as a DICOM Segmentation object.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use dicom_core::Tag;

use crate::code::SegmentKind;
use crate::error::element;
use crate::object;
use crate::shape::mask_at;
use crate::side::Side;
use crate::source::DicomSource;

/// The answer to a sentence about a picture.
#[derive(Clone, Copy, Debug)]
pub struct SegmentMask<'a> {
    /// The picture, or one frame of it.
    pub source: &'a DicomSource,
    /// What was asked for; masks with one sentence, of several frames, are one segment.
    pub sentence: &'a str,
    /// Columns and rows of the mask: the picture's, as shown or as stored.
    pub size: (u32, u32),
    /// Row by row, `true` inside.
    pub values: &'a [bool],
    /// The patient's side that is meant, if the sentence names one and it is known whose.
    pub side: Option<Side>,
}

/// Where in space the masks lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Geometry {
    /// Where the picture does, if it says so; else nowhere, as the standard has it for projections.
    #[default]
    Auto,
    /// Nowhere.
    None,
    /// Where the picture does, if it says so; else in a plane that is made up. 3D Slicer, dcmqi, OHIF and
    /// pydicom-seg read nothing that lies nowhere.
    Plane,
}

/// A text that names no [`Geometry`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown geometry `{found}`: expected auto, none or plane")]
pub struct UnknownGeometry {
    /// What was given.
    pub found: String,
}

impl FromStr for Geometry {
    type Err = UnknownGeometry;

    fn from_str(text: &str) -> Result<Self, UnknownGeometry> {
        match text {
            "auto" => Ok(Self::Auto),
            "none" => Ok(Self::None),
            "plane" => Ok(Self::Plane),
            _ => Err(UnknownGeometry { found: text.to_owned() }),
        }
    }
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::None => "none",
            Self::Plane => "plane",
        })
    }
}

/// How a Segmentation object is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentationOptions {
    /// Where the masks lie.
    pub geometry: Geometry,
    /// What all segments show; `None` for what the words of each sentence say.
    pub kind: Option<SegmentKind>,
    /// What made the masks: a network's name. At most 64 characters are kept.
    pub algorithm: String,
    /// Its version: that of the weights. At most 64 characters are kept.
    pub algorithm_version: String,
}

/// Why a Segmentation object was not written. An earlier file of its name is unchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum SegmentationError {
    /// There is nothing to write.
    #[error("{}: no mask to write", file.display())]
    Nothing { file: PathBuf },
    /// There is more than an object can hold.
    #[error("{}: {segments} sentences, an object holds {}", file.display(), u16::MAX)]
    Segments { file: PathBuf, segments: usize },
    /// A mask has the size of neither the picture nor its stored grid.
    #[error(
        "{}: the mask of \"{sentence}\" has {} x {} pixels in {values} values, its picture {} x {}",
        file.display(), size.0, size.1, shown.0, shown.1
    )]
    Size { file: PathBuf, sentence: String, size: (u32, u32), values: usize, shown: (u32, u32) },
    /// Masks of several pictures.
    #[error("{}: masks of several files: write an object for each", file.display())]
    Pictures { file: PathBuf },
    /// There are two masks for a sentence and a frame.
    #[error("{}: two masks of \"{sentence}\" in frame {frame}", file.display())]
    Twice { file: PathBuf, sentence: String, frame: u32 },
    /// The picture lacks what an object must refer to.
    #[error(
        "{}: the picture has no valid {}, by which a segmentation refers to it", file.display(), element(*tag)
    )]
    Reference { file: PathBuf, tag: Tag },
    /// The object has more bytes of pixels than a file of its kind can have.
    #[error("{}: {bytes} bytes of masks, the limit is {}", file.display(), u32::MAX)]
    TooLarge { file: PathBuf, bytes: u64 },
    /// The system gives no random numbers for identifiers.
    #[error("{}: no random numbers for identifiers", file.display())]
    Random { file: PathBuf, source: getrandom::Error },
    /// The object could not be encoded.
    #[error("{}: cannot encode the object", file.display())]
    Encode { file: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] whole_file::WriteError),
}

/// A sentence with the masks of its frames.
pub(crate) struct Segment<'a> {
    pub(crate) sentence: &'a str,
    pub(crate) side: Option<Side>,
    pub(crate) frames: Vec<Frame<'a>>,
}

/// A mask on the stored grid.
pub(crate) struct Frame<'a> {
    pub(crate) source: &'a DicomSource,
    pub(crate) values: Vec<bool>,
}

/// Writes masks of one picture as a Segmentation object, as [`encode_segmentation`] has it. The file is whole
/// or not there.
///
/// # Errors
///
/// As [`encode_segmentation`], and if the file cannot be written.
pub fn write_segmentation(
    file: impl AsRef<Path>,
    masks: &[SegmentMask<'_>],
    options: &SegmentationOptions,
) -> Result<(), SegmentationError> {
    let file = file.as_ref();
    Ok(whole_file::write(file, &encode_segmentation(file, masks, options)?)?)
}

/// Masks of one picture as the content of a Segmentation object: one segment for each sentence, binary,
/// referring to the picture. Identifiers are new each time. Errors call it `name`.
///
/// An empty mask is a frame of zeros, so that each sentence has its answer. Of the patient and the study
/// there is in it what the standard has copied; nothing else of the picture.
///
/// # Errors
///
/// If masks do not fit their picture, are of several pictures, or the picture has no identifiers.
pub fn encode_segmentation(
    name: impl AsRef<Path>,
    masks: &[SegmentMask<'_>],
    options: &SegmentationOptions,
) -> Result<Vec<u8>, SegmentationError> {
    let file = name.as_ref();
    let segments = segments(file, masks)?;
    let Some(first) = masks.first() else {
        return Err(SegmentationError::Nothing { file: file.to_owned() });
    };
    if let Some(tag) = first.source.reference.lacks() {
        return Err(SegmentationError::Reference { file: file.to_owned(), tag });
    }
    let pixels = u64::from(first.source.stored_size.0) * u64::from(first.source.stored_size.1);
    let bytes = (pixels * masks.len() as u64).div_ceil(8);
    if bytes > u64::from(u32::MAX) - 2 {
        return Err(SegmentationError::TooLarge { file: file.to_owned(), bytes });
    }
    let object = object::build(first.source, &segments, options);
    let object =
        object.map_err(|source| SegmentationError::Random { file: file.to_owned(), source })?;
    let mut bytes = Vec::new();
    object
        .write(&mut bytes)
        .map_err(|source| SegmentationError::Encode { file: file.to_owned(), source })?;
    Ok(bytes)
}

/// The masks by sentence, in the order of the first of each.
fn segments<'a>(
    file: &Path,
    masks: &[SegmentMask<'a>],
) -> Result<Vec<Segment<'a>>, SegmentationError> {
    let mut segments: Vec<Segment<'a>> = Vec::new();
    let own = masks.first().map(|mask| mask.source);
    for mask in masks {
        let &SegmentMask { source, sentence, size, values, side } = mask;
        let of_one = |own: &&DicomSource| {
            own.reference.instance == source.reference.instance
                && own.stored_size == source.stored_size
        };
        if !own.as_ref().is_some_and(of_one) {
            return Err(SegmentationError::Pictures { file: file.to_owned() });
        }
        let fits = size == source.shown_size || size == source.stored_size;
        if !fits || values.len() as u64 != u64::from(size.0) * u64::from(size.1) {
            return Err(SegmentationError::Size {
                file: file.to_owned(),
                sentence: sentence.to_owned(),
                size,
                values: values.len(),
                shown: source.shown_size,
            });
        }
        let frame = Frame { source, values: mask_at(values, size, source.stored_size) };
        match segments.iter_mut().find(|segment| segment.sentence == sentence) {
            None => segments.push(Segment { sentence, side, frames: vec![frame] }),
            Some(segment) if segment.frames.iter().any(|f| f.source.frame == source.frame) => {
                let (file, frame) = (file.to_owned(), source.frame);
                return Err(SegmentationError::Twice {
                    file,
                    sentence: sentence.to_owned(),
                    frame,
                });
            }
            Some(segment) => segment.frames.push(frame),
        }
    }
    match u16::try_from(segments.len()) {
        Ok(_) => Ok(segments),
        Err(_) => {
            Err(SegmentationError::Segments { file: file.to_owned(), segments: segments.len() })
        }
    }
}
