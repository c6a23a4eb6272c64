//! A folder of vectors: what is in it, and one case of it run.

use std::path::Path;

use burn::tensor::Device;
use causal_clip_seg::parts::ProjectorForm;

use crate::case::{Case, ParityError, Row};
use crate::{files, forward, ops, training};

/// What of a case is run, and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selection {
    /// How the projectors compute.
    pub form: ProjectorForm,
}

/// The cases in a folder, in order: the network's, then `tokens`, `preproc` and `metrics`.
///
/// # Errors
///
/// If the folder cannot be read, or holds none.
pub fn case_names(folder: &Path) -> Result<Vec<String>, ParityError> {
    let failed = |source| ParityError::Read { file: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if let (Some("json"), Some(stem)) = (path.extension().and_then(|e| e.to_str()), stem) {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    if folder.join("metrics/expected.csv").exists() {
        names.push("metrics".to_owned());
    }
    if names.is_empty() {
        return Err(ParityError::NoCase { folder: folder.to_owned(), name: "*.json".to_owned() });
    }
    Ok(names)
}

/// Runs one case and compares each of its stages.
///
/// # Errors
///
/// If its files are missing or not in the format.
pub fn run_case(
    folder: &Path,
    name: &str,
    selection: Selection,
    device: &Device,
) -> Result<Vec<Row>, ParityError> {
    match name {
        "tokens" => return files::tokens(folder),
        "preproc" => return files::preprocessing(folder),
        "metrics" => return files::metrics(folder),
        _ => {}
    }
    if !folder.join(format!("{name}.json")).exists() {
        return Err(ParityError::NoCase { folder: folder.to_owned(), name: name.to_owned() });
    }
    let case = Case::open(folder, name)?;
    match case.kind.as_str() {
        "forward" => forward::forward(&case, selection.form, device),
        "clip" => forward::clip(&case, device),
        "op" => ops::ops(&case, selection.form, device),
        "train" => training::train(&case, device),
        other => Err(case.refused(format!("unknown kind `{other}`"))),
    }
}
