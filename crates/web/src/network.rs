//! A network and the picture that it looks at.

use causal_clip_seg::{Checkpoint, RgbImage};
use causal_clip_seg::{Device, Segmenter};
use seg_image::{PictureOptions, decode_picture};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::answer::Answer;
use crate::picture::Shown;

/// A network that answers sentences about one picture at a time.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Network {
    segmenter: Segmenter,
    picture: Option<RgbImage>,
}

#[wasm_bindgen]
impl Network {
    /// A network from the bytes of its weight file, as trained or prepared; errors call it `name`.
    ///
    /// # Errors
    ///
    /// If it is no weight file of such a network.
    #[wasm_bindgen(constructor)]
    pub fn new(weights: Vec<u8>, name: &str) -> Result<Self, JsError> {
        let network = Checkpoint::from_bytes(weights, name)?.prepare(&Device::flex())?;
        Ok(Self { segmenter: Segmenter::new(network)?, picture: None })
    }

    /// Whose left and right its sentences mean: `image`, `patient` or `stated`; nothing if the weights do
    /// not say.
    #[wasm_bindgen(getter)]
    pub fn sides(&self) -> Option<String> {
        self.segmenter.sides().map(|sides| sides.to_string())
    }

    /// The side of the square that pictures are brought to, in pixels.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> usize {
        self.segmenter.config().input.size
    }

    /// Takes a picture from a file's bytes (PNG, JPEG, TIFF, BMP, DICOM), which later questions are about.
    ///
    /// # Errors
    ///
    /// If it is no picture, or a broken one; the picture before stays.
    pub fn show(&mut self, file: &[u8], name: &str) -> Result<Shown, JsError> {
        let picture = decode_picture(file, name, PictureOptions::default())?;
        let shown = Shown::new(&picture);
        self.picture = Some(picture.image);
        Ok(shown)
    }

    /// What a sentence means in the picture.
    ///
    /// # Errors
    ///
    /// If there is no picture yet.
    pub fn ask(&self, sentence: &str) -> Result<Answer, JsError> {
        let none = || JsError::new("no picture yet: choose one first");
        let picture = self.picture.as_ref().ok_or_else(none)?;
        Ok(Answer::new(self.segmenter.segment(picture, sentence)?))
    }
}
