//! Results to a part of a README and two pictures.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use seg_image::write_rgb;

use crate::pictures;
use crate::results::read;
use crate::tables;

const START: &str = "<!-- results: written by bench_report -->";
const END: &str = "<!-- end of results -->";

/// Reads `results/*.jsonl` in `folder`, rewrites `README.md` between its markers and draws
/// `results/stages.png` and `results/sizes.png`, as far as there are results to draw. Gives the
/// files that were written.
///
/// # Errors
///
/// If there are no results, a line is not one, README.md has no markers, or a file cannot be read
/// or written. Nothing is written unless every result could be read.
pub fn report(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let results = folder.join("results");
    let mut files = Vec::new();
    let unread = || format!("cannot read {}", results.display());
    for entry in std::fs::read_dir(&results).with_context(unread)? {
        let file = entry.with_context(unread)?.path();
        if file.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(file);
        }
    }
    ensure!(!files.is_empty(), "{}: no file ends with .jsonl", results.display());
    files.sort();
    let contents = files.iter().map(|file| read(file)).collect::<anyhow::Result<Vec<_>>>()?;

    let readme = folder.join("README.md");
    let text = std::fs::read_to_string(&readme)
        .with_context(|| format!("cannot read {}", readme.display()))?;
    let stages = pictures::stages(&contents)?;
    let sizes = pictures::sizes(&contents)?;
    let mut part = tables::comparisons(&contents);
    for (table, picture, name, alt) in [
        (tables::stages(&contents), &stages, "stages", "Seconds of each part"),
        (tables::sizes(&contents), &sizes, "sizes", "Seconds and peak memory by the side"),
    ] {
        part += &table;
        if picture.is_some() {
            part += &format!("![{alt}](results/{name}.png)\n\n");
        }
    }
    let text = replaced(&text, &part)
        .with_context(|| format!("{}: expected `{START}` and `{END}`", readme.display()))?;

    let mut written = Vec::new();
    for (picture, name) in [(stages, "stages.png"), (sizes, "sizes.png")] {
        if let Some(picture) = picture {
            write_rgb(&results.join(name), &picture)?;
            written.push(results.join(name));
        }
    }
    whole_file::write(&readme, text.as_bytes())?;
    written.push(readme);
    Ok(written)
}

/// `text` with `part` between the markers; none without them.
fn replaced(text: &str, part: &str) -> Option<String> {
    let (before, rest) = text.split_once(START)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{START}\n\n{part}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let text = format!("a\n{START}\nold\n{END}\nb\n");
        let once = replaced(&text, "new\n\n").unwrap();
        assert_eq!(once, format!("a\n{START}\n\nnew\n\n{END}\nb\n"));
        assert_eq!(replaced(&once, "new\n\n").unwrap(), once);
        assert_eq!(replaced(&format!("{END} {START}"), ""), None);
    }
}
