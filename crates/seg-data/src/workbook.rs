//! The first sheet of an Excel workbook.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use calamine::{DataRef, ExcelDateTime, Reader, Xlsx};

use crate::cell::Cell;
use crate::error::DataError;
use crate::note::{NoteKind, Notes};
use crate::sheet::{Content, Row};

/// Rows and columns that are looked at.
const MAX_ROWS: usize = 1_000_000;
const MAX_COLUMNS: u32 = 256;
/// Bytes of all cells together.
const MAX_TEXT: usize = 256 << 20;

/// Header and rows. Cells are read one by one: a cell far out in an empty sheet costs nothing.
pub(crate) fn read(file: &Path, content: Vec<u8>, notes: &mut Notes) -> Result<Content, DataError> {
    let broken = |source| DataError::Workbook { file: file.to_owned(), source: Box::new(source) };
    let large = |what, limit| DataError::TooLarge { file: file.to_owned(), what, limit };
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(content)).map_err(broken)?;
    let empty = || DataError::Empty { file: file.to_owned() };
    let first = book.sheet_names().first().cloned().ok_or_else(empty)?;
    if let Some(other) = book.sheet_names().get(1) {
        notes.add(NoteKind::OtherSheet, || format!("{}: {other}; {first} is read", file.display()));
    }
    let mut cells = book.worksheet_cells_reader(&first).map_err(broken)?;
    let (mut rows, mut text) = (BTreeMap::<u32, BTreeMap<u32, Cell>>::new(), 0);
    while let Some(found) = cells.next_cell().map_err(broken)? {
        let (row, column) = found.get_position();
        if column >= MAX_COLUMNS {
            continue;
        }
        let Some(cell) = cell(found.get_value()) else { continue };
        text += cell.text().map_or(0, str::len);
        if text > MAX_TEXT {
            return Err(large("its text in bytes", MAX_TEXT));
        }
        rows.entry(row).or_default().insert(column, cell);
        if rows.len() > MAX_ROWS {
            return Err(large("the number of rows", MAX_ROWS));
        }
    }
    let mut rows = rows.into_iter().map(|(row, cells)| Row { line: row as usize + 1, cells });
    let header = rows.next().ok_or_else(empty)?.cells.into_iter();
    let header = header.map(|(place, cell)| (place, cell.to_string())).collect();
    Ok(Content { header, rows: rows.collect() })
}

/// A cell, unless it is empty.
fn cell(value: &DataRef<'_>) -> Option<Cell> {
    let text =
        |value: &str| Some(value.trim()).filter(|v| !v.is_empty()).map(|v| Cell::new(v.into()));
    match value {
        DataRef::String(value) => text(value),
        DataRef::SharedString(value) => text(value),
        DataRef::Int(value) => Some(Cell::Number(*value as f64)),
        DataRef::Float(value) => Some(Cell::Number(*value)),
        DataRef::Bool(value) => Some(Cell::Other(value.to_string().to_uppercase())),
        DataRef::DateTime(value) => Some(date(value)),
        DataRef::DateTimeIso(value) => Some(iso_date(value)),
        DataRef::DurationIso(value) => Some(Cell::Other(value.clone())),
        DataRef::Error(error) => Some(Cell::Other(error.to_string())),
        DataRef::Empty => None,
    }
}

fn date(value: &ExcelDateTime) -> Cell {
    // Days count from 1; what is beyond year 9999 is no date of Excel's.
    if !value.is_datetime() || !(1.0..2_958_466.0).contains(&value.as_f64()) {
        return Cell::Other(format!("the time {}", value.as_f64()));
    }
    let (year, month, day, ..) = value.to_ymd_hms_milli();
    Cell::Date { year: year.into(), month: month.into(), day: day.into() }
}

fn iso_date(value: &str) -> Cell {
    let parts = value.get(..10).unwrap_or_default().split('-').map(str::parse);
    match parts.collect::<Result<Vec<u32>, _>>().as_deref() {
        Ok(&[year, month, day]) => Cell::Date { year, month, day },
        _ => Cell::Other(value.to_owned()),
    }
}
