//! Why sizes or weights were refused.

use std::path::PathBuf;

use weight_files::WeightFileError;

/// A configuration that no network can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum ClipConfigError {
    /// A value outside its range.
    #[error("{field} is {value}: it must be between {low} and {high}")]
    Range { field: String, value: usize, low: usize, high: usize },
    /// A value that another one must divide.
    #[error("{field} is {value}: it must be a multiple of {what} ({of})")]
    Multiple { field: String, value: usize, of: usize, what: String },
}

/// Why weights were refused. The network is not made when this is returned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum WeightsError {
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] WeightFileError),
    /// Tensors the network needs are not in the file.
    #[error(
        "{}: no tensor `{first}` (expected shape {expected:?}){}{why}",
        file.display(), others(*missing)
    )]
    Missing {
        file: PathBuf,
        first: String,
        expected: Vec<usize>,
        missing: usize,
        /// What the file has in its place, and what to do; empty if nothing is known.
        why: &'static str,
    },
    /// A tensor has another shape than the configuration gives it.
    #[error("{}: tensor `{tensor}` has shape {found:?}, expected {expected:?}", file.display())]
    Shape { file: PathBuf, tensor: String, expected: Vec<usize>, found: Vec<usize> },
    /// A tensor that gives a size is missing, or has another number of axes.
    #[error(
        "{}: {} `{tensor}`, expected one of {axes} axes: it gives the network's sizes",
        file.display(), what_is_there(found.as_deref())
    )]
    NoSize { file: PathBuf, tensor: String, axes: usize, found: Option<Vec<usize>> },
    /// A configuration given by the user or by the file's metadata, and the file's shapes.
    #[error(
        "{}: the configuration says {field} {stated}, the file has {found} (tensor `{tensor}`)",
        file.display()
    )]
    Disagrees { file: PathBuf, field: &'static str, tensor: String, stated: String, found: String },
    /// The file does not hold a network of this family.
    #[error("{}: {what}", file.display())]
    Foreign { file: PathBuf, what: String },
    /// The file's shapes give an impossible configuration.
    #[error("{}: the sizes of its tensors cannot be right", file.display())]
    Config { file: PathBuf, source: ClipConfigError },
}

fn others(missing: usize) -> String {
    match missing {
        0 | 1 => String::new(),
        n => format!(" and {} more", n - 1),
    }
}

fn what_is_there(found: Option<&[usize]>) -> String {
    match found {
        None => "no tensor".to_owned(),
        Some(shape) => format!("shape {shape:?} of tensor"),
    }
}
