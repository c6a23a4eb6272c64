//! A sentence's answer at the picture's own size.

use std::path::Path;

pub use seg_image::{BinaryMask, BoundingBox};
use seg_image::{OverlayStyle, RgbImage, overlay, write_gray8, write_mask, write_rgb};

use crate::errors::SegError;

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
    /// From this [`Mask::presence`] on there is something; `None` if the weights have no such
    /// threshold.
    pub presence_threshold: Option<f32>,
    /// The highest [`Mask::presence`] of the tiles, if the answer is of several
    /// ([`Segmenter::segment_tiled`](crate::Segmenter::segment_tiled)).
    pub tiles_presence: Option<f32>,
    /// Whether the sentence was longer than the network reads: its end was not seen.
    pub sentence_cut: bool,
}

impl Mask {
    /// The pixels whose probability reaches the threshold.
    pub fn binary(&self) -> BinaryMask {
        let values = self.probabilities.iter().map(|p| *p >= self.threshold).collect();
        BinaryMask { width: self.width, height: self.height, values }
    }

    /// How sure the network is that there is something: the mean of the highest thousandth of
    /// probabilities, at least of one. In `[0, 1]`; 0 for a mask without pixels.
    ///
    /// The maximum hangs on a single pixel, which noise or a border decides. The mean over the
    /// picture hangs on how large the target is: a sure small nodule would lie below an unsure large
    /// lung. A thousandth (some 50 pixels of 224 x 224) is smaller than the smallest usual targets,
    /// and large enough to be calm.
    ///
    /// For an answer by tiles it is the highest of the tiles: what is large in one of them is small in
    /// the picture.
    pub fn presence(&self) -> f32 {
        /// One in so many pixels counts.
        const SHARE: usize = 1000;
        if let Some(highest) = self.tiles_presence {
            return highest;
        }
        let mut values = self.probabilities.clone();
        let count = values.len().div_ceil(SHARE);
        let Some(last) = count.checked_sub(1) else { return 0.0 };
        values.select_nth_unstable_by(last, |a, b| b.total_cmp(a));
        let sum = values[..count].iter().map(|value| f64::from(*value)).sum::<f64>();
        (sum / count as f64) as f32
    }

    /// Whether there is what the sentence asks for; `None` if the weights do not say from which
    /// presence on.
    pub fn is_present(&self) -> Option<bool> {
        self.presence_threshold.map(|threshold| self.presence() >= threshold)
    }

    /// [`Mask::binary`], but empty where [`Mask::is_present`] says that there is nothing.
    pub fn decided(&self) -> BinaryMask {
        match self.is_present() {
            Some(false) => BinaryMask::from_fn(self.width, self.height, |_, _| false),
            _ => self.binary(),
        }
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
    pub fn write_png(&self, path: impl AsRef<Path>) -> Result<(), SegError> {
        Ok(write_mask(path.as_ref(), &self.binary())?)
    }

    /// Writes the probabilities as a grey PNG, 255 for one.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write_probabilities(&self, path: impl AsRef<Path>) -> Result<(), SegError> {
        let grey = self.probabilities.iter().map(|p| (p * 255.0).round() as u8).collect();
        Ok(write_gray8(path.as_ref(), self.width, self.height, grey)?)
    }

    /// Writes [`Mask::decided`] as a DICOM Segmentation object that refers to the picture; of several
    /// sentences [`dicom::write_masks`](crate::dicom::write_masks) makes one object.
    ///
    /// # Errors
    ///
    /// If the mask has not the picture's size, the picture has no identifiers, or the file cannot be
    /// written.
    #[cfg(feature = "dicom")]
    pub fn write_dicom_seg(
        &self,
        path: impl AsRef<Path>,
        source: &crate::dicom::DicomSource,
        sentence: &str,
    ) -> Result<(), SegError> {
        let options = crate::dicom::SegmentationOptions::default();
        crate::dicom::write_masks(path, source, &[(sentence, self)], &options)
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
        path: impl AsRef<Path>,
        image: &RgbImage,
        sentence: &str,
    ) -> Result<(), SegError> {
        Ok(write_rgb(path.as_ref(), &self.overlay(image, sentence))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(probabilities: Vec<f32>, presence_threshold: Option<f32>) -> Mask {
        let (width, threshold) = (probabilities.len() as u32, 0.5);
        let (tiles_presence, sentence_cut) = (None, false);
        Mask {
            width,
            height: 1,
            probabilities,
            threshold,
            presence_threshold,
            tiles_presence,
            sentence_cut,
        }
    }

    #[test]
    fn presence_is_of_the_highest_pixels() {
        let mut map = vec![0.25; 2500];
        (map[7], map[1000], map[2499]) = (1.0, 0.5, 0.75);
        assert_eq!(mask(map, None).presence(), 0.75); // 3 of 2500
        assert_eq!(mask(vec![0.5], None).presence(), 0.5);
        assert_eq!(mask(Vec::new(), None).presence(), 0.0);
    }

    #[test]
    fn what_is_not_there_has_no_pixel() {
        let area = |threshold| mask(vec![0.75, 0.25], threshold).decided().area();
        assert_eq!([area(None), area(Some(0.75)), area(Some(0.8))], [1, 1, 0]);
        assert_eq!(mask(vec![0.75], Some(0.8)).is_present(), Some(false));
        assert_eq!(mask(vec![0.75], None).is_present(), None);
    }
}
