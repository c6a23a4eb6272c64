//! The first sheet of an Excel workbook, as rows of text.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use calamine::{DataRef, Reader, Xlsx};

use crate::error::DataError;

/// Bytes of a workbook; the largest published one has under 1 MiB.
const MAX_BYTES: u64 = 64 << 20;
/// Rows and columns that are looked at.
const MAX_ROWS: usize = 1_000_000;
const MAX_COLUMNS: u32 = 256;
/// Bytes of all cells together.
const MAX_TEXT: usize = 256 << 20;

/// A table whose first row names its columns.
pub(crate) struct Sheet {
    header: Vec<(u32, String)>,
    /// By line; the header is line 1.
    pub(crate) rows: Vec<(usize, BTreeMap<u32, String>)>,
}

impl Sheet {
    /// Cells are read one by one: a cell far out in an empty sheet costs nothing.
    pub(crate) fn read(file: &Path) -> Result<Self, DataError> {
        let io = |source| DataError::Read { file: file.to_owned(), source };
        let broken =
            |source| DataError::Workbook { file: file.to_owned(), source: Box::new(source) };
        let large = |what, limit| DataError::TooLarge { file: file.to_owned(), what, limit };
        if std::fs::metadata(file).map_err(io)?.len() > MAX_BYTES {
            return Err(large("its size in bytes", MAX_BYTES as usize));
        }
        let content = Cursor::new(std::fs::read(file).map_err(io)?);
        let mut book: Xlsx<_> = Xlsx::new(content).map_err(broken)?;
        let empty = || DataError::Empty { file: file.to_owned() };
        let first = book.sheet_names().first().cloned().ok_or_else(empty)?;
        let mut cells = book.worksheet_cells_reader(&first).map_err(broken)?;
        let (mut rows, mut text) = (BTreeMap::<u32, BTreeMap<u32, String>>::new(), 0);
        while let Some(cell) = cells.next_cell().map_err(broken)? {
            let (row, column) = cell.get_position();
            let value = match cell.get_value() {
                DataRef::String(value) => value.trim().to_owned(),
                DataRef::SharedString(value) => value.trim().to_owned(),
                DataRef::Int(value) => value.to_string(),
                DataRef::Float(value) => value.to_string(),
                _ => continue,
            };
            if value.is_empty() || column >= MAX_COLUMNS {
                continue;
            }
            text += value.len();
            if text > MAX_TEXT {
                return Err(large("its text in bytes", MAX_TEXT));
            }
            rows.entry(row).or_default().insert(column, value);
            if rows.len() > MAX_ROWS {
                return Err(large("the number of rows", MAX_ROWS));
            }
        }
        let mut rows = rows.into_iter().map(|(row, cells)| (row as usize + 1, cells));
        let (_, header) = rows.next().ok_or_else(empty)?;
        let sheet = Self { header: header.into_iter().collect(), rows: rows.collect() };
        if sheet.rows.is_empty() { Err(empty()) } else { Ok(sheet) }
    }

    /// Where a column stands, whatever its case.
    pub(crate) fn column(&self, name: &str) -> Option<u32> {
        let same = |(_, found): &&(u32, String)| found.eq_ignore_ascii_case(name);
        self.header.iter().find(same).map(|(place, _)| *place)
    }

    /// The columns, for a message.
    pub(crate) fn columns(&self) -> String {
        self.header.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
    }
}
