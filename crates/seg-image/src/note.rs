//! What is decided while files are read, and worth telling.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Something that was decided while a picture or a mask was read, by a rule and not by the file alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FileNote {
    /// A mask of 0 and 1 was read as such.
    ZeroAndOne,
    /// A mask with one value on a background of 0 was read as that value, although it is below the
    /// half of its range.
    OneValue,
    /// A mask with one colour on a background was read as that colour.
    OneColour,
    /// The largest value of a 16-bit picture needs so many bits only.
    FewBits {
        /// Bits that the largest value needs.
        bits: u8,
    },
    /// The first page of a file with several was read.
    Pages,
    /// A picture was turned as its EXIF tag says.
    Turned,
    /// A picture was turned as its EXIF tag says, and its mask has no such tag.
    TurnedAlone,
    /// What a DICOM file was read as.
    #[cfg(feature = "dicom")]
    Dicom(seg_dicom::DicomNote),
}

impl fmt::Display for FileNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroAndOne => f.write_str("a mask of 0 and 1; 1 is inside"),
            Self::OneValue => {
                f.write_str("a mask with one value on a background of 0; it is inside")
            }
            Self::OneColour => f.write_str("a mask with one colour on a background; it is inside"),
            Self::FewBits { bits } => write!(
                f,
                "a 16-bit picture whose largest value needs {bits} bits: it is seen in few dark \
                 levels; if {bits} bits is its range, say so (bits = {bits})"
            ),
            Self::Pages => f.write_str("several pages; the first one is read"),
            Self::Turned => f.write_str("a picture, turned as its EXIF tag says"),
            Self::TurnedAlone => f.write_str(
                "a picture, turned as its EXIF tag says, whose mask has no such tag: do they still \
                 fit? (ignore_orientation leaves the picture as it is stored)",
            ),
            #[cfg(feature = "dicom")]
            Self::Dicom(note) => note.fmt(f),
        }
    }
}

/// Notes over many files: how many files each is about, and one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoteCounts(BTreeMap<FileNote, (usize, PathBuf)>);

impl NoteCounts {
    /// Counts the notes of a file.
    pub fn add(&mut self, file: &Path, notes: &[FileNote]) {
        for note in notes {
            let (count, _) = self.0.entry(note.clone()).or_insert_with(|| (0, file.to_owned()));
            *count += 1;
        }
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: Self) {
        for (note, (count, file)) in other.0 {
            let (so_far, _) = self.0.entry(note).or_insert((0, file));
            *so_far += count;
        }
    }

    /// A line for each note: `12 files, such as a.png: a mask of 0 and 1; 1 is inside`.
    pub fn lines(&self) -> Vec<String> {
        let line = |(note, count, file): (&FileNote, usize, &Path)| match count {
            1 => format!("{}: {note}", file.display()),
            _ => format!("{count} files, such as {}: {note}", file.display()),
        };
        self.iter().map(line).collect()
    }

    /// Each note with how many files it is about, and one of them.
    pub fn iter(&self) -> impl Iterator<Item = (&FileNote, usize, &Path)> {
        self.0.iter().map(|(note, (count, file))| (note, *count, file.as_path()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_counted() {
        let mut notes = NoteCounts::default();
        for file in ["a.png", "b.png"] {
            notes.add(Path::new(file), &[FileNote::Pages]);
        }
        let mut other = NoteCounts::default();
        other.add(Path::new("c.png"), &[FileNote::Pages, FileNote::ZeroAndOne]);
        notes.merge(other);
        let expected = [
            "c.png: a mask of 0 and 1; 1 is inside",
            "3 files, such as a.png: several pages; the first one is read",
        ];
        assert_eq!(notes.lines(), expected);
    }
}
