//! Reads weights from safetensors and PyTorch files that may be broken or hostile, and writes
//! safetensors files.
//!
//! The kind of a file is recognised by its content: safetensors, an archive of `torch.save` (a
//! state dict, bare or inside a checkpoint) or of `torch.jit.save`, or the format of `torch.save`
//! before PyTorch 1.6. Code in a file is never run, a header's claim alone allocates no memory, and
//! tensors are read one by one on demand. What only has the name of a weight file is called what it is.
//!
//! ```
//! use weight_files::{NewTensor, Precision, WeightFile, write_safetensors};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("net.safetensors");
//! let bias = NewTensor { name: "bias".into(), shape: vec![2], data: vec![0.5, -1.0] };
//! write_safetensors(&path, &Default::default(), [bias], Precision::F16)?;
//!
//! let file = WeightFile::open(&path)?;
//! assert_eq!(file.names().collect::<Vec<_>>(), ["bias"]);
//! assert_eq!(file.read_f32("bias")?, [0.5, -1.0]);
//! # Ok(())
//! # }
//! ```

#![deny(missing_docs)]

mod archive;
mod contents;
mod dtype;
mod error;
mod file;
mod folder;
mod header;
mod legacy;
mod machine;
mod names;
mod numpy;
mod part;
mod pickle;
mod place;
mod state;
mod tensor;
mod write;
mod zip_records;

pub use contents::Entry;
pub use dtype::Dtype;
pub use error::{PickleError, WeightFileError};
pub use file::WeightFile;
pub use folder::{MAX_INDEX, files_of_index, weights_among};
pub use part::STATE_DICTS;
pub use write::{NewTensor, Precision, write_safetensors};
