//! From a decoded picture to the network's square input, and from its map back to the picture.
//!
//! Plain buffers, no tensors. Both ways of resizing give the bytes of the libraries that the
//! published networks were trained with: letterbox those of OpenCV 4, stretch those of Pillow.

mod letterbox;
mod stretch;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// CLIP's mean of R, G, B over `[0, 1]` (OpenAI CLIP, `clip.py`).
pub const CLIP_MEAN: [f32; 3] = [0.48145466, 0.4578275, 0.40821073];
/// CLIP's standard deviation of R, G, B over `[0, 1]` (OpenAI CLIP, `clip.py`).
#[allow(clippy::excessive_precision)] // the published digits
pub const CLIP_STD: [f32; 3] = [0.26862954, 0.26130258, 0.27577711];

/// The longest side in pixels: source coordinates are 16-bit in the reference (OpenCV's `short`).
pub const MAX_SIDE: usize = i16::MAX as usize;

/// Why pixels were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum PixelError {
    /// A side is zero or longer than [`MAX_SIDE`].
    #[error("{what} is {found} pixels, expected 1 to {MAX_SIDE}")]
    Side { what: &'static str, found: usize },
    /// The buffer does not hold the pixels that its width and height promise.
    #[error(
        "buffer of {width} x {height} pixels in {channels} channels holds {found} values, \
         expected {expected}"
    )]
    Length { width: usize, height: usize, channels: usize, expected: usize, found: usize },
    /// A name of no way of resizing.
    #[error("unknown way of resizing `{found}`, expected `letterbox` or `stretch`")]
    UnknownResize { found: String },
    /// A name of no normalisation.
    #[error("unknown normalisation `{found}`, expected `clip` or `none`")]
    UnknownNormalisation { found: String },
}

/// A picture in memory: rows from the top, pixels from the left, `CHANNELS` bytes each.
#[derive(Debug, Clone, Copy)]
pub struct View<'a, const CHANNELS: usize> {
    width: usize,
    height: usize,
    bytes: &'a [u8],
}

/// A colour picture: R, G, B, 0 to 255 each.
pub type RgbView<'a> = View<'a, 3>;

/// A mask: one byte a pixel, 0 (background) to 255 (foreground).
pub type MaskView<'a> = View<'a, 1>;

impl<'a, const CHANNELS: usize> View<'a, CHANNELS> {
    /// A view of `bytes`, `[height, width, CHANNELS]`.
    ///
    /// # Errors
    ///
    /// A side outside `1..=MAX_SIDE`; a buffer of another length than `height * width * CHANNELS`.
    pub fn new(width: usize, height: usize, bytes: &'a [u8]) -> Result<Self, PixelError> {
        check_buffer(width, height, CHANNELS, bytes.len())?;
        Ok(Self { width, height, bytes })
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The bytes, `[height, width, CHANNELS]`.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// How a picture of any size becomes the network's square.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resize {
    /// Keeps the aspect and fills the rest with CLIP's mean colour: `cv2.warpAffine`, bicubic, as
    /// the data loader of CRIS. Has no low-pass filter when it shrinks.
    #[default]
    Letterbox,
    /// Gives up the aspect: Pillow's `resize(BILINEAR)`, smoothed when it shrinks, as MedEquiSeg.
    Stretch,
}

impl Resize {
    /// The picture at the network's size.
    ///
    /// # Shapes
    ///
    /// Output: `[size, size, 3]`, 0 to 255. Equal byte for byte to OpenCV 4.10 to 4.14
    /// (letterbox) and Pillow 10 to 12 (stretch).
    ///
    /// # Errors
    ///
    /// `size` outside `1..=MAX_SIDE`.
    pub fn image(self, picture: RgbView<'_>, size: usize) -> Result<Vec<u8>, PixelError> {
        check_side("network size", size)?;
        Ok(match self {
            Resize::Letterbox => letterbox::image(picture, size),
            Resize::Stretch => stretch::image(picture, size),
        })
    }

    /// A mask at the network's size: the training target, times 255.
    ///
    /// # Shapes
    ///
    /// Output: `[size, size]`, 0 to 255. A letterboxed mask has fractional edges (bilinear), a
    /// stretched one holds values of the source only (nearest).
    ///
    /// # Errors
    ///
    /// `size` outside `1..=MAX_SIDE`.
    pub fn mask(self, mask: MaskView<'_>, size: usize) -> Result<Vec<u8>, PixelError> {
        check_side("network size", size)?;
        Ok(match self {
            Resize::Letterbox => letterbox::mask(mask, size),
            Resize::Stretch => stretch::mask(mask, size),
        })
    }

    /// A map of the network's size on the pixels of the picture it came from.
    ///
    /// Letterbox: the bicubic warp of CRIS's evaluation, which can overshoot the map's range a
    /// little. Stretch: a triangle filter in float (Pillow's mode `F`); the reference has none.
    ///
    /// # Shapes
    ///
    /// - `map`: `[size, size]`, probabilities (CRIS) or any other values
    /// - output: `[height, width]`
    ///
    /// # Errors
    ///
    /// A side outside `1..=MAX_SIDE`; a map of another length than `size * size`.
    pub fn back(
        self,
        map: &[f32],
        size: usize,
        width: usize,
        height: usize,
    ) -> Result<Vec<f32>, PixelError> {
        check_buffer(size, size, 1, map.len())?;
        check_side("width", width)?;
        check_side("height", height)?;
        Ok(match self {
            Resize::Letterbox => letterbox::back(map, size, width, height),
            Resize::Stretch => stretch::back(map, size, width, height),
        })
    }
}

impl fmt::Display for Resize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Resize::Letterbox => "letterbox",
            Resize::Stretch => "stretch",
        })
    }
}

impl FromStr for Resize {
    type Err = PixelError;

    fn from_str(name: &str) -> Result<Self, PixelError> {
        match name {
            "letterbox" => Ok(Resize::Letterbox),
            "stretch" => Ok(Resize::Stretch),
            _ => Err(PixelError::UnknownResize { found: name.to_owned() }),
        }
    }
}

/// What bytes become as the network's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalisation {
    /// `(v / 255 - mean) / std` with [`CLIP_MEAN`] and [`CLIP_STD`]: about -1.8 to 2.2.
    #[default]
    Clip,
    /// `v / 255`, as MedEquiSeg: 0 to 1.
    None,
}

impl Normalisation {
    /// Interleaved bytes to planes of floats, rounded step by step as PyTorch rounds.
    ///
    /// # Shapes
    ///
    /// - `rgb`: `[height, width, 3]`; bytes after the last whole pixel are ignored
    /// - output: `[3, height, width]`
    pub fn normalise(self, rgb: &[u8]) -> Vec<f32> {
        let mut planes = Vec::with_capacity(rgb.len());
        for channel in 0..3 {
            let table = self.table(channel);
            planes.extend(rgb.chunks_exact(3).map(|pixel| table[usize::from(pixel[channel])]));
        }
        planes
    }

    /// The values of all 256 bytes in one channel: a division a byte value, not a pixel.
    fn table(self, channel: usize) -> [f32; 256] {
        std::array::from_fn(|byte| {
            let unit = byte as f32 / 255.0;
            match self {
                Normalisation::Clip => (unit - CLIP_MEAN[channel]) / CLIP_STD[channel],
                Normalisation::None => unit,
            }
        })
    }
}

impl fmt::Display for Normalisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Normalisation::Clip => "clip",
            Normalisation::None => "none",
        })
    }
}

impl FromStr for Normalisation {
    type Err = PixelError;

    fn from_str(name: &str) -> Result<Self, PixelError> {
        match name {
            "clip" => Ok(Normalisation::Clip),
            "none" => Ok(Normalisation::None),
            _ => Err(PixelError::UnknownNormalisation { found: name.to_owned() }),
        }
    }
}

fn check_side(what: &'static str, found: usize) -> Result<(), PixelError> {
    if (1..=MAX_SIDE).contains(&found) { Ok(()) } else { Err(PixelError::Side { what, found }) }
}

fn check_buffer(
    width: usize,
    height: usize,
    channels: usize,
    found: usize,
) -> Result<(), PixelError> {
    check_side("width", width)?;
    check_side("height", height)?;
    // Two sides of 15 bits and a few channels: even a 32-bit product stays whole as u64.
    let expected = width as u64 * height as u64 * channels as u64;
    if expected == found as u64 {
        return Ok(());
    }
    let expected = usize::try_from(expected).unwrap_or(usize::MAX);
    Err(PixelError::Length { width, height, channels, expected, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for way in [Resize::Letterbox, Resize::Stretch] {
            assert_eq!(way.to_string().parse(), Ok(way));
        }
        for way in [Normalisation::Clip, Normalisation::None] {
            assert_eq!(way.to_string().parse(), Ok(way));
        }
        let message = "crop".parse::<Resize>().unwrap_err().to_string();
        assert_eq!(message, "unknown way of resizing `crop`, expected `letterbox` or `stretch`");
    }

    #[test]
    fn zero_and_oversized_sides_are_errors() {
        assert!(RgbView::new(0, 1, &[]).is_err());
        assert!(RgbView::new(usize::MAX, usize::MAX, &[]).is_err());
        assert!(MaskView::new(2, 2, &[0; 3]).is_err());
        let dot = RgbView::new(1, 1, &[1, 2, 3]).unwrap();
        for way in [Resize::Letterbox, Resize::Stretch] {
            assert!(way.image(dot, 0).is_err());
            assert!(way.back(&[], 0, 1, 1).is_err());
            assert!(way.back(&[0.5], 1, 1, 0).is_err());
            assert!(way.back(&[0.5], 2, 1, 1).is_err());
        }
    }

    #[test]
    fn plain_normalisation_only_divides() {
        assert_eq!(
            Normalisation::None.normalise(&[0, 51, 255, 255, 0, 0]),
            [0.0, 1.0, 0.2, 0.0, 1.0, 0.0]
        );
    }
}
