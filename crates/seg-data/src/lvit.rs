//! The folders of LViT's sets: `Train_Folder/{img, labelcol, Train_text.xlsx}`, Val, Test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::case::{Case, Origin, Split, stem};
use crate::error::DataError;
use crate::sheet::Sheet;

/// What stands before a mask's name in QaTa.
const MASK: &str = "mask_";

/// The cases of all splits that are there.
pub(crate) fn read(folder: &Path) -> Result<Vec<Case>, DataError> {
    let parts = [("Train", Split::Train), ("Val", Split::Val), ("Test", Split::Test)];
    let mut cases = Vec::new();
    for (name, split) in parts {
        let part = folder.join(format!("{name}_Folder"));
        if part.is_dir() {
            cases.extend(read_part(&part, &part.join(format!("{name}_text.xlsx")), split)?);
        }
    }
    if cases.is_empty() {
        return Err(DataError::Layout { folder: folder.to_owned() });
    }
    Ok(cases)
}

fn read_part(part: &Path, table: &Path, split: Split) -> Result<Vec<Case>, DataError> {
    let sheet = Sheet::read(table)?;
    let place = |column: &'static str| {
        let found = || sheet.columns();
        sheet.column(column).ok_or_else(|| DataError::Column {
            file: table.to_owned(),
            column,
            found: found(),
        })
    };
    let (named, description) = (place("Image")?, place("Description")?);
    let (img, labelcol) = (part.join("img"), part.join("labelcol"));
    let (images, masks) = (files(&img)?, files(&labelcol)?);
    let table: Arc<Path> = Arc::from(table);
    let mut unnamed = images.keys().cloned().collect::<BTreeSet<_>>();
    let mut cases = Vec::with_capacity(sheet.rows.len());
    for (row, cells) in &sheet.rows {
        let origin = Origin { table: table.clone(), row: *row };
        let value = |place, column| {
            let missing = || DataError::Missing { origin: origin.clone(), column };
            cells.get(&place).cloned().ok_or_else(missing)
        };
        let (name, sentence) = (value(named, "Image")?, value(description, "Description")?);
        // The sheet names the mask in QaTa and the picture in MoNuSeg, by endings of the source:
        // only what stands before the ending is compared.
        let name = stem(Path::new(&name));
        let id = name.strip_prefix(MASK).unwrap_or(&name).to_owned();
        let unpaired =
            |what, file: PathBuf| DataError::Unpaired { origin: origin.clone(), what, file };
        let image = images.get(&id).ok_or_else(|| unpaired("image", img.join(&id)))?;
        let mask = masks.get(&format!("{MASK}{id}")).or_else(|| masks.get(&id));
        let mask = mask.ok_or_else(|| unpaired("mask", labelcol.join(&id)))?;
        unnamed.remove(&id);
        let (image, mask) = (image.clone(), mask.clone());
        cases.push(Case { id, image, mask, sentence, split, origin });
    }
    match unnamed.first().and_then(|id| images.get(id)) {
        Some(file) => Err(DataError::NoSentence { file: file.clone(), table: table.to_path_buf() }),
        None => Ok(cases),
    }
}

/// The files of a folder by their names without the ending; hidden ones are passed over.
fn files(folder: &Path) -> Result<BTreeMap<String, PathBuf>, DataError> {
    let failed = |source| DataError::Read { file: folder.to_owned(), source };
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let name = stem(&file);
        if name.starts_with('.') || name.eq_ignore_ascii_case("thumbs") || !file.is_file() {
            continue;
        }
        if let Some(first) = files.insert(name, file.clone()) {
            return Err(DataError::Ambiguous { first, second: file });
        }
    }
    Ok(files)
}
