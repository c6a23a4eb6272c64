//! Pictures of `segment --jobs` read and answered by several devices, ahead of what is written.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

use causal_clip_seg::errors::ImageError;
use causal_clip_seg::{Mask, RgbImage, SegError, Segmenter, Tiling};
use seg_data::Question;
use seg_image::{FileNote, PictureOptions};

use super::dicom::DicomArgs;
use super::jobs::{AT_ONCE, Picture};
use super::tiles::{self, Opened};
use super::whose_side::PictureSides;

/// How a table's pictures are read and answered.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) reading: PictureOptions,
    pub(super) dicom: &'a DicomArgs,
    pub(super) tiling: Option<Tiling>,
    /// All sentences are known to the segmenters.
    pub(super) learned: bool,
}

/// A picture that was read.
pub(super) struct Read {
    pub(super) opened: Opened,
    pub(super) notes: Vec<FileNote>,
    /// Which sides a DICOM file shows.
    pub(super) sides: PictureSides,
}

impl Reader<'_> {
    /// Before each picture: what sentences say must not depend on the pictures before.
    pub(super) fn begin(&self, segmenter: &Segmenter) -> Result<(), SegError> {
        if !self.learned {
            segmenter.learn_sentences(&[])?;
        }
        Ok(())
    }

    pub(super) fn read(&self, picture: &Path) -> Result<Read, ImageError> {
        Ok(match self.dicom.open(picture)? {
            Some(mut file) => {
                let frame = file.frame(0)?;
                let opened = Opened::Whole(frame.image);
                Read { opened, notes: frame.notes, sides: frame.sides }
            }
            None => {
                let (opened, notes) = tiles::open(picture, self.reading, self.tiling)?;
                Read { opened, notes, sides: PictureSides::default() }
            }
        })
    }

    /// The answers to questions about a picture in memory.
    pub(super) fn masks(
        &self,
        segmenter: &Segmenter,
        image: &RgbImage,
        questions: &[Question],
    ) -> Result<Vec<Mask>, SegError> {
        let asked = questions.iter().map(|question| question.sentence.as_str());
        tiles::masks(segmenter, image, &asked.collect::<Vec<_>>(), self.tiling)
    }
}

/// The answers to a picture's questions, so many at once.
type Answers = Vec<Result<Vec<Mask>, SegError>>;

/// Several devices at work on a table's pictures.
pub(super) struct Ahead<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) pictures: &'a [Picture],
    pub(super) stop: &'a AtomicBool,
}

impl Ahead<'_> {
    /// Shows `each` every picture in the table's order, with the answers of the device whose turn it was: each
    /// takes every so many pictures, on a thread of its own. A picture too large for memory comes without
    /// answers. `true` as soon as `each` says so.
    pub(super) fn run<'s>(
        &self,
        segmenters: impl Iterator<Item = &'s Segmenter>,
        mut each: impl FnMut(
            &Path,
            &[Question],
            Result<Read, ImageError>,
            Answers,
        ) -> anyhow::Result<bool>,
    ) -> anyhow::Result<bool> {
        let Self { reader, pictures, stop } = *self;
        let segmenters = segmenters.collect::<Vec<_>>();
        let count = segmenters.len();
        std::thread::scope(|scope| {
            let mut queues = Vec::new();
            for (first, segmenter) in segmenters.into_iter().enumerate() {
                // One picture may wait to be written while the next is answered.
                let (sender, receiver) = sync_channel(1);
                queues.push(receiver);
                scope.spawn(move || {
                    for (picture, questions) in pictures.iter().skip(first).step_by(count) {
                        let read = reader.read(picture);
                        let mut answers = Answers::new();
                        if let Ok(Read { opened: Opened::Whole(image), .. }) = &read {
                            let begun = reader.begin(segmenter);
                            for part in questions.chunks(AT_ONCE) {
                                if begun.is_ok() && !stop.load(Ordering::Relaxed) {
                                    answers.push(reader.masks(segmenter, image, part));
                                }
                            }
                        }
                        // Nobody listens any more: it was stopped, or nothing can be written.
                        if sender.send((read, answers)).is_err() {
                            return;
                        }
                    }
                });
            }
            for (place, (picture, questions)) in pictures.iter().enumerate() {
                // A closed queue is a thread that panicked, which the scope passes on.
                let Ok((read, answers)) = queues[place % count].recv() else { break };
                if each(picture, questions, read, answers)? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }
}
