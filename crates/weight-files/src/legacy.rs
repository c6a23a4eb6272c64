//! The format of `torch.save` before PyTorch 1.6, and of `_use_new_zipfile_serialization=False`: pickles of a
//! magic number, a version, the machine's sizes, the object and its storages' names, then the storages'
//! numbers. Plain pickles are read too, if their arrays are NumPy's.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::archive::{MAX_PICKLE, big_endian, contents, too_long};
use crate::contents::Contents;
use crate::error::SAVE_AGAIN;
use crate::pickle::{Node, Pickle};
use crate::place::Record;
use crate::state::State;
use crate::tensor::storage_of;
use crate::{PickleError, WeightFileError};

/// What the format calls itself: an integer of ten bytes.
const MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
/// Bytes that are read at first to find a pickle's end.
const FIRST: u64 = 1 << 16;

/// The tensors of a file of `length` bytes that begins with a pickle.
pub(crate) fn read(
    file: &mut (impl Read + Seek),
    path: &Path,
    length: u64,
) -> Result<Contents, WeightFileError> {
    let mut at = 0;
    let mut next = |file: &mut _| {
        let start = at;
        let bytes = pickle(file, path, start, length)?;
        at = start + bytes.len() as u64;
        Ok::<_, WeightFileError>((start, bytes))
    };
    let (_, magic) = next(file)?;
    if !magic.windows(MAGIC.len()).take(16).any(|window| window == MAGIC) {
        return plain(&magic, path);
    }
    let (_, _version) = next(file)?;
    let (_, machine) = next(file)?;
    if is_big_endian(&parsed(&machine, path)?) {
        return Err(refused(path, big_endian()));
    }
    let (start, object) = next(file)?;
    let (_, names) = next(file)?;
    let object = parsed(&object, path)?;
    let state = State::read(&object).map_err(|problem| refused(path, problem.to_owned()))?;
    if state.tensors.is_empty() {
        return Err(refused(path, NO_TENSORS.to_owned()));
    }
    let storages = storages(file, path, &object, &parsed(&names, path)?, at, length)?;
    contents(state, path, start, |key| storages.get(key).copied())
}

const NO_TENSORS: &str =
    "holds no tensors; save the weights with torch.save(model.state_dict(), new_file)";

/// A pickle that `torch.save` did not make.
fn plain(bytes: &[u8], path: &Path) -> Result<Contents, WeightFileError> {
    let state =
        State::read(&parsed(bytes, path)?).map_err(|problem| refused(path, problem.to_owned()))?;
    if state.tensors.is_empty() {
        return Err(refused(path, NO_TENSORS.to_owned()));
    }
    contents(state, path, 0, |_| None)
}

fn refused(path: &Path, problem: String) -> WeightFileError {
    WeightFileError::ArchiveEntry { file: path.into(), entry: "pickle".to_owned(), problem }
}

fn parsed<'a>(bytes: &'a [u8], path: &Path) -> Result<Pickle<'a>, WeightFileError> {
    Pickle::read(bytes).map_err(|source| WeightFileError::Pickle { file: path.into(), source })
}

/// The bytes of the pickle that begins at `start`, from as little of the file as shows its end.
fn pickle(
    file: &mut (impl Read + Seek),
    path: &Path,
    start: u64,
    length: u64,
) -> Result<Vec<u8>, WeightFileError> {
    let unreadable = |source| WeightFileError::Read { file: path.into(), source };
    let left = length.saturating_sub(start);
    let mut size = FIRST;
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
    loop {
        let missing = size.min(left).saturating_sub(bytes.len() as u64);
        file.by_ref().take(missing).read_to_end(&mut bytes).map_err(unreadable)?;
        let source = match Pickle::read(&bytes) {
            Ok(pickle) => {
                let end = pickle.length;
                bytes.truncate(end);
                return Ok(bytes);
            }
            Err(source) => source,
        };
        let is_cut = matches!(source, PickleError::Truncated { .. });
        if is_cut && size < left && size < MAX_PICKLE << 20 {
            size = size.saturating_mul(4).min(MAX_PICKLE << 20);
        } else if is_cut && size < left {
            return Err(refused(path, too_long(left)));
        } else if is_cut {
            let (file, found) = (path.into(), length);
            return Err(WeightFileError::Incomplete { file, found, expected: None });
        } else {
            return Err(WeightFileError::Pickle { file: path.into(), source });
        }
    }
}

/// `{"little_endian": False, ..}`
fn is_big_endian(machine: &Pickle) -> bool {
    let Node::Dict(items) = machine.node(machine.root) else { return false };
    items.iter().any(|&(key, value)| {
        machine.text(key) == Some("little_endian")
            && matches!(machine.node(value), Node::Bool(false))
    })
}

/// Where each storage is: from `at` on, in the order of their names, a count of numbers and the numbers.
fn storages(
    file: &mut (impl Read + Seek),
    path: &Path,
    object: &Pickle,
    names: &Pickle,
    mut at: u64,
    length: u64,
) -> Result<HashMap<String, Record>, WeightFileError> {
    let mut kinds = HashMap::new();
    for id in object.ids() {
        if let Node::Persistent(id) = object.node(id)
            && let Some((kind, name)) = storage_of(object, *id)
        {
            kinds.insert(name, kind);
        }
    }
    let Node::List(names_listed) = names.node(names.root) else {
        return Err(refused(path, "has no list of storages".to_owned()));
    };
    let mut storages = HashMap::new();
    for &id in names_listed {
        let name = names.text(id);
        let size = name.and_then(|name| number_size(kinds.get(name)?));
        let (Some(name), Some(size)) = (name, size) else {
            let what = format!("holds a storage of unknown numbers; in Python: {SAVE_AGAIN}");
            return Err(refused(path, what));
        };
        let mut count = [0; 8];
        let cut = |end: u64| WeightFileError::Incomplete {
            file: path.into(),
            found: length,
            expected: Some(end),
        };
        let start = at + 8;
        if start > length {
            return Err(cut(start));
        }
        file.seek(SeekFrom::Start(at))
            .and_then(|_| file.read_exact(&mut count))
            .map_err(|source| WeightFileError::Read { file: path.into(), source })?;
        let bytes = u64::from_le_bytes(count).checked_mul(size);
        let end = bytes.and_then(|bytes| start.checked_add(bytes));
        let (Some(bytes), Some(end)) = (bytes, end) else {
            return Err(refused(path, format!("storage `{name:.40}` is beyond all files")));
        };
        if end > length {
            return Err(cut(end));
        }
        storages.insert(name.to_owned(), Record { start, size: bytes, plain: true });
        at = end;
    }
    Ok(storages)
}

/// Bytes of a number in a storage of this kind, read or not.
fn number_size(kind: &str) -> Option<u64> {
    if let Some(dtype) = crate::Dtype::from_torch(kind) {
        return Some(dtype.size() as u64);
    }
    Some(match kind {
        "UntypedStorage" | "QInt8Storage" | "QUInt8Storage" | "QUInt4x2Storage"
        | "QUInt2x4Storage" => 1,
        "QInt32Storage" => 4,
        "ComplexFloatStorage" => 8,
        "ComplexDoubleStorage" => 16,
        _ => return None,
    })
}
