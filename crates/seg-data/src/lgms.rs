//! The folders of LGMS's sets: `prompt/{train, test}.csv` beside `Train/{Images, GTs}`, Test.

use std::path::Path;

use crate::case::{Case, Split};
use crate::error::DataError;
use crate::folders::Folders;

/// Where the tables are.
pub(crate) const PROMPT: &str = "prompt";

/// The cases of both tables, of those that are there.
pub(crate) fn read(folder: &Path) -> Result<Vec<Case>, DataError> {
    let mut cases = Vec::new();
    for (part, table) in [("Train", "train.csv"), ("Test", "test.csv")] {
        let table = folder.join(PROMPT).join(table);
        if table.is_file() {
            let part_folder = folder.join(part);
            let (images, masks) = (part_folder.join("Images"), part_folder.join("GTs"));
            let folders = Folders { images, masks, table, mask_column: None };
            cases.extend(folders.read(|place, count| split(part, place, count))?);
        }
    }
    Ok(cases)
}

/// LGMS and MMI-UNet train on the first 80 % of `train.csv`, rounded down, and validate on the
/// rest.
fn split(part: &str, place: usize, count: usize) -> Split {
    match part {
        "Test" => Split::Test,
        _ if place < count * 4 / 5 => Split::Train,
        _ => Split::Val,
    }
}
