//! From a DICOM file to a picture of 8 bits.

use std::path::Path;

use dicom_dictionary_std::{tags, uids};
use image::RgbImage;

use crate::MAX_FILE;
use crate::colour;
use crate::container::Container;
use crate::dataset::{DataSet, Syntax};
use crate::error::{DicomError, Problem, element};
use crate::frame;
use crate::grey::{Grey, Shown};
use crate::groups::Groups;
use crate::layout::Layout;
use crate::note::DicomNote;
use crate::options::DicomOptions;
use crate::shape::{resized, shown_size};
use crate::source::{DicomSource, are_lengths};
use crate::spacing::{PixelSpacing, height_by_width};

/// A picture as a radiologist sees it, and what it was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct DicomPicture {
    /// The pixels; grey repeated.
    pub image: RgbImage,
    /// What it was made from.
    pub source: DicomSource,
    /// What was decided while reading it.
    pub notes: Vec<DicomNote>,
}

/// Reads a picture from a DICOM file.
///
/// # Errors
///
/// If the file cannot be read, is no DICOM file, has no picture, is broken or cut, is encoded as none
/// that is read, or is larger than [`MAX_FILE`] or [`MAX_PIXELS`](crate::MAX_PIXELS).
pub fn read_dicom(
    file: impl AsRef<Path>,
    options: &DicomOptions,
) -> Result<DicomPicture, DicomError> {
    let file = file.as_ref();
    decode_dicom(&content(file)?, file, options)
}

/// Decodes a picture from a DICOM file's content; errors call it `name`.
///
/// # Errors
///
/// As [`read_dicom`].
pub fn decode_dicom(
    content: &[u8],
    name: impl AsRef<Path>,
    options: &DicomOptions,
) -> Result<DicomPicture, DicomError> {
    picture(content, options).map_err(|problem| DicomError::new(name.as_ref(), problem))
}

fn content(file: &Path) -> Result<Vec<u8>, DicomError> {
    let unread = |source| DicomError::new(file, Problem::Read { source });
    let bytes = std::fs::metadata(file).map_err(unread)?.len();
    if bytes > MAX_FILE {
        return Err(DicomError::new(file, Problem::TooLong { bytes }));
    }
    std::fs::read(file).map_err(unread)
}

fn picture(content: &[u8], options: &DicomOptions) -> Result<DicomPicture, Problem> {
    if content.len() as u64 > MAX_FILE {
        return Err(Problem::TooLong { bytes: content.len() as u64 });
    }
    let container = Container::open(content)?;
    let set = DataSet::read(&container.body, container.syntax)?;
    has_pixels(&set)?;
    let layout = Layout::read(&set)?;
    let (asked, frames) = (options.frame, layout.frames);
    let frame = match asked.checked_sub(1) {
        Some(frame) if frame < frames => frame,
        _ => return Err(Problem::Frame { asked, frames }),
    };
    let groups = Groups::read(&set, frame)?;
    let size = (layout.columns, layout.rows);
    let ratio = height_by_width(&set, PixelSpacing::read(&set, &groups)?);
    let ratio = if options.keep_grid { 1.0 } else { ratio };
    let shown = shown_size(size.0, size.1, ratio)?;

    let (samples, layout) = frame::read(&set, &container, layout, frame)?;
    let (pixels, how, windows) = if layout.photometric.is_grey() {
        let grey = Grey::read(&set, &groups, options, (&samples, layout))?;
        let mut pixels = Vec::with_capacity(3 * layout.pixels());
        samples.for_each(|word| pixels.extend([grey.of(word); 3]));
        (pixels, grey.shown, grey.windows)
    } else {
        (colour::rgb(&set, &samples, layout)?, Shown::AsStored, 0)
    };
    drop(samples);
    let image = RgbImage::from_raw(size.0, size.1, pixels);
    let image = image.ok_or(Problem::TooManyPixels { rows: size.1, columns: size.0 })?;
    let about = (&layout, frame + 1);
    let source = DicomSource::read(&set, &groups, &container, about, (how, windows, shown))?;
    let mut notes = Vec::new();
    notes.extend(source.for_processing.then_some(DicomNote::ForProcessing));
    let chosen = options.window.is_none() && matches!(how, Shown::Window(..)) && windows > 1;
    notes.extend(chosen.then_some(DicomNote::Windows { count: windows }));
    notes.extend(matches!(how, Shown::Range { .. }).then_some(DicomNote::NoWindow));
    notes.extend((frames > 1).then_some(DicomNote::Frames { count: frames, read: asked }));
    notes.extend((size != shown).then_some(DicomNote::NotSquare { stored: size, shown }));
    let spacing = set.texts(tags::PIXEL_SPACING).join("\\");
    let wrong = !spacing.is_empty() && !are_lengths(&spacing);
    notes.extend(wrong.then_some(DicomNote::NoSpacing { found: spacing }));
    let in_colour = options.window.is_some() && !layout.photometric.is_grey();
    notes.extend(in_colour.then_some(DicomNote::ColourWindow));
    let even = image.as_raw().windows(4).all(|values| values[0] == values[3]);
    notes.extend((even && layout.photometric.is_grey()).then_some(DicomNote::Even));
    let class = set.text(tags::SOP_CLASS_UID);
    let masks = class.is_some_and(|class| class == uids::SEGMENTATION_STORAGE);
    notes.extend(masks.then_some(DicomNote::Segmentation));
    notes.extend(container.guessed.then_some(DicomNote::NoTransferSyntax));
    Ok(DicomPicture { image: resized(image, shown), source, notes })
}

/// Whether there are pixels of a kind that is read.
fn has_pixels(set: &DataSet<'_>) -> Result<(), Problem> {
    if set.get(tags::PIXEL_DATA).is_some() {
        return Ok(());
    }
    for tag in [tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA] {
        if set.get(tag).is_some() {
            let what = format!("a picture of floating-point numbers, {}", element(tag));
            let advice = "convert it to 16 bits: it is a map of measures, not for display";
            return Err(Problem::Unsupported { what, advice });
        }
    }
    if set.syntax == Syntax::EXPLICIT && set.get(tags::PIXEL_DATA_PROVIDER_URL).is_some() {
        let (what, advice) = ("pixels on another server".to_owned(), "fetch them first");
        return Err(Problem::Unsupported { what, advice });
    }
    let or_none = |tag| set.text(tag).unwrap_or_else(|| "none".to_owned());
    // A file that is cut between two elements ends so, too.
    Err(Problem::NoPixels {
        modality: or_none(tags::MODALITY),
        class: or_none(tags::SOP_CLASS_UID),
    })
}
