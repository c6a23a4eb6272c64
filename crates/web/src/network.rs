//! A network and the picture that it looks at.

use causal_clip_seg::dicom::SegmentationOptions;
use causal_clip_seg::{Checkpoint, Device, Segmenter};
use sha2::{Digest, Sha256};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::answer::Answer;
use crate::check::Check;
use crate::picture::{Picture, Shown};
use crate::progress::Progress;
use crate::segmentation::Segmentation;

/// A network that answers sentences about one picture at a time.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Network {
    segmenter: Segmenter,
    /// What its first answers are held against; nothing on the CPU.
    check: Check,
    name: String,
    picture: Option<Picture>,
}

impl Network {
    /// A network of a weight file on a device whose first answers `check` holds against others.
    pub(crate) fn prepare(
        checkpoint: &Checkpoint,
        name: &str,
        device: &Device,
        check: Check,
    ) -> Result<Self, JsError> {
        let segmenter = Segmenter::new(checkpoint.prepare(device)?)?;
        Ok(Self { segmenter, check, name: name.to_owned(), picture: None })
    }

    /// Answers a picture, of which nothing is kept.
    ///
    /// # Errors
    ///
    /// As [`Network::ask`].
    #[cfg(feature = "gpu")]
    pub(crate) async fn try_out(&self, image: &causal_clip_seg::RgbImage) -> Result<(), JsError> {
        let sentence = "The left lung.";
        let mask = self.segmenter.segment_async(image, sentence, |_, _| ()).await?;
        self.check.answer(image, sentence, &mask)
    }
}

#[wasm_bindgen]
impl Network {
    /// A network on the CPU, from the bytes of its weight file, as trained or prepared; errors call it
    /// `name`.
    ///
    /// # Errors
    ///
    /// If it is no weight file of such a network.
    #[wasm_bindgen(constructor)]
    pub fn new(weights: Vec<u8>, name: &str) -> Result<Self, JsError> {
        let checkpoint = Checkpoint::from_bytes(weights, name)?;
        Self::prepare(&checkpoint, name, &Device::flex(), Check::default())
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
        let picture = Picture::decode(file, name)?;
        let shown = picture.shown();
        self.picture = Some(picture);
        Ok(shown)
    }

    /// What a sentence means in the picture. `progress` is a function that is called with how many tiles
    /// are answered, and of how many, where a network answers by tiles.
    ///
    /// # Errors
    ///
    /// If there is no picture yet, and on a GPU if it is lost or its answer is not the CPU's: no later
    /// answer of it is to be trusted.
    pub async fn ask(
        &self,
        sentence: String,
        progress: Option<js_sys::Function>,
    ) -> Result<Answer, JsError> {
        let picture = self.picture()?;
        let progress = Progress(progress);
        let tell = |done, all| progress.tell(done, all);
        let mask = self.segmenter.segment_async(&picture.image, &sentence, tell).await?;
        self.check.answer(&picture.image, &sentence, &mask)?;
        Ok(Answer::new(mask, picture, sentence, self.segmenter.sides()))
    }

    /// A DICOM Segmentation object that is to get answers of this network. `weights` are the bytes of its
    /// weight file, of which the object tells the SHA-256.
    pub fn segmentation(&self, weights: &[u8]) -> Segmentation {
        Segmentation::new(SegmentationOptions {
            algorithm: self.name.clone(),
            algorithm_version: hex(&Sha256::digest(weights)),
            ..SegmentationOptions::default()
        })
    }

    fn picture(&self) -> Result<&Picture, JsError> {
        self.picture.as_ref().ok_or_else(|| JsError::new("no picture yet: choose one first"))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
