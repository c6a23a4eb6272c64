//! A workbook's first sheet or a file of separated values, as rows of cells.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::case::Origin;
use crate::cell::Cell;
use crate::column::{near, plain};
use crate::error::DataError;
use crate::note::{NoteKind, Notes};
use crate::picture_file::is_picture;
use crate::table_text::{decode, read_bytes};
use crate::{delimited, workbook};

/// A table whose first row names its columns.
pub(crate) struct Sheet {
    file: Arc<Path>,
    header: Vec<(u32, String)>,
    rows: Vec<Row>,
}

/// What a table's file holds: the names of columns that have one, by place, and the rows below.
pub(crate) struct Content {
    pub(crate) header: Vec<(u32, String)>,
    pub(crate) rows: Vec<Row>,
}

/// A row of a table.
pub(crate) struct Row {
    /// Its line in the table, where the header is line 1.
    pub(crate) line: usize,
    /// The cells that are not empty, by column.
    pub(crate) cells: BTreeMap<u32, Cell>,
}

/// A column of a table and what errors call it.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    place: u32,
    name: &'static str,
}

impl Sheet {
    /// An Excel workbook's first sheet, or a table of values with commas, semicolons, tabs or bars
    /// between them. The content decides which, not the file's name.
    pub(crate) fn read(file: &Path, notes: &mut Notes) -> Result<Self, DataError> {
        let content = read_bytes(file)?;
        let file = Arc::<Path>::from(file);
        // Either is what a workbook starts with, or what it should.
        let ending = file.extension().unwrap_or_default();
        let Content { header, rows } = if content.starts_with(b"PK") {
            workbook::read(&file, content, notes)?
        } else {
            match decode(&file, &content, notes) {
                Err(error @ DataError::NoTableFile { .. }) => return Err(error),
                _ if ending.eq_ignore_ascii_case("xlsx") => workbook::read(&file, content, notes)?,
                text => delimited::read(&file, text?)?,
            }
        };
        Ok(Self { file, header, rows })
    }

    /// The rows, at least one.
    pub(crate) fn rows(&self) -> Result<&[Row], DataError> {
        match self.rows.as_slice() {
            [] => Err(DataError::Empty { file: self.file.to_path_buf() }),
            rows => Ok(rows),
        }
    }

    /// The first of these names that is a column, whatever its case. A name that is there twice, with
    /// values in both columns, is an error: either could be meant.
    pub(crate) fn column(
        &self,
        name: &'static str,
        names: &[&'static str],
    ) -> Result<Option<Column>, DataError> {
        for sought in names {
            let sought = plain(sought);
            let found = self.header.iter().filter(|(_, found)| plain(found) == sought);
            let found = found.collect::<Vec<_>>();
            match found[..] {
                [] => continue,
                [(place, _)] => return Ok(Some(Column { place: *place, name })),
                [(first, found), (second, _), ..] => {
                    return Err(DataError::TwoColumns {
                        file: self.file.to_path_buf(),
                        column: found.clone(),
                        first: first + 1,
                        second: second + 1,
                    });
                }
            }
        }
        Ok(None)
    }

    /// The place of a column that a person named, whatever its case.
    pub(crate) fn any(&self, name: &str) -> Result<u32, DataError> {
        let found = self.header.iter().find(|(_, found)| plain(found) == plain(name));
        found.map(|(place, _)| *place).ok_or_else(|| DataError::NoColumn {
            file: self.file.to_path_buf(),
            column: name.to_owned(),
            found: self.names().collect::<Vec<_>>().join(", "),
        })
    }

    /// A column that must be there; errors call it `name`.
    pub(crate) fn required(
        &self,
        name: &'static str,
        names: &[&'static str],
    ) -> Result<Column, DataError> {
        let hint = || match near(self.names(), names) {
            Some((found, sought)) => format!("; is `{found}` meant? then call it `{sought}`"),
            None if self.names().any(|name| is_picture(Path::new(name))) => {
                "; the first row must name the columns".to_owned()
            }
            None => String::new(),
        };
        self.column(name, names)?.ok_or_else(|| DataError::Column {
            file: self.file.to_path_buf(),
            column: name,
            found: self.names().collect::<Vec<_>>().join(", "),
            hint: hint(),
        })
    }

    /// A column that may be there; one that is called nearly so is a note.
    pub(crate) fn optional(
        &self,
        name: &'static str,
        names: &[&'static str],
        notes: &mut Notes,
    ) -> Result<Option<Column>, DataError> {
        let column = self.column(name, names)?;
        if let (None, Some((found, sought))) = (column, near(self.names(), names)) {
            let table = self.file.display();
            notes.add(NoteKind::NearColumn, || format!("{table}: `{found}`, is `{sought}` meant?"));
        }
        Ok(column)
    }

    /// The column of sentences; further ones are a note.
    pub(crate) fn sentences(
        &self,
        name: &'static str,
        names: &[&'static str],
        notes: &mut Notes,
    ) -> Result<Column, DataError> {
        let column = self.required(name, names)?;
        let other = |(place, found): &&(u32, String)| {
            *place != column.place && names.contains(&plain(found).as_str())
        };
        for (_, found) in self.header.iter().filter(other) {
            let read = self.header.iter().find(|(place, _)| *place == column.place);
            let read = read.map_or("", |(_, name)| name);
            let table = self.file.display();
            notes.add(NoteKind::OtherColumn, || format!("{table}: `{found}`; `{read}` is read"));
        }
        Ok(column)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.header.iter().map(|(_, name)| name.as_str())
    }

    /// Where a row stands.
    pub(crate) fn origin(&self, row: &Row) -> Origin {
        Origin { table: self.file.clone(), row: row.line }
    }

    /// A cell as text; `None` if it is empty. A number counts as text.
    pub(crate) fn value(&self, row: &Row, column: Column) -> Result<Option<String>, DataError> {
        match row.cells.get(&column.place) {
            None => Ok(None),
            Some(cell @ (Cell::Text(_) | Cell::Number(_))) => Ok(Some(cell.to_string())),
            Some(cell) => Err(self.wrong(row, column, cell)),
        }
    }

    /// A cell that must be text, not a number or a date.
    pub(crate) fn sentence(&self, row: &Row, column: Column) -> Result<Option<String>, DataError> {
        match row.cells.get(&column.place) {
            None => Ok(None),
            Some(Cell::Text(text)) => Ok(Some(text.clone())),
            Some(cell) => Err(self.wrong(row, column, cell)),
        }
    }

    /// A cell that must be there, as it is.
    pub(crate) fn cell<'a>(&self, row: &'a Row, column: Column) -> Result<&'a Cell, DataError> {
        let missing = || DataError::Missing { origin: self.origin(row), column: column.name };
        let cell = row.cells.get(&column.place).ok_or_else(missing)?;
        match cell {
            Cell::Other(_) => Err(self.wrong(row, column, cell)),
            _ => Ok(cell),
        }
    }

    fn wrong(&self, row: &Row, column: Column, cell: &Cell) -> DataError {
        DataError::Cell { origin: self.origin(row), column: column.name, found: cell.kind() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(name: &str, bytes: &[u8]) -> Result<Sheet, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let prefix = format!("{}/", folder.path().display());
        let sheet = Sheet::read(&file, &mut Notes::default());
        sheet.map_err(|error| error.to_string().replace(&prefix, ""))
    }

    #[test]
    fn a_name_that_is_there_twice_is_refused() {
        let sheet = read("t.csv", b"image,Text,mask,text\na,b,c,d\n").unwrap();
        let error = sheet.required("text", &["text"]).map(|_| ()).unwrap_err().to_string();
        assert!(
            error
                .ends_with("column `Text` is there twice, as column 2 and 4: remove or rename one")
        );
        assert!(sheet.required("image", &["image"]).is_ok());
    }

    #[test]
    fn a_near_name_is_asked_about() {
        let sheet = read("t.csv", b"imgae,txt\na,b\n").unwrap();
        let error = sheet.required("image", &["image"]).map(|_| ()).unwrap_err().to_string();
        let expected = "column `image` is missing; the columns are imgae, txt; is `imgae` meant? then \
                        call it `image`";
        assert!(error.ends_with(expected), "{error}");
    }

    #[test]
    fn the_content_decides_what_a_table_is() {
        let old = read("t.csv", b"\xd0\xcf\x11\xe0rest").map(|_| ()).unwrap_err();
        assert_eq!(old, "t.csv: an old Excel workbook (.xls): save it as .xlsx or as CSV UTF-8");
        let broken = read("t.csv", b"PK\x03\x04rest").map(|_| ()).unwrap_err();
        assert_eq!(broken, "t.csv: not an Excel workbook (.xlsx)");
        assert!(read("t.tsv", b"image,text\na,b\n").unwrap().rows().is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_bytes_are_a_table_or_an_error(
            mut bytes: Vec<u8>,
            start in prop::sample::select(vec![&b""[..], b"\xff\xfe", b"PK\x03\x04", b"a,b\n\"", b"\xef\xbb\xbf"]),
            name in prop::sample::select(vec!["t.csv", "t.xlsx"]),
        ) {
            bytes.splice(..0, start.iter().copied());
            if let Ok(sheet) = read(name, &bytes) {
                let _ = sheet.rows();
                let _ = sheet.required("image", &["image"]);
            }
        }
    }
}
