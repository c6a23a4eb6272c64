//! One table for all: `image,mask,text,split`, as separated values or as JSON lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::case::{Case, Origin, ReadOptions, stem};
use crate::column::{GROUP, IMAGE, MASK, SPLIT, TEXT, near, plain};
use crate::error::DataError;
use crate::finder::{Finder, entry};
use crate::note::{NoteKind, Notes};
use crate::row_filter::{Choice, RowFilter};
use crate::sheet::Sheet;
use crate::table_text::{decode, read_bytes};

/// What a manifest may be called; the first that is there counts.
const NAMES: [&str; 4] = ["manifest.csv", "manifest.tsv", "manifest.jsonl", "manifest.xlsx"];

/// The manifest of a folder, if there is one.
pub(crate) fn table(folder: &Path) -> Option<PathBuf> {
    NAMES.iter().find_map(|name| entry(folder, name)).filter(|table| table.is_file())
}

/// The cases of a manifest that the filter takes, in its order.
pub(crate) fn read(
    table: &Path,
    filter: &RowFilter,
    notes: &mut Notes,
) -> Result<Vec<Case>, DataError> {
    let folder = table.parent().unwrap_or(Path::new(""));
    for other in manifests(folder).filter(|other| other != table) {
        let name = |file: &Path| file.file_name().unwrap_or_default().display().to_string();
        notes.add(NoteKind::OtherTable, || format!("{}; {} is read", name(&other), name(table)));
    }
    let mut choice = Choice::new(filter);
    let rows = match is_json_lines(table) {
        true => lines(table, &mut choice, notes)?,
        false => cells(table, filter, &mut choice, notes)?,
    };
    choice.check(table)?;
    if rows.is_empty() {
        let (file, filter) = (table.to_owned(), filter.to_string());
        return Err(DataError::NoChosenRow { file, filter });
    }
    let mut finder = Finder::default();
    let cases = rows.into_iter().map(|row| row.case(folder, &mut finder, notes));
    let cases = cases.collect::<Result<Vec<_>, _>>()?;
    note_masks(&cases, notes);
    Ok(cases)
}

/// Every file of a folder that is called as a manifest, whatever its capital letters, by name.
fn manifests(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path()).filter(|file| {
        let name = file.file_name().unwrap_or_default();
        NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
    });
    let mut files = files.collect::<Vec<_>>();
    files.sort();
    files.into_iter()
}

/// Whether a table is a file of JSON lines, by its name.
pub(crate) fn is_json_lines(table: &Path) -> bool {
    table.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("jsonl"))
}

/// Masks that pictures share, and masks that go on in a file that no row names.
fn note_masks(cases: &[Case], notes: &mut Notes) {
    let mut pictures = BTreeMap::<&Path, BTreeSet<&Path>>::new();
    for case in cases {
        for mask in &case.masks {
            pictures.entry(mask).or_default().insert(&case.image);
        }
    }
    for (mask, pictures) in &pictures {
        let name = || mask.file_name().unwrap_or_default().display().to_string();
        if pictures.len() > 1 {
            notes.add(NoteKind::SharedMask, name);
        }
        // BUSI: x_mask.png, x_mask_1.png.
        let ending = mask.extension().unwrap_or_default().to_string_lossy();
        let second = mask.with_file_name(format!("{}_1.{ending}", stem(mask)));
        if stem(mask).ends_with("_mask") && !pictures.is_empty() && second.is_file() {
            notes.add_if(
                cases.iter().all(|case| !case.masks.contains(&second)),
                NoteKind::Unnamed,
                || second.file_name().unwrap_or_default().display().to_string(),
            );
        }
    }
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

/// The rows of a workbook or a table of separated values.
fn cells(
    table: &Path,
    filter: &RowFilter,
    choice: &mut Choice<'_>,
    notes: &mut Notes,
) -> Result<Vec<Row>, DataError> {
    let sheet = Sheet::read(table, notes)?;
    let (image, mask) = (sheet.required("image", &IMAGE)?, sheet.required("mask", &MASK)?);
    let text = sheet.sentences("text", &TEXT, notes)?;
    let split = sheet.required("split", &SPLIT)?;
    let group = sheet.optional("group", &GROUP, notes)?;
    let row = |row| {
        Ok(Row {
            origin: sheet.origin(row),
            image: sheet.value(row, image)?,
            masks: Masks::Cell(sheet.value(row, mask)?.unwrap_or_default()),
            text: sheet.sentence(row, text)?,
            split: sheet.value(row, split)?,
            group: group.map(|group| sheet.value(row, group)).transpose()?.flatten(),
        })
    };
    let chosen = filter.columns().map(|name| sheet.any(name)).collect::<Result<Vec<_>, _>>()?;
    let text = |row: &crate::sheet::Row, place: &u32| {
        row.cells.get(place).map_or(String::new(), |cell| cell.to_string())
    };
    let rows = sheet.rows()?.iter();
    rows.filter(|row| choice.takes(chosen.iter().map(|place| text(row, place)))).map(row).collect()
}

/// The rows of a file with one JSON object a line.
fn lines(table: &Path, choice: &mut Choice<'_>, notes: &mut Notes) -> Result<Vec<Row>, DataError> {
    let objects = objects(table, notes)?;
    let mut rows = Vec::with_capacity(objects.len());
    for object in objects {
        let object = object?;
        if choice.takes(choice.columns().map(|name| object.text(name))) {
            rows.push(object_row(object, notes)?);
        }
    }
    Ok(rows)
}

/// A line's object.
pub(crate) struct Object {
    pub(crate) origin: Origin,
    fields: Fields,
}

/// The keys of an object with their values, in its order. A key that is there twice is there twice: a map
/// would keep the last.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object on each line")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Fields(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

impl Fields {
    fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(|(key, _)| key.as_str())
    }
}

/// The objects of a file with one on each line, at least one; a line that is not one is an error of
/// that line alone.
pub(crate) fn objects(
    table: &Path,
    notes: &mut Notes,
) -> Result<Vec<Result<Object, DataError>>, DataError> {
    let name: Arc<Path> = Arc::from(table);
    let content = decode(&name, &read_bytes(table)?, notes)?;
    let lines = content.lines().enumerate();
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
    ///
    /// # Errors
    ///
    /// If two keys differ in capital letters only.
    fn find(&self, names: &[&'static str]) -> Result<Option<(&'static str, &Value)>, DataError> {
        for name in names {
            let mut same = self.fields.0.iter().filter(|(key, _)| plain(key) == *name);
            match (same.next(), same.next()) {
                (None, _) => {}
                (Some((_, value)), None) => return Ok(Some((*name, value))),
                (Some((key, _)), Some((other, _))) => {
                    let (origin, first, second) = (self.origin.clone(), key.clone(), other.clone());
                    return Err(DataError::TwoKeys { origin, first, second });
                }
            }
        }
        Ok(None)
    }

    /// What stands under a key, as text: empty if nothing does.
    fn text(&self, name: &str) -> String {
        let found = self.fields.0.iter().find(|(key, _)| plain(key) == plain(name));
        match found.map(|(_, value)| value) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(value) => value.to_string(),
        }
    }

    /// A key that is not there, and one that may have been meant.
    fn missing(&self, key: &'static str, names: &[&'static str]) -> DataError {
        let keys = self.fields.keys();
        let hint = match near(keys.clone(), names) {
            Some((found, _)) => format!("; is `{found}` meant?"),
            None => String::new(),
        };
        let found = keys.collect::<Vec<_>>().join(", ");
        DataError::Key { origin: self.origin.clone(), key, found, hint }
    }

    fn wrong(&self, key: &'static str, value: &Value, expected: &'static str) -> DataError {
        DataError::Value { origin: self.origin.clone(), key, found: value.to_string(), expected }
    }

    /// The text under the first of these keys, without blanks around it; `None` if it is missing,
    /// `null` or empty.
    pub(crate) fn string(&self, names: &[&'static str]) -> Result<Option<String>, DataError> {
        match self.find(names)? {
            None | Some((_, Value::Null)) => Ok(None),
            Some((_, Value::String(text))) => {
                Ok(Some(text.trim().to_owned()).filter(|t| !t.is_empty()))
            }
            Some((key, value)) => Err(self.wrong(key, value, "a string")),
        }
    }
}

fn object_row(object: Object, notes: &mut Notes) -> Result<Row, DataError> {
    // An empty mask is said with null, not by silence.
    let mask = object.find(&MASK)?.ok_or_else(|| object.missing("mask", &MASK))?;
    let drawn = |found| DataError::Polygons { origin: object.origin.clone(), found };
    let masks = match mask {
        (_, Value::Null) => Masks::Cell(String::new()),
        (_, Value::String(cell)) => Masks::Cell(cell.trim().to_owned()),
        (_, Value::Object(run)) if run.contains_key("counts") => return Err(drawn(RUNS)),
        (_, Value::Object(_)) => return Err(drawn(POLYGONS)),
        (_, Value::Array(files)) if is_drawn(files) => return Err(drawn(POLYGONS)),
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
    let group = match object.find(&GROUP)? {
        Some((_, Value::Number(id))) => Some(id.to_string()),
        Some(_) => object.string(&GROUP)?,
        None => {
            if let Some((found, _)) = near(object.fields.keys(), &GROUP) {
                notes.add(NoteKind::NearColumn, || format!("{}: `{found}`", object.origin));
            }
            None
        }
    };
    for (key, names) in [("image", &IMAGE[..]), ("text", &TEXT), ("split", &SPLIT)] {
        if object.find(names)?.is_none() {
            return Err(object.missing(key, names));
        }
    }
    let (image, text) = (object.string(&IMAGE)?, object.string(&TEXT)?);
    let split = object.string(&SPLIT)?;
    Ok(Row { origin: object.origin, image, masks, text, split, group })
}

/// What masks are written as that are no files.
const POLYGONS: &str = "a list of polygons";
const RUNS: &str = "runs of pixels (RLE)";

/// Whether a list holds numbers, lists or objects of any depth: polygons, not names.
fn is_drawn(list: &[Value]) -> bool {
    match list.first() {
        Some(Value::Array(inner)) => inner.is_empty() || is_drawn(inner) || inner[0].is_number(),
        Some(Value::Number(_)) => list.len() > 1,
        Some(Value::Object(_)) => true,
        _ => false,
    }
}

/// What a cell of masks draws, if it names no file.
fn drawing(cell: &str) -> Option<&'static str> {
    if let Ok(value) = serde_json::from_str(cell) {
        match value {
            Value::Object(run) if run.contains_key("counts") => return Some(RUNS),
            Value::Object(_) | Value::Array(_) => return Some(POLYGONS),
            _ => {}
        }
    }
    // Python's way to write a dictionary or a list.
    if cell.starts_with("{'") || cell.starts_with("[[") {
        return Some(if cell.contains("counts") { RUNS } else { POLYGONS });
    }
    let numbers = cell.split([' ', ',']).filter(|part| !part.is_empty());
    let is_run =
        numbers.clone().count() >= 2 && numbers.clone().all(|part| part.parse::<u64>().is_ok());
    is_run.then_some(RUNS)
}

impl Row {
    fn case(
        self,
        folder: &Path,
        finder: &mut Finder,
        notes: &mut Notes,
    ) -> Result<Case, DataError> {
        let Self { origin, image, masks, text, split, group } = self;
        let missing = |column| DataError::Missing { origin: origin.clone(), column };
        let mut there = |what, name: &str| {
            let found = finder.find(folder, name, notes);
            found.map_err(|(file, hint)| DataError::Unpaired {
                origin: origin.clone(),
                what,
                file,
                hint,
            })
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
        let mut files = Vec::with_capacity(masks.len());
        for name in &masks {
            let file = there("mask", name).map_err(|error| match drawing(name) {
                Some(found) => DataError::Polygons { origin: origin.clone(), found },
                None => error,
            })?;
            if file == image {
                return Err(DataError::SameFile { origin, file });
            }
            files.push(file);
        }
        let split = split.ok_or_else(|| missing("split"))?;
        Ok(Case {
            id: stem(&image),
            image,
            masks: files,
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
