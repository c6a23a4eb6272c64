//! A picture that is asked about.

use std::path::Path;
use std::rc::Rc;

use causal_clip_seg::config::Sides;
use causal_clip_seg::dicom::{DicomOptions, DicomSource, Side, decode_dicom};
use causal_clip_seg::{RgbImage, SegError};
use seg_image::{FileNote, PictureOptions, decode_picture, is_dicom};
use seg_sentences::PictureSides;
use wasm_bindgen::prelude::wasm_bindgen;

/// What is known of a picture that was read.
#[wasm_bindgen(getter_with_clone)]
#[derive(Clone, Debug)]
pub struct Shown {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Red, green, blue and opacity of each pixel, row by row, as a canvas takes them.
    pub rgba: Vec<u8>,
    /// What was decided while the file was read, a sentence each.
    pub notes: Vec<String>,
    /// Whether it is of a DICOM file, which a Segmentation object can refer to.
    pub dicom: bool,
}

/// A picture, and what its file says of it.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) image: RgbImage,
    notes: Vec<FileNote>,
    pub(crate) source: Option<Rc<DicomSource>>,
}

impl Picture {
    /// A file's content as a picture, the first frame of several; errors call it `name`.
    pub(crate) fn decode(file: &[u8], name: &str) -> Result<Self, SegError> {
        if is_dicom(file, Path::new(name)) {
            let picture = decode_dicom(file, name, &DicomOptions::default())?;
            let notes = picture.notes.into_iter().map(FileNote::Dicom).collect();
            return Ok(Self { image: picture.image, notes, source: Some(picture.source.into()) });
        }
        let picture = decode_picture(file, name, PictureOptions::default())?;
        Ok(Self { image: picture.image, notes: picture.notes, source: None })
    }

    pub(crate) fn shown(&self) -> Shown {
        let (width, height) = self.image.dimensions();
        let rgba = self.image.pixels().flat_map(|pixel| {
            let [red, green, blue] = pixel.0;
            [red, green, blue, u8::MAX]
        });
        let notes = self.notes.iter().map(ToString::to_string);
        let dicom = self.source.is_some();
        Shown { width, height, rgba: rgba.collect(), notes: notes.collect(), dicom }
    }

    /// The patient's sides, as far as the file says them.
    fn sides(&self) -> PictureSides {
        let side = |side| if side == Side::Left { -1 } else { 1 };
        self.source.as_ref().map_or_else(PictureSides::default, |source| PictureSides {
            pictured: source.laterality.map(side),
            on_the_right: source.side_on_the_right.map(side),
        })
    }

    /// What has to be said of a sentence's sides.
    pub(crate) fn side_note(&self, sentence: &str, network: Option<Sides>) -> Option<String> {
        seg_sentences::side_note(sentence, network.map(named), self.sides())
    }

    /// The patient's side that an answer shows, if there is one, and it is known.
    pub(crate) fn shown_side(&self, sentence: &str, network: Option<Sides>) -> Option<Side> {
        let side = seg_sentences::shown_side(sentence, network.map(named), self.sides())?;
        Some(if side < 0 { Side::Left } else { Side::Right })
    }
}

/// Whose sides a network's sentences mean, as `seg_sentences` has it.
fn named(network: Sides) -> seg_sentences::Sides {
    match network {
        Sides::Patient => seg_sentences::Sides::Patient,
        Sides::Image => seg_sentences::Sides::Image,
        Sides::Stated => seg_sentences::Sides::Fixed,
    }
}
