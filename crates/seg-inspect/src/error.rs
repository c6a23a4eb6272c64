//! Why a set could not be inspected.

use std::path::PathBuf;

/// Why a set could not be inspected. Broken pictures and masks are not errors but
/// findings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum InspectError {
    /// A table can no longer be read.
    #[error("cannot read the set's tables again")]
    Table { source: Box<seg_data::DataError> },
    /// A picture of the page could not be encoded.
    #[error("cannot encode a thumbnail of {}", file.display())]
    Encode { file: PathBuf, source: image::ImageError },
}
