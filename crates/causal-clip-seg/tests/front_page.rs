//! The program on the front page is the one that is built and run outside the workspace.

#![allow(clippy::unwrap_used)] // files of the repository

use std::path::Path;

#[test]
fn the_readmes_program_is_the_outside_projects() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let program = std::fs::read_to_string(root.join("examples/outside/src/main.rs")).unwrap();
    assert!(readme.contains(&format!("```rust,no_run\n{program}```\n")));
}
