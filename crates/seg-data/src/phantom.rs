//! Pictures like chest X-rays, drawn by code, with sentences and masks that are exactly true.
//!
//! For tests, demonstrations and small networks that need no licensed data. Nobody should take
//! what a network learns from them for medicine.
//!
//! Each picture has one to four lesions and several sentences, each of which names some of them:
//! the same picture with another sentence has another mask.
//!
//! - Left and right are sides of the picture, not of the patient. The heart is on the right.
//! - Upper, middle and lower are thirds of the height of the lung that a lesion is in.
//! - A lesion is a nodule (round) or an opacity (cloudy); large and small compare it with others of
//!   its kind.
//! - A sentence means every lesion that it is true of, and is true of at least one.
//!
//! ```
//! use seg_data::phantom::{PhantomConfig, phantom};
//!
//! let config = PhantomConfig { size: 64, ..PhantomConfig::default() };
//! let made = phantom(&config, 7);
//! assert_eq!(made.image.dimensions(), (64, 64));
//! assert!(made.queries.iter().all(|query| query.mask.area() > 0));
//! assert_eq!(made, phantom(&config, 7));
//! ```

mod chest;
mod error;
mod finding;
mod folder;
mod picture;
mod sentence;
mod side;
mod stream;

use std::ops::{Range, RangeInclusive};

use seg_image::{BinaryMask, BoundingBox, Rgb, RgbImage};

pub use error::PhantomError;
pub use finding::{Extent, Kind, PhantomLesion};
pub use folder::{WrittenPhantoms, write_phantoms};
pub use side::{Side, Zone};

use chest::Chest;
use finding::Findings;
use picture::Picture;
use sentence::{Description, Wording};
use stream::Stream;

/// Settings of phantoms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhantomConfig {
    /// Side of the square pictures in pixels, one of [`PhantomConfig::SIZES`].
    pub size: u32,
    /// Seed of the random numbers; phantoms with the same seed and index are equal.
    pub seed: u64,
    /// The largest number of sentences about lesions for each picture.
    pub sentences: usize,
    /// Whether to add sentences about the left lung, the right one and both.
    pub lungs: bool,
    /// Whether to add sentences about each third of each lung: they teach upper, middle and lower
    /// on masks too large to be missed.
    pub thirds: bool,
    /// Whether to add up to two sentences about lesions that do not exist, with empty masks.
    pub absent: bool,
    /// Whether every second lesion goes into the lung of the one before it, in another third, so
    /// that only its height tells it apart. Otherwise side and third of each lesion are
    /// independent.
    pub crowded: bool,
}

impl Default for PhantomConfig {
    fn default() -> Self {
        Self {
            size: 256,
            seed: 0,
            sentences: 6,
            lungs: true,
            thirds: false,
            absent: false,
            crowded: false,
        }
    }
}

impl PhantomConfig {
    /// Sides that pictures may have, in pixels.
    pub const SIZES: RangeInclusive<u32> = 32..=4096;

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// If the size is out of range, or there would be no sentences.
    pub fn check(&self) -> Result<(), PhantomError> {
        if !Self::SIZES.contains(&self.size) {
            return Err(PhantomError::Size { found: self.size });
        }
        if self.sentences == 0 && !self.lungs && !self.thirds {
            return Err(PhantomError::NoSentence);
        }
        Ok(())
    }
}

/// A drawn picture, and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Phantom {
    /// Grey: the three channels are equal.
    pub image: RgbImage,
    /// Its lesions, one to four.
    pub findings: Vec<PhantomLesion>,
    /// Sentences about it, all different.
    pub queries: Vec<PhantomQuery>,
}

/// A sentence about a phantom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhantomQuery {
    /// Names lesions or lungs.
    pub sentence: String,
    /// The pixels of all that the sentence names; of the picture's size.
    pub mask: BinaryMask,
}

/// Draws the phantom with an index. A size that [`PhantomConfig::check`] refuses is replaced by the
/// nearest allowed one.
pub fn phantom(config: &PhantomConfig, index: u64) -> Phantom {
    let size = config.size.clamp(*PhantomConfig::SIZES.start(), *PhantomConfig::SIZES.end());
    let stream = |noun| Stream::new(config.seed, index, noun);
    let chest = Chest::new(&mut stream(0));
    let fields = fields(&chest, size);
    let Findings { findings, lesions } =
        finding::place(&chest, &fields, config.crowded, &mut stream(1));
    let grey = Picture::new(&chest, &lesions, &mut stream(2)).draw(size);
    let mut image = RgbImage::new(size, size);
    for (pixel, value) in image.pixels_mut().zip(grey) {
        *pixel = Rgb([value; 3]);
    }
    let queries = queries(config, &findings, &fields, &mut stream(3));
    Phantom { image, findings, queries }
}

/// The masks of the left and the right lung.
fn fields(chest: &Chest, size: u32) -> [BinaryMask; 2] {
    let share = |at| (f64::from(at) + 0.5) / f64::from(size);
    Side::BOTH.map(|side| {
        BinaryMask::from_fn(size, size, |i, j| {
            let (x, y) = (share(i), share(j));
            chest.across(x, y).0 == side && chest.air(x, y) >= 0.5
        })
    })
}

fn queries(
    config: &PhantomConfig,
    findings: &[PhantomLesion],
    fields: &[BinaryMask; 2],
    stream: &mut Stream,
) -> Vec<PhantomQuery> {
    let wording = Wording::new(stream);
    let [left, right] = fields;
    let mut queries = chosen(findings, config.sentences, stream)
        .into_iter()
        .map(|description| {
            let meant = findings.iter().filter(|finding| description.fits(finding));
            let nothing = BinaryMask::from_fn(left.width, left.height, |_, _| false);
            PhantomQuery {
                sentence: description.sentence(description.count(findings), wording),
                mask: meant.fold(nothing, |mask, finding| mask.union(&finding.mask)),
            }
        })
        .collect::<Vec<_>>();
    if config.lungs {
        for (side, field) in Side::BOTH.into_iter().zip(fields) {
            queries.push(PhantomQuery { sentence: wording.lung(side), mask: field.clone() });
        }
        queries.push(PhantomQuery { sentence: wording.lungs(), mask: left.union(right) });
    }
    if config.thirds {
        for (side, field) in Side::BOTH.into_iter().zip(fields) {
            for (zone, rows) in thirds(field) {
                let mask = BinaryMask::from_fn(field.width, field.height, |x, y| {
                    rows.contains(&y) && field.get(x, y)
                });
                queries.push(PhantomQuery { sentence: wording.third(side, zone), mask });
            }
        }
    }
    if config.absent {
        for description in absent(findings, fields, stream) {
            let mask = BinaryMask::from_fn(left.width, left.height, |_, _| false);
            queries.push(PhantomQuery { sentence: description.sentence(1, wording), mask });
        }
    }
    queries
}

/// The rows of each third of a lung's height; empty if the field is.
fn thirds(field: &BinaryMask) -> Vec<(Zone, Range<u32>)> {
    let Some(whole) = field.bounding_box() else { return Vec::new() };
    let height = whole.bottom - whole.top + 1;
    let rows = |i| whole.top + height * i / 3..whole.top + height * (i + 1) / 3;
    (0..).zip(Zone::ALL).map(|(i, zone)| (zone, rows(i))).collect()
}

/// At most `limit` true descriptions: those that mean other lesions first, and no set of lesions
/// more than twice.
fn chosen(findings: &[PhantomLesion], limit: usize, stream: &mut Stream) -> Vec<Description> {
    let mut pool = Description::all(findings)
        .into_iter()
        .map(|description| (stream.unit() / description.weight(), description))
        .collect::<Vec<_>>();
    pool.sort_by(|a, b| a.0.total_cmp(&b.0));
    let meant = |description: &Description| {
        findings.iter().map(|finding| description.fits(finding)).collect::<Vec<_>>()
    };
    let mut ranked = Vec::new();
    let mut seen = Vec::new();
    for (_, description) in pool {
        let set = meant(&description);
        let before = seen.iter().filter(|other| **other == set).count();
        seen.push(set);
        if before < 2 {
            ranked.push((before, description));
        }
    }
    ranked.sort_by_key(|(before, _)| *before);
    ranked.into_iter().take(limit).map(|(_, description)| description).collect()
}

/// Up to two thirds of a lung that no lesion reaches into.
fn absent(
    findings: &[PhantomLesion],
    fields: &[BinaryMask; 2],
    stream: &mut Stream,
) -> Vec<Description> {
    let mut free = Vec::new();
    for (side, field) in Side::BOTH.into_iter().zip(fields) {
        for (zone, rows) in thirds(field) {
            let reaches = |finding: &PhantomLesion| {
                let found = finding.mask.bounding_box();
                let near = |b: BoundingBox| b.top <= rows.end && b.bottom >= rows.start;
                finding.side == side && found.is_some_and(near)
            };
            if !findings.iter().any(reaches) {
                free.push((stream.bits(), Description::spot(side, zone)));
            }
        }
    }
    free.sort_by_key(|(key, _)| *key);
    free.into_iter().take(2).map(|(_, description)| description).collect()
}

#[cfg(test)]
mod tests;
