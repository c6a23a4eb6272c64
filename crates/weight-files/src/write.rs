//! Writing safetensors files.

use std::collections::BTreeMap;
use std::path::Path;

use half::f16;
use serde_json::json;

use crate::WeightFileError;

/// A tensor to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTensor {
    /// Its name in the file.
    pub name: String,
    /// Sizes of its axes, outermost first.
    pub shape: Vec<usize>,
    /// Its values in row-major order, finite.
    pub data: Vec<f32>,
}

/// The kind of number in a written file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 32 bits: the values as they are.
    #[default]
    F32,
    /// 16 bits: rounded to 11 significant bits; at most 65504.
    F16,
}

impl Precision {
    fn name(self) -> &'static str {
        match self {
            Precision::F32 => "F32",
            Precision::F16 => "F16",
        }
    }

    fn size(self) -> usize {
        match self {
            Precision::F32 => 4,
            Precision::F16 => 2,
        }
    }

    fn limit(self) -> f32 {
        match self {
            Precision::F32 => f32::MAX,
            Precision::F16 => f16::MAX.to_f32(),
        }
    }
}

/// Writes a safetensors file. The bytes do not depend on the order of the tensors.
///
/// The file is written atomically: a reader sees the earlier file or the whole new one.
///
/// # Errors
///
/// If two tensors have one name, a shape does not fit the number of values, a value is not finite
/// (or beyond 65504 in half precision), or the file cannot be written. An earlier file is then
/// unchanged.
pub fn write_safetensors(
    path: impl AsRef<Path>,
    metadata: &BTreeMap<String, String>,
    tensors: impl IntoIterator<Item = NewTensor>,
    precision: Precision,
) -> Result<(), WeightFileError> {
    let path = path.as_ref();
    let tensors = checked(path, tensors, precision)?;
    let header = header(metadata, &tensors, precision);
    Ok(put(path, &header, &tensors, precision)?)
}

/// The tensors by name, each one writable.
fn checked(
    path: &Path,
    tensors: impl IntoIterator<Item = NewTensor>,
    precision: Precision,
) -> Result<BTreeMap<String, NewTensor>, WeightFileError> {
    let mut sorted = BTreeMap::new();
    let limit = precision.limit();
    for tensor in tensors {
        let count = tensor.shape.iter().try_fold(1_usize, |all, &n| all.checked_mul(n));
        let (file, name, found) = (path.into(), tensor.name.clone(), tensor.data.len());
        if count != Some(found) {
            let shape = tensor.shape;
            return Err(WeightFileError::Values { file, tensor: name, shape, found });
        }
        // A value just above the largest half rounds to it; rounding decides.
        let fits = |v: f32| v.is_finite() && (limit == f32::MAX || f16::from_f32(v).is_finite());
        if let Some((index, &value)) = tensor.data.iter().enumerate().find(|&(_, &v)| !fits(v)) {
            return Err(WeightFileError::NonFinite { file, tensor: name, index, value, limit });
        }
        if name == "__metadata__" || sorted.insert(name.clone(), tensor).is_some() {
            return Err(WeightFileError::Name { file, tensor: name });
        }
    }
    Ok(sorted)
}

/// Length and JSON, filled with spaces so that values start at a multiple of 8 bytes.
fn header(
    metadata: &BTreeMap<String, String>,
    tensors: &BTreeMap<String, NewTensor>,
    precision: Precision,
) -> Vec<u8> {
    // Sorted whatever the features of serde_json.
    let mut entries = BTreeMap::new();
    if !metadata.is_empty() {
        entries.insert("__metadata__", json!(metadata));
    }
    let mut start = 0;
    for (name, tensor) in tensors {
        let end = start + tensor.data.len() * precision.size();
        let (dtype, shape) = (precision.name(), &tensor.shape);
        let entry = json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, end] });
        entries.insert(name, entry);
        start = end;
    }
    let mut text = json!(entries).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut header = (text.len() as u64).to_le_bytes().to_vec();
    header.extend(text);
    header
}

fn put(
    path: &Path,
    header: &[u8],
    tensors: &BTreeMap<String, NewTensor>,
    precision: Precision,
) -> Result<(), whole_file::WriteError> {
    whole_file::write_with(path, |out| {
        out.write_all(header)?;
        for value in tensors.values().flat_map(|tensor| &tensor.data) {
            match precision {
                Precision::F32 => out.write_all(&value.to_le_bytes())?,
                Precision::F16 => out.write_all(&f16::from_f32(*value).to_le_bytes())?,
            }
        }
        Ok(())
    })
}
