//! The folders of LViT's sets: `Train_Folder/{img, labelcol, Train_text.xlsx}`, Val, Test.

use std::path::Path;

use crate::case::{Case, Split};
use crate::error::DataError;
use crate::folders::Folders;

/// The parts and what their folders' names start with; MedCLIPSeg's too.
pub(crate) const PARTS: [(&str, Split); 3] =
    [("Train", Split::Train), ("Val", Split::Val), ("Test", Split::Test)];

/// Whether a folder has a part.
pub(crate) fn is_in(folder: &Path) -> bool {
    PARTS.iter().any(|(name, _)| folder.join(format!("{name}_Folder")).is_dir())
}

/// The cases of all parts that are there.
pub(crate) fn read(folder: &Path) -> Result<Vec<Case>, DataError> {
    let mut cases = Vec::new();
    for (name, split) in PARTS {
        let part = folder.join(format!("{name}_Folder"));
        if part.is_dir() {
            let (images, masks) = (part.join("img"), part.join("labelcol"));
            let table = part.join(format!("{name}_text.xlsx"));
            let folders = Folders { images, masks, table, mask_column: None };
            cases.extend(folders.read(|_, _| split)?);
        }
    }
    Ok(cases)
}
