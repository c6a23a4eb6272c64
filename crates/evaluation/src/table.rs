//! Tables of comma-separated values.

use std::path::Path;

use serde::Serialize;

use crate::error::EvaluationError;

/// Writes a header from the rows' fields and a line for each row.
pub(crate) fn write_table<T: Serialize>(
    file: &Path,
    rows: impl Iterator<Item = T>,
) -> Result<(), EvaluationError> {
    let failed = |source| EvaluationError::Table { file: file.to_owned(), source };
    let mut table = csv::Writer::from_writer(Vec::new());
    for row in rows {
        table.serialize(row).map_err(failed)?;
    }
    let content = table.into_inner().map_err(|error| failed(error.into_error().into()))?;
    Ok(whole_file::write(file, &content)?)
}
