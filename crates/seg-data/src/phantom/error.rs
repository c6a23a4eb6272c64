//! Why no phantoms were made.

use std::path::PathBuf;

use super::PhantomConfig;

/// Why no phantoms were made, or not all of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum PhantomError {
    /// A side that pictures cannot have.
    #[error(
        "size is {found} pixels, expected {} to {}",
        PhantomConfig::SIZES.start(), PhantomConfig::SIZES.end()
    )]
    Size { found: u32 },
    /// Pictures without sentences.
    #[error("neither sentences about lesions nor about lungs: a picture would have none")]
    NoSentence,
    /// A set without pictures.
    #[error("no picture: the counts of train, val and test are all 0")]
    NoPicture,
    /// The folder holds a set already; it is unchanged.
    #[error("{} is there already: choose a new folder, or remove the old set", file.display())]
    Occupied { file: PathBuf },
    /// The folder could not be made.
    #[error("cannot make the folder {}", folder.display())]
    Folder { folder: PathBuf, source: std::io::Error },
    /// A picture or a mask could not be written.
    #[error("writing the pictures")]
    Image { source: seg_image::ImageError },
    /// The table could not be written; there is none then.
    #[error("cannot write {}", file.display())]
    Table { file: PathBuf, source: std::io::Error },
}
