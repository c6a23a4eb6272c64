//! An open weight file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use file_kind::FileKind;

use crate::contents::{Bytes, Contents, Entry, Found, contents, open};
use crate::{WeightFileError, folder, part};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// An open weight file, or a network's several files as one. Its tensors' values are read when they are
/// asked for. A clone is another view of the same file.
///
/// A checkpoint may have several parts (`state_dict`, `ema`, `optimizer`). The file shows the tensors of one,
/// or all if none is known to be a state dict ([`STATE_DICTS`](crate::STATE_DICTS)).
#[derive(Debug, Clone)]
pub struct WeightFile {
    shared: Arc<Shared>,
    /// What stands before the names of the tensors that are shown.
    root: String,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    files: Vec<Mutex<Bytes>>,
    contents: Contents,
}

impl WeightFile {
    /// Opens a safetensors file or one of `torch.save` (of any age) or `torch.jit.save`. The content
    /// decides which it is, not the name. A folder stands for the `model.safetensors` or
    /// `pytorch_model.bin` in it; an index (`.index.json`) for all of its files.
    ///
    /// Names are those of the state dict. One inside a checkpoint (`state_dict`, `model` and so on) loses
    /// that prefix; a script module's names are its attributes by nesting. What training puts around
    /// modules (`module.`, `_orig_mod.`) is no part of a name.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, has an unknown format, or its header contradicts its contents.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightFileError> {
        let path = path.as_ref();
        if path.is_dir() {
            return Self::open_file(&folder::find(path)?);
        }
        folder::check_name(path)?;
        if let Some(of) = folder::files_of(path).filter(|&of| of > 1) {
            return Err(WeightFileError::Shard { file: path.into(), of });
        }
        Self::open_file(path)
    }

    fn open_file(path: &Path) -> Result<Self, WeightFileError> {
        let (mut bytes, length) = open(path)?;
        match contents(&mut bytes, path, length)? {
            Found::Contents(contents) => Self::new(path, vec![bytes], contents),
            Found::Index(shards) => Self::several(path, shards),
        }
    }

    /// Opens a weight file's content in memory, such as one that a program embeds; errors call it
    /// `name`.
    ///
    /// # Errors
    ///
    /// As [`WeightFile::open`].
    pub fn from_bytes(
        content: impl Into<Cow<'static, [u8]>>,
        name: impl AsRef<Path>,
    ) -> Result<Self, WeightFileError> {
        let (content, path) = (content.into(), name.as_ref());
        let length = content.len() as u64;
        let mut bytes = Bytes::Memory(Cursor::new(content));
        match contents(&mut bytes, path, length)? {
            Found::Contents(contents) => Self::new(path, vec![bytes], contents),
            Found::Index(_) => {
                let (file, kind) = (path.into(), FileKind::Json);
                Err(WeightFileError::NotWeights { file, kind })
            }
        }
    }

    /// The files that an index names, as one.
    fn several(
        index: &Path,
        shards: BTreeMap<String, Vec<String>>,
    ) -> Result<Self, WeightFileError> {
        let refused = |what| WeightFileError::Index { file: index.into(), what };
        let (mut files, mut all) = (Vec::new(), Contents::default());
        for (name, tensors) in shards {
            let path = index.with_file_name(&name);
            let (mut bytes, length) = open(&path)?;
            let Found::Contents(mut found) = contents(&mut bytes, &path, length)? else {
                return Err(refused(format!("names `{name:.200}`, which is an index too")));
            };
            for tensor in tensors {
                let Some(entry) = found.tensors.remove(&tensor) else {
                    return Err(refused(format!(
                        "says that `{name:.200}` holds `{tensor:.200}`, which it does not"
                    )));
                };
                let entry = entry.map(|entry| Entry { file: files.len(), ..entry });
                all.tensors.insert(tensor, entry);
            }
            all.metadata.extend(found.metadata);
            files.push(bytes);
        }
        Self::new(index, files, all)
    }

    fn new(path: &Path, files: Vec<Bytes>, contents: Contents) -> Result<Self, WeightFileError> {
        let contents = contents.unwrapped();
        if let Some((tensor, Err(problem))) = contents.tensors.iter().next()
            && contents.tensors.values().all(Result::is_err)
        {
            let (file, tensor, problem) = (path.into(), tensor.clone(), problem.clone());
            return Err(WeightFileError::Tensor { file, tensor, problem });
        }
        let root = part::state_dict(&contents.parts);
        let files = files.into_iter().map(Mutex::new).collect();
        let shared = Shared { path: path.into(), files, contents };
        Ok(Self { shared: Arc::new(shared), root })
    }

    /// Where the file was opened, or what its content was called; the index of several files.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The names at the top of a checkpoint that hold tensors: `state_dict`, `ema`, `optimizer`. Empty if
    /// the file is a state dict itself.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.shared.contents.parts.iter().map(String::as_str)
    }

    /// The part whose tensors are shown; empty if all are.
    pub fn part(&self) -> &str {
        self.root.strip_suffix('.').unwrap_or(&self.root)
    }

    /// A view of another part, or of all of the file if `part` is empty.
    #[must_use]
    pub fn with_part(&self, part: &str) -> Self {
        let root = if part.is_empty() { String::new() } else { format!("{part}.") };
        Self { shared: Arc::clone(&self.shared), root }
    }

    /// The names of all tensors that are shown, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names_after("")
    }

    /// The names that begin with `start`, sorted.
    pub fn names_after(&self, start: &str) -> impl Iterator<Item = &str> {
        let start = format!("{}{start}", self.root);
        let tensors = &self.shared.contents.tensors;
        let from = tensors.range::<str, _>((Bound::Included(start.as_str()), Bound::Unbounded));
        from.map(|(name, _)| name.as_str())
            .take_while(move |name| name.starts_with(&start))
            .filter_map(|name| name.strip_prefix(&self.root))
    }

    /// Whether there is a tensor of this name, which may be one that cannot be read.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Shape and kind of a tensor, if there is one of this name that can be read.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.find(name)?.as_ref().ok()
    }

    /// Shape and kind of a tensor, if there is one of this name.
    ///
    /// # Errors
    ///
    /// If it cannot be read: it is sparse, quantized, a part of one, or holds other kinds of numbers.
    pub fn check(&self, name: &str) -> Result<Option<&Entry>, WeightFileError> {
        match self.find(name) {
            None => Ok(None),
            Some(Ok(entry)) => Ok(Some(entry)),
            Some(Err(problem)) => {
                let (file, tensor) = (self.path().to_owned(), name.to_owned());
                Err(WeightFileError::Tensor { file, tensor, problem: problem.clone() })
            }
        }
    }

    fn find(&self, name: &str) -> Option<&Result<Entry, String>> {
        let tensors = &self.shared.contents.tensors;
        match self.root.is_empty() {
            true => tensors.get(name),
            false => tensors.get(&format!("{}{name}", self.root)),
        }
    }

    /// The metadata of a safetensors file; for one of PyTorch, the plain numbers, booleans and texts
    /// beside the tensors (`epoch`, `input_resolution`).
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.shared.contents.metadata
    }

    /// A tensor's values in row-major order, whatever their kind in the file. Integers and `f64`
    /// are rounded to the nearest `f32`.
    ///
    /// # Errors
    ///
    /// If there is no such tensor, the file cannot be read, or a value is not finite or beyond
    /// `f32`.
    pub fn read_f32(&self, name: &str) -> Result<Vec<f32>, WeightFileError> {
        let Some(entry) = self.check(name)? else {
            let (file, tensor) = (self.path().to_owned(), name.to_owned());
            return Err(WeightFileError::Missing { file, tensor });
        };
        let unreadable = |source| WeightFileError::Read { file: self.path().to_owned(), source };
        let stored = match entry.latin1 {
            None => self.stored(entry).map_err(unreadable)?,
            Some(length) => self.stored_as_text(entry, length).map_err(unreadable)?,
        };
        let values = match &entry.strides {
            None => stored,
            Some(strides) => gather(&stored, &entry.shape, strides),
        };
        if let Some((index, value)) = first_not_finite(&values) {
            let (file, tensor, limit) = (self.path().to_owned(), name.to_owned(), f32::MAX);
            return Err(WeightFileError::NonFinite { file, tensor, index, value, limit });
        }
        Ok(values)
    }

    /// All numbers in the file from the tensor's first to its last.
    fn stored(&self, entry: &Entry) -> std::io::Result<Vec<f32>> {
        let mut values = Vec::with_capacity(entry.span);
        let step = CHUNK / entry.dtype.size();
        let mut chunk = vec![0; CHUNK.min(entry.span.saturating_mul(entry.dtype.size()))];
        let mut at = entry.start;
        let mut left = entry.span;
        while left > 0 {
            let now = left.min(step);
            // Only the last one is shorter.
            chunk.truncate(now * entry.dtype.size());
            // The file is not held while numbers are decoded: several tensors may be read at once.
            self.source(entry, at)?.read_exact(&mut chunk)?;
            entry.dtype.decode(&chunk, &mut values);
            at += chunk.len() as u64;
            left -= now;
        }
        Ok(values)
    }

    /// Numbers whose bytes are characters: of one or two bytes each in the file.
    fn stored_as_text(&self, entry: &Entry, length: u64) -> std::io::Result<Vec<f32>> {
        let mut text = String::new();
        self.source(entry, entry.start)?.by_ref().take(length).read_to_string(&mut text)?;
        let bytes: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
        let expected = entry.elements.saturating_mul(entry.dtype.size());
        let bytes = bytes.ok().filter(|bytes| bytes.len() == expected);
        let bytes =
            bytes.ok_or_else(|| std::io::Error::other("an array does not fit its numbers"))?;
        let mut values = Vec::with_capacity(entry.elements);
        entry.dtype.decode(&bytes, &mut values);
        Ok(values)
    }

    /// The entry's file, at a place in it.
    fn source(&self, entry: &Entry, at: u64) -> std::io::Result<MutexGuard<'_, Bytes>> {
        let file = self.shared.files.get(entry.file);
        let file = file.ok_or_else(|| std::io::Error::other("no such file"))?;
        // A thread that panicked while reading left nothing but the cursor, which is set anew.
        let mut source = file.lock().unwrap_or_else(PoisonError::into_inner);
        source.seek(SeekFrom::Start(at))?;
        Ok(source)
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
