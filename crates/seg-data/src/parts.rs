//! The folders of a set's parts: `Train_Folder`, `Val_Folder`, `Test_Folder`.

use std::path::{Path, PathBuf};

use crate::case::Split;
use crate::column::plain;
use crate::error::DataError;
use crate::finder::entry;
use crate::note::{NoteKind, Notes};
use crate::picture_file::is_litter;

/// A part of a set that lies in a folder of its own.
pub(crate) struct Part {
    pub(crate) split: Split,
    pub(crate) folder: PathBuf,
}

impl Part {
    /// What tables of this part start with.
    pub(crate) fn name(&self) -> &'static str {
        match self.split {
            Split::Train => "Train",
            Split::Val => "Val",
            Split::Test => "Test",
        }
    }

    /// A folder of the part, whatever its capital letters.
    pub(crate) fn child(&self, name: &'static str) -> Result<PathBuf, DataError> {
        let found = entry(&self.folder, name).filter(|folder| folder.is_dir());
        found.ok_or_else(|| DataError::NoFolder {
            folder: self.folder.clone(),
            sought: name,
            found: folders(&self.folder).collect::<Vec<_>>().join(", "),
        })
    }
}

/// The parts that are there, train first. `Training_Folder`, `train_folder` and the like are
/// `Train_Folder`; what else is called a folder is noted.
///
/// # Errors
///
/// If two folders are one part.
pub(crate) fn parts(folder: &Path, notes: &mut Notes) -> Result<Vec<Part>, DataError> {
    let mut parts = Vec::<Part>::new();
    for name in folders(folder) {
        let Some(start) = start(&name) else { continue };
        match start.parse() {
            Ok(split) => parts.push(Part { split, folder: folder.join(&name) }),
            Err(_) if start == "prompts" => {}
            Err(_) => notes.add(NoteKind::OtherPart, || name.clone()),
        }
    }
    parts.sort_by(|a, b| (a.split, &a.folder).cmp(&(b.split, &b.folder)));
    match parts.windows(2).find(|pair| pair[0].split == pair[1].split) {
        Some([first, second]) => {
            let (first, second) = (first.folder.clone(), second.folder.clone());
            Err(DataError::TwoParts { first, second })
        }
        _ => Ok(parts),
    }
}

/// Whether a folder has a part.
pub(crate) fn any(folder: &Path) -> bool {
    folders(folder).any(|name| start(&name).is_some_and(|start| start.parse::<Split>().is_ok()))
}

/// What stands before "folder" in a folder's name.
fn start(name: &str) -> Option<String> {
    plain(name).strip_suffix(" folder").map(str::to_owned)
}

/// The names of the folders in a folder.
fn folders(folder: &Path) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let names = folders.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names = names.filter(|name| !is_litter(name)).collect::<Vec<_>>();
    names.sort();
    names.into_iter()
}

/// The table of a part in a folder, whatever its capital letters: the first of these names with the
/// ending of a workbook or of separated values.
///
/// # Errors
///
/// If there is none.
pub(crate) fn table(
    folder: &Path,
    names: &[String],
    notes: &mut Notes,
) -> Result<PathBuf, DataError> {
    let names = names.iter().flat_map(|name| ["xlsx", "csv"].map(|end| format!("{name}.{end}")));
    let names = names.collect::<Vec<_>>();
    let mut found =
        names.iter().filter_map(|name| entry(folder, name)).filter(|file| file.is_file());
    let Some(table) = found.next() else {
        return Err(DataError::NoTable { folder: folder.to_owned(), sought: names.join(", ") });
    };
    // Another version of the sentences is no surprise, another file of the same is.
    let same = |other: &PathBuf| *other != table && other.file_stem() == table.file_stem();
    if let Some(other) = found.find(same) {
        let read = table.file_name().unwrap_or_default().display().to_string();
        notes.add(NoteKind::OtherTable, || format!("{}; {read} is read", other.display()));
    }
    Ok(table)
}
