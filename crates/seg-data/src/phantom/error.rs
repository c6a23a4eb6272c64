//! Why phantoms were not written.

use std::path::PathBuf;

use super::PhantomConfig;

/// Why phantoms were not written, or not all of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum PhantomError {
    /// The size is out of range.
    #[error(
        "size is {found} pixels, expected {} to {}",
        PhantomConfig::SIZES.start(), PhantomConfig::SIZES.end()
    )]
    Size { found: u32 },
    /// Pictures would have no sentences.
    #[error("there would be no sentences: allow some about lesions or about lungs")]
    NoSentence,
    /// The set would have no pictures.
    #[error("there would be no pictures: the counts of train, val and test are all 0")]
    NoPicture,
    /// The folder holds a set already; it is unchanged.
    #[error("{} exists already: choose a new folder, or remove the old set", file.display())]
    Occupied { file: PathBuf },
    /// The folder could not be created.
    #[error("cannot create the folder {}", folder.display())]
    Folder { folder: PathBuf, source: std::io::Error },
    /// A picture or a mask could not be written.
    #[error("cannot write the pictures")]
    Image { source: seg_image::ImageError },
    /// The table could not be written, so the folder has none.
    #[error("cannot write {}", file.display())]
    Table { file: PathBuf, source: std::io::Error },
}
