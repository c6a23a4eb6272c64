//! What was read otherwise than it is written, once for each kind.

use std::collections::BTreeMap;
use std::fmt;

/// A kind of [`DataNote`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NoteKind {
    /// A table in UTF-16, which spreadsheets call "Unicode text".
    Utf16,
    /// Another table that could be meant stands beside the one that is read.
    OtherTable,
    /// Sheets of a workbook behind the first, which alone is read.
    OtherSheet,
    /// A second column of sentences, which is not read.
    OtherColumn,
    /// A column that is called nearly as one that is read.
    NearColumn,
    /// A folder that is called as a part of the set and is none.
    OtherPart,
    /// Files among the pictures that are none.
    Stray,
    /// Names that differ from their files in capital letters or in how accents are stored.
    Capitals,
    /// Back slashes in paths.
    BackSlashes,
    /// Names that a spreadsheet turned into numbers.
    Numbers,
    /// Names that a spreadsheet turned into dates.
    Dates,
    /// Masks that go on in a second file, which was united with the first.
    United,
    /// Masks that seem to go on in a second file, which no row names.
    Unnamed,
    /// Mask files that several pictures have.
    SharedMask,
}

/// What was read otherwise than it is written, or left out, of one kind.
///
/// Its text says what was done and what to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataNote {
    /// The kind.
    pub kind: NoteKind,
    /// How often it occurs.
    pub count: usize,
    /// One of the places: file, row, what was found.
    pub example: String,
}

impl fmt::Display for DataNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, count: n, example } = self;
        let what = |one: &'static str, many: &'static str| if *n == 1 { one } else { many };
        match kind {
            NoteKind::Utf16 => {
                write!(f, "{n} {} in UTF-16 and read as such", what("table is", "tables are"))
            }
            NoteKind::OtherTable => {
                write!(f, "{n} other {} not read", what("table is", "tables are"))
            }
            NoteKind::OtherSheet => write!(
                f,
                "{n} {} more sheets than the first, which alone is read",
                what("workbook has", "workbooks have")
            ),
            NoteKind::OtherColumn => {
                write!(
                    f,
                    "{n} more {} not read",
                    what("column of sentences is", "columns of sentences are")
                )
            }
            NoteKind::NearColumn => write!(
                f,
                "{n} {} not read, {} like one that would be",
                what("column is", "columns are"),
                what("though called", "though they are called")
            ),
            NoteKind::OtherPart => write!(
                f,
                "{n} {} not read: expected Train_Folder, Val_Folder or Test_Folder",
                what("folder is", "folders are")
            ),
            NoteKind::Stray => write!(
                f,
                "{n} {} passed over among the pictures",
                what("file that is no picture was", "files that are no pictures were")
            ),
            NoteKind::Capitals => write!(
                f,
                "{n} {} in capital letters or accents, each fits one file only",
                what("name and its file differ", "names and their files differ")
            ),
            NoteKind::BackSlashes => {
                write!(f, "back slashes in {n} {} read as slashes", what("path are", "paths are"))
            }
            NoteKind::Numbers => write!(
                f,
                "{n} {}, each fits one file only: spreadsheets drop zeros in front",
                what("name is a number", "names are numbers")
            ),
            NoteKind::Dates => write!(
                f,
                "{n} {}, each fits one file only: spreadsheets turn names such as 1-2 into dates",
                what("name is a date", "names are dates")
            ),
            NoteKind::United => {
                write!(
                    f,
                    "{n} {} united",
                    what("mask of several files is", "masks of several files are")
                )
            }
            NoteKind::Unnamed => write!(
                f,
                "{n} {} that no row names: several in one cell (`;` between) are united",
                what("mask goes on in a file", "masks go on in files")
            ),
            NoteKind::SharedMask => {
                write!(f, "{n} mask {} to several pictures", what("file belongs", "files belong"))
            }
        }?;
        write!(f, " ({example})")
    }
}

/// The notes of a set while it is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(BTreeMap<NoteKind, DataNote>);

impl Notes {
    /// One more of a kind; the first one's example stays.
    pub(crate) fn add(&mut self, kind: NoteKind, example: impl FnOnce() -> String) {
        let first = || DataNote { kind, count: 0, example: example() };
        self.0.entry(kind).or_insert_with(first).count += 1;
    }

    /// As [`add`](Self::add), if so.
    pub(crate) fn add_if(&mut self, is: bool, kind: NoteKind, example: impl FnOnce() -> String) {
        if is {
            self.add(kind, example);
        }
    }

    pub(crate) fn into_vec(self) -> Vec<DataNote> {
        self.0.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_said_once_with_its_count() {
        let mut notes = Notes::default();
        notes.add(NoteKind::Stray, || "notes.txt".to_owned());
        notes.add(NoteKind::Numbers, || "1 for 001.png".to_owned());
        notes.add(NoteKind::Stray, || "more.txt".to_owned());
        let said = notes.into_vec().iter().map(DataNote::to_string).collect::<Vec<_>>();
        assert_eq!(
            said,
            [
                "2 files that are no pictures were passed over among the pictures (notes.txt)",
                "1 name is a number, each fits one file only: spreadsheets drop zeros in front \
                 (1 for 001.png)",
            ]
        );
    }
}
