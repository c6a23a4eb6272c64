//! Weights from safetensors and PyTorch files, read as input from strangers.
//!
//! A file is judged by its content: safetensors, an archive of `torch.save` (a state dict, bare
//! or inside a checkpoint) or of `torch.jit.save`. No code of a file is run, nothing is allocated
//! on the word of a header, and tensors are read one by one when they are asked for.
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
