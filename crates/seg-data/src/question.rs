//! Pictures and sentences without masks: what a network is to answer.

use std::path::{Path, PathBuf};

use crate::case::Origin;
use crate::error::DataError;
use crate::manifest::{self, TEXT};
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

/// Reads the questions of a table: `.csv`, `.tsv`, `.jsonl` or `.xlsx` with the columns `image` (paths
/// relative to the table's folder) and `text`, which may be called `sentence`, `caption` or
/// `description`. Further columns are ignored, so a set's manifest is such a table.
///
/// A row that cannot be used is an error of its own; the other rows are still there.
///
/// # Errors
///
/// If the table cannot be read, lacks a column or has no row.
pub fn read_questions(table: &Path) -> Result<Vec<Result<Question, DataError>>, DataError> {
    let folder = table.parent().unwrap_or(Path::new(""));
    match table.extension() {
        Some(ending) if ending == "jsonl" => {
            let objects = manifest::objects(table)?.into_iter();
            let question = |object: manifest::Object| {
                let (image, text) = (object.string(&["image"])?, object.string(&TEXT)?);
                question(folder, object.origin, image, text)
            };
            Ok(objects.map(|object| object.and_then(question)).collect())
        }
        _ => {
            let sheet = Sheet::read(table)?;
            let (image, text) = (sheet.required(&["image"])?, sheet.required(&TEXT)?);
            let rows = sheet.rows()?.iter().map(|(line, cells)| {
                let value = |place: u32| cells.get(&place).cloned();
                question(folder, sheet.origin(*line), value(image), value(text))
            });
            Ok(rows.collect())
        }
    }
}

fn question(
    folder: &Path,
    origin: Origin,
    image: Option<String>,
    text: Option<String>,
) -> Result<Question, DataError> {
    let missing = |column| DataError::Missing { origin: origin.clone(), column };
    let image = folder.join(image.ok_or_else(|| missing("image"))?);
    let sentence = text.ok_or_else(|| missing("text"))?;
    if !image.is_file() {
        return Err(DataError::Unpaired { origin, what: "image", file: image });
    }
    Ok(Question { image, sentence, origin })
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
        Ok(read_questions(&table)?.into_iter().map(|row| row.map_err(text)).collect())
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
