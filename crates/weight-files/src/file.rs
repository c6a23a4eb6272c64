//! An open weight file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::{Dtype, WeightFileError, archive, header};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// An open weight file. Its tensors' values are read when they are asked for.
#[derive(Debug)]
pub struct WeightFile {
    path: PathBuf,
    bytes: Mutex<Bytes>,
    contents: Contents,
}

/// Where a file's bytes come from.
#[derive(Debug)]
enum Bytes {
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

/// What a file says it holds; every place in it has been checked against the file's size.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) entries: BTreeMap<String, Entry>,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// What is known of a tensor before its values are read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Sizes of its axes, outermost first; empty for a single number.
    pub shape: Vec<usize>,
    /// The kind of its numbers in the file.
    pub dtype: Dtype,
    /// Where its first number is, in bytes from the start of the file.
    pub(crate) start: u64,
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
                Ok(Self { shape, dtype, start, elements, span: elements, strides: None })
            }
            None => Err(shape),
        }
    }

    /// Bytes from its first number to the end of its last.
    pub(crate) fn bytes(&self) -> Option<u64> {
        (self.span as u64).checked_mul(self.dtype.size() as u64)
    }
}

impl WeightFile {
    /// Opens a safetensors file or an archive of `torch.save` or `torch.jit.save`. The content
    /// decides which it is, not the name.
    ///
    /// Names are those of the state dict. One inside a checkpoint (`state_dict` or `model`) loses
    /// that prefix; a script module's names are its attributes by nesting; `module.` of
    /// DataParallel stays.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, has an unknown format, or its header contradicts its contents.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightFileError> {
        let path = path.as_ref();
        let unreadable = |source| WeightFileError::Read { file: path.into(), source };
        let file = File::open(path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        Self::read(Bytes::Disk(file), path, length)
    }

    /// The same for a file's content in memory, such as one that a program embeds; errors call it
    /// `name`.
    ///
    /// # Errors
    ///
    /// As [`WeightFile::open`].
    pub fn from_bytes(
        content: impl Into<Cow<'static, [u8]>>,
        name: impl AsRef<Path>,
    ) -> Result<Self, WeightFileError> {
        let content = content.into();
        let length = content.len() as u64;
        Self::read(Bytes::Memory(Cursor::new(content)), name.as_ref(), length)
    }

    fn read(mut bytes: Bytes, path: &Path, length: u64) -> Result<Self, WeightFileError> {
        let unreadable = |source| WeightFileError::Read { file: path.into(), source };
        let mut head = Vec::with_capacity(16);
        bytes.by_ref().take(16).read_to_end(&mut head).map_err(unreadable)?;
        let contents = match head.as_slice() {
            [b'P', b'K', 3, 4, ..] => archive::read(&mut bytes, path, length)?,
            [_, _, _, _, _, _, _, _, b'{', ..] => header::read(&mut bytes, path, length)?,
            // The protocol and the magic number (a long of 10 bytes) of the old format.
            [0x80, 2, 0x8a, 10, ..] => return Err(WeightFileError::Legacy { file: path.into() }),
            _ => return Err(WeightFileError::Unknown { file: path.into() }),
        };
        Ok(Self { path: path.into(), bytes: Mutex::new(bytes), contents })
    }

    /// Where the file was opened, or what its content was called.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.contents.entries.keys().map(String::as_str)
    }

    /// Shape and kind of a tensor, if there is one of this name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.contents.entries.get(name)
    }

    /// The metadata of a safetensors file; for a PyTorch archive, the plain numbers, booleans and
    /// texts beside the tensors (`epoch`, `input_resolution`).
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.contents.metadata
    }

    /// A tensor's values in row-major order, whatever their kind in the file. Integers and `f64`
    /// are rounded to the nearest `f32`.
    ///
    /// # Errors
    ///
    /// If there is no such tensor, the file cannot be read, or a value is not finite or beyond
    /// `f32`.
    pub fn read_f32(&self, name: &str) -> Result<Vec<f32>, WeightFileError> {
        let Some(entry) = self.entry(name) else {
            return Err(WeightFileError::Missing { file: self.path.clone(), tensor: name.into() });
        };
        let unreadable = |source| WeightFileError::Read { file: self.path.clone(), source };
        let stored = self.stored(entry).map_err(unreadable)?;
        let values = match &entry.strides {
            None => stored,
            Some(strides) => gather(&stored, &entry.shape, strides),
        };
        if let Some((index, value)) = first_not_finite(&values) {
            let (file, tensor, limit) = (self.path.clone(), name.to_owned(), f32::MAX);
            return Err(WeightFileError::NonFinite { file, tensor, index, value, limit });
        }
        Ok(values)
    }

    /// All numbers in the file from the tensor's first to its last.
    fn stored(&self, entry: &Entry) -> std::io::Result<Vec<f32>> {
        // A thread that panicked while reading left nothing but the cursor, which is set anew.
        let mut source = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        source.seek(SeekFrom::Start(entry.start))?;
        let mut values = Vec::with_capacity(entry.span);
        let step = CHUNK / entry.dtype.size();
        let mut chunk = vec![0; CHUNK.min(entry.span.saturating_mul(entry.dtype.size()))];
        let mut left = entry.span;
        while left > 0 {
            let now = left.min(step);
            let bytes = chunk.get_mut(..now * entry.dtype.size()).unwrap_or_default();
            source.read_exact(bytes)?;
            entry.dtype.decode(bytes, &mut values);
            left -= now;
        }
        Ok(values)
    }
}

/// Looks at whole stretches first: without a way out the compiler compares several at once.
fn first_not_finite(values: &[f32]) -> Option<(usize, f32)> {
    const STRETCH: usize = 4096;
    let all_finite = |part: &[f32]| part.iter().fold(true, |so_far, v| so_far & v.is_finite());
    let from = STRETCH * values.chunks(STRETCH).position(|part| !all_finite(part))?;
    values.iter().copied().enumerate().skip(from).find(|(_, value)| !value.is_finite())
}

/// The numbers at all indices, in row-major order. Places were checked at opening.
fn gather(stored: &[f32], shape: &[usize], strides: &[usize]) -> Vec<f32> {
    let mut places = vec![0];
    for (&size, &stride) in shape.iter().zip(strides) {
        places = places
            .into_iter()
            .flat_map(|place| (0..size).map(move |i| place + i * stride))
            .collect();
    }
    places.into_iter().filter_map(|place| stored.get(place)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_that_is_not_finite_is_found_anywhere() {
        for place in [0, 4095, 4096, 9_999] {
            let mut values = vec![0.5; 10_000];
            assert_eq!(first_not_finite(&values), None);
            values[place] = f32::INFINITY;
            assert_eq!(first_not_finite(&values), Some((place, f32::INFINITY)));
        }
    }

    #[test]
    fn content_in_memory_is_read_as_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let tensor = crate::NewTensor { name: "x".into(), shape: vec![2], data: vec![1.0, 2.0] };
        crate::write_safetensors(&path, &BTreeMap::new(), [tensor], crate::Precision::F32).unwrap();
        let content = std::fs::read(&path).unwrap();
        let file = WeightFile::from_bytes(content.clone(), "embedded").unwrap();
        assert_eq!(file.read_f32("x").unwrap(), [1.0, 2.0]);
        let cut = content[..content.len() - 1].to_vec();
        let error = WeightFile::from_bytes(cut, "embedded").unwrap_err().to_string();
        assert!(error.starts_with("embedded: "), "{error}");
    }

    #[test]
    fn a_transposed_matrix_is_gathered_by_its_rows() {
        assert_eq!(gather(&[1., 2., 3., 4., 5., 6.], &[3, 2], &[1, 3]), [1., 4., 2., 5., 3., 6.]);
        assert_eq!(gather(&[7.], &[], &[]), [7.]);
    }
}
