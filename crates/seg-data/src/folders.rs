//! A folder of pictures, one of masks, and the table that has a sentence for each picture.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::case::{Case, ReadOptions, Split, stem};
use crate::cell::Cell;
use crate::column::{IMAGE, TEXT};
use crate::error::DataError;
use crate::finder::folded;
use crate::note::{NoteKind, Notes};
use crate::picture_file::{is_litter, is_picture};
use crate::sheet::{Row, Sheet};

/// What stands before a mask's name in QaTa.
const MASK: &str = "mask_";
/// What stands behind a mask's name in BUSI; a picture's further masks are `X_mask_1`, `X_mask_2` ...
const MASK_END: &str = "_mask";

/// Where one part of a set lies.
pub(crate) struct Folders {
    /// Pictures.
    pub(crate) images: PathBuf,
    /// Masks: `X`, `mask_X` or `X_mask` of picture `X`.
    pub(crate) masks: PathBuf,
    /// With the columns `Image` and `Description`.
    pub(crate) table: PathBuf,
    /// The column of the mask's name; without one it follows from the picture's.
    pub(crate) mask_column: Option<&'static str>,
}

/// The names of the column of sentences, the published one first.
const DESCRIPTION: [&str; 7] =
    ["description", TEXT[0], TEXT[1], TEXT[2], TEXT[4], TEXT[5], TEXT[6]];

impl Folders {
    /// The cases in the table's order; `split` is told a case's place and their number. Names are
    /// compared without their endings: tables keep those of the source.
    pub(crate) fn read(
        &self,
        split: impl Fn(usize, usize) -> Split,
        notes: &mut Notes,
    ) -> Result<Vec<Case>, DataError> {
        let sheet = Sheet::read(&self.table, notes)?;
        let named = sheet.required("Image", &IMAGE)?;
        let description = sheet.sentences("Description", &DESCRIPTION, notes)?;
        let mask_column = self.mask_column.map(|name| sheet.required(name, &[name])).transpose()?;
        let rows = sheet.rows()?;
        let images = Names::read(&self.images, Some(notes))?;
        let masks = Names::read(&self.masks, None)?;
        // Masks that rows name are no further ones of another row's.
        let cell = |row: &Row| Some(sheet.cell(row, mask_column?).ok()?.clone());
        let claimed = rows.iter().filter_map(cell).flat_map(|cell| names(&cell.to_string()));
        let claimed = claimed.collect::<BTreeSet<_>>();
        let mut unnamed = images.pictures.keys().cloned().collect::<BTreeSet<_>>();
        let mut cases = Vec::with_capacity(rows.len());
        for (place, row) in rows.iter().enumerate() {
            let origin = sheet.origin(row);
            let cell = sheet.cell(row, named)?;
            let missing = || DataError::Missing { origin: origin.clone(), column: "Description" };
            let sentence = sheet.sentence(row, description)?.ok_or_else(missing)?;
            let find = |names: &Names, what, column, cell, sought: Vec<String>, notes: &mut _| {
                names.find(cell, &sought, notes).map_err(|fault| match fault {
                    Fault::Absent => {
                        let file = names.folder.join(sought.last().map_or("", String::as_str));
                        let (origin, hint) = (origin.clone(), String::new());
                        DataError::Unpaired { origin, what, file, hint }
                    }
                    Fault::Changed { found, fits } => {
                        let fits = format!("{fits} in {}", names.folder.display());
                        DataError::Changed { origin: origin.clone(), column, found, fits }
                    }
                })
            };
            let sought = names(&cell.to_string());
            let id = find(&images, "image", "Image", cell, sought, notes)?;
            let image = images.file(&id).cloned().unwrap_or_default();
            let mask = match (self.mask_column, mask_column) {
                (Some(name), Some(column)) => {
                    let cell = sheet.cell(row, column)?;
                    find(&masks, "mask", name, cell, names(&cell.to_string()), notes)?
                }
                _ => {
                    let own = Cell::Text(id.clone());
                    let sought = vec![format!("{MASK}{id}"), format!("{id}{MASK_END}"), id.clone()];
                    find(&masks, "mask", "Image", &own, sought, notes)?
                }
            };
            let files = masks.with_further(&mask, &claimed);
            if files.len() > 1 {
                notes
                    .add(NoteKind::United, || format!("{origin}: {} files of {mask}", files.len()));
            }
            unnamed.remove(&id);
            cases.push(Case {
                id,
                image,
                masks: files,
                reading: ReadOptions::default(),
                sentence,
                split: split(place, rows.len()),
                group: None,
                origin,
            });
        }
        match unnamed.first().and_then(|id| images.file(id)) {
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
    // A path of the computer that the table was made on.
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let whole = [name.to_owned(), stem(Path::new(name))];
    let bare = whole.clone().map(|name| name.strip_prefix(MASK).unwrap_or(&name).to_owned());
    whole.into_iter().chain(bare).collect()
}

/// The files of a folder by their names without the ending.
struct Names {
    folder: PathBuf,
    pictures: BTreeMap<String, PathBuf>,
    /// What has no picture's ending: a file without any may still be one.
    others: BTreeMap<String, PathBuf>,
    /// Names in lower case, with the files' own spellings.
    folded: BTreeMap<String, Vec<String>>,
}

/// Why a name has no file.
enum Fault {
    Absent,
    /// A spreadsheet changed the name, and not exactly one file fits.
    Changed {
        found: String,
        fits: String,
    },
}

impl Names {
    /// Hidden files and what systems leave are passed over; so is what is no picture, with a note if
    /// there are `notes`.
    fn read(folder: &Path, notes: Option<&mut Notes>) -> Result<Self, DataError> {
        let failed = |source| DataError::Read { file: folder.to_owned(), source };
        let mut names = Self {
            folder: folder.to_owned(),
            pictures: BTreeMap::new(),
            others: BTreeMap::new(),
            folded: BTreeMap::new(),
        };
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if is_litter(&name) || !file.is_file() {
                continue;
            }
            let own = stem(&file);
            if !is_picture(&file) {
                names.others.insert(own, file);
                continue;
            }
            names.folded.entry(folded(&own)).or_default().push(own.clone());
            if let Some(other) = names.pictures.insert(own, file.clone()) {
                // The folder's own order is not the names'.
                let (first, second) = (other.clone().min(file.clone()), other.max(file));
                return Err(DataError::Ambiguous { first, second });
            }
        }
        let stray = names.others.values().filter(|file| file.extension().is_some());
        if let Some(notes) = notes {
            for file in stray {
                notes.add(NoteKind::Stray, || file.display().to_string());
            }
        }
        Ok(names)
    }

    fn file(&self, name: &str) -> Option<&PathBuf> {
        self.pictures.get(name).or_else(|| self.others.get(name))
    }

    /// The name of the one file that a cell means, of which `sought` are the usual names.
    fn find(&self, cell: &Cell, sought: &[String], notes: &mut Notes) -> Result<String, Fault> {
        let is_text = cell.text().is_some();
        if let Some(name) = sought.iter().find(|name| is_text && self.file(name).is_some()) {
            return Ok(name.clone());
        }
        if is_text {
            for name in sought {
                let Some([one]) = self.folded.get(&folded(name)).map(Vec::as_slice) else {
                    continue;
                };
                notes.add(NoteKind::Capitals, || format!("`{cell}` for {one}"));
                return Ok(one.clone());
            }
        }
        let stems = || self.pictures.keys();
        let of_text = cell.text().map(|_| {
            let last = sought.last().map_or("", String::as_str);
            Cell::Text(last.to_owned())
        });
        let of_cell = of_text.as_ref().unwrap_or(cell);
        let is_named = |name: &&String| {
            let bare = name.strip_prefix(MASK).unwrap_or(name);
            of_cell.can_be(bare.strip_suffix(MASK_END).unwrap_or(bare))
        };
        let fits = stems().filter(is_named).collect::<Vec<_>>();
        match fits[..] {
            [one] => {
                let kind = match cell {
                    Cell::Date { .. } => NoteKind::Dates,
                    _ => NoteKind::Numbers,
                };
                notes.add(kind, || format!("{} for {one}", cell.kind()));
                Ok(one.clone())
            }
            [] if is_text => Err(Fault::Absent),
            [] => Err(Fault::Changed { found: cell.kind(), fits: "no file fits".to_owned() }),
            [first, second, ..] => Err(Fault::Changed {
                found: cell.kind(),
                fits: format!("{} files fit ({first}, {second} ..)", fits.len()),
            }),
        }
    }

    /// The file of a mask and those in which it goes on, unless rows name them.
    fn with_further(&self, mask: &str, claimed: &BTreeSet<String>) -> Vec<PathBuf> {
        let is_further = |name: &&String| {
            let end = name.strip_prefix(mask).and_then(|end| end.strip_prefix('_'));
            let is_number = |end: &str| !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit());
            end.is_some_and(is_number) && !claimed.contains(*name)
        };
        let behind = self.pictures.range(mask.to_owned()..).map(|(name, _)| name);
        let further = behind.take_while(|name| name.starts_with(mask)).filter(is_further);
        let further = further.filter(|_| mask.ends_with(MASK_END));
        let names = std::iter::once(mask).chain(further.map(String::as_str));
        names.filter_map(|name| self.file(name).cloned()).collect()
    }
}
