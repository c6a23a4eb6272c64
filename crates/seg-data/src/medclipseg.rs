//! The folders of MedCLIPSeg's sets: `Train_Folder/{img, label}`, Val, Test, and all tables in
//! `Prompts_Folder`.

use std::path::Path;

use crate::case::{Case, Split};
use crate::error::DataError;
use crate::finder::entry;
use crate::folders::Folders;
use crate::note::Notes;
use crate::parts::{self, parts};

/// Where the tables are.
pub(crate) const PROMPTS: &str = "Prompts_Folder";

/// The cases of all parts that are there.
pub(crate) fn read(folder: &Path, notes: &mut Notes) -> Result<Vec<Case>, DataError> {
    let mut cases = Vec::new();
    let prompts = entry(folder, PROMPTS).unwrap_or_else(|| folder.join(PROMPTS));
    for part in parts(folder, notes)? {
        let (images, masks) = (part.child("img")?, part.child("label")?);
        let plain = format!("{}_text", part.name());
        // Of the test sentences there are several versions, of which the plain one is `original`.
        let names = match part.split {
            Split::Test => vec![format!("{plain}_original"), plain],
            Split::Train | Split::Val => vec![plain],
        };
        let table = parts::table(&prompts, &names, notes)?;
        let folders = Folders { images, masks, table, mask_column: Some("Ground Truth") };
        cases.extend(folders.read(|_, _| part.split, notes)?);
    }
    Ok(cases)
}
