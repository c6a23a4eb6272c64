//! How the pixels of a data set are stored.

use dicom_dictionary_std::tags;

use crate::MAX_PIXELS;
use crate::dataset::DataSet;
use crate::error::Problem;

/// What the values of pixels mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Photometric {
    /// Grey; the smallest value is white.
    Monochrome1,
    /// Grey; the smallest value is black.
    Monochrome2,
    Palette,
    Rgb,
    YbrFull,
    /// Two pixels share their colour.
    YbrFull422,
    /// In JPEG 2000, which decodes to RGB.
    YbrDecoded,
}

impl Photometric {
    pub(crate) fn is_grey(self) -> bool {
        matches!(self, Self::Monochrome1 | Self::Monochrome2)
    }
}

/// How the pixels of a data set are stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    /// Values of a pixel: 1 or 3.
    pub(crate) samples: u16,
    pub(crate) photometric: Photometric,
    /// Whether all red values come first, and so on.
    pub(crate) planar: bool,
    /// 1, 8 or 16.
    pub(crate) allocated: u16,
    /// The bits that are used, and the highest of them.
    pub(crate) stored: u16,
    pub(crate) high: u16,
    pub(crate) signed: bool,
    pub(crate) frames: u32,
}

impl Layout {
    pub(crate) fn read(set: &DataSet<'_>) -> Result<Self, Problem> {
        let word = |tag| set.word(tag).ok_or(Problem::Missing { tag });
        let wrong = |tag, found: &dyn ToString, expected| {
            Err(Problem::Value { tag, found: found.to_string(), expected })
        };
        let (rows, columns) = (word(tags::ROWS)?, word(tags::COLUMNS)?);
        for (tag, side) in [(tags::ROWS, rows), (tags::COLUMNS, columns)] {
            if side == 0 {
                return wrong(tag, &side, "at least 1");
            }
        }
        let (rows, columns) = (u32::from(rows), u32::from(columns));
        if u64::from(rows) * u64::from(columns) > MAX_PIXELS {
            return Err(Problem::TooManyPixels { rows, columns });
        }
        let tag = tags::PHOTOMETRIC_INTERPRETATION;
        let photometric = set.text(tag).ok_or(Problem::Missing { tag })?;
        let photometric = match photometric.as_str() {
            "MONOCHROME1" => Photometric::Monochrome1,
            "MONOCHROME2" => Photometric::Monochrome2,
            "PALETTE COLOR" => Photometric::Palette,
            "RGB" => Photometric::Rgb,
            "YBR_FULL" => Photometric::YbrFull,
            "YBR_FULL_422" => Photometric::YbrFull422,
            "YBR_ICT" | "YBR_RCT" => Photometric::YbrDecoded,
            other => {
                return wrong(
                    tag,
                    &other,
                    "MONOCHROME1, MONOCHROME2, RGB, PALETTE COLOR, YBR_FULL, YBR_FULL_422, YBR_ICT or YBR_RCT",
                );
            }
        };
        let grey_or_index = photometric.is_grey() || photometric == Photometric::Palette;
        let samples = set.word(tags::SAMPLES_PER_PIXEL);
        let expected = if grey_or_index { 1 } else { 3 };
        let samples = samples.unwrap_or(expected);
        if samples != expected {
            let text = if grey_or_index { "1 for grey and palettes" } else { "3 for colours" };
            return wrong(tags::SAMPLES_PER_PIXEL, &samples, text);
        }
        let allocated = word(tags::BITS_ALLOCATED)?;
        if matches!(allocated, 32 | 64) {
            let what = format!("a picture of {allocated} bits a value");
            let advice = "convert it to 16 bits: it is a map of doses or measures, not for display";
            return Err(Problem::Unsupported { what, advice });
        }
        if !matches!((allocated, samples), (1, 1) | (8 | 16, _)) {
            return wrong(tags::BITS_ALLOCATED, &allocated, "8 or 16, or 1 for grey");
        }
        let stored = set.word(tags::BITS_STORED).unwrap_or(allocated);
        if stored == 0 || stored > allocated {
            return wrong(tags::BITS_STORED, &stored, "1 to BitsAllocated");
        }
        let high = set.word(tags::HIGH_BIT).unwrap_or(stored - 1);
        if high >= allocated || high + 1 < stored {
            return wrong(tags::HIGH_BIT, &high, "BitsStored - 1 to BitsAllocated - 1");
        }
        let signed = set.word(tags::PIXEL_REPRESENTATION).unwrap_or(0);
        if signed > 1 {
            return wrong(tags::PIXEL_REPRESENTATION, &signed, "0 or 1");
        }
        let planar = samples > 1 && set.word(tags::PLANAR_CONFIGURATION) == Some(1);
        let frames = match set.bytes(tags::NUMBER_OF_FRAMES) {
            None => 1,
            Some(_) => {
                let tag = tags::NUMBER_OF_FRAMES;
                let found = set.text(tag).unwrap_or_default();
                match set.whole(tag) {
                    Some(frames) if frames > 0 => frames,
                    _ => return wrong(tag, &found, "a whole number from 1"),
                }
            }
        };
        let signed = signed == 1;
        Ok(Self {
            rows,
            columns,
            samples,
            photometric,
            planar,
            allocated,
            stored,
            high,
            signed,
            frames,
        })
    }

    /// Pixels of a frame; at most [`MAX_PIXELS`].
    pub(crate) fn pixels(&self) -> usize {
        self.rows as usize * self.columns as usize
    }

    /// Values of a frame once decoded.
    pub(crate) fn values(&self) -> usize {
        self.pixels() * usize::from(self.samples)
    }

    /// Values that the stored bits can have.
    pub(crate) fn range(&self) -> u32 {
        1 << self.stored
    }

    /// The used bits of a stored word, without what is kept in the others.
    pub(crate) fn used(&self, word: u16) -> u16 {
        let shifted = u32::from(word) >> (self.high + 1 - self.stored);
        (shifted & (self.range() - 1)) as u16
    }

    /// The value that used bits stand for.
    pub(crate) fn value(&self, used: u16) -> i32 {
        let (value, range) = (i32::from(used), self.range() as i32);
        if self.signed && value >= range / 2 { value - range } else { value }
    }
}
