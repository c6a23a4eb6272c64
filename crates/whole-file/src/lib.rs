//! Files that are whole or not there: written beside, synced, and renamed.
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("scores.json");
//! whole_file::write(&file, b"{}")?;
//! assert_eq!(std::fs::read(&file)?, b"{}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Why a file was not written: the folder cannot be written to, or the disk is full. An earlier file
/// is unchanged, and nothing is left beside it.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", file.display())]
pub struct WriteError {
    /// Where it should have gone.
    pub file: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

/// Writes a file, with the permissions that any new file gets.
///
/// # Errors
///
/// See [`WriteError`].
pub fn write(file: &Path, content: &[u8]) -> Result<(), WriteError> {
    let written = beside(file, content)
        .and_then(|beside| beside.persist(file).map_err(|error| error.error).map(drop));
    written.map_err(|source| WriteError { file: file.to_owned(), source })
}

/// The same, but never over an earlier file.
///
/// # Errors
///
/// See [`WriteError`]; and if there is a file of that name.
pub fn write_new(file: &Path, content: &[u8]) -> Result<(), WriteError> {
    let written = beside(file, content)
        .and_then(|beside| beside.persist_noclobber(file).map_err(|error| error.error).map(drop));
    written.map_err(|source| WriteError { file: file.to_owned(), source })
}

/// The content, on disk, in the same folder.
fn beside(file: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        // The umask decides. A temporary file would be its owner's alone.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut beside = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    beside.write_all(content)?;
    beside.as_file().sync_all()?;
    Ok(beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        write(&file, b"long before").unwrap();
        write(&file, b"after").unwrap();
        assert!(write_new(&file, b"never").is_err());
        assert_eq!(std::fs::read(&file).unwrap(), b"after");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        // A folder stands where the file should.
        let taken = folder.path().join("taken");
        std::fs::create_dir_all(taken.join("full")).unwrap();
        let message = write(&taken, b"x").unwrap_err().to_string();
        assert!(message.starts_with("cannot write ") && message.ends_with("taken"), "{message}");
        assert!(write(&folder.path().join("no/such/folder"), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
