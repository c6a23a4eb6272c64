//! Why a set could not be inspected at all.

use std::path::PathBuf;

/// Why a set could not be inspected. Broken pictures and masks are no such reason: they are
/// findings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum InspectError {
    /// A table that was there a moment ago.
    #[error("the set's tables cannot be read again")]
    Table { source: Box<seg_data::DataError> },
    /// A picture of the page could not be encoded.
    #[error("cannot encode a small copy of {}", file.display())]
    Encode { file: PathBuf, source: image::ImageError },
}
