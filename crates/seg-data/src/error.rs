//! Why a set could not be read.

use std::path::PathBuf;

use crate::case::Origin;

/// Why a set could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum DataError {
    /// A file or folder could not be read.
    #[error("cannot read {}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    /// The folder has no known layout, or not the requested one.
    #[error("{}: found no data set; looked for {sought}", folder.display())]
    Layout { folder: PathBuf, sought: String },
    /// A group pattern is not a valid regular expression.
    #[error("the group pattern `{pattern}` is not a valid regular expression")]
    Pattern { pattern: String, source: Box<regex::Error> },
    /// A part of a set has no sentences.
    #[error("{}: found no table of sentences; looked for {sought}", folder.display())]
    NoTable { folder: PathBuf, sought: String },
    /// A table of separated values breaks its format.
    #[error("{}: not a table of {separated}-separated values in UTF-8", file.display())]
    Csv { file: PathBuf, separated: &'static str, source: csv::Error },
    /// A line is not a JSON object.
    #[error("{origin}: not a JSON object")]
    Json { origin: Origin, source: serde_json::Error },
    /// A JSON value is of the wrong kind.
    #[error("{origin}: key `{key}` is {found}, expected {expected}")]
    Value { origin: Origin, key: &'static str, found: String, expected: &'static str },
    /// A workbook breaks its format.
    #[error("{}: not an Excel workbook (.xlsx)", file.display())]
    Workbook { file: PathBuf, source: Box<calamine::XlsxError> },
    /// A workbook is larger than any table of sentences.
    #[error("{}: {what} exceeds the limit of {limit}", file.display())]
    TooLarge { file: PathBuf, what: &'static str, limit: usize },
    /// A required column is missing.
    #[error("{}: column `{column}` is missing; the columns are {found}", file.display())]
    Column { file: PathBuf, column: &'static str, found: String },
    /// A table has no rows.
    #[error("{}: there are no rows below the header", file.display())]
    Empty { file: PathBuf },
    /// A row lacks a required value.
    #[error("{origin}: column `{column}` is empty")]
    Missing { origin: Origin, column: &'static str },
    /// The name of a split is unknown.
    #[error("{origin}: split is `{found}`, expected train, val or test")]
    Split { origin: Origin, found: String },
    /// The picture or mask of a row does not exist.
    #[error("{origin}: {what} {} does not exist", file.display())]
    Unpaired { origin: Origin, what: &'static str, file: PathBuf },
    /// No row names a picture.
    #[error("{}: {} has no row for this picture", file.display(), table.display())]
    NoSentence { file: PathBuf, table: PathBuf },
    /// One name fits two files.
    #[error("{} and {} differ in their ending only: keep one of them", first.display(), second.display())]
    Ambiguous { first: PathBuf, second: PathBuf },
    /// A picture or mask cannot be read.
    #[error("{origin}: cannot read a picture or mask")]
    Image { origin: Origin, source: Box<seg_image::ImageError> },
    /// A mask does not have the size of its picture.
    #[error(
        "{origin}: {} has {} x {} pixels, its mask {} has {} x {}",
        image.display(), image_size.0, image_size.1, mask.display(), mask_size.0, mask_size.1
    )]
    Size {
        origin: Origin,
        image: PathBuf,
        image_size: (u32, u32),
        mask: PathBuf,
        mask_size: (u32, u32),
    },
}
