//! A table of pixel sizes, one for each picture.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::ReportError;
use crate::pairs::{MaskPair, case_of_file};

/// The size of a pixel in each picture, from a table with the columns `case`, `rows` and `columns`:
/// the distance from row to row and from column to column, in one unit for the whole table.
///
/// A case is written as its name or as the name of its mask's file, with or without the ending.
#[derive(Clone, Debug, PartialEq)]
pub struct Spacings {
    file: PathBuf,
    of_case: BTreeMap<String, [f64; 2]>,
}

const COLUMNS: [&str; 3] = ["case", "rows", "columns"];

impl Spacings {
    /// Reads a CSV table; further columns are passed over.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, a column is missing, a size is not a positive number, or a case has
    /// two rows. The error names the row.
    pub fn read(file: &Path) -> Result<Self, ReportError> {
        let wrong = |row, problem| ReportError::Spacings { file: file.to_owned(), row, problem };
        let text = std::fs::read(file)
            .map_err(|source| ReportError::Read { file: file.to_owned(), source })?;
        // A mark that spreadsheets put before UTF-8.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        let mut table = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
        let header = table.headers().map_err(|error| wrong(1, error.to_string()))?;
        let place = |name: &str| header.iter().position(|column| column == name);
        let [Some(case), Some(rows), Some(columns)] = COLUMNS.map(place) else {
            let found = header.iter().collect::<Vec<_>>().join(", ");
            return Err(wrong(
                1,
                format!("expected the columns case, rows, columns, found {found}"),
            ));
        };
        let mut of_case = BTreeMap::new();
        for (place, record) in table.records().enumerate() {
            let row = place + 2; // behind the header, counted from 1
            let record = record.map_err(|error| wrong(row, error.to_string()))?;
            let cell = |place| record.get(place).unwrap_or_default();
            let size = |place| {
                let size = cell(place).parse::<f64>().ok();
                size.filter(|size| size.is_finite() && *size > 0.0).ok_or_else(|| {
                    wrong(row, format!("`{}` is not the size of a pixel", cell(place)))
                })
            };
            let sizes = [size(rows)?, size(columns)?];
            let case = case_of_file(Path::new(cell(case)));
            if of_case.insert(case.clone(), sizes).is_some() {
                return Err(wrong(row, format!("a second row of `{case}`")));
            }
        }
        Ok(Self { file: file.to_owned(), of_case })
    }

    /// Gives each pair its picture's size of a pixel.
    ///
    /// # Errors
    ///
    /// If a pair has no row: which unit it would be in without one is unknown.
    pub fn give(&self, pairs: &mut [MaskPair]) -> Result<(), ReportError> {
        let mut missing = Vec::new();
        for pair in pairs {
            pair.spacing = self.of_case.get(&pair.case).copied();
            if pair.spacing.is_none() {
                missing.push(pair.case.clone());
            }
        }
        match missing.is_empty() {
            true => Ok(()),
            false => Err(ReportError::NoSpacing { file: self.file.clone(), missing }),
        }
    }
}
