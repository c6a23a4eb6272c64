//! What a file says it holds, whatever its format.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use file_kind::FileKind;

use crate::names::unwrapped;
use crate::{Dtype, WeightFileError, archive, folder, header, legacy};

/// What a file says it holds; every place in it has been checked against the file's size.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// By names from the top; or why it cannot be read.
    pub(crate) tensors: BTreeMap<String, Result<Entry, String>>,
    /// The names at the top that hold tensors and are none.
    pub(crate) parts: BTreeSet<String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Contents {
    /// With what training put around modules taken off the names.
    pub(crate) fn unwrapped(mut self) -> Self {
        for (name, entry) in std::mem::take(&mut self.tensors) {
            let part = name.match_indices('.').map(|(dot, _)| name.split_at(dot));
            let part = part.into_iter().find(|(part, _)| self.parts.contains(*part));
            let short = match part {
                // The part's own name may be `module`, as DeepSpeed has it.
                Some((part, rest)) => {
                    let rest = rest.strip_prefix('.').unwrap_or(rest);
                    format!("{part}.{}", unwrapped(rest))
                }
                None => unwrapped(&name).into_owned(),
            };
            match self.tensors.get_mut(&short) {
                Some(earlier) if *earlier == entry => {}
                Some(earlier) => {
                    let problem = "stands there twice with different values, as where a network and its \
                                   wrapper (`module.`, `_orig_mod.`) were trained apart";
                    *earlier = Err(problem.to_owned());
                }
                None => drop(self.tensors.insert(short, entry)),
            }
        }
        self
    }
}

/// What is known of a tensor before its values are read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Sizes of its axes, outermost first; empty for a single number.
    pub shape: Vec<usize>,
    /// The kind of its numbers in the file.
    pub dtype: Dtype,
    /// Which of the files it is in.
    pub(crate) file: usize,
    /// Where its first number is, in bytes from the start of the file.
    pub(crate) start: u64,
    /// The bytes of the Latin-1 text (in UTF-8) that its numbers are written as, if they are.
    pub(crate) latin1: Option<u64>,
    /// Its numbers.
    pub(crate) elements: usize,
    /// The numbers in the file from its first to its last.
    pub(crate) span: usize,
    /// The step of each axis, in numbers; `None` if the numbers are contiguous.
    pub(crate) strides: Option<Vec<usize>>,
}

impl Entry {
    /// Contiguous numbers; returns the shape as an error if they are too many to count.
    pub(crate) fn dense(shape: Vec<usize>, dtype: Dtype, start: u64) -> Result<Self, Vec<usize>> {
        match shape.iter().try_fold(1_usize, |all, &n| all.checked_mul(n)) {
            Some(elements) => {
                let (file, latin1, strides) = (0, None, None);
                Ok(Self { shape, dtype, file, start, latin1, elements, span: elements, strides })
            }
            None => Err(shape),
        }
    }
}

/// Where a file's bytes come from.
#[derive(Debug)]
pub(crate) enum Bytes {
    Disk(File),
    Memory(Cursor<Cow<'static, [u8]>>),
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Disk(file) => file.read(buffer),
            Self::Memory(bytes) => bytes.read(buffer),
        }
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        match self {
            Self::Disk(file) => file.seek(to),
            Self::Memory(bytes) => bytes.seek(to),
        }
    }
}

/// The file and its length.
pub(crate) fn open(path: &Path) -> Result<(Bytes, u64), WeightFileError> {
    let unreadable = |source| WeightFileError::Read { file: path.into(), source };
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    Ok((Bytes::Disk(file), length))
}

/// What a file turned out to be.
pub(crate) enum Found {
    Contents(Contents),
    /// Files beside it, and the tensors of each.
    Index(BTreeMap<String, Vec<String>>),
}

/// Recognises a file by its first bytes, and reads what it holds.
pub(crate) fn contents(
    bytes: &mut Bytes,
    path: &Path,
    length: u64,
) -> Result<Found, WeightFileError> {
    let unreadable = |source| WeightFileError::Read { file: path.into(), source };
    let mut head = Vec::with_capacity(FileKind::HEAD);
    bytes.by_ref().take(FileKind::HEAD as u64).read_to_end(&mut head).map_err(unreadable)?;
    // A header's length is any number: before all kinds that are told by their first bytes.
    if header::is_likely(&head) {
        return header::read(bytes, path, length).map(Found::Contents);
    }
    match FileKind::of(&head) {
        Some(FileKind::Zip) => archive::read(bytes, path, length).map(Found::Contents),
        Some(FileKind::Pickle) => legacy::read(bytes, path, length).map(Found::Contents),
        Some(FileKind::Json) if length <= folder::MAX_INDEX => {
            let mut json = Vec::new();
            bytes.seek(SeekFrom::Start(0)).map_err(unreadable)?;
            bytes.by_ref().take(length).read_to_end(&mut json).map_err(unreadable)?;
            folder::shards(&json, path)?.map(Found::Index).ok_or_else(|| {
                WeightFileError::NotWeights { file: path.into(), kind: FileKind::Json }
            })
        }
        Some(kind) => Err(WeightFileError::NotWeights { file: path.into(), kind }),
        None if head.get(8) == Some(&b'{') => {
            header::read(bytes, path, length).map(Found::Contents)
        }
        None => Err(WeightFileError::Unknown { file: path.into() }),
    }
}
