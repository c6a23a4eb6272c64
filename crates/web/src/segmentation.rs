//! Answers as a DICOM Segmentation object.

use std::rc::Rc;

use causal_clip_seg::dicom::{DicomSource, SegmentMask, SegmentationOptions, encode_segmentation};
use seg_image::BinaryMask;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::answer::Answer;

/// A Segmentation object that grows: a segment for each sentence about one picture.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Segmentation {
    options: SegmentationOptions,
    answers: Vec<(Rc<DicomSource>, Answer, BinaryMask)>,
}

impl Segmentation {
    pub(crate) fn new(options: SegmentationOptions) -> Self {
        Self { options, answers: Vec::new() }
    }
}

#[wasm_bindgen]
impl Segmentation {
    /// Adds an answer, with another threshold than the weights' if one is given. Where the network says that
    /// there is nothing, the segment is empty.
    ///
    /// # Errors
    ///
    /// If its picture is of no DICOM file.
    pub fn add(&mut self, answer: &Answer, threshold: Option<f32>) -> Result<(), JsError> {
        let none = || JsError::new("the picture is of no DICOM file, which the object refers to");
        let source = answer.source.clone().ok_or_else(none)?;
        let mask = answer.at(threshold).decided();
        self.answers.push((source, answer.clone(), mask));
        Ok(())
    }

    /// The object as a file's content; errors call it `name`. Its identifiers and times are new each time.
    ///
    /// # Errors
    ///
    /// If there is no answer, they are about several pictures, two are of one sentence, or the picture has
    /// no identifiers by which an object can refer to it.
    pub fn encode(&self, name: &str) -> Result<Vec<u8>, JsError> {
        let masks = self.answers.iter().map(|(source, answer, mask)| SegmentMask {
            source,
            sentence: &answer.sentence,
            size: (mask.width, mask.height),
            values: &mask.values,
            side: answer.side,
        });
        Ok(encode_segmentation(name, &masks.collect::<Vec<_>>(), &self.options)?)
    }
}
