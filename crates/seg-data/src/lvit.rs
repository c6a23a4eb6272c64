//! The folders of LViT's sets: `Train_Folder/{img, labelcol, Train_text.xlsx}`, Val, Test.

use std::path::Path;

use crate::case::Case;
use crate::error::DataError;
use crate::folders::Folders;
use crate::note::Notes;
use crate::parts::{self, parts};

/// Whether a folder has a part.
pub(crate) fn is_in(folder: &Path) -> bool {
    parts::any(folder)
}

/// The cases of all parts that are there.
pub(crate) fn read(folder: &Path, notes: &mut Notes) -> Result<Vec<Case>, DataError> {
    let mut cases = Vec::new();
    for part in parts(folder, notes)? {
        let (images, masks) = (part.child("img")?, part.child("labelcol")?);
        let table = parts::table(&part.folder, &[format!("{}_text", part.name())], notes)?;
        let folders = Folders { images, masks, table, mask_column: None };
        cases.extend(folders.read(|_, _| part.split, notes)?);
    }
    Ok(cases)
}
