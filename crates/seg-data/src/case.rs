//! A picture, a sentence, and the mask of what the sentence means.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use seg_image::{
    BinaryMask, FileNote, ImageError, MaskOptions, MaskReading, NoteCounts, PictureOptions,
    RgbImage, read_mask, read_picture,
};

use serde::{Deserialize, Serialize};

use crate::error::DataError;

/// The part of a set that a case belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Split {
    /// Weights are fitted on it.
    Train,
    /// Epoch and settings are chosen on it.
    Val,
    /// Used once, for the final scores.
    Test,
}

impl Split {
    /// All three, in the order of use.
    pub const ALL: [Self; 3] = [Self::Train, Self::Val, Self::Test];
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        })
    }
}

/// The text is not the name of a [`Split`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown split `{0}`: expected train, val or test")]
pub struct UnknownSplit(pub String);

impl FromStr for Split {
    type Err = UnknownSplit;

    fn from_str(name: &str) -> Result<Self, UnknownSplit> {
        match name.trim().to_ascii_lowercase().as_str() {
            "train" | "training" => Ok(Self::Train),
            "val" | "valid" | "validation" => Ok(Self::Val),
            "test" | "testing" => Ok(Self::Test),
            _ => Err(UnknownSplit(name.to_owned())),
        }
    }
}

/// The row of a table that a case comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The table's file.
    pub table: Arc<Path>,
    /// Its line of the table; the header is line 1.
    pub row: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, row {}", self.table.display(), self.row)
    }
}

/// How pictures and masks of a set are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadOptions {
    /// Which values of masks are inside, and which count nowhere.
    pub mask: MaskOptions,
    /// Bits and orientation of pictures.
    pub picture: PictureOptions,
}

/// One row of a set, its files not yet read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The picture's file name without its ending.
    pub id: String,
    /// The picture.
    pub image: PathBuf,
    /// Mask files of what the sentence means: the mask is their union, each as large as the
    /// picture. Empty if there is nothing to find.
    pub masks: Vec<PathBuf>,
    /// How its files are read.
    pub reading: ReadOptions,
    /// The sentence as the set has it, without blanks around it.
    pub sentence: String,
    /// Its part of the set.
    pub split: Split,
    /// The patient, or whatever else makes cases belong together; `None` if the set does not say.
    pub group: Option<String>,
    /// The row it comes from.
    pub origin: Origin,
}

/// A case's pixels.
#[derive(Clone, Debug)]
pub struct Sample {
    /// RGB, 8 bits; grey repeated.
    pub image: RgbImage,
    /// The union of the case's masks, of the picture's size; empty if it has none.
    pub mask: BinaryMask,
    /// The pixels that count nowhere; `None` if there are none.
    pub ignored: Option<BinaryMask>,
    /// What was decided while reading its files.
    pub notes: NoteCounts,
}

impl Case {
    /// The mask in a file of this case, which must have the picture's size.
    pub(crate) fn mask(
        &self,
        file: &Path,
        image_size: (u32, u32),
    ) -> Result<MaskReading, DataError> {
        let read = read_mask(file, self.reading.mask).map_err(|source| self.unreadable(source))?;
        let mask_size = (read.mask.width, read.mask.height);
        if image_size != mask_size {
            return Err(DataError::Size {
                origin: self.origin.clone(),
                image: self.image.clone(),
                image_size,
                mask: file.to_owned(),
                mask_size,
            });
        }
        Ok(read)
    }

    pub(crate) fn unreadable(&self, source: ImageError) -> DataError {
        DataError::Image { origin: self.origin.clone(), source: Box::new(source) }
    }
}

/// Reads a case's picture and the union of its masks.
///
/// # Errors
///
/// If one cannot be read, a mask's values do not fit its rule, or sizes differ. The error names the
/// row.
pub fn load(case: &Case) -> Result<Sample, DataError> {
    let picture = read_picture(&case.image, case.reading.picture);
    let mut picture = picture.map_err(|source| case.unreadable(source))?;
    let (width, height) = picture.image.dimensions();
    let nothing = || BinaryMask::from_fn(width, height, |_, _| false);
    let (mut mask, mut ignored) = (None::<BinaryMask>, None::<BinaryMask>);
    let mut notes = NoteCounts::default();
    let turned = |note: &FileNote| *note == FileNote::Turned;
    for file in &case.masks {
        let read = case.mask(file, (width, height))?;
        notes.add(file, &read.notes);
        if !read.turned {
            let alone = picture.notes.iter_mut().filter(|note| turned(note));
            alone.for_each(|note| *note = FileNote::TurnedAlone);
        }
        mask = Some(mask.map_or_else(|| read.mask.clone(), |mask| mask.union(&read.mask)));
        if let Some(part) = read.ignored {
            ignored = Some(ignored.map_or_else(|| part.clone(), |ignored| ignored.union(&part)));
        }
    }
    notes.add(&case.image, &picture.notes);
    let mut mask = mask.unwrap_or_else(nothing);
    // A pixel that one mask ignores and another has inside counts nowhere.
    if let Some(ignored) = &ignored {
        mask.remove(ignored);
    }
    let ignored = ignored.filter(|ignored| ignored.area() > 0);
    Ok(Sample { image: picture.image, mask, ignored, notes })
}

/// A distinct name for each case, in their order: the picture's, followed by `#2`, `#3` if the
/// picture has occurred before.
pub fn distinct_names(cases: &[&Case]) -> Vec<String> {
    let mut seen = BTreeMap::new();
    let name = |case: &&Case| {
        let count = seen.entry(case.id.clone()).or_insert(0usize);
        *count += 1;
        if *count == 1 { case.id.clone() } else { format!("{}#{count}", case.id) }
    };
    cases.iter().map(name).collect()
}

/// A file's name without folder and ending.
pub(crate) fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_has_its_usual_names() {
        assert_eq!(" Validation".parse(), Ok(Split::Val));
        for split in Split::ALL {
            assert_eq!(split.to_string().parse(), Ok(split));
        }
        let error = "dev".parse::<Split>().unwrap_err().to_string();
        assert_eq!(error, "unknown split `dev`: expected train, val or test");
    }
}
