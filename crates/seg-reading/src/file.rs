//! Files that are whole or not there: written beside and renamed.

use std::io::Write;
use std::path::Path;

use crate::error::ReadingError;

/// Writes a file; one that was there is unchanged on an error.
pub(crate) fn write(file: &Path, content: &[u8]) -> Result<(), ReadingError> {
    let failed = |source| ReadingError::Write { file: file.to_owned(), source };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut beside =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    beside.write_all(content).map_err(failed)?;
    beside.as_file().sync_all().map_err(failed)?;
    let kept = beside.persist(file).map_err(|error| failed(error.error))?;
    set_readable(&kept);
    Ok(())
}

/// Temporary files are private to their maker; a report is for whoever may read the folder.
fn set_readable(file: &std::fs::File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Best effort: the report is there either way.
        let _ = file.set_permissions(std::fs::Permissions::from_mode(0o644));
    }
    #[cfg(not(unix))]
    let _ = file;
}
