//! A table of comma-separated values: `image,mask,text,split`.

use std::path::Path;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::case::{Case, Origin, stem};
use crate::error::DataError;

/// The cases of a manifest, in its order.
pub(crate) fn read(table: &Path) -> Result<Vec<Case>, DataError> {
    let failed = |source| DataError::Csv { file: table.to_owned(), source };
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_path(table).map_err(failed)?;
    let columns = Columns::of(reader.headers().map_err(failed)?, table)?;
    let folder = table.parent().unwrap_or(Path::new(""));
    let name: Arc<Path> = Arc::from(table);
    let mut cases = Vec::new();
    for record in reader.records() {
        let record = record.map_err(failed)?;
        // The line in the file: a sentence may hold line breaks.
        let row = record.position().map_or(0, |position| position.line() as usize);
        cases.push(columns.case(&record, folder, Origin { table: name.clone(), row })?);
    }
    if cases.is_empty() {
        return Err(DataError::Empty { file: table.to_owned() });
    }
    Ok(cases)
}

/// Where each value stands in a row.
struct Columns {
    image: usize,
    mask: usize,
    text: usize,
    split: usize,
}

impl Columns {
    fn of(header: &StringRecord, table: &Path) -> Result<Self, DataError> {
        let place = |column: &'static str| {
            header.iter().position(|name| name.eq_ignore_ascii_case(column)).ok_or_else(|| {
                let found = header.iter().collect::<Vec<_>>().join(", ");
                DataError::Column { file: table.to_owned(), column, found }
            })
        };
        Ok(Self {
            image: place("image")?,
            mask: place("mask")?,
            text: place("text")?,
            split: place("split")?,
        })
    }

    fn case(&self, row: &StringRecord, folder: &Path, origin: Origin) -> Result<Case, DataError> {
        let value = |at: usize, column| match row.get(at) {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Err(DataError::Missing { origin: origin.clone(), column }),
        };
        let file = |at, column| {
            let file = folder.join(value(at, column)?);
            if !file.is_file() {
                return Err(DataError::Unpaired { origin: origin.clone(), what: column, file });
            }
            Ok(file)
        };
        let (image, mask) = (file(self.image, "image")?, file(self.mask, "mask")?);
        let split = value(self.split, "split")?;
        Ok(Case {
            id: stem(&image),
            image,
            mask,
            sentence: value(self.text, "text")?.to_owned(),
            split: split.parse().map_err(|_| DataError::Split {
                origin: origin.clone(),
                found: split.to_owned(),
            })?,
            origin,
        })
    }
}
