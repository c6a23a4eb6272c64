//! Why a weight file was refused.

use std::path::PathBuf;

use file_kind::FileKind;

/// Makes a file of the weights alone from a checkpoint. (`weights_only=False` runs what the file says: for
/// files that one trusts.)
pub(crate) const WEIGHTS_ALONE: &str =
    "torch.save(torch.load(file, weights_only=False)[\"state_dict\"], new_file)";
/// Makes a file in today's format from one that PyTorch reads.
pub(crate) const SAVE_AGAIN: &str = "torch.save(torch.load(file, weights_only=False), new_file)";

fn cut(found: u64, expected: Option<u64>) -> String {
    match expected {
        Some(expected) => format!("{found} of {expected} bytes"),
        None => format!("it ends in the middle, after {found} bytes"),
    }
}

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
        "{}: neither a safetensors file nor one of torch.save or torch.jit.save",
        file.display()
    )]
    Unknown { file: PathBuf },
    /// Something else has the name of a weight file.
    #[error("{}: the file is {kind}", file.display())]
    NotWeights { file: PathBuf, kind: FileKind },
    /// A zip archive that PyTorch did not make, or not for weights.
    #[error("{}: {what}", file.display())]
    OtherArchive { file: PathBuf, what: String },
    /// The file ends before its content does.
    #[error("{}: incomplete download: {}; fetch or copy the file again", file.display(), cut(*found, *expected))]
    Incomplete { file: PathBuf, found: u64, expected: Option<u64> },
    /// One of the files of a network, without the others.
    #[error(
        "{}: one of the {of} files of a network; give their folder, or its index (.index.json)",
        file.display()
    )]
    Shard { file: PathBuf, of: usize },
    /// A folder without any weights.
    #[error(
        "{}: a folder without weights (no model.safetensors, no pytorch_model.bin)",
        file.display()
    )]
    EmptyFolder { file: PathBuf },
    /// A folder whose weights are not recognised by their name, or in another format.
    #[error("{}: {what}", file.display())]
    Folder { file: PathBuf, what: String },
    /// The index of a network in several files.
    #[error("{}: {what}", file.display())]
    Index { file: PathBuf, what: String },
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
    Size { file: PathBuf, tensor: String, shape: Box<[usize]>, dtype: Box<str>, found: u64 },
    /// The zip archive is broken.
    #[error("{}: broken archive", file.display())]
    Archive { file: PathBuf, source: zip::result::ZipError },
    /// An entry of the archive is missing or not as PyTorch writes it.
    #[error("{}: archive entry `{entry}`: {problem}", file.display())]
    ArchiveEntry { file: PathBuf, entry: String, problem: String },
    /// The pickle is broken, or not of PyTorch's making.
    #[error("{}: cannot read its pickle", file.display())]
    Pickle { file: PathBuf, source: PickleError },
    /// A tensor is of a kind that is not read, or not as PyTorch writes it.
    #[error("{}: tensor `{tensor}`: {problem}", file.display())]
    Tensor { file: PathBuf, tensor: String, problem: String },
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
    #[error(
        "the pickle holds more than {limit} values, as where a training kept long lists beside the weights; \
         save the weights alone, in Python: {WEIGHTS_ALONE}"
    )]
    TooLarge { limit: usize },
}
