#!/usr/bin/env bash
# A checkpoint of torch.save that Rust's `zip` calls invalid because of the length of its name.
#
# torch.save writes a zip whose entries begin with the file's stem (`NAME/data.pkl`), and ends it with a 64-bit end record (76 bytes with its
# locator) as well as a complete 32-bit one. zip 9.8.1 takes the start of the directory as "end minus size", which is 76 bytes too
# late, and believes it if an entry happens to begin there. It does when the first entry of the directory has 46 + 30 bytes, that is, when
# the stem has 21 letters: `checkpoint_epoch_0100.pth` cannot be opened, `checkpoint_epoch_100.pth` can. Renaming the file does not help, the
# name is inside. With `Config { archive_offset: ArchiveOffset::Known(0) }` all of them open.
#
# Seen with torch 2.15.0 and zip 9.8.1: of stems of 1 to 100 letters, 21 alone fails.
# Needs python3, cargo and some 1 GB for torch. PYTHON names a python3 that has torch 2.15.0 already.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python=${PYTHON:-}
if [ -z "$python" ]; then
    python3 -m venv venv
    venv/bin/pip install --quiet torch==2.15.0 numpy==2.4.6
    python=venv/bin/python
fi
mkdir -p files src
"$python" - <<'PY'
import torch
for length in range(1, 101):
    torch.save({"x": torch.zeros(2)}, f"files/{'a' * length}.pth")
PY
cat >Cargo.toml <<'TOML'
[package]
name = "probe"
version = "0.0.0"
edition = "2024"
[dependencies]
zip = { version = "=9.8.1", default-features = false }
TOML
cat >src/main.rs <<'RS'
use std::fs::File;
use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};

fn main() {
    let (mut refused, mut known) = (Vec::new(), Vec::new());
    for length in 1..=100 {
        let open = || File::open(format!("files/{}.pth", "a".repeat(length))).unwrap();
        if let Err(error) = ZipArchive::new(open()) {
            println!("{length} letters: {error}");
            refused.push(length);
        }
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        if ZipArchive::with_config(config, open()).is_err() {
            known.push(length);
        }
    }
    println!("refused: {refused:?}; with a known offset of 0: {known:?}");
    assert_eq!((refused, known), (vec![21], vec![]));
}
RS
cargo run --quiet
