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
    /// No known layout, or not the one that was asked for.
    #[error("{}: no set; looked for {sought}", folder.display())]
    Layout { folder: PathBuf, sought: String },
    /// A group pattern that is no regular expression.
    #[error("the group pattern `{pattern}` is no regular expression")]
    Pattern { pattern: String, source: Box<regex::Error> },
    /// A part of a set without its sentences.
    #[error("{}: no table of sentences; looked for {sought}", folder.display())]
    NoTable { folder: PathBuf, sought: String },
    /// A table of separated values that breaks its format.
    #[error("{}: not a table of {separated}-separated values in UTF-8", file.display())]
    Csv { file: PathBuf, separated: &'static str, source: csv::Error },
    /// A line that is not a JSON object.
    #[error("{origin}: not a JSON object")]
    Json { origin: Origin, source: serde_json::Error },
    /// A JSON value of another kind.
    #[error("{origin}: key `{key}` is {found}, expected {expected}")]
    Value { origin: Origin, key: &'static str, found: String, expected: &'static str },
    /// A workbook that breaks its format.
    #[error("{}: not an Excel workbook (.xlsx)", file.display())]
    Workbook { file: PathBuf, source: Box<calamine::XlsxError> },
    /// A workbook larger than any table of sentences.
    #[error("{}: {what} is more than {limit}", file.display())]
    TooLarge { file: PathBuf, what: &'static str, limit: usize },
    /// A column that must be there.
    #[error("{}: no column `{column}`; the columns are {found}", file.display())]
    Column { file: PathBuf, column: &'static str, found: String },
    /// A table without a row.
    #[error("{}: no row below the header", file.display())]
    Empty { file: PathBuf },
    /// A value that a row must have.
    #[error("{origin}: column `{column}` is empty")]
    Missing { origin: Origin, column: &'static str },
    /// A split of another name.
    #[error("{origin}: split is `{found}`, expected train, val or test")]
    Split { origin: Origin, found: String },
    /// A row whose picture or mask is not there.
    #[error("{origin}: there is no {what} {}", file.display())]
    Unpaired { origin: Origin, what: &'static str, file: PathBuf },
    /// A picture that no row names.
    #[error("{}: no row of {} has a sentence for it", file.display(), table.display())]
    NoSentence { file: PathBuf, table: PathBuf },
    /// Two files that one name fits.
    #[error("{} and {} have the same name but for the ending", first.display(), second.display())]
    Ambiguous { first: PathBuf, second: PathBuf },
    /// A picture or mask that cannot be read.
    #[error("{origin}")]
    Image { origin: Origin, source: Box<seg_image::ImageError> },
    /// A mask of another size than its picture.
    #[error(
        "{origin}: {} is {}x{}, its mask {} {}x{}",
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
