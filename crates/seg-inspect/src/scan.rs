//! Every picture and mask of a set, decoded once.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use seg_data::{Case, Dataset, Split};
use seg_image::{BinaryMask, FileNote, ImageError, NoteCounts, RgbImage, read_mask, read_picture};
use sha2::{Digest, Sha256};

use crate::case_row::{CaseRow, common_folder, relative};
use crate::hash::{DifferenceHash, Thumbnail};

/// What is known of a set once its files are closed.
pub(crate) struct Scan<'a> {
    pub(crate) folder: PathBuf,
    pub(crate) cases: Vec<ScannedCase<'a>>,
    pub(crate) pictures: Vec<Picture<'a>>,
}

pub(crate) struct ScannedCase<'a> {
    pub(crate) case: &'a Case,
    /// Its picture's place among the scan's.
    pub(crate) picture: usize,
    /// Its mask's place among the picture's.
    mask: usize,
}

/// A picture's file and what its cases have as masks.
pub(crate) struct Picture<'a> {
    pub(crate) file: &'a Path,
    /// Places among the scan's cases; at least one.
    pub(crate) cases: Vec<usize>,
    /// `None` if it cannot be read.
    pub(crate) pixels: Option<Pixels>,
    masks: Vec<Mask<'a>>,
    pub(crate) broken: Vec<Broken>,
    /// What was decided while reading its files.
    pub(crate) notes: NoteCounts,
}

/// A picture in short.
pub(crate) struct Pixels {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Whether its channels differ anywhere.
    pub(crate) colour: bool,
    /// Hash of size and values.
    pub(crate) digest: [u8; 32],
    pub(crate) hash: DifferenceHash,
    pub(crate) thumbnail: Thumbnail,
}

/// One case's mask: several files are united.
pub(crate) struct Mask<'a> {
    pub(crate) files: &'a [PathBuf],
    /// `None` if a file cannot be read or does not fit.
    pub(crate) region: Option<Region>,
    /// The values of each of `files` that can be read, with how many pixels have them.
    pub(crate) values: Vec<(&'a Path, Vec<(u16, u64)>)>,
    /// Whether one of `files` has no EXIF tag that turns it.
    untagged: bool,
}

/// A mask in short, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Region {
    pub(crate) area: u64,
    /// Pixels of the whole picture.
    pub(crate) pixels: u64,
    /// Inside, left and right of the picture's centre; the middle column of an odd width is
    /// neither.
    pub(crate) left: u64,
    pub(crate) right: u64,
    /// Mean height of the mask's pixels, from the top, in `[0, 1]`; 0 if it is empty.
    pub(crate) height: f64,
}

impl Region {
    pub(crate) fn coverage(&self) -> f64 {
        self.area as f64 / self.pixels.max(1) as f64
    }

    fn from_mask(mask: &BinaryMask) -> Self {
        let (mut left, mut right, mut area, mut rows) = (0, 0, 0, 0.0);
        let width = mask.width as usize;
        for (y, row) in mask.values.chunks_exact(width.max(1)).enumerate() {
            let inside = |part: &[bool]| part.iter().filter(|inside| **inside).count() as u64;
            left += inside(&row[..width / 2]);
            right += inside(&row[width.div_ceil(2)..]);
            let whole = inside(row);
            area += whole;
            rows += whole as f64 * (y as f64 + 0.5);
        }
        let height = if area > 0 { rows / area as f64 / f64::from(mask.height) } else { 0.0 };
        Self { area, pixels: mask.values.len() as u64, left, right, height }
    }
}

/// A file that cannot be used.
pub(crate) struct Broken {
    /// Place among the scan's cases: the first that needs it.
    pub(crate) case: usize,
    pub(crate) kind: BrokenKind,
    /// The whole story, with the file's path in the folder.
    pub(crate) why: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum BrokenKind {
    Unreadable,
    /// The mask's size is not the picture's.
    Size,
    /// The mask's values do not fit the rule.
    Rule,
}

impl<'a> Scan<'a> {
    /// Decodes all files on all cores; `tick` is called for each case.
    pub(crate) fn read(set: &'a Dataset, tick: &(dyn Fn() + Sync)) -> Self {
        let cases = Split::ALL.into_iter().flat_map(|split| set.cases(split)).collect::<Vec<_>>();
        let folder = common_folder(cases.iter().copied());
        let mut of_file = BTreeMap::<&Path, Vec<usize>>::new();
        for (place, case) in cases.iter().enumerate() {
            of_file.entry(&case.image).or_default().push(place);
        }
        let mut pictures = of_file.into_iter().collect::<Vec<_>>();
        pictures.sort_by_key(|(_, places)| places.first().copied());
        let read = |(file, places): &(&'a Path, Vec<usize>)| {
            let read = picture(&cases, file, places, &folder);
            places.iter().for_each(|_| tick());
            read
        };
        let pictures = pictures.par_iter().map(read).collect::<Vec<Picture<'a>>>();
        let mut at = vec![(0, 0); cases.len()];
        for (place, picture) in pictures.iter().enumerate() {
            for case in &picture.cases {
                let same = |mask: &Mask<'_>| mask.files == cases[*case].masks;
                at[*case] = (place, picture.masks.iter().position(same).unwrap_or(0));
            }
        }
        let scanned = |(case, (picture, mask))| ScannedCase { case, picture, mask };
        Self { folder, cases: cases.into_iter().zip(at).map(scanned).collect(), pictures }
    }

    pub(crate) fn row(&self, case: usize) -> CaseRow {
        CaseRow::new(self.cases[case].case, &self.folder)
    }

    pub(crate) fn path(&self, file: &Path) -> String {
        relative(file, &self.folder)
    }

    pub(crate) fn mask(&self, case: &ScannedCase<'_>) -> &Mask<'a> {
        &self.pictures[case.picture].masks[case.mask]
    }

    /// The mask of a case, unless it is broken.
    pub(crate) fn region(&self, case: &ScannedCase<'_>) -> Option<Region> {
        self.mask(case).region
    }

    /// Places of a split's cases.
    pub(crate) fn places(&self, split: Split) -> impl Iterator<Item = usize> {
        let places = self.cases.iter().enumerate();
        places.filter(move |(_, case)| case.case.split == split).map(|(place, _)| place)
    }

    /// The splits that have cases, in the order of use.
    pub(crate) fn splits(&self) -> impl Iterator<Item = Split> {
        Split::ALL.into_iter().filter(|split| self.places(*split).next().is_some())
    }

    /// Each picture's masks.
    pub(crate) fn masks(&self) -> impl Iterator<Item = &Mask<'a>> {
        self.pictures.iter().flat_map(|picture| &picture.masks)
    }

    /// The splits that a picture's cases are in.
    pub(crate) fn splits_of(&self, picture: usize) -> BTreeSet<Split> {
        self.pictures[picture].cases.iter().map(|case| self.cases[*case].case.split).collect()
    }
}

/// Decodes a picture and the masks of its cases.
fn picture<'a>(cases: &[&'a Case], file: &'a Path, places: &[usize], folder: &Path) -> Picture<'a> {
    let mut picture = Picture {
        file,
        cases: places.to_vec(),
        pixels: None,
        masks: Vec::new(),
        broken: Vec::new(),
        notes: NoteCounts::default(),
    };
    let (mut size, mut notes) = (None, Vec::new());
    let options = places.first().map(|place| cases[*place].reading.picture).unwrap_or_default();
    match read_picture(file, options) {
        Ok(read) => {
            size = Some(read.image.dimensions());
            picture.pixels = Some(Pixels::from_image(&read.image));
            notes = read.notes;
        }
        Err(error) => {
            let case = places.first().copied().unwrap_or_default();
            let why = story(&error, file, folder);
            picture.broken.push(Broken { case, kind: BrokenKind::Unreadable, why });
        }
    }
    for place in places {
        let case = cases[*place];
        if !picture.masks.iter().any(|mask| mask.files == case.masks) {
            let (mask, broken) = mask(case, *place, size, folder, &mut picture.notes);
            picture.masks.push(mask);
            picture.broken.extend(broken);
        }
    }
    if picture.masks.iter().any(|mask| mask.untagged) {
        let turned = notes.iter_mut().filter(|note| **note == FileNote::Turned);
        turned.for_each(|note| *note = FileNote::TurnedAlone);
    }
    picture.notes.add(file, &notes);
    picture
}

/// A case's mask, which must have the picture's size, if that is known.
fn mask<'a>(
    case: &'a Case,
    place: usize,
    size: Option<(u32, u32)>,
    folder: &Path,
    notes: &mut NoteCounts,
) -> (Mask<'a>, Vec<Broken>) {
    let mut read = Mask { files: &case.masks, region: None, values: Vec::new(), untagged: false };
    let mut broken = Vec::new();
    let mut united = size.map(|(w, h)| BinaryMask::from_fn(w, h, |_, _| false));
    for file in &case.masks {
        match read_mask(file, case.reading.mask) {
            Ok(reading) => match (size, reading.mask) {
                (Some(size), part) if size != (part.width, part.height) => {
                    let why = format!(
                        "{} is {} x {} pixels, its mask {} {} x {}",
                        relative(&case.image, folder),
                        size.0,
                        size.1,
                        relative(file, folder),
                        part.width,
                        part.height
                    );
                    broken.push(Broken { case: place, kind: BrokenKind::Size, why });
                }
                (_, part) => {
                    read.values.push((file, reading.values));
                    read.untagged |= !reading.turned;
                    notes.add(file, &reading.notes);
                    united = Some(united.map_or_else(|| part.clone(), |mask| mask.union(&part)));
                }
            },
            Err(error) => {
                let kind = match error {
                    ImageError::MaskRule { .. } => BrokenKind::Rule,
                    _ => BrokenKind::Unreadable,
                };
                broken.push(Broken { case: place, kind, why: story(&error, file, folder) });
            }
        }
    }
    if broken.is_empty() {
        read.region = united.as_ref().map(Region::from_mask);
    }
    (read, broken)
}

impl Pixels {
    fn from_image(image: &RgbImage) -> Self {
        let (width, height) = image.dimensions();
        let colour = image.pixels().any(|pixel| pixel[0] != pixel[1] || pixel[0] != pixel[2]);
        let mut digest = Sha256::new();
        digest.update(width.to_le_bytes());
        digest.update(height.to_le_bytes());
        match colour {
            true => digest.update(image.as_raw()),
            // A third of the work; no picture in colour has so few bytes at this size.
            false => digest.update(image.pixels().map(|pixel| pixel[0]).collect::<Vec<_>>()),
        }
        let digest = digest.finalize().into();
        let (hash, thumbnail) = (DifferenceHash::from_image(image), Thumbnail::from_image(image));
        Self { width, height, colour, digest, hash, thumbnail }
    }
}

/// An error with its causes, the file named as it is in the set's folder.
fn story(error: &dyn Error, file: &Path, folder: &Path) -> String {
    let mut story = error.to_string();
    let mut cause = error.source();
    while let Some(found) = cause {
        story.push_str(": ");
        story.push_str(&found.to_string());
        cause = found.source();
    }
    story.replace(&file.display().to_string(), &relative(file, folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: a block of 2 x 2 at the left, one pixel in the middle column, in 5 x 4.
    #[test]
    fn a_region_knows_its_sides_and_height() {
        let mask = BinaryMask::from_fn(5, 4, |x, y| (x < 2 && y < 2) || (x == 2 && y == 3));
        // Rows' centres are at 0.5, 1.5 and 3.5 of 4.
        let height = (2.0 * 0.5 + 2.0 * 1.5 + 3.5) / 5.0 / 4.0;
        assert_eq!(
            Region::from_mask(&mask),
            Region { area: 5, pixels: 20, left: 4, right: 0, height }
        );
        assert_eq!(Region::from_mask(&BinaryMask::from_fn(0, 0, |_, _| true)).area, 0);
    }
}
