//! Reads weights from safetensors and PyTorch files that may be broken or hostile, and writes
//! safetensors files.
//!
//! The kind of a file is recognised by its content: safetensors, an archive of `torch.save` (a
//! state dict, bare or inside a checkpoint) or of `torch.jit.save`. Code in a file is never run, a
//! header's claim alone allocates no memory, and tensors are read one by one on demand.
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
mod dtype;
mod error;
mod file;
mod header;
mod pickle;
mod state;
mod write;

pub use dtype::Dtype;
pub use error::{PickleError, WeightFileError};
pub use file::{Entry, WeightFile};
pub use write::{NewTensor, Precision, write_safetensors};
