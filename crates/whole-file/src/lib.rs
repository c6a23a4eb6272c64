//! Writes files atomically: to a temporary file in the same folder, which is synced and renamed.
//!
//! A reader sees the earlier file or the whole new one, never a part, even after a crash.
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("scores.json");
//! whole_file::write(&file, b"{}")?;
//! assert_eq!(std::fs::read(&file)?, b"{}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Why a file was not written: the folder is not writable, or the disk is full, for instance. An
/// earlier file is unchanged, and no temporary file is left.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", file.display())]
pub struct WriteError {
    /// The file that was to be written.
    pub file: PathBuf,
    /// The error of the system, or of what filled the file.
    pub source: io::Error,
}

/// Writes a file, with the permissions that any new file gets.
///
/// # Errors
///
/// See [`WriteError`].
pub fn write(file: &Path, content: &[u8]) -> Result<(), WriteError> {
    write_with(file, |out| out.write_all(content))
}

/// Writes a file piece by piece, buffered: `fill` is given what to write to.
///
/// ```
/// use std::io::Write;
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("lines");
/// whole_file::write_with(&file, |out| (0..3).try_for_each(|line| writeln!(out, "{line}")))?;
/// assert_eq!(std::fs::read(&file)?, b"0\n1\n2\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// See [`WriteError`]; what `fill` fails with is its source.
pub fn write_with(
    file: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    put(file, fill, |beside| beside.persist(file).map_err(|error| error.error).map(drop))
}

/// Writes a file that is not there yet.
///
/// # Errors
///
/// See [`WriteError`]. Also if the file exists; it is then unchanged.
pub fn write_new(file: &Path, content: &[u8]) -> Result<(), WriteError> {
    let rename = |beside: NamedTempFile| {
        beside.persist_noclobber(file).map_err(|error| error.error).map(drop)
    };
    put(file, |out| out.write_all(content), rename)
}

/// Gives a file that is whole its name: for one that was filled over several runs of a program, which no
/// temporary file outlives. `part` lies in the same folder, or on the same disk at least.
///
/// # Errors
///
/// See [`WriteError`]; `part` is then still there.
pub fn finish(part: &Path, file: &Path) -> Result<(), WriteError> {
    let synced = File::options().write(true).open(part).and_then(|part| part.sync_all());
    let renamed = synced.and_then(|()| std::fs::rename(part, file));
    renamed.map_err(|source| WriteError { file: file.to_owned(), source })?;
    sync(folder_of(file));
    Ok(())
}

/// A file that is written over a longer time, for what no closure can hold: several files at once,
/// or a writer that wants to own what it writes to. Dropped before [`PartFile::finish`] it leaves
/// nothing.
///
/// ```
/// use std::io::Write;
/// use whole_file::PartFile;
///
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("lines");
/// let part = PartFile::new(&file)?;
/// part.handle()?.write_all(b"0\n")?;
/// assert!(!file.exists());
/// part.finish()?;
/// assert_eq!(std::fs::read(&file)?, b"0\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PartFile {
    beside: NamedTempFile,
    file: PathBuf,
}

impl PartFile {
    /// Begins a file; nothing of that name is touched.
    ///
    /// # Errors
    ///
    /// If its folder cannot be written to.
    pub fn new(file: &Path) -> Result<Self, WriteError> {
        let beside = temporary(folder_of(file));
        let beside = beside.map_err(|source| WriteError { file: file.to_owned(), source })?;
        Ok(Self { beside, file: file.to_owned() })
    }

    /// What to write to, unbuffered; all handles of a file share one position.
    ///
    /// # Errors
    ///
    /// If the system has no more handles.
    pub fn handle(&self) -> Result<File, WriteError> {
        self.beside.as_file().try_clone().map_err(|source| self.error(source))
    }

    /// Syncs the file and gives it its name, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// See [`WriteError`].
    pub fn finish(self) -> Result<(), WriteError> {
        let Self { beside, file } = self;
        let synced = beside.as_file().sync_all();
        let named =
            synced.and_then(|()| beside.persist(&file).map(drop).map_err(|error| error.error));
        named.map_err(|source| WriteError { file: file.clone(), source })?;
        sync(folder_of(&file));
        Ok(())
    }

    /// What went wrong while the file was written.
    pub fn error(&self, source: io::Error) -> WriteError {
        WriteError { file: self.file.clone(), source }
    }
}

/// Writes a temporary file, renames it and syncs the folder.
fn put(
    file: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    rename: impl FnOnce(NamedTempFile) -> io::Result<()>,
) -> Result<(), WriteError> {
    let folder = folder_of(file);
    let written = beside(folder, fill).and_then(rename);
    written.map_err(|source| WriteError { file: file.to_owned(), source })?;
    sync(folder);
    Ok(())
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A new name is safe on disk once its folder is; not every system can sync a folder.
fn sync(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// A temporary file in the folder, filled and synced.
fn beside(
    folder: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<NamedTempFile> {
    /// In bytes.
    const BUFFER: usize = 1 << 20;
    let beside = temporary(folder)?;
    let mut out = BufWriter::with_capacity(BUFFER, beside.as_file());
    fill(&mut out)?;
    out.flush()?;
    drop(out);
    beside.as_file().sync_all()?;
    Ok(beside)
}

fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        // The umask decides. A temporary file would be its owner's alone.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
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

    #[test]
    fn a_part_that_is_dropped_leaves_the_earlier_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        write(&file, b"before").unwrap();
        let part = PartFile::new(&file).unwrap();
        part.handle().unwrap().write_all(b"after").unwrap();
        drop(part);
        assert_eq!(std::fs::read(&file).unwrap(), b"before");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(PartFile::new(&folder.path().join("no/such/folder")).is_err());
    }

    #[test]
    fn a_part_that_is_whole_takes_the_place_of_an_earlier_file() {
        let folder = tempfile::tempdir().unwrap();
        let (part, file) = (folder.path().join("a.incomplete"), folder.path().join("a"));
        std::fs::write(&file, b"before").unwrap();
        std::fs::write(&part, b"whole").unwrap();
        finish(&part, &file).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"whole");
        assert!(finish(&part, &file).is_err());
        assert_eq!(std::fs::read(&file).unwrap(), b"whole");
    }

    #[test]
    fn what_fails_halfway_leaves_the_earlier_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        write(&file, b"before").unwrap();
        let broken = write_with(&file, |out| {
            out.write_all(&[7; 3 << 20])?;
            Err(io::Error::other("no more"))
        });
        assert_eq!(broken.unwrap_err().source.to_string(), "no more");
        assert_eq!(std::fs::read(&file).unwrap(), b"before");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
