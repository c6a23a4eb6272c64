//! The entries of a zip archive, as places in the file.

use std::collections::HashMap;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

use crate::WeightFileError;
use crate::place::Record;

/// Entries of an archive: the zip reader sets memory aside for as many as the archive claims.
const MAX_ENTRIES: u64 = 1 << 17;

/// All entries, by name, each inside the file.
pub(crate) fn records(
    file: &mut (impl Read + Seek),
    path: &Path,
    length: u64,
) -> Result<HashMap<String, Record>, WeightFileError> {
    check_claims(file, path, length)?;
    let broken = |source| WeightFileError::Archive { file: path.into(), source };
    // The directory is where the end record says. Looking for it from the end, as the zip reader does
    // unless told, goes wrong where PyTorch's 64-bit end record is as long as the first entry: with
    // names of 21 characters.
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut zip = ZipArchive::with_config(config, BufReader::new(file)).map_err(broken)?;
    let mut records = HashMap::new();
    for index in 0..zip.len() {
        // The local header is read, not the entry.
        let entry = zip.by_index_raw(index).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        let (size, packed) = (entry.size(), entry.compressed_size());
        let plain = entry.compression() == CompressionMethod::Stored && !entry.encrypted();
        let start = entry.data_start().unwrap_or(length);
        let inside = start.checked_add(packed).is_some_and(|end| end <= length);
        let problem = match () {
            () if !inside => "reaches beyond the file",
            () if plain && size != packed => "is stored, but has two sizes",
            () if records.contains_key(&name) => "is there twice",
            () => {
                records.insert(name, Record { start, size, plain });
                continue;
            }
        };
        let (file, problem) = (path.into(), problem.to_owned());
        return Err(WeightFileError::ArchiveEntry { file, entry: name, problem });
    }
    if zip.has_duplicate_names() {
        let (file, entry) = (path.into(), "data.pkl".to_owned());
        let problem = "the archive has two entries of one name".to_owned();
        return Err(WeightFileError::ArchiveEntry { file, entry, problem });
    }
    Ok(records)
}

/// The bytes of an entry of at most `limit` bytes.
pub(crate) fn small(
    file: &mut (impl Read + Seek),
    path: &Path,
    record: &Record,
    limit: u64,
) -> Result<Vec<u8>, WeightFileError> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(record.start))
        .and_then(|_| file.by_ref().take(record.size.min(limit)).read_to_end(&mut bytes))
        .map_err(|source| WeightFileError::Read { file: path.into(), source })?;
    Ok(bytes)
}

/// Refuses an archive without an end, and one that claims more entries than [`MAX_ENTRIES`]: the claim of each 64-bit
/// directory that the file's end points to. (A 32-bit one cannot claim more.)
fn check_claims(
    file: &mut (impl Read + Seek),
    path: &Path,
    length: u64,
) -> Result<(), WeightFileError> {
    let unreadable = |source| WeightFileError::Read { file: path.into(), source };
    // The end record with the longest comment, and the locator before it.
    let tail_start = length.saturating_sub(22 + 65_535 + 20);
    file.seek(SeekFrom::Start(tail_start)).map_err(unreadable)?;
    let mut tail = Vec::new();
    file.by_ref().take(length - tail_start).read_to_end(&mut tail).map_err(unreadable)?;
    // The shortest end record has 22 bytes.
    let is_end =
        |at: usize| tail.get(at..at + 22).is_some_and(|end| end.starts_with(b"PK\x05\x06"));
    if !tail.iter().enumerate().any(|(at, &byte)| byte == b'P' && is_end(at)) {
        let (file, found) = (path.into(), length);
        return Err(WeightFileError::Incomplete { file, found, expected: None });
    }
    let claims: Vec<u64> = tail
        .windows(16)
        .filter(|window| window.starts_with(b"PK\x06\x07"))
        .filter_map(|window| Some(u64::from_le_bytes(*window.last_chunk::<8>()?)))
        .collect();
    for directory in claims.into_iter().filter(|&at| at < length).take(64) {
        let mut end = Vec::new();
        file.seek(SeekFrom::Start(directory)).map_err(unreadable)?;
        file.by_ref().take(40).read_to_end(&mut end).map_err(unreadable)?;
        let entries = end.last_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        if end.len() == 40 && end.starts_with(b"PK\x06\x06") && entries > MAX_ENTRIES {
            let (file, entry) = (path.into(), "directory".to_owned());
            let problem = "claims more entries than any PyTorch archive has".to_owned();
            return Err(WeightFileError::ArchiveEntry { file, entry, problem });
        }
    }
    Ok(())
}
