//! Why a weight file was refused.

use std::path::PathBuf;

use crate::Dtype;

/// Why a weight file was refused, or could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum WeightFileError {
    /// The file could not be opened or read.
    #[error("cannot read {}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    /// The content is not of a known kind.
    #[error(
        "{}: neither a safetensors file nor an archive of torch.save or torch.jit.save",
        file.display()
    )]
    Unknown { file: PathBuf },
    /// A plain pickle: `torch.save` before PyTorch 1.6.
    #[error(
        "{}: saved in the old format of PyTorch before 1.6; save it again with \
         torch.save(torch.load(file), new_file)",
        file.display()
    )]
    Legacy { file: PathBuf },
    /// The header's length does not fit the file.
    #[error("{}: header of {found} bytes, expected at most {limit}", file.display())]
    HeaderLength { file: PathBuf, found: u64, limit: u64 },
    /// The header is not JSON of the expected form, or names a tensor twice.
    #[error("{}: the header is not valid safetensors JSON", file.display())]
    Header { file: PathBuf, source: serde_json::Error },
    /// Tensors leave a gap, overlap, or reach beyond the file.
    #[error("{}: `{tensor}` starts or ends at byte {found} of the values, expected {expected}", file.display())]
    Offset { file: PathBuf, tensor: String, expected: u64, found: u64 },
    /// Shape and kind of number do not give the bytes that are there.
    #[error(
        "{}: tensor `{tensor}` of shape {shape:?} and kind {dtype} does not fit its {found} bytes",
        file.display()
    )]
    Size { file: PathBuf, tensor: String, shape: Vec<usize>, dtype: Dtype, found: u64 },
    /// The kind of number is not supported.
    #[error(
        "{}: tensor `{tensor}` holds {found}, expected booleans, integers or floats of 16 to 64 \
         bits",
        file.display()
    )]
    Kind { file: PathBuf, tensor: String, found: String },
    /// The zip archive is broken.
    #[error("{}: broken archive", file.display())]
    Archive { file: PathBuf, source: zip::result::ZipError },
    /// An entry of the archive is missing or not as PyTorch writes it.
    #[error("{}: archive entry `{entry}`: {problem}", file.display())]
    ArchiveEntry { file: PathBuf, entry: String, problem: &'static str },
    /// The archive's pickle is broken, or not of PyTorch's making.
    #[error("{}: cannot read the archive's pickle", file.display())]
    Pickle { file: PathBuf, source: PickleError },
    /// A tensor's description in the pickle is not as PyTorch writes it.
    #[error("{}: tensor `{tensor}`: {problem}", file.display())]
    Tensor { file: PathBuf, tensor: String, problem: &'static str },
    /// There is no tensor of this name.
    #[error("{}: no tensor `{tensor}`", file.display())]
    Missing { file: PathBuf, tensor: String },
    /// A value is a NaN, an infinity, or beyond the range of its new kind.
    #[error("{}: tensor `{tensor}`: value {index} is {value}, expected a finite number within {limit:e}", file.display())]
    NonFinite { file: PathBuf, tensor: String, index: usize, value: f32, limit: f32 },
    /// A tensor to be written does not have as many values as its shape says.
    #[error("{}: tensor `{tensor}` of shape {shape:?} has {found} values", file.display())]
    Values { file: PathBuf, tensor: String, shape: Vec<usize>, found: usize },
    /// Two tensors to be written have one name, or a name that the format keeps for itself.
    #[error("{}: the tensor name `{tensor}` is used twice or reserved", file.display())]
    Name { file: PathBuf, tensor: String },
    /// The file could not be written; an earlier one of that name is unchanged.
    #[error(transparent)]
    Write(#[from] whole_file::WriteError),
}

/// Why a pickle was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum PickleError {
    /// The pickle ends too early.
    #[error("the pickle ends inside the instruction at byte {position}")]
    Truncated { position: usize },
    /// An instruction that PyTorch does not write.
    #[error("unknown instruction {code:#04x} at byte {position}")]
    Instruction { code: u8, position: usize },
    /// An instruction finds no value, or one of another kind, on the stack or in the memo.
    #[error("instruction {code:#04x} at byte {position} lacks its operands")]
    Operand { code: u8, position: usize },
    /// More values than any weight file needs.
    #[error("the pickle holds more than {limit} values")]
    TooLarge { limit: usize },
}
