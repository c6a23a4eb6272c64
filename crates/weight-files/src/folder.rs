//! Folders and indices of networks: what Hugging Face's libraries write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::WeightFileError;

/// What a folder's weights are called, the first one first.
const NAMES: [&str; 6] = [
    // Where there is a `model.safetensors` too, it is for another library, or the image tower alone.
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.bin",
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];
/// Bytes of the longest index that is read; one of a hundred thousand tensors has ten million.
pub const MAX_INDEX: u64 = 64 << 20;
/// Files of one network.
const MAX_SHARDS: usize = 1024;

/// The name of a folder's weight file, or of its index, where `has` says which names there are. Open_clip's
/// names go before `model.safetensors` and this before `pytorch_model.bin`.
pub fn weights_among(has: impl Fn(&str) -> bool) -> Option<&'static str> {
    NAMES.into_iter().find(|name| has(name))
}

/// The files that an index (`model.safetensors.index.json`) names, which lie beside it; errors call the index
/// `path`.
///
/// # Errors
///
/// If it is no index, or names what does not lie beside it.
pub fn files_of_index(json: &[u8], path: &Path) -> Result<Vec<String>, WeightFileError> {
    match shards(json, path)? {
        Some(shards) => Ok(shards.into_keys().collect()),
        None => {
            let what = "expected an index of weight files (`weight_map`)".to_owned();
            Err(WeightFileError::Index { file: path.into(), what })
        }
    }
}

/// The weight file of a folder, or its index.
pub(crate) fn find(folder: &Path) -> Result<PathBuf, WeightFileError> {
    if let Some(name) = weights_among(|name| folder.join(name).is_file()) {
        return Ok(folder.join(name));
    }
    let file = folder.into();
    Err(match other_kind(folder) {
        Some(what) => WeightFileError::Folder { file, what },
        None => WeightFileError::EmptyFolder { file },
    })
}

/// Refuses files that are known by their names to be a part of a folder.
pub(crate) fn check_name(path: &Path) -> Result<(), WeightFileError> {
    let refused = |what: String| Err(WeightFileError::Folder { file: path.into(), what });
    if path.extension().is_some_and(|end| end == "distcp") {
        return refused(format!("a part of {DISTRIBUTED}"));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    if path.file_name().is_some_and(|name| name == "config.json")
        && NAMES.iter().any(|name| folder.join(name).is_file())
    {
        return refused("settings without weights; give the folder that they are in".to_owned());
    }
    Ok(())
}

const DISTRIBUTED: &str = "a folder of torch.distributed.checkpoint; `python -m torch.distributed.checkpoint.format_utils \
     dcp_to_torch FOLDER new.pth` makes a weight file";

/// What a folder is that no hub made, if there is anything in it.
fn other_kind(folder: &Path) -> Option<String> {
    const WEIGHTS: [&str; 5] = ["safetensors", "pth", "pt", "ckpt", "bin"];
    let has = |name: &str| folder.join(name).exists();
    let known = match () {
        () if has("zero_to_fp32.py") => {
            "a folder of DeepSpeed; `python zero_to_fp32.py . OUT` inside it makes a weight file"
        }
        () if has(".metadata") || has("__0_0.distcp") => DISTRIBUTED,
        () if has("data.pkl") => {
            "an unpacked archive of torch.save; pack it again without compression: \
             `zip -0 -r new.pth FOLDER`"
        }
        () => "",
    };
    if !known.is_empty() {
        return Some(known.to_owned());
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| WEIGHTS.iter().any(|w| end == *w)))
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    let more = names.len().saturating_sub(3);
    names.truncate(3);
    let named = names.join(", ");
    match (names.len(), more) {
        (0, _) => None,
        (_, 0) => Some(format!("a folder; name a file in it: {named}")),
        (_, more) => Some(format!("a folder; name a file in it: {named} or one of {more} more")),
    }
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The files that an index names, and the tensors of each; `None` if the JSON is no index.
pub(crate) fn shards(
    json: &[u8],
    path: &Path,
) -> Result<Option<BTreeMap<String, Vec<String>>>, WeightFileError> {
    let Ok(index) = serde_json::from_slice::<Index>(json) else { return Ok(None) };
    let refused = |what| WeightFileError::Index { file: path.into(), what };
    let mut shards = BTreeMap::<String, Vec<String>>::new();
    for (tensor, shard) in index.weight_map {
        // A file beside the index, and no other.
        let is_name = Path::new(&shard).file_name().is_some_and(|name| name == shard.as_str());
        if !is_name {
            return Err(refused(format!("names `{shard:.200}`, expected a file beside the index")));
        }
        shards.entry(shard).or_default().push(tensor);
    }
    if shards.is_empty() || shards.len() > MAX_SHARDS {
        return Err(refused(format!("names {} files, expected 1 to {MAX_SHARDS}", shards.len())));
    }
    Ok(Some(shards))
}

/// How many files a network is in, by the name of one of them: `model-00001-of-00003.safetensors`.
pub(crate) fn files_of(path: &Path) -> Option<usize> {
    let stem = path.file_stem()?.to_str()?;
    let (before, of) = stem.rsplit_once("-of-")?;
    let (_, number) = before.rsplit_once('-')?;
    let is_number = |text: &str| text.len() >= 3 && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(of) && is_number(number)).then(|| of.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_known_by_its_name() {
        let of = |name| files_of(Path::new(name));
        assert_eq!(of("model-00001-of-00003.safetensors"), Some(3));
        assert_eq!(of("a/pytorch_model-00002-of-00002.bin"), Some(2));
        assert_eq!(of("best-of-3.pth"), None);
        assert_eq!(of("fold-1-of-5.pth"), None);
    }

    #[test]
    fn open_clips_weights_go_first_and_safetensors_before_pickles() {
        let among = |names: &[&str]| weights_among(|name| names.contains(&name));
        assert_eq!(
            among(&["model.safetensors", "open_clip_pytorch_model.bin"]),
            Some("open_clip_pytorch_model.bin")
        );
        assert_eq!(
            among(&["pytorch_model.bin", "model.safetensors.index.json"]),
            Some("model.safetensors.index.json")
        );
        assert_eq!(among(&["README.md"]), None);
    }

    #[test]
    fn an_index_names_files_beside_it_only() {
        let read = |json: &str| shards(json.as_bytes(), Path::new("i.json"));
        let index =
            read(r#"{"metadata":{},"weight_map":{"a":"x","b":"y","c":"x"}}"#).unwrap().unwrap();
        assert_eq!(index["x"], ["a", "c"]);
        assert!(read(r#"{"error":"no"}"#).unwrap().is_none());
        for name in ["../x", "/etc/passwd", "a/b", "..", ""] {
            let json = format!(r#"{{"weight_map":{{"a":"{name}"}}}}"#);
            assert!(read(&json).unwrap_err().to_string().contains("beside the index"), "{name}");
        }
        assert!(read(r#"{"weight_map":{}}"#).unwrap_err().to_string().contains("names 0 files"));
    }
}
