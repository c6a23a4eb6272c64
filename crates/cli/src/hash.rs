//! Which file it was.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use sha2::{Digest, Sha256};

/// SHA-256 of a file's bytes, in hexadecimal.
///
/// # Errors
///
/// If the file cannot be read.
pub fn sha256(file: &Path) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    let reading = || format!("cannot read {}", file.display());
    let mut source = std::fs::File::open(file).with_context(reading)?;
    let mut chunk = vec![0; 1 << 20];
    loop {
        match source.read(&mut chunk).with_context(reading)? {
            0 => break,
            read => hash.update(&chunk[..read]),
        }
    }
    Ok(hex(&hash.finalize()))
}

/// SHA-256 of bytes in memory, in hexadecimal.
pub fn sha256_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
