//! `segment` on DICOM files.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use causal_clip_seg::RgbImage;
use causal_clip_seg::dicom::{
    DicomNote, DicomOptions, DicomPicture, DicomSource, Geometry, SegmentKind, SegmentMask,
    SegmentationOptions, Side, Window, decode_dicom, write_segmentation,
};
use causal_clip_seg::errors::ImageError;
use causal_clip_seg_cli::UsageError;
use seg_image::{BinaryMask, FileNote};

use super::whose_side::PictureSides;
use crate::arguments::Weights;

/// How DICOM files are read and written.
#[derive(clap::Args)]
#[command(next_help_heading = "DICOM files")]
pub(super) struct DicomArgs {
    /// The frame to segment of a file with several, from 1; all segments each, and leaves its files as
    /// NAME.frameN [default: 1]
    #[arg(long, value_name = "N|all")]
    frame: Option<Frames>,
    /// Show values around C, W wide, from black to white, in place of the file's own windows and tables; in
    /// the file's units
    #[arg(long, value_name = "C,W", allow_hyphen_values = true)]
    window: Option<Window>,
    /// Leave NAME.seg.dcm too: the answers as one DICOM Segmentation object that refers to the picture, a
    /// segment for each sentence
    #[arg(long)]
    dicom_seg: bool,
    /// Where that lies in space: auto (where the picture does, if it says so), none, or plane (where nothing
    /// is said, a plane that is made up: 3D Slicer, dcmqi and OHIF read no other) [default: auto]
    #[arg(long, value_name = "KIND", requires = "dicom_seg")]
    geometry: Option<Geometry>,
    /// What its segments show: lesion, infection, opacity, mass, nodule, lung or another word of the table in
    /// docs/dicom.md, or VALUE,SCHEME,MEANING [default: by the words of each sentence]
    #[arg(long, value_name = "CODE", requires = "dicom_seg")]
    code: Option<SegmentKind>,
}

/// Which frames of a file.
#[derive(Clone, Copy, Debug)]
enum Frames {
    One(u32),
    All,
}

impl FromStr for Frames {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            _ if text == "all" => Ok(Self::All),
            Ok(frame) if frame > 0 => Ok(Self::One(frame)),
            _ => Err("expected a number from 1, or all".to_owned()),
        }
    }
}

/// A DICOM file in memory.
pub(super) struct DicomFile {
    path: PathBuf,
    content: Vec<u8>,
    options: DicomOptions,
    /// Those to segment.
    frames: Vec<u32>,
    /// The first of them, until it is asked for.
    first: Option<DicomPicture>,
}

/// A frame of a file as a picture.
pub(super) struct Frame {
    pub(super) image: RgbImage,
    /// What was decided while reading it.
    pub(super) notes: Vec<FileNote>,
    pub(super) sides: PictureSides,
    source: DicomSource,
}

impl From<DicomPicture> for Frame {
    fn from(picture: DicomPicture) -> Self {
        let DicomPicture { image, notes, source } = picture;
        let side = |side| if side == Side::Left { -1 } else { 1 };
        let sides = PictureSides {
            pictured: source.laterality.map(side),
            on_the_right: source.side_on_the_right.map(side),
        };
        Self { image, notes: notes.into_iter().map(FileNote::Dicom).collect(), sides, source }
    }
}

impl DicomArgs {
    /// Which frame and window are asked for, if any are.
    pub(super) fn reading(&self) -> Option<String> {
        let (frame, window) = (self.frame, self.window);
        (frame.is_some() || window.is_some()).then(|| format!("frame {frame:?}, window {window:?}"))
    }

    /// Whether one frame of each file is to be answered, and nothing written but pictures: all that a table
    /// of questions can have.
    pub(super) fn check_jobs(&self) -> Result<(), UsageError> {
        let what = match self.frame {
            _ if self.dicom_seg => "--dicom-seg",
            Some(Frames::All) => "--frame all",
            _ => return Ok(()),
        };
        Err(UsageError(format!("{what} goes with pictures from --image, not with --jobs")))
    }

    /// Whether what is to be left of pictures can be left of this one.
    pub(super) fn check(&self, path: &Path) -> anyhow::Result<()> {
        if self.dicom_seg && !is_dicom_file(path)? {
            let path = path.display();
            let what = format!("{path}: no DICOM file, which --dicom-seg needs to refer to");
            return Err(UsageError(what).into());
        }
        Ok(())
    }

    /// A file, if it is a DICOM one.
    pub(super) fn open(&self, path: &Path) -> Result<Option<DicomFile>, ImageError> {
        if !is_dicom_file(path)? {
            return Ok(None);
        }
        let unread = |source| ImageError::Read { file: path.to_owned(), source };
        let content = std::fs::read(path).map_err(unread)?;
        let frame = match self.frame {
            Some(Frames::One(frame)) => frame,
            Some(Frames::All) | None => 1,
        };
        let options = DicomOptions { frame, window: self.window, ..DicomOptions::default() };
        let first = decode_dicom(&content, path, &options)?;
        let frames = match self.frame {
            Some(Frames::All) => (1..=first.source.frames).collect(),
            _ => vec![frame],
        };
        let path = path.to_owned();
        Ok(Some(DicomFile { path, content, options, frames, first: Some(first) }))
    }

    /// Whether the object that is to be left can refer to a picture.
    pub(super) fn check_source(&self, file: &DicomFile) -> Result<(), UsageError> {
        let lacks = file.first.as_ref().and_then(|picture| picture.source.lacks());
        match lacks.filter(|_| self.dicom_seg) {
            None => Ok(()),
            Some(what) => Err(UsageError(format!(
                "{}: no valid {what}, by which a Segmentation object refers to its picture: give a file that \
                 has it, or leave out --dicom-seg",
                file.path.display()
            ))),
        }
    }

    /// The object that is left of a picture, if one is.
    pub(super) fn segmentation(&self, weights: &Weights) -> anyhow::Result<Option<Segmentation>> {
        if !self.dicom_seg {
            return Ok(None);
        }
        let options = SegmentationOptions {
            geometry: self.geometry.unwrap_or_default(),
            kind: self.code.clone(),
            algorithm: weights.name(),
            algorithm_version: weights.sha256()?,
        };
        Ok(Some(Segmentation { options, sources: Vec::new(), answers: Vec::new() }))
    }
}

impl DicomFile {
    /// How many frames are to be segmented.
    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// The frame at a place of those to segment.
    pub(super) fn frame(&mut self, place: usize) -> Result<Frame, ImageError> {
        let mut picture = match self.first.take().filter(|_| place == 0) {
            Some(first) => first,
            None => {
                let frame = self.frames.get(place).copied().unwrap_or(self.options.frame);
                let options = DicomOptions { frame, ..self.options };
                decode_dicom(&self.content, &self.path, &options)?
            }
        };
        if self.frames.len() > 1 {
            // All are read: that one of them is read need not be told.
            picture.notes.retain(|note| !matches!(note, DicomNote::Frames { .. }));
        }
        Ok(picture.into())
    }
}

/// A Segmentation object that grows.
pub(super) struct Segmentation {
    options: SegmentationOptions,
    sources: Vec<DicomSource>,
    answers: Vec<Answered>,
}

struct Answered {
    source: usize,
    sentence: String,
    mask: BinaryMask,
    side: Option<Side>,
}

impl Segmentation {
    /// The picture that the following answers are about.
    pub(super) fn about(&mut self, frame: &Frame) {
        self.sources.push(frame.source.clone());
    }

    /// An answer; of a sentence that is asked twice the first.
    pub(super) fn add(&mut self, sentence: &str, mask: BinaryMask, side: Option<i8>) {
        let side = side.map(|side| if side < 0 { Side::Left } else { Side::Right });
        let Some(source) = self.sources.len().checked_sub(1) else { return };
        let same = |a: &Answered| a.source == source && a.sentence == sentence;
        if !self.answers.iter().any(same) {
            self.answers.push(Answered { source, sentence: sentence.to_owned(), mask, side });
        }
    }

    pub(super) fn write(&self, file: &Path) -> anyhow::Result<()> {
        let masks = self.answers.iter().map(|answer| SegmentMask {
            source: &self.sources[answer.source],
            sentence: &answer.sentence,
            size: (answer.mask.width, answer.mask.height),
            values: &answer.mask.values,
            side: answer.side,
        });
        Ok(write_segmentation(file, &masks.collect::<Vec<_>>(), &self.options)?)
    }
}

/// Whether a file is DICOM: by its beginning, else by its ending.
fn is_dicom_file(path: &Path) -> Result<bool, ImageError> {
    let unread = |source| ImageError::Read { file: path.to_owned(), source };
    let mut head = Vec::new();
    let file = std::fs::File::open(path).map_err(unread)?;
    file.take(512).read_to_end(&mut head).map_err(unread)?;
    Ok(seg_image::is_dicom(&head, path))
}
