//! The row of a case, for people and programs.

use std::fmt;
use std::path::{Path, PathBuf};

use seg_data::Case;
use serde::Serialize;

/// The row of a case. Paths are relative to the set's folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CaseRow {
    /// The table's file.
    pub table: String,
    /// Its line in the table; the header is line 1.
    pub row: usize,
    /// The picture's file.
    pub image: String,
    /// Its split.
    pub split: String,
}

impl CaseRow {
    pub(crate) fn new(case: &Case, folder: &Path) -> Self {
        Self {
            table: relative(&case.origin.table, folder),
            row: case.origin.row,
            image: relative(&case.image, folder),
            split: case.split.to_string(),
        }
    }
}

impl fmt::Display for CaseRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, row {} ({})", self.table, self.row, self.image)
    }
}

/// A file's path in a folder, the same on every system.
pub(crate) fn relative(file: &Path, folder: &Path) -> String {
    let parts = file.strip_prefix(folder).unwrap_or(file).iter();
    parts.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The deepest folder that holds all tables and pictures.
pub(crate) fn common_folder<'a>(cases: impl Iterator<Item = &'a Case>) -> PathBuf {
    let mut folder: Option<&Path> = None;
    for file in cases.flat_map(|case| [&*case.origin.table, &*case.image]) {
        let mut parent = folder.or(file.parent());
        while let Some(above) = parent.filter(|above| !file.starts_with(above)) {
            parent = above.parent();
        }
        folder = parent;
    }
    folder.unwrap_or(Path::new("")).to_owned()
}
