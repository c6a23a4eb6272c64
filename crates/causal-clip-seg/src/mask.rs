//! A sentence's answer at the picture's own size.

use std::path::Path;

use seg_image::{BinaryMask, OverlayStyle, RgbImage, overlay, write_gray8, write_mask, write_rgb};

use crate::error::SegError;

/// How likely each pixel of a picture belongs to what the sentence means.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Row-major, `height · width` values in `[0, 1]`.
    pub probabilities: Vec<f32>,
    /// A pixel belongs to the mask from this probability on.
    pub threshold: f32,
    /// Whether the sentence was longer than the network reads: its end was not seen.
    pub sentence_cut: bool,
}

impl Mask {
    /// The pixels whose probability reaches the threshold.
    pub fn binary(&self) -> BinaryMask {
        let values = self.probabilities.iter().map(|p| *p >= self.threshold).collect();
        BinaryMask { width: self.width, height: self.height, values }
    }

    /// How many pixels are in the mask.
    pub fn area(&self) -> usize {
        self.probabilities.iter().filter(|p| **p >= self.threshold).count()
    }

    /// The share of the picture that is in the mask, in `[0, 1]`.
    pub fn coverage(&self) -> f64 {
        self.area() as f64 / self.probabilities.len().max(1) as f64
    }

    /// Writes the mask as a grey PNG of 0 and 255.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write_png(&self, path: &Path) -> Result<(), SegError> {
        Ok(write_mask(path, &self.binary())?)
    }

    /// Writes the probabilities as a grey PNG, 255 for one.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write_probabilities(&self, path: &Path) -> Result<(), SegError> {
        let grey = self.probabilities.iter().map(|p| (p * 255.0).round() as u8).collect();
        Ok(write_gray8(path, self.width, self.height, grey)?)
    }

    /// The picture with the mask on it and the sentence below.
    pub fn overlay(&self, image: &RgbImage, sentence: &str) -> RgbImage {
        overlay(image, &self.binary(), &OverlayStyle::default(), sentence)
    }

    /// Writes [`Mask::overlay`] as a PNG.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write_overlay(
        &self,
        path: &Path,
        image: &RgbImage,
        sentence: &str,
    ) -> Result<(), SegError> {
        Ok(write_rgb(path, &self.overlay(image, sentence))?)
    }
}
