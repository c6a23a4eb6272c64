//! The header of a safetensors file.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use safetensors::tensor::TensorInfo;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use crate::contents::{Contents, Entry};
use crate::{Dtype, WeightFileError};

/// The longest header, as in the safetensors crate.
const MAX_HEADER: u64 = 100_000_000;

/// Whether a file that begins so has a header of a possible length, which is JSON.
pub(crate) fn is_likely(head: &[u8]) -> bool {
    let Some((size, json)) = head.split_first_chunk::<8>() else { return false };
    u64::from_le_bytes(*size) <= MAX_HEADER && json.trim_ascii_start().starts_with(b"{")
}

/// The tensors of a file of `length` bytes.
pub(crate) fn read(
    file: &mut (impl Read + Seek),
    path: &Path,
    length: u64,
) -> Result<Contents, WeightFileError> {
    let unreadable = |source| WeightFileError::Read { file: path.into(), source };
    let mut size = [0; 8];
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    file.read_exact(&mut size).map_err(unreadable)?;
    let found = u64::from_le_bytes(size);
    let limit = length.saturating_sub(8).min(MAX_HEADER);
    if (limit + 1..=MAX_HEADER).contains(&found) {
        let file = path.into();
        return Err(WeightFileError::Incomplete { file, found: length, expected: None });
    }
    let capacity = match usize::try_from(found) {
        Ok(capacity) if found <= limit => capacity,
        _ => return Err(WeightFileError::HeaderLength { file: path.into(), found, limit }),
    };
    let mut json = vec![0; capacity];
    file.read_exact(&mut json).map_err(unreadable)?;
    let header: Header = serde_json::from_slice(&json)
        .map_err(|source| WeightFileError::Header { file: path.into(), source })?;
    header.check(path, found + 8, length)
}

struct Header {
    tensors: BTreeMap<String, TensorInfo>,
    metadata: BTreeMap<String, String>,
}

impl Header {
    /// Tensors must fill the bytes from `start` to `end`, without gap or overlap.
    fn check(self, path: &Path, start: u64, end: u64) -> Result<Contents, WeightFileError> {
        let mut tensors: Vec<(String, TensorInfo)> = self.tensors.into_iter().collect();
        tensors.sort_by_key(|(_, info)| info.data_offsets);
        let values = tensors.iter().map(|(_, info)| info.data_offsets.1 as u64).max().unwrap_or(0);
        let whole = start.saturating_add(values);
        let mut contents = Contents::default();
        let mut expected = 0;
        for (tensor, info) in tensors {
            let (from, to) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
            if from != expected || to < from {
                let found = if from == expected { to } else { from };
                return Err(WeightFileError::Offset { file: path.into(), tensor, expected, found });
            }
            let found = to - from;
            let bits = info.dtype.bitsize() as u64;
            let numbers = info.shape.iter().try_fold(1_u64, |all, &n| all.checked_mul(n as u64));
            if numbers.and_then(|n| n.checked_mul(bits)) != found.checked_mul(8) {
                let (file, shape) = (path.into(), info.shape.into());
                let dtype = format!("{:?}", info.dtype).into();
                return Err(WeightFileError::Size { file, tensor, shape, dtype, found });
            }
            let entry = Dtype::from_safetensors(info.dtype)
                .and_then(|dtype| Entry::dense(info.shape, dtype, start + from).ok())
                .ok_or_else(|| {
                    format!(
                        "holds {:?}, expected booleans, integers or floats of 16 to 64 bits",
                        info.dtype
                    )
                });
            contents.tensors.insert(tensor, entry);
            expected = to;
        }
        if whole > end {
            let (file, found) = (path.into(), end);
            return Err(WeightFileError::Incomplete { file, found, expected: Some(whole) });
        }
        if expected != end - start {
            let (file, tensor) = (path.into(), "end of the file".to_owned());
            return Err(WeightFileError::Offset { file, tensor, expected, found: end - start });
        }
        // `safetensors.torch.save_model` writes a shared tensor once: its other names are metadata.
        for (alias, name) in &self.metadata {
            if let Some(Ok(entry)) = contents.tensors.get(name)
                && !contents.tensors.contains_key(alias)
            {
                let entry = Ok(entry.clone());
                contents.tensors.insert(alias.clone(), entry);
            }
        }
        contents.metadata = self.metadata;
        Ok(contents)
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

/// A map type would keep the last of two tensors of one name; this refuses them.
struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a map of tensor names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut tensors = BTreeMap::new();
        let mut metadata = None;
        while let Some(name) = map.next_key::<String>()? {
            let twice = if name == "__metadata__" {
                metadata.replace(map.next_value::<Option<_>>()?).is_some()
            } else {
                tensors.insert(name.clone(), map.next_value()?).is_some()
            };
            if twice {
                return Err(A::Error::custom(format!("`{name}` stands there twice")));
            }
        }
        Ok(Header { tensors, metadata: metadata.flatten().unwrap_or_default() })
    }
}
