//! A described tensor's place in a file.

use crate::contents::Entry;
use crate::tensor::{Described, Place};

/// Numbers of a tensor that repeats those of a smaller storage (`expand`).
const MAX_REPEATED: usize = 1 << 16;

/// A stretch of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) start: u64,
    pub(crate) size: u64,
    /// Neither compressed nor encrypted.
    pub(crate) plain: bool,
}

/// Why a tensor has no place.
pub(crate) enum Displaced {
    /// It is as PyTorch writes it, but not read here.
    Unread(&'static str),
    /// The file contradicts itself.
    Broken(&'static str),
}

/// The tensor in the file, if all of it lies in its storage. `pickle` is where the pickle begins.
pub(crate) fn place(
    described: Described,
    pickle: u64,
    storage: impl Fn(&str) -> Option<Record>,
) -> Result<Entry, Displaced> {
    use Displaced::{Broken, Unread};
    let Described { place, dtype, offset, shape, strides } = described;
    let (record, latin1) = match place {
        Place::Pickle { at, length, latin1 } => {
            let start = pickle.saturating_add(at as u64);
            (Record { start, size: length as u64, plain: true }, latin1)
        }
        Place::Storage(key) => {
            (storage(&key).ok_or(Broken("its storage is not in the file"))?, false)
        }
    };
    if !record.plain {
        return Err(Unread("its storage is compressed; save it again with torch.save"));
    }
    let beyond = |_| Broken("has a shape beyond all files");
    let mut entry = Entry::dense(shape, dtype, record.start).map_err(beyond)?;
    if entry.elements == 0 {
        return Ok(entry);
    }
    if latin1 {
        entry.latin1 = Some(record.size);
    } else {
        let stored = usize::try_from(record.size / dtype.size() as u64).unwrap_or(usize::MAX);
        let first = offset.checked_mul(dtype.size()).filter(|_| offset < stored);
        let first = first.ok_or(Broken("begins beyond its storage"))?;
        entry.start = record.start.saturating_add(first as u64);
        let span = reach(&entry.shape, &strides).filter(|&span| span <= stored - offset);
        let span = span.ok_or(Broken("reaches beyond its storage"))?;
        if entry.elements > stored && entry.elements > MAX_REPEATED {
            let problem = "repeats a small storage too often; save it after .contiguous()";
            return Err(Unread(problem));
        }
        if !is_dense(&entry.shape, &strides) {
            entry.span = span;
        }
    }
    if !is_dense(&entry.shape, &strides) {
        entry.strides = Some(strides);
    }
    Ok(entry)
}

/// Numbers from the first to the last, both included.
fn reach(shape: &[usize], strides: &[usize]) -> Option<usize> {
    let steps = shape.iter().zip(strides).try_fold(0_usize, |reach, (&size, &stride)| {
        size.saturating_sub(1).checked_mul(stride)?.checked_add(reach)
    });
    steps?.checked_add(1)
}

fn is_dense(shape: &[usize], strides: &[usize]) -> bool {
    let mut expected = 1_usize;
    shape.iter().zip(strides).rev().all(|(&size, &stride)| {
        let dense = size == 1 || stride == expected;
        expected = expected.saturating_mul(size);
        dense
    })
}
