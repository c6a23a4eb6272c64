//! The folders of LGMS's sets: `prompt/{train, test}.csv` beside `Train/{Images, GTs}`, Test.

use std::path::Path;

use crate::case::{Case, Split};
use crate::error::DataError;
use crate::finder::entry;
use crate::folders::Folders;
use crate::note::{NoteKind, Notes};
use crate::parts::Part;

/// Where the tables are.
pub(crate) const PROMPT: &str = "prompt";

/// The cases of both tables, of those that are there; other tables are noted.
pub(crate) fn read(folder: &Path, notes: &mut Notes) -> Result<Vec<Case>, DataError> {
    let mut cases = Vec::new();
    let prompts = entry(folder, PROMPT).unwrap_or_else(|| folder.join(PROMPT));
    for (split, name, table) in
        [(Split::Train, "Train", "train.csv"), (Split::Test, "Test", "test.csv")]
    {
        let Some(table) = entry(&prompts, table).filter(|table| table.is_file()) else { continue };
        let part = entry(folder, name).unwrap_or_else(|| folder.join(name));
        let part = Part { split, folder: part };
        let (images, masks) = (part.child("Images")?, part.child("GTs")?);
        let folders = Folders { images, masks, table, mask_column: None };
        cases.extend(folders.read(|place, count| place_split(split, place, count), notes)?);
    }
    for name in ["val.csv", "valid.csv", "validation.csv"] {
        if entry(&prompts, name).is_some() {
            let read = "the last fifth of train.csv is val";
            notes.add(NoteKind::OtherTable, || format!("{PROMPT}/{name}; {read}"));
        }
    }
    Ok(cases)
}

/// LGMS and MMI-UNet train on the first 80 % of `train.csv`, rounded down, and validate on the
/// rest.
fn place_split(table: Split, place: usize, count: usize) -> Split {
    match table {
        Split::Train if place >= count * 4 / 5 => Split::Val,
        table => table,
    }
}
