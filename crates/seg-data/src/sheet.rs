//! A workbook's first sheet or a file of separated values, as rows of text.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use calamine::{DataRef, Reader, Xlsx};
use csv::{ReaderBuilder, StringRecord, Trim};

use crate::case::Origin;
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
    file: Arc<Path>,
    header: Vec<(u32, String)>,
    rows: Vec<Row>,
}

/// The line in the table, where the header is line 1, and the cells that are not empty, by column.
pub(crate) type Row = (usize, BTreeMap<u32, String>);

impl Sheet {
    /// An Excel workbook's first sheet, or a table of values apart by commas (`.csv`) or tabs
    /// (`.tsv`), as the file's name says.
    pub(crate) fn read(file: &Path) -> Result<Self, DataError> {
        let ending = file.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match ending.as_str() {
            "csv" => Self::read_delimited(file, b',', "comma"),
            "tsv" => Self::read_delimited(file, b'\t', "tab"),
            _ => Self::read_workbook(file),
        }
    }

    fn read_delimited(
        file: &Path,
        delimiter: u8,
        separated: &'static str,
    ) -> Result<Self, DataError> {
        let failed = |source| DataError::Csv { file: file.to_owned(), separated, source };
        let mut reader = ReaderBuilder::new()
            .trim(Trim::All)
            .delimiter(delimiter)
            .from_path(file)
            .map_err(failed)?;
        let cells = |record: &StringRecord| {
            let filled = (0..).zip(record).filter(|(_, value)| !value.is_empty());
            filled.map(|(place, value)| (place, value.to_owned())).collect::<BTreeMap<_, _>>()
        };
        let header = cells(reader.headers().map_err(failed)?).into_iter().collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(failed)?;
            // The line in the file: a sentence may hold line breaks.
            let line = record.position().map_or(0, |position| position.line() as usize);
            let cells = cells(&record);
            if !cells.is_empty() {
                rows.push((line, cells));
            }
        }
        Ok(Self { file: Arc::from(file), header, rows })
    }

    /// Cells are read one by one: a cell far out in an empty sheet costs nothing.
    fn read_workbook(file: &Path) -> Result<Self, DataError> {
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
        let header = header.into_iter().collect();
        Ok(Self { file: Arc::from(file), header, rows: rows.collect() })
    }

    /// The rows, at least one.
    pub(crate) fn rows(&self) -> Result<&[Row], DataError> {
        match self.rows.as_slice() {
            [] => Err(DataError::Empty { file: self.file.to_path_buf() }),
            rows => Ok(rows),
        }
    }

    /// Where the first of these names that is a column stands, whatever its case.
    pub(crate) fn column(&self, names: &[&str]) -> Option<u32> {
        let place = |name: &&str| {
            let same = |(_, found): &&(u32, String)| found.eq_ignore_ascii_case(name);
            self.header.iter().find(same).map(|(place, _)| *place)
        };
        names.iter().find_map(place)
    }

    /// Where a required column stands; errors call it by its first name.
    pub(crate) fn required(&self, names: &[&'static str]) -> Result<u32, DataError> {
        self.column(names).ok_or_else(|| DataError::Column {
            file: self.file.to_path_buf(),
            column: names.first().copied().unwrap_or_default(),
            found: self.header.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// Where a row stands.
    pub(crate) fn origin(&self, row: usize) -> Origin {
        Origin { table: self.file.clone(), row }
    }
}
