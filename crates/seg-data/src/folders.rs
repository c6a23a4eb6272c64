//! A folder of pictures, one of masks, and the table that has a sentence for each picture.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::case::{Case, ReadOptions, Split, stem};
use crate::error::DataError;
use crate::sheet::Sheet;

/// What stands before a mask's name in QaTa.
const MASK: &str = "mask_";

/// Where one part of a set lies.
pub(crate) struct Folders {
    /// Pictures.
    pub(crate) images: PathBuf,
    /// Masks: `X` or `mask_X` of picture `X`.
    pub(crate) masks: PathBuf,
    /// With the columns `Image` and `Description`.
    pub(crate) table: PathBuf,
    /// The column of the mask's name; without one it follows from the picture's.
    pub(crate) mask_column: Option<&'static str>,
}

impl Folders {
    /// The cases in the table's order; `split` is told a case's place and their number. Names are
    /// compared without their endings: tables keep those of the source.
    pub(crate) fn read(
        &self,
        split: impl Fn(usize, usize) -> Split,
    ) -> Result<Vec<Case>, DataError> {
        let sheet = Sheet::read(&self.table)?;
        let (named, description) = (sheet.required(&["Image"])?, sheet.required(&["Description"])?);
        let mask_column = self.mask_column.map(|name| Ok((name, sheet.required(&[name])?)));
        let mask_column = mask_column.transpose()?;
        let rows = sheet.rows()?;
        let (images, masks) = (files(&self.images)?, files(&self.masks)?);
        let mut unnamed = images.keys().cloned().collect::<BTreeSet<_>>();
        let mut cases = Vec::with_capacity(rows.len());
        for (place, (row, cells)) in rows.iter().enumerate() {
            let origin = sheet.origin(*row);
            let value = |place, column| {
                let missing = || DataError::Missing { origin: origin.clone(), column };
                cells.get(&place).cloned().ok_or_else(missing)
            };
            let unpaired =
                |what, file: PathBuf| DataError::Unpaired { origin: origin.clone(), what, file };
            let (name, sentence) = (value(named, "Image")?, value(description, "Description")?);
            let sought = names(&name);
            let id = sought.iter().find(|name| images.contains_key(*name));
            let shortest = || sought.last().cloned().unwrap_or_default();
            let no_image = || unpaired("image", self.images.join(shortest()));
            let id = id.ok_or_else(no_image)?.clone();
            let image = images.get(&id).ok_or_else(no_image)?.clone();
            let of_mask = match mask_column {
                Some((column, place)) => names(&value(place, column)?),
                None => vec![format!("{MASK}{id}"), id.clone()],
            };
            let mask = of_mask.iter().find_map(|name| masks.get(name)).ok_or_else(|| {
                unpaired("mask", self.masks.join(of_mask.last().map_or("", String::as_str)))
            })?;
            unnamed.remove(&id);
            cases.push(Case {
                id,
                image,
                masks: vec![mask.clone()],
                reading: ReadOptions::default(),
                sentence,
                split: split(place, rows.len()),
                group: None,
                origin,
            });
        }
        match unnamed.first().and_then(|id| images.get(id)) {
            Some(file) => {
                Err(DataError::NoSentence { file: file.clone(), table: self.table.clone() })
            }
            None => Ok(cases),
        }
    }
}

/// What a file may be called, without its ending, of which a table says `name`. QaTa's tables name
/// the mask for the picture, some leave the ending out.
fn names(name: &str) -> Vec<String> {
    let whole = [name.to_owned(), stem(Path::new(name))];
    let bare = whole.clone().map(|name| name.strip_prefix(MASK).unwrap_or(&name).to_owned());
    whole.into_iter().chain(bare).collect()
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
        if let Some(other) = files.insert(name, file.clone()) {
            // The folder's own order is not the names'.
            let (first, second) = (other.clone().min(file.clone()), other.max(file));
            return Err(DataError::Ambiguous { first, second });
        }
    }
    Ok(files)
}
