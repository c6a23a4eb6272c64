//! Files of results, a JSON object a line.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::comparison::Comparison;
use crate::measure::Figures;

/// A file that lines are added to.
#[derive(Debug)]
pub struct Results {
    path: PathBuf,
    file: File,
}

impl Results {
    /// What is in the file stays; it and its folder are made if they are missing.
    ///
    /// # Errors
    ///
    /// If it cannot be written to.
    pub fn append_to(path: &Path) -> anyhow::Result<Self> {
        let folder = path.parent().unwrap_or(Path::new(""));
        // No folder is the one that is there.
        let file = std::fs::create_dir_all(folder)
            .and_then(|()| File::options().create(true).append(true).open(path))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Adds a line, whole.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn add(&mut self, line: &impl Serialize) -> anyhow::Result<()> {
        let line = serde_json::to_string(line)? + "\n";
        let written = self.file.write_all(line.as_bytes());
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// What a peer prints of the parts of a forward pass; it may print more keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PeerStages {
    /// `pytorch`
    pub peer: String,
    /// Name of the network's sizes.
    pub config: String,
    /// Side of the pictures.
    pub size: usize,
    /// Pictures, each with a sentence.
    pub batch: usize,
    /// Threads of the processor.
    pub threads: usize,
    /// What was done to make it faster.
    #[serde(default)]
    pub ways: Vec<String>,
    /// Median seconds of `image_tower`, `text_tower`, `neck` and `projectors`.
    pub stages: BTreeMap<String, f64>,
}

/// What a file of results holds, each kind in its order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    /// Name of the file.
    pub name: String,
    pub figures: Vec<Figures>,
    pub comparisons: Vec<Comparison>,
    pub stages: Vec<PeerStages>,
}

/// Lines of `bench`, `compare` and peers, told apart by their keys; empty lines are passed over.
///
/// # Errors
///
/// The first line that is none of these, with its number.
pub(crate) fn read(file: &Path) -> anyhow::Result<Contents> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut contents = Contents { name, ..Contents::default() };
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        take(&mut contents, line)
            .with_context(|| format!("{}: line {}", file.display(), number + 1))?;
    }
    Ok(contents)
}

fn take(contents: &mut Contents, line: &str) -> anyhow::Result<()> {
    let value = serde_json::from_str::<Value>(line)?;
    let has = |key: &str| value.get(key).is_some();
    match (has("stages"), has("ours"), has("case")) {
        (true, ..) => contents.stages.push(serde_json::from_value(value)?),
        (_, true, _) => contents.comparisons.push(serde_json::from_value(value)?),
        (_, _, true) => contents.figures.push(serde_json::from_value(value)?),
        _ => bail!("no key of bench (`case`), of compare (`ours`) or of a peer's parts (`stages`)"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results/a.jsonl");
        let good = r#"{"peer": "p", "config": "tiny", "size": 64, "batch": 1, "threads": 2,
            "stages": {"neck": 0.5}, "more": 1}"#;
        let mut results = Results::append_to(&file).unwrap();
        results.add(&serde_json::from_str::<Value>(good).unwrap()).unwrap();
        assert_eq!(read(&file).unwrap().stages.len(), 1);
        for (bad, what) in [
            (r#"{"seconds": 1}"#, "no key of bench (`case`)"),
            (r#"{"case": "load"}"#, "missing field `size`"),
            (r#"{"stages": 1}"#, "invalid type: integer"),
            ("7", "no key of bench"),
            ("{", "EOF while parsing"),
        ] {
            std::fs::write(&file, format!("\n{bad}\n")).unwrap();
            let message = format!("{:#}", read(&file).unwrap_err());
            let start = format!("{}: line 2: ", file.display());
            assert!(message.starts_with(&start) && message.contains(what), "{message}");
        }
    }
}
