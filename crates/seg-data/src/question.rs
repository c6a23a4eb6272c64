//! Pictures and sentences without masks: what a network is to answer.

use std::path::{Path, PathBuf};

use crate::case::Origin;
use crate::column::{IMAGE, TEXT};
use crate::error::DataError;
use crate::finder::Finder;
use crate::manifest;
use crate::note::{DataNote, Notes};
use crate::sheet::Sheet;

/// A picture and a sentence that asks about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The picture's file, which exists.
    pub image: PathBuf,
    /// What is asked for, without blanks around it.
    pub sentence: String,
    /// The row that asks.
    pub origin: Origin,
}

/// The questions of a table.
#[derive(Debug)]
pub struct QuestionTable {
    /// In the table's order; a row that cannot be used is an error of its own.
    pub rows: Vec<Result<Question, DataError>>,
    /// What was read otherwise than it is written.
    pub notes: Vec<DataNote>,
}

/// Reads the questions of a table: JSON lines (`.jsonl`), an Excel workbook, or separated values, with
/// the columns `image` (paths relative to the table's folder) and `text`, which may be called
/// `sentence`, `caption`, `description` or `prompt`. Further columns are ignored, so a set's manifest is
/// such a table.
///
/// # Errors
///
/// If the table cannot be read, lacks a column or has no row.
pub fn read_questions(table: &Path) -> Result<QuestionTable, DataError> {
    let folder = table.parent().unwrap_or(Path::new(""));
    let (mut finder, mut notes) = (Finder::default(), Notes::default());
    let mut rows = Vec::new();
    if manifest::is_json_lines(table) {
        for object in manifest::objects(table, &mut notes)? {
            let read = || {
                let object = object?;
                let (image, text) = (object.string(&IMAGE)?, object.string(&TEXT)?);
                question(folder, object.origin, (image, text), &mut finder, &mut notes)
            };
            rows.push(read());
        }
    } else {
        let sheet = Sheet::read(table, &mut notes)?;
        let image = sheet.required("image", &IMAGE)?;
        let text = sheet.sentences("text", &TEXT, &mut notes)?;
        for row in sheet.rows()? {
            let mut read = || {
                let asked = (sheet.value(row, image)?, sheet.sentence(row, text)?);
                question(folder, sheet.origin(row), asked, &mut finder, &mut notes)
            };
            rows.push(read());
        }
    }
    Ok(QuestionTable { rows, notes: notes.into_vec() })
}

fn question(
    folder: &Path,
    origin: Origin,
    (image, text): (Option<String>, Option<String>),
    finder: &mut Finder,
    notes: &mut Notes,
) -> Result<Question, DataError> {
    let missing = |column| DataError::Missing { origin: origin.clone(), column };
    let image = image.ok_or_else(|| missing("image"))?;
    let sentence = text.ok_or_else(|| missing("text"))?;
    match finder.find(folder, &image, notes) {
        Ok(image) => Ok(Question { image, sentence, origin }),
        Err((file, hint)) => Err(DataError::Unpaired { origin, what: "image", file, hint }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, content: &str) -> Result<Vec<Result<Question, String>>, DataError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.png"), b"").unwrap();
        let table = folder.path().join(name);
        std::fs::write(&table, content).unwrap();
        let prefix = format!("{}/", folder.path().display());
        let text = |error: DataError| error.to_string().replace(&prefix, "");
        Ok(read_questions(&table)?.rows.into_iter().map(|row| row.map_err(text)).collect())
    }

    #[test]
    fn a_bad_row_leaves_the_others() {
        let csv = "image,caption,more\na.png,left lung,1\nb.png,right lung,2\na.png,,3\n";
        let jsonl =
            "{\"image\": \"a.png\", \"text\": \" left lung \"}\n\n[1]\n{\"image\": \"a.png\"}\n";
        for (name, content, errors) in [
            (
                "jobs.csv",
                csv,
                [
                    "jobs.csv, row 3: image b.png does not exist",
                    "jobs.csv, row 4: column `text` is empty",
                ],
            ),
            (
                "jobs.jsonl",
                jsonl,
                [
                    "jobs.jsonl, row 3: not a JSON object",
                    "jobs.jsonl, row 4: column `text` is empty",
                ],
            ),
        ] {
            let rows = read(name, content).unwrap();
            assert_eq!(rows[0].as_ref().unwrap().sentence, "left lung");
            let found = rows[1..].iter().map(|row| row.as_ref().unwrap_err().as_str());
            assert_eq!(found.collect::<Vec<_>>(), errors);
        }
    }

    #[test]
    fn a_table_without_the_columns_is_refused() {
        let message = read("jobs.tsv", "image\tmask\na.png\tb.png\n").unwrap_err().to_string();
        assert!(
            message.ends_with("jobs.tsv: column `text` is missing; the columns are image, mask"),
            "{message}"
        );
        assert!(read("jobs.jsonl", "\n").is_err() && read("jobs.csv", "image,text\n").is_err());
    }
}
