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
    #[error("{}: found no data set; looked for {sought}{hint}", folder.display())]
    Layout { folder: PathBuf, sought: String, hint: String },
    /// A group pattern is not a valid regular expression.
    #[error("the group pattern `{pattern}` is not a valid regular expression")]
    Pattern { pattern: String, source: Box<regex::Error> },
    /// A part of a set has no sentences.
    #[error("{}: found no table of sentences; looked for {sought}", folder.display())]
    NoTable { folder: PathBuf, sought: String },
    /// A table of separated values breaks its format.
    #[error("{}: not a table of {separated}-separated values in UTF-8", file.display())]
    Csv { file: PathBuf, separated: &'static str, source: csv::Error },
    /// Bytes of a table that are no text in UTF-8 or UTF-16.
    #[error("{origin}: {found}; save the table as CSV UTF-8")]
    Encoding { origin: Origin, found: String },
    /// What is saved under a table's name is none.
    #[error("{}: {what}: {instead}", file.display())]
    NoTableFile { file: PathBuf, what: &'static str, instead: &'static str },
    /// A quotation mark opens a value and does not close it before the next row.
    #[error(
        "{origin}: a quotation mark opens a value here and never closes: close it, or write two where \
         one is part of the text"
    )]
    OpenQuote { origin: Origin },
    /// Text after the quotation mark that closes a value.
    #[error(
        "{origin}: text follows the quotation mark that closes a value (opened in row {opened}): write \
         two marks where one is part of the text"
    )]
    Quote { origin: Origin, opened: usize },
    /// A row has more or fewer values than the header has names.
    #[error(
        "{origin}: found {found}, expected {expected} values as in the header ({separated} between them): put \
         a text with the separator in it in quotation marks"
    )]
    Width { origin: Origin, found: usize, expected: usize, separated: &'static str },
    /// Two columns have one name.
    #[error(
        "{}: column `{column}` is there twice, as column {first} and {second}: remove or rename one",
        file.display()
    )]
    TwoColumns { file: PathBuf, column: String, first: u32, second: u32 },
    /// A cell holds what its column cannot.
    #[error(
        "{origin}: column `{column}` is {found}: spreadsheets change what looks like a number, a date or \
         a formula; format the column as text and write it again"
    )]
    Cell { origin: Origin, column: &'static str, found: String },
    /// A mask is written as polygons or runs of pixels.
    #[error(
        "{origin}: the mask is {found}, expected a file: draw each into a PNG of the picture's size first \
         (0 outside, 255 inside; pycocotools: annToMask) and give its name"
    )]
    Polygons { origin: Origin, found: &'static str },
    /// A row's mask is its picture.
    #[error("{origin}: the mask is the picture itself, {}: give the file of its mask", file.display())]
    SameFile { origin: Origin, file: PathBuf },
    /// A line is not a JSON object.
    #[error("{origin}: not a JSON object")]
    Json { origin: Origin, source: serde_json::Error },
    /// A JSON value is of the wrong kind.
    #[error("{origin}: key `{key}` is {found}, expected {expected}")]
    Value { origin: Origin, key: &'static str, found: String, expected: &'static str },
    /// A JSON object lacks a key.
    #[error("{origin}: key `{key}` is missing; the keys are {found}{hint}")]
    Key { origin: Origin, key: &'static str, found: String, hint: String },
    /// Two keys of a JSON object mean one thing.
    #[error("{origin}: keys `{first}` and `{second}` are one: remove or rename one")]
    TwoKeys { origin: Origin, first: String, second: String },
    /// A workbook breaks its format.
    #[error("{}: not an Excel workbook (.xlsx)", file.display())]
    Workbook { file: PathBuf, source: Box<calamine::XlsxError> },
    /// A workbook is larger than any table of sentences.
    #[error("{}: {what} exceeds the limit of {limit}", file.display())]
    TooLarge { file: PathBuf, what: &'static str, limit: usize },
    /// A required column is missing.
    #[error("{}: column `{column}` is missing; the columns are {found}{hint}", file.display())]
    Column { file: PathBuf, column: &'static str, found: String, hint: String },
    /// A column by which rows are to be chosen is missing.
    #[error("{}: column `{column}`, by which rows are to be chosen, is missing; the columns are {found}", file.display())]
    NoColumn { file: PathBuf, column: String, found: String },
    /// A value by which rows are to be chosen is in none.
    #[error("{}: no row has `{value}` in the column `{column}`; there are {found}", file.display())]
    NoSuchValue { file: PathBuf, column: String, value: String, found: String },
    /// No row has all the values by which rows are chosen.
    #[error("{}: no row is chosen by {filter}", file.display())]
    NoChosenRow { file: PathBuf, filter: String },
    /// Rows are to be chosen in a layout whose tables have no further columns.
    #[error("{}: rows are chosen by columns of a manifest, and this set is laid out as {layout}", folder.display())]
    NoManifest { folder: PathBuf, layout: crate::layout::Layout },
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
    #[error("{origin}: {what} {} does not exist{hint}", file.display())]
    Unpaired { origin: Origin, what: &'static str, file: PathBuf, hint: String },
    /// A name that a spreadsheet changed fits no file, or several.
    #[error(
        "{origin}: column `{column}` is {found}, and {fits}: spreadsheets change names that look like \
         numbers or dates; format the column as text and write the names again"
    )]
    Changed { origin: Origin, column: &'static str, found: String, fits: String },
    /// Two folders are one part of a set.
    #[error("{} and {} are the same part of the set: keep one of them", first.display(), second.display())]
    TwoParts { first: PathBuf, second: PathBuf },
    /// A folder of a layout is missing.
    #[error("{}: found no folder {sought}; there are {found}", folder.display())]
    NoFolder { folder: PathBuf, sought: &'static str, found: String },
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
