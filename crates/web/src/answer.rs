//! What a network answers.

use std::rc::Rc;

use causal_clip_seg::Mask;
use causal_clip_seg::config::Sides;
use causal_clip_seg::dicom::{DicomSource, Side};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::picture::Picture;

/// How likely each pixel belongs to what a sentence means.
#[wasm_bindgen]
#[derive(Clone, Debug)]
pub struct Answer {
    mask: Mask,
    pub(crate) sentence: String,
    /// The patient's side that it shows, if there is one, and it is known.
    pub(crate) side: Option<Side>,
    note: Option<String>,
    /// The DICOM file that it is about.
    pub(crate) source: Option<Rc<DicomSource>>,
}

impl Answer {
    pub(crate) fn new(
        mask: Mask,
        picture: &Picture,
        sentence: String,
        network: Option<Sides>,
    ) -> Self {
        let note = picture.side_note(&sentence, network);
        let side = picture.shown_side(&sentence, network);
        Self { mask, sentence, side, note, source: picture.source.clone() }
    }

    /// The mask with another threshold, if one is given.
    pub(crate) fn at(&self, threshold: Option<f32>) -> Mask {
        let threshold = threshold.unwrap_or(self.mask.threshold);
        Mask { threshold, ..self.mask.clone() }
    }
}

#[wasm_bindgen]
impl Answer {
    /// In pixels, as the picture.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> u32 {
        self.mask.width
    }

    /// In pixels, as the picture.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> u32 {
        self.mask.height
    }

    /// Row by row, each in `[0, 1]`.
    #[wasm_bindgen(getter)]
    pub fn probabilities(&self) -> Vec<f32> {
        self.mask.probabilities.clone()
    }

    /// A pixel belongs to the mask from this probability on, as the weights have it.
    #[wasm_bindgen(getter)]
    pub fn threshold(&self) -> f32 {
        self.mask.threshold
    }

    /// How sure the network is that there is something, in `[0, 1]`.
    #[wasm_bindgen(getter)]
    pub fn presence(&self) -> f32 {
        self.mask.presence()
    }

    /// Whether there is something; nothing if the weights do not say from which presence on.
    #[wasm_bindgen(getter)]
    pub fn present(&self) -> Option<bool> {
        self.mask.is_present()
    }

    /// Whether the sentence was longer than the network reads.
    #[wasm_bindgen(getter)]
    pub fn cut(&self) -> bool {
        self.mask.sentence_cut
    }

    /// What has to be said of the sentence's left or right, given what the picture's file says of its sides.
    #[wasm_bindgen(getter)]
    pub fn note(&self) -> Option<String> {
        self.note.clone()
    }

    /// The mask as a grey PNG of 0 and 255, with another threshold than the weights' if one is given.
    ///
    /// # Errors
    ///
    /// If it cannot be encoded.
    #[wasm_bindgen(js_name = maskPng)]
    pub fn mask_png(&self, threshold: Option<f32>) -> Result<Vec<u8>, JsError> {
        Ok(seg_image::encode_mask(&self.at(threshold).binary())?)
    }
}
