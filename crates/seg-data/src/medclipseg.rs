//! The folders of MedCLIPSeg's sets: `Train_Folder/{img, label}`, Val, Test, and all tables in
//! `Prompts_Folder`.

use std::path::{Path, PathBuf};

use crate::case::{Case, Split};
use crate::error::DataError;
use crate::folders::Folders;
use crate::lvit::PARTS;

/// Where the tables are.
pub(crate) const PROMPTS: &str = "Prompts_Folder";

/// The cases of all parts that are there.
pub(crate) fn read(folder: &Path) -> Result<Vec<Case>, DataError> {
    let mut cases = Vec::new();
    for (name, split) in PARTS {
        let part = folder.join(format!("{name}_Folder"));
        if part.is_dir() {
            let (images, masks) = (part.join("img"), part.join("label"));
            let table = table(&folder.join(PROMPTS), name, split)?;
            let folders = Folders { images, masks, table, mask_column: Some("Ground Truth") };
            cases.extend(folders.read(|_, _| split)?);
        }
    }
    Ok(cases)
}

/// The table of a part. Of the test sentences there are several versions, of which the plain one
/// is `original`.
fn table(prompts: &Path, name: &str, split: Split) -> Result<PathBuf, DataError> {
    let plain = format!("{name}_text");
    let names = match split {
        Split::Test => vec![format!("{plain}_original"), plain],
        Split::Train | Split::Val => vec![plain],
    };
    let names = names.iter().flat_map(|name| ["xlsx", "csv"].map(|end| format!("{name}.{end}")));
    let names = names.collect::<Vec<_>>();
    let found = names.iter().map(|name| prompts.join(name)).find(|table| table.is_file());
    let sought = || names.join(", ");
    found.ok_or_else(|| DataError::NoTable { folder: prompts.to_owned(), sought: sought() })
}
