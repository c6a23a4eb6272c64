//! Any bytes as a table of a set, in each of its forms: cases or an error.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use seg_data::{Dataset, Split, read_questions};
use tempfile::TempDir;

/// In memory where the system has such a place.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.expect("a folder for tables");
    for picture in ["a.png", "b (1).jpg", "c.png", "7.png"] {
        std::fs::write(folder.path().join(picture), b"").expect("a picture's file");
    }
    folder
});

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, content)) = bytes.split_first() else { return };
    let name = ["manifest.csv", "manifest.tsv", "manifest.jsonl", "manifest.xlsx"][usize::from(kind % 4)];
    let table = FOLDER.path().join(name);
    std::fs::write(&table, content).expect("a table's file");
    if let Ok(set) = Dataset::open(FOLDER.path()) {
        assert!(Split::ALL.iter().any(|split| !set.cases(*split).is_empty()));
    }
    let _ = read_questions(&table);
    std::fs::remove_file(&table).expect("the table to be there");
});
