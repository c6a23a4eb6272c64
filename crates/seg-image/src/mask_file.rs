//! Mask files: what their values mean.

use std::io::Cursor;
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat};

use crate::contents::{Tally, Values, colours, shares};
use crate::decode::{Decoded, decode, read};
use crate::error::ImageError;
use crate::judge::{Judged, judge_colours, judge_grey};
use crate::mask::BinaryMask;
use crate::mask_rule::{Colour, MaskOptions, MaskRule};
use crate::note::FileNote;

/// A mask from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskReading {
    /// The pixels inside; those that are ignored are not.
    pub mask: BinaryMask,
    /// The pixels that count nowhere, if [`MaskOptions::ignore`] names a value.
    pub ignored: Option<BinaryMask>,
    /// What was decided while reading it.
    pub notes: Vec<FileNote>,
    /// The values that the file stores, smallest first, with how many pixels have them; empty for a
    /// file in colour.
    pub values: Vec<(u16, u64)>,
    /// Whether the file says how it is to be turned (EXIF), which was done.
    pub turned: bool,
}

/// Reads a mask from a file.
///
/// The values and colours of the whole file are looked at first. [`MaskRule::Auto`] reads what has
/// one reading and refuses what has two; the other rules take the values as they are stored, 16 bits
/// before they are reduced.
///
/// # Errors
///
/// As [`read_rgb`](crate::read_rgb). Also if the values do not fit the rule, or have two readings:
/// the message has the values with their shares, and the rules to choose from.
pub fn read_mask(file: &Path, options: MaskOptions) -> Result<MaskReading, ImageError> {
    decode_mask(&read(file)?, file, options)
}

/// Reads a mask from a file's content; errors call it `name`.
///
/// # Errors
///
/// As [`read_mask`].
pub fn decode_mask(
    content: &[u8],
    name: impl AsRef<Path>,
    options: MaskOptions,
) -> Result<MaskReading, ImageError> {
    let name = name.as_ref();
    let mut decoded = decode(content, name)?;
    let turned = decoded.orientation != Orientation::NoTransforms;
    if turned {
        decoded.image.apply_orientation(decoded.orientation);
    }
    let file = MaskFile::new(&decoded, content);
    let judged = file.judge(options).map_err(|refusal| {
        let Refusal { found, choose } = refusal;
        ImageError::MaskRule { file: name.to_owned(), found, choose }
    })?;
    let mut notes = judged.note.into_iter().collect::<Vec<_>>();
    notes.extend((decoded.pages > 1).then_some(FileNote::Pages));
    let (width, height) = (decoded.image.width(), decoded.image.height());
    let mask = |values| BinaryMask { width, height, values };
    let ignored = judged.ignored.map(mask);
    let values = match &file.values {
        Values::Grey(values) => Tally::grey(values).counts,
        Values::Deep(values) => Tally::deep(values).counts,
        Values::Colour(_) => Vec::new(),
    };
    Ok(MaskReading { mask: mask(judged.inside), ignored, notes, values, turned })
}

/// How much of a picture is inside, for a message.
fn share(inside: &[bool]) -> String {
    let count = inside.iter().filter(|inside| **inside).count();
    format!("{:.1} %", 100.0 * count as f64 / inside.len().max(1) as f64)
}

/// Why a mask was not read: what was found, and what to choose.
pub(crate) struct Refusal {
    pub(crate) found: String,
    pub(crate) choose: String,
}

/// A mask's file before anything is decided.
struct MaskFile {
    width: usize,
    values: Values,
    /// Opacity in 0 to 255, if it is not the same everywhere and full.
    alpha: Option<Vec<u8>>,
    /// The largest value that 8 bits or fewer can have: 1, 3, 15 or 255.
    largest: u16,
    /// The colours of an indexed PNG, in the order of their indices.
    palette: Option<Vec<Colour>>,
    jpeg: bool,
    /// The values are those that the file stores, and are shown the other way round.
    white_is_zero: bool,
}

/// What a rule made of a mask's pixels.
struct Decision {
    inside: Vec<bool>,
    ignored: Option<Vec<bool>>,
    note: Option<FileNote>,
}

impl MaskFile {
    fn new(decoded: &Decoded, content: &[u8]) -> Self {
        let (mut values, alpha) = channels(&decoded.image);
        if decoded.white_is_zero {
            // Labels are numbers, whatever colour they are shown in.
            match &mut values {
                Values::Grey(values) => values.iter_mut().for_each(|value| *value = !*value),
                Values::Deep(values) => values.iter_mut().for_each(|value| *value = !*value),
                Values::Colour(_) => {}
            }
        }
        let (palette, bits) = match decoded.format {
            ImageFormat::Png => png_facts(content),
            _ => (None, 8),
        };
        // Decoders spread 1, 2 and 4 bits over 0 to 255; labels are the stored numbers.
        let largest = if bits < 8 { (1u16 << bits) - 1 } else { 255 };
        if let (Values::Grey(values), 1..=7) = (&mut values, bits) {
            let step = (255 / largest) as u8;
            values.iter_mut().for_each(|value| *value /= step);
        }
        Self {
            width: decoded.image.width() as usize,
            alpha: alpha.filter(|alpha| alpha.iter().any(|value| *value < 255)),
            largest,
            palette,
            jpeg: decoded.format == ImageFormat::Jpeg,
            white_is_zero: decoded.white_is_zero,
            values,
        }
    }

    fn judge(&self, options: MaskOptions) -> Result<Decision, Refusal> {
        let ignored = options.ignore.map(|value| self.equal_to(value)).transpose()?;
        if options.rule == MaskRule::Auto {
            self.refuse_two_readings()?;
        }
        let skip = |at: usize| ignored.as_ref().is_some_and(|ignored| ignored[at]);
        let Judged { mut inside, note } = match options.rule {
            MaskRule::Auto => match &self.values {
                Values::Grey(values) => {
                    judge_grey(values, self.top(), self.width, self.jpeg, &skip)?
                }
                Values::Deep(values) => {
                    judge_grey(values, self.top(), self.width, self.jpeg, &skip)?
                }
                Values::Colour(values) => judge_colours(values, self.jpeg, &skip)?,
            },
            MaskRule::Half => self.upper_half(&skip)?.into(),
            MaskRule::NonZero => match &self.values {
                Values::Grey(values) => values.iter().map(|v| *v > 0).collect::<Vec<_>>().into(),
                Values::Deep(values) => values.iter().map(|v| *v > 0).collect::<Vec<_>>().into(),
                Values::Colour(values) => {
                    values.iter().map(|v| v.0 != [0; 3]).collect::<Vec<_>>().into()
                }
            },
            MaskRule::Equals(id) => self.equal_to(id)?.into(),
            MaskRule::Colour(colour) => self.of_colour(colour).into(),
            MaskRule::Alpha => match &self.alpha {
                Some(alpha) => alpha.iter().map(|v| *v >= 128).collect::<Vec<_>>().into(),
                None => {
                    return Err(Refusal {
                        found: "is opaque everywhere, or has no alpha channel".to_owned(),
                        choose: "choose another mask rule than alpha".to_owned(),
                    });
                }
            },
        };
        if options.rule == MaskRule::Auto {
            self.refuse_shown_ground(&inside)?;
        }
        if let Some(ignored) = &ignored {
            for (inside, ignored) in inside.iter_mut().zip(ignored) {
                *inside &= !ignored;
            }
        }
        Ok(Decision { inside, ignored, note })
    }

    /// The largest value that the file's range has: labels in 16 bits are read as those in 8.
    fn top(&self) -> u16 {
        match &self.values {
            Values::Deep(values) if values.iter().any(|value| *value > 255) => u16::MAX,
            _ => self.largest,
        }
    }

    /// The smallest value of the range's upper half.
    fn half(&self) -> u16 {
        self.top() / 2 + 1
    }

    /// Alpha that differs, and labels that are shown the other way round.
    fn refuse_two_readings(&self) -> Result<(), Refusal> {
        let shown = || match &self.values {
            Values::Grey(values) => {
                let half = self.half();
                values.iter().map(|v| u16::from(*v) >= half).collect::<Vec<_>>()
            }
            Values::Deep(values) => {
                let half = self.half();
                values.iter().map(|v| *v >= half).collect()
            }
            Values::Colour(values) => values.iter().map(|v| v.0 != [0; 3]).collect(),
        };
        if let Some(alpha) = &self.alpha {
            let opaque = alpha.iter().map(|value| *value >= 128).collect::<Vec<_>>();
            if opaque == shown() {
                return Ok(()); // both readings are one
            }
            return Err(Refusal {
                found: format!(
                    "has an alpha channel that is not opaque: {} is opaque, {} is bright or coloured",
                    share(&opaque),
                    share(&shown())
                ),
                choose: "choose the mask rule alpha for the first, half or non_zero for the second"
                    .to_owned(),
            });
        }
        if self.white_is_zero && !shown().is_empty() {
            let stored = shown();
            let inverted = stored.iter().map(|inside| !inside).collect::<Vec<_>>();
            return Err(Refusal {
                found: format!(
                    "is a TIFF that shows 0 as white: {} is inside by the stored values, {} as shown",
                    share(&stored),
                    share(&inverted)
                ),
                choose:
                    "choose the mask rule half or non_zero for the stored values, or invert the \
                         file"
                        .to_owned(),
            });
        }
        Ok(())
    }

    /// A palette whose number 0, the background of labels, is shown as what is inside.
    fn refuse_shown_ground(&self, inside: &[bool]) -> Result<(), Refusal> {
        let Some(ground) = self.palette.as_ref().and_then(|palette| palette.first()) else {
            return Ok(());
        };
        let numbered = self.of_colour(*ground).iter().map(|zero| !zero).collect::<Vec<_>>();
        let both = inside.iter().zip(&numbered).any(|(inside, numbered)| *inside && !numbered);
        if !both {
            return Ok(());
        }
        Err(Refusal {
            found: format!(
                "has a palette that shows the number 0 as {ground}: {} is inside by the numbers, {} as shown",
                share(&numbered),
                share(inside)
            ),
            choose: format!(
                "choose the label that is meant, such as 1, for the first, the colour \"{ground}\" for the second"
            ),
        })
    }

    fn upper_half(&self, skip: &impl Fn(usize) -> bool) -> Result<Vec<bool>, Refusal> {
        let (inside, tally) = match &self.values {
            Values::Grey(values) => {
                let half = self.half();
                let inside = values.iter().map(|v| u16::from(*v) >= half).collect::<Vec<_>>();
                (inside, Tally::grey(values))
            }
            Values::Deep(values) => {
                let half = self.half();
                (values.iter().map(|v| *v >= half).collect(), Tally::deep(values))
            }
            Values::Colour(values) => return Err(in_colour(values)),
        };
        let any = inside.iter().enumerate().any(|(at, inside)| *inside && !skip(at));
        // A few low values are labels or a mask of 0 and 1; a soft mask may well be empty.
        if !any && (1..=LABELS).contains(&tally.largest()) {
            return Err(Refusal {
                found: format!("has no value in the upper half of its range: {}", tally.text()),
                choose: "choose the mask rule non_zero, or the label that is meant".to_owned(),
            });
        }
        if !any && self.top() > 255 {
            return Err(Refusal {
                found: format!("has 16 bits and no value of 32768 or above: {}", tally.text()),
                choose: "choose the mask rule non_zero, or the label that is meant".to_owned(),
            });
        }
        Ok(inside)
    }

    fn equal_to(&self, id: u16) -> Result<Vec<bool>, Refusal> {
        if let Some(palette) = &self.palette {
            let colour = palette.get(usize::from(id)).ok_or_else(|| Refusal {
                found: format!("has a palette of {} colours", palette.len()),
                choose: format!("choose a label below {}, not {id}", palette.len()),
            })?;
            return Ok(self.of_colour(*colour));
        }
        match &self.values {
            Values::Grey(values) => {
                Ok(values.iter().map(|value| u16::from(*value) == id).collect())
            }
            Values::Deep(values) => Ok(values.iter().map(|value| *value == id).collect()),
            Values::Colour(values) => Err(in_colour(values)),
        }
    }

    fn of_colour(&self, colour: Colour) -> Vec<bool> {
        let step = (255 / self.largest) as u8;
        let grey = |value: u8| Colour([value.saturating_mul(step); 3]) == colour;
        match &self.values {
            Values::Grey(values) => values.iter().map(|value| grey(*value)).collect(),
            Values::Deep(values) => values
                .iter()
                .map(|value| u8::try_from(*value / 257).is_ok_and(grey) && value % 257 == 0)
                .collect(),
            Values::Colour(values) => values.iter().map(|value| *value == colour).collect(),
        }
    }
}

/// A mask without a value above this that none reaches the half of is one of labels.
const LABELS: u16 = 32;

impl From<Vec<bool>> for Judged {
    fn from(inside: Vec<bool>) -> Self {
        Self { inside, note: None }
    }
}

pub(crate) fn in_colour(values: &[Colour]) -> Refusal {
    let found = colours(values).into_iter().map(|(colour, count)| (colour.to_string(), count));
    Refusal {
        found: format!("is in colour: {}", shares(found)),
        choose:
            "choose the colour that is meant as the mask rule, such as \"#ff0000\", or non_zero \
                 for all that is not black"
                .to_owned(),
    }
}

/// The colour or grey values of a picture, and its alpha.
fn channels(image: &DynamicImage) -> (Values, Option<Vec<u8>>) {
    match image {
        DynamicImage::ImageLuma8(image) => (Values::Grey(image.as_raw().clone()), None),
        DynamicImage::ImageLuma16(image) => (Values::Deep(image.as_raw().clone()), None),
        DynamicImage::ImageLumaA8(image) => (
            Values::Grey(image.pixels().map(|p| p[0]).collect()),
            Some(image.pixels().map(|p| p[1]).collect()),
        ),
        DynamicImage::ImageLumaA16(image) => (
            Values::Deep(image.pixels().map(|p| p[0]).collect()),
            Some(image.pixels().map(|p| (p[1] >> 8) as u8).collect()),
        ),
        DynamicImage::ImageRgb8(image) => (colour(image.pixels().map(|p| p.0)), None),
        DynamicImage::ImageRgba8(image) => (
            colour(image.pixels().map(|p| [p[0], p[1], p[2]])),
            Some(image.pixels().map(|p| p[3]).collect()),
        ),
        DynamicImage::ImageRgb16(image) => (deep(image.pixels().map(|p| p.0)), None),
        DynamicImage::ImageRgba16(image) => (
            deep(image.pixels().map(|p| [p[0], p[1], p[2]])),
            Some(image.pixels().map(|p| (p[3] >> 8) as u8).collect()),
        ),
        other => (colour(other.to_rgb8().pixels().map(|p| p.0)), None),
    }
}

fn colour(pixels: impl Iterator<Item = [u8; 3]> + Clone) -> Values {
    match pixels.clone().all(|[r, g, b]| r == g && g == b) {
        true => Values::Grey(pixels.map(|[r, ..]| r).collect()),
        false => Values::Colour(pixels.map(Colour).collect()),
    }
}

fn deep(pixels: impl Iterator<Item = [u16; 3]> + Clone) -> Values {
    match pixels.clone().all(|[r, g, b]| r == g && g == b) {
        true => Values::Deep(pixels.map(|[r, ..]| r).collect()),
        false => Values::Colour(
            pixels.map(|pixel| Colour(pixel.map(|value| (value >> 8) as u8))).collect(),
        ),
    }
}

/// The palette of an indexed PNG, and the bits of a grey one's values.
fn png_facts(content: &[u8]) -> (Option<Vec<Colour>>, u32) {
    let Ok(reader) = png::Decoder::new(Cursor::new(content)).read_info() else { return (None, 8) };
    let info = reader.info();
    let colours = |palette: &[u8]| {
        palette.chunks_exact(3).map(|rgb| Colour([rgb[0], rgb[1], rgb[2]])).collect()
    };
    match info.color_type {
        png::ColorType::Indexed => (info.palette.as_deref().map(colours), 8),
        png::ColorType::Grayscale => (None, info.bit_depth as u32),
        _ => (None, 8),
    }
}
