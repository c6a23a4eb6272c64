//! Kinds of numbers in weight files, and their values as `f32`.

use std::fmt;

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

/// A kind of number. All are little-endian in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // the names say it
pub enum Dtype {
    Bool,
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F16,
    BF16,
    F32,
    F64,
}

impl Dtype {
    /// Bytes of one number.
    pub fn size(self) -> usize {
        match self {
            Dtype::Bool | Dtype::U8 | Dtype::I8 => 1,
            Dtype::U16 | Dtype::I16 | Dtype::F16 | Dtype::BF16 => 2,
            Dtype::U32 | Dtype::I32 | Dtype::F32 => 4,
            Dtype::U64 | Dtype::I64 | Dtype::F64 => 8,
        }
    }

    /// Appends the numbers of whole elements; what does not fit `f32` is rounded, or infinite.
    pub(crate) fn decode(self, bytes: &[u8], out: &mut Vec<f32>) {
        match self {
            Dtype::Bool => out.extend(bytes.iter().map(|&b| f32::from(u8::from(b != 0)))),
            Dtype::U8 => out.extend(bytes.iter().map(|&b| f32::from(b))),
            Dtype::I8 => out.extend(bytes.iter().map(|&b| f32::from(b.cast_signed()))),
            Dtype::U16 => extend(bytes, out, |b| f32::from(u16::from_le_bytes(b))),
            Dtype::I16 => extend(bytes, out, |b| f32::from(i16::from_le_bytes(b))),
            Dtype::F16 => extend_from_half(bytes, out, f16::from_le_bytes),
            Dtype::BF16 => extend_from_half(bytes, out, bf16::from_le_bytes),
            Dtype::U32 => extend(bytes, out, |b| u32::from_le_bytes(b) as f32),
            Dtype::I32 => extend(bytes, out, |b| i32::from_le_bytes(b) as f32),
            Dtype::F32 => extend(bytes, out, f32::from_le_bytes),
            Dtype::U64 => extend(bytes, out, |b| u64::from_le_bytes(b) as f32),
            Dtype::I64 => extend(bytes, out, |b| i64::from_le_bytes(b) as f32),
            Dtype::F64 => extend(bytes, out, |b| f64::from_le_bytes(b) as f32),
        }
    }

    /// The kind that PyTorch calls so: `FloatStorage` or `float32`.
    pub(crate) fn from_torch(name: &str) -> Option<Self> {
        Some(match name.strip_suffix("Storage").unwrap_or(name) {
            "Bool" | "bool" => Dtype::Bool,
            "Byte" | "uint8" => Dtype::U8,
            "uint16" => Dtype::U16,
            "uint32" => Dtype::U32,
            "uint64" => Dtype::U64,
            "Char" | "int8" => Dtype::I8,
            "Short" | "int16" => Dtype::I16,
            "Int" | "int32" => Dtype::I32,
            "Long" | "int64" => Dtype::I64,
            "Half" | "float16" => Dtype::F16,
            "BFloat16" | "bfloat16" => Dtype::BF16,
            "Float" | "float32" => Dtype::F32,
            "Double" | "float64" => Dtype::F64,
            _ => return None,
        })
    }

    /// The kind of a safetensors header, if it has whole bytes and one number a value.
    pub(crate) fn from_safetensors(dtype: safetensors::Dtype) -> Option<Self> {
        use safetensors::Dtype as Other;
        Some(match dtype {
            Other::BOOL => Dtype::Bool,
            Other::U8 => Dtype::U8,
            Other::U16 => Dtype::U16,
            Other::U32 => Dtype::U32,
            Other::U64 => Dtype::U64,
            Other::I8 => Dtype::I8,
            Other::I16 => Dtype::I16,
            Other::I32 => Dtype::I32,
            Other::I64 => Dtype::I64,
            Other::F16 => Dtype::F16,
            Other::BF16 => Dtype::BF16,
            Other::F32 => Dtype::F32,
            Other::F64 => Dtype::F64,
            _ => return None,
        })
    }
}

/// As in a safetensors header: `F32`, `BOOL`.
impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dtype::Bool => f.write_str("BOOL"),
            other => write!(f, "{other:?}"),
        }
    }
}

fn extend<const N: usize>(bytes: &[u8], out: &mut Vec<f32>, number: impl Fn([u8; N]) -> f32) {
    out.extend(bytes.as_chunks::<N>().0.iter().map(|&b| number(b)));
}

/// Many at once: the processor converts several halves in one instruction, where it can.
fn extend_from_half<H: Copy>(bytes: &[u8], out: &mut Vec<f32>, number: impl Fn([u8; 2]) -> H)
where
    [H]: HalfFloatSliceExt,
{
    let halves = bytes.as_chunks().0.iter().map(|&b| number(b)).collect::<Vec<_>>();
    let start = out.len();
    out.resize(start + halves.len(), 0.0);
    halves.convert_to_f32_slice(&mut out[start..]);
}
