//! Archives of `torch.save` (since PyTorch 1.6) and `torch.jit.save`: a zip of stored entries,
//! `NAME/data.pkl` with the structure and `NAME/data/0`, `1`, ... with the numbers.

use std::collections::HashMap;
use std::io::{Read, Seek};
use std::path::Path;

use crate::WeightFileError;
use crate::contents::Contents;
use crate::error::{SAVE_AGAIN, WEIGHTS_ALONE};
use crate::pickle::Pickle;
use crate::place::{Displaced, Record, place};
use crate::state::State;
use crate::zip_records::{records, small};

/// The longest pickle, in MiB. A checkpoint of CLIP with its optimizer has less than one; arrays of NumPy
/// lie in the pickle whole.
pub(crate) const MAX_PICKLE: u64 = 512;

/// The tensors of an archive of `length` bytes.
pub(crate) fn read(
    file: &mut (impl Read + Seek),
    path: &Path,
    length: u64,
) -> Result<Contents, WeightFileError> {
    let records = records(file, path, length)?;
    let entry_error = |entry: &str, problem: String| WeightFileError::ArchiveEntry {
        file: path.into(),
        entry: entry.into(),
        problem,
    };
    let mut pickles = records.keys().filter(|name| is_file(name, "data.pkl"));
    let name = match (pickles.next(), pickles.next()) {
        (Some(name), None) => name,
        (None, _) => {
            let (file, what) = (path.into(), other_kind(&records));
            return Err(WeightFileError::OtherArchive { file, what });
        }
        (Some(_), Some(_)) => {
            return Err(entry_error("data.pkl", "there is more than one".to_owned()));
        }
    };
    let folder = name.strip_suffix("data.pkl").unwrap_or(name);

    if let Some(order) = records.get(&format!("{folder}byteorder"))
        && small(file, path, order, 16)?.starts_with(b"big")
    {
        return Err(entry_error("byteorder", big_endian()));
    }
    let no_record = || entry_error(name, "missing".to_owned());
    let pickle = records.get(name).copied().ok_or_else(no_record)?;
    if !pickle.plain {
        let problem = format!("compressed; save it again without, in Python: {SAVE_AGAIN}");
        return Err(entry_error(name, problem));
    }
    if pickle.size > MAX_PICKLE << 20 {
        return Err(entry_error(name, too_long(pickle.size)));
    }
    let bytes = small(file, path, &pickle, MAX_PICKLE << 20)?;
    let read = Pickle::read(&bytes)
        .map_err(|source| WeightFileError::Pickle { file: path.into(), source })?;
    let state = State::read(&read).map_err(|problem| entry_error(name, problem.to_owned()))?;
    if state.tensors.is_empty() {
        return Err(entry_error(name, no_tensors(folder, &records).to_owned()));
    }
    let storage = |key: &str| records.get(&format!("{folder}data/{key}")).copied();
    contents(state, path, pickle.start, storage)
}

/// The tensors of a pickle that begins at `pickle`, each in its place in the file.
pub(crate) fn contents(
    state: State,
    path: &Path,
    pickle: u64,
    storage: impl Fn(&str) -> Option<Record>,
) -> Result<Contents, WeightFileError> {
    let mut contents =
        Contents { parts: state.parts, metadata: state.scalars, ..Contents::default() };
    for (tensor, description) in state.tensors {
        let entry = match description.map(|described| place(described, pickle, &storage)) {
            Ok(Ok(entry)) => Ok(entry),
            Ok(Err(Displaced::Broken(problem))) => {
                let (file, problem) = (path.into(), problem.to_owned());
                return Err(WeightFileError::Tensor { file, tensor, problem });
            }
            Ok(Err(Displaced::Unread(problem))) => Err(problem.to_owned()),
            Err(problem) => Err(problem),
        };
        contents.tensors.insert(tensor, entry);
    }
    Ok(contents)
}

/// Whether an entry is this file in any folder.
fn is_file(entry: &str, file: &str) -> bool {
    entry.rsplit('/').next() == Some(file)
}

pub(crate) fn big_endian() -> String {
    format!(
        "big-endian numbers are not read; save it again on another machine, in Python: {SAVE_AGAIN}"
    )
}

pub(crate) fn too_long(bytes: u64) -> String {
    format!(
        "{} MiB long, and at most {MAX_PICKLE} are read: a training kept arrays or lists beside the weights; \
         save the weights alone, in Python: {WEIGHTS_ALONE}",
        bytes >> 20
    )
}

/// Why there may be no tensors in a pickle of PyTorch.
fn no_tensors(folder: &str, records: &HashMap<String, Record>) -> &'static str {
    let constants = format!("{folder}constants/");
    match records.keys().any(|name| name.starts_with(&constants)) {
        true => {
            "holds no tensors: a frozen module, whose weights have lost their names; save it before \
             torch.jit.freeze, or its weights alone with torch.save(model.state_dict(), new_file)"
        }
        false => "holds no tensors; save the weights with torch.save(model.state_dict(), new_file)",
    }
}

/// What a zip archive is that `torch.save` did not make.
fn other_kind(records: &HashMap<String, Record>) -> String {
    const WEIGHTS: [&str; 6] = [".pth", ".pt", ".ckpt", ".bin", ".safetensors", ".tar"];
    let find = |wanted: &dyn Fn(&str) -> bool| {
        records.keys().map(String::as_str).filter(|name| wanted(name)).min()
    };
    let own = |name: &str| !name.starts_with("__MACOSX/");
    if find(&|name| is_file(name, "model_weights_config.json")).is_some() {
        return "a program of torch.export, not a checkpoint; in Python: \
                torch.save(torch.export.load(file).state_dict, new_file)"
            .to_owned();
    }
    if let Some(inside) =
        find(&|name| own(name) && WEIGHTS.iter().any(|ending| name.ends_with(ending)))
    {
        return format!("a zip archive around `{inside:.200}`; unpack it and name that file");
    }
    if find(&|name| name.ends_with(".npy")).is_some() {
        return "an archive of NumPy (.npz); in Python: torch.save({k: torch.from_numpy(v) for k, v in \
                numpy.load(file).items()}, new_file)"
            .to_owned();
    }
    match find(&own) {
        Some(first) => format!(
            "a zip archive without weights (no `data.pkl`, no .pth, .pt, .ckpt, .bin or .safetensors; it \
             begins with `{first:.200}`)"
        ),
        None => "an empty zip archive".to_owned(),
    }
}
