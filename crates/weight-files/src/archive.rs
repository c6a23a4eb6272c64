//! Archives of `torch.save` (since PyTorch 1.6) and `torch.jit.save`: a zip of stored entries,
//! `NAME/data.pkl` with the structure and `NAME/data/0`, `1`, ... with the numbers.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

use crate::WeightFileError;
use crate::file::{Contents, Entry};
use crate::pickle::Pickle;
use crate::state::{Described, State};

/// The longest pickle. A checkpoint of CLIP with its optimizer has less than a megabyte.
const MAX_PICKLE: u64 = 32 << 20;
/// Entries of an archive: the zip reader sets memory aside for as many as the archive claims.
const MAX_ENTRIES: u64 = 1 << 17;
/// Numbers of a tensor that repeats those of a smaller storage (`expand`).
const MAX_REPEATED: usize = 1 << 16;

/// Where an entry's bytes are in the file.
struct Record {
    start: u64,
    size: u64,
    plain: bool,
}

/// The tensors of an archive of `length` bytes.
pub(crate) fn read(
    file: &mut (impl Read + Seek),
    path: &Path,
    length: u64,
) -> Result<Contents, WeightFileError> {
    check_claims(file, path, length)?;
    let records = records(file, path, length)?;
    let entry_error = |entry: &str, problem| WeightFileError::ArchiveEntry {
        file: path.into(),
        entry: entry.into(),
        problem,
    };
    let mut pickles = records.keys().filter_map(|name| name.strip_suffix("data.pkl"));
    let folder = match (pickles.next(), pickles.next()) {
        (Some(folder), None) => folder,
        (None, _) => return Err(entry_error("data.pkl", "missing; is this a PyTorch archive?")),
        (Some(_), Some(_)) => return Err(entry_error("data.pkl", "there is more than one")),
    };

    if let Some(order) = records.get(&format!("{folder}byteorder"))
        && small(file, path, order, 16)?.starts_with(b"big")
    {
        return Err(entry_error("byteorder", "big-endian numbers are not read"));
    }
    let name = format!("{folder}data.pkl");
    let bytes = match records.get(&name) {
        Some(record) if record.plain && record.size <= MAX_PICKLE => {
            small(file, path, record, MAX_PICKLE)?
        }
        Some(_) => return Err(entry_error(&name, "compressed, or larger than 32 MiB")),
        None => return Err(entry_error(&name, "missing")),
    };
    let pickle = Pickle::read(&bytes)
        .map_err(|source| WeightFileError::Pickle { file: path.into(), source })?;
    let state = State::read(&pickle).map_err(|problem| entry_error(&name, problem))?;
    if state.tensors.is_empty() {
        return Err(entry_error(&name, "holds no tensors"));
    }

    let mut entries = BTreeMap::new();
    for (tensor, description) in state.tensors {
        let problem = |problem| WeightFileError::Tensor {
            file: path.into(),
            tensor: tensor.clone(),
            problem,
        };
        let described = description.map_err(problem)?;
        let storage = records
            .get(&format!("{folder}data/{}", described.storage))
            .ok_or_else(|| problem("its storage is not in the archive"))?;
        let entry = place(described, storage).map_err(problem)?;
        entries.insert(tensor, entry);
    }
    Ok(Contents { entries, metadata: state.scalars })
}

/// The tensor in the file, if all of it lies in its storage.
fn place(described: Described, storage: &Record) -> Result<Entry, &'static str> {
    let Described { dtype, offset, shape, strides, .. } = described;
    if !storage.plain {
        return Err("its storage is compressed; save it again with torch.save");
    }
    let stored = usize::try_from(storage.size / dtype.size() as u64).unwrap_or(usize::MAX);
    let mut entry =
        Entry::dense(shape, dtype, storage.start).map_err(|_| "has a shape beyond all files")?;
    if entry.elements == 0 {
        return Ok(entry);
    }
    let first = offset.checked_mul(dtype.size()).filter(|_| offset < stored);
    let first = first.ok_or("begins beyond its storage")?;
    // From the first number to the last, both included.
    let reach = entry.shape.iter().zip(&strides).try_fold(0_usize, |reach, (&size, &stride)| {
        size.saturating_sub(1).checked_mul(stride)?.checked_add(reach)
    });
    let span = reach.and_then(|reach| reach.checked_add(1));
    let fits = |span: usize| span <= stored - offset;
    let span = span.filter(|&span| fits(span)).ok_or("reaches beyond its storage")?;
    if entry.elements > stored && entry.elements > MAX_REPEATED {
        return Err("repeats a small storage too often; save it after .contiguous()");
    }
    entry.start = storage.start.saturating_add(first as u64);
    if !is_dense(&entry.shape, &strides) {
        entry.span = span;
        entry.strides = Some(strides);
    }
    Ok(entry)
}

fn is_dense(shape: &[usize], strides: &[usize]) -> bool {
    let mut expected = 1_usize;
    shape.iter().zip(strides).rev().all(|(&size, &stride)| {
        let dense = size == 1 || stride == expected;
        expected = expected.saturating_mul(size);
        dense
    })
}

/// All entries, by name, each inside the file.
fn records(
    file: &mut (impl Read + Seek),
    path: &Path,
    length: u64,
) -> Result<HashMap<String, Record>, WeightFileError> {
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
        return Err(WeightFileError::ArchiveEntry { file: path.into(), entry: name, problem });
    }
    if zip.has_duplicate_names() {
        let (file, entry) = (path.into(), "data.pkl".to_owned());
        let problem = "the archive has two entries of one name";
        return Err(WeightFileError::ArchiveEntry { file, entry, problem });
    }
    Ok(records)
}

/// The bytes of an entry of at most `limit` bytes.
fn small(
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

/// Refuses an archive that claims more entries than [`MAX_ENTRIES`]: the claim of each 64-bit
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
            let problem = "claims more entries than any PyTorch archive has";
            return Err(WeightFileError::ArchiveEntry { file, entry, problem });
        }
    }
    Ok(())
}
