//! One table for all: `image,mask,text,split`, as separated values or as JSON lines.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::case::{Case, Origin, ReadOptions, stem};
use crate::error::DataError;
use crate::sheet::{self, Sheet};

/// Names of the column of sentences; the first that is there counts.
pub(crate) const TEXT: [&str; 4] = ["text", "sentence", "caption", "description"];
/// Names of the column of what belongs together.
const GROUP: [&str; 4] = ["group", "patient", "subject", "case_group"];

/// The manifest of a folder, if there is one.
pub(crate) fn table(folder: &Path) -> Option<PathBuf> {
    let names = ["manifest.csv", "manifest.tsv", "manifest.jsonl"];
    names.iter().map(|name| folder.join(name)).find(|table| table.exists())
}

/// The cases of a manifest, in its order.
pub(crate) fn read(table: &Path) -> Result<Vec<Case>, DataError> {
    let folder = table.parent().unwrap_or(Path::new(""));
    let rows = match table.extension() {
        Some(ending) if ending == "jsonl" => lines(table)?,
        _ => cells(table)?,
    };
    rows.into_iter().map(|row| row.case(folder)).collect()
}

/// The values of a row; empty ones are `None`.
struct Row {
    origin: Origin,
    image: Option<String>,
    masks: Masks,
    text: Option<String>,
    split: Option<String>,
    group: Option<String>,
}

enum Masks {
    /// One file, or several separated by `;`; no file if empty.
    Cell(String),
    /// A file each.
    List(Vec<String>),
}

/// The rows of a table of separated values.
fn cells(table: &Path) -> Result<Vec<Row>, DataError> {
    let sheet = Sheet::read(table)?;
    let (image, mask) = (sheet.required(&["image"])?, sheet.required(&["mask"])?);
    let (text, split) = (sheet.required(&TEXT)?, sheet.required(&["split"])?);
    let group = sheet.column(&GROUP);
    let row = |(line, cells): &sheet::Row| {
        let value = |place: u32| cells.get(&place).cloned();
        Row {
            origin: sheet.origin(*line),
            image: value(image),
            masks: Masks::Cell(value(mask).unwrap_or_default()),
            text: value(text),
            split: value(split),
            group: group.and_then(value),
        }
    };
    Ok(sheet.rows()?.iter().map(row).collect())
}

/// The rows of a file with one JSON object a line.
fn lines(table: &Path) -> Result<Vec<Row>, DataError> {
    objects(table)?.into_iter().map(|object| object_row(object?)).collect()
}

/// A line's object.
pub(crate) struct Object {
    pub(crate) origin: Origin,
    fields: Map<String, Value>,
}

/// The objects of a file with one on each line, at least one; a line that is not one is an error of
/// that line alone.
pub(crate) fn objects(table: &Path) -> Result<Vec<Result<Object, DataError>>, DataError> {
    let failed = |source| DataError::Read { file: table.to_owned(), source };
    let content = std::fs::read_to_string(table).map_err(failed)?;
    let name: Arc<Path> = Arc::from(table);
    let lines = content.trim_start_matches('\u{feff}').lines().enumerate();
    let filled = lines.filter(|(_, line)| !line.trim().is_empty());
    let objects = filled.map(|(place, line)| {
        let origin = Origin { table: name.clone(), row: place + 1 };
        match serde_json::from_str(line) {
            Ok(fields) => Ok(Object { origin, fields }),
            Err(source) => Err(DataError::Json { origin, source }),
        }
    });
    let objects = objects.collect::<Vec<_>>();
    if objects.is_empty() {
        return Err(DataError::Empty { file: table.to_owned() });
    }
    Ok(objects)
}

impl Object {
    /// The first of these keys that is there, whatever its case, and its value.
    fn find(&self, names: &[&'static str]) -> Option<(&'static str, &Value)> {
        let found = |name: &&'static str| {
            let same = |(key, _): &(&String, &Value)| key.eq_ignore_ascii_case(name);
            self.fields.iter().find(same).map(|(_, value)| (*name, value))
        };
        names.iter().find_map(found)
    }

    fn wrong(&self, key: &'static str, value: &Value, expected: &'static str) -> DataError {
        DataError::Value { origin: self.origin.clone(), key, found: value.to_string(), expected }
    }

    /// The text under the first of these keys, without blanks around it; `None` if it is missing,
    /// `null` or empty.
    pub(crate) fn string(&self, names: &[&'static str]) -> Result<Option<String>, DataError> {
        match self.find(names) {
            None | Some((_, Value::Null)) => Ok(None),
            Some((_, Value::String(text))) => {
                Ok(Some(text.trim().to_owned()).filter(|t| !t.is_empty()))
            }
            Some((key, value)) => Err(self.wrong(key, value, "a string")),
        }
    }
}

fn object_row(object: Object) -> Result<Row, DataError> {
    let mask = object.find(&["mask"]).ok_or_else(|| DataError::Missing {
        // An empty mask is said with null, not by silence.
        origin: object.origin.clone(),
        column: "mask",
    })?;
    let masks = match mask {
        (_, Value::Null) => Masks::Cell(String::new()),
        (_, Value::String(cell)) => Masks::Cell(cell.trim().to_owned()),
        (key, Value::Array(files)) => {
            let file = |file: &Value| {
                let name = file.as_str().map(|name| name.trim().to_owned());
                name.ok_or_else(|| object.wrong(key, file, "a list of strings"))
            };
            Masks::List(files.iter().map(file).collect::<Result<_, _>>()?)
        }
        (key, value) => {
            return Err(object.wrong(key, value, "a string, a list of strings or null"));
        }
    };
    let group = match object.find(&GROUP) {
        Some((_, Value::Number(id))) => Some(id.to_string()),
        _ => object.string(&GROUP)?,
    };
    let (image, text) = (object.string(&["image"])?, object.string(&TEXT)?);
    let split = object.string(&["split"])?;
    Ok(Row { origin: object.origin, image, masks, text, split, group })
}

impl Row {
    fn case(self, folder: &Path) -> Result<Case, DataError> {
        let Self { origin, image, masks, text, split, group } = self;
        let missing = |column| DataError::Missing { origin: origin.clone(), column };
        let there = |what, name: &str| {
            let file = folder.join(name);
            if !file.is_file() {
                return Err(DataError::Unpaired { origin: origin.clone(), what, file });
            }
            Ok(file)
        };
        let image = there("image", &image.ok_or_else(|| missing("image"))?)?;
        let masks = match masks {
            Masks::Cell(cell) if cell.is_empty() => Vec::new(),
            // A name may itself hold `;`.
            Masks::Cell(cell) if !cell.contains(';') || folder.join(&cell).is_file() => vec![cell],
            Masks::Cell(cell) => {
                let parts = cell.split(';').map(str::trim).filter(|name| !name.is_empty());
                let parts = parts.map(str::to_owned).collect::<Vec<_>>();
                if parts.is_empty() { vec![cell] } else { parts }
            }
            Masks::List(names) => names,
        };
        let masks = masks.iter().map(|name| there("mask", name)).collect::<Result<_, _>>()?;
        let split = split.ok_or_else(|| missing("split"))?;
        Ok(Case {
            id: stem(&image),
            image,
            masks,
            reading: ReadOptions::default(),
            sentence: text.ok_or_else(|| missing("text"))?,
            split: split
                .parse()
                .map_err(|_| DataError::Split { origin: origin.clone(), found: split.clone() })?,
            group,
            origin,
        })
    }
}
