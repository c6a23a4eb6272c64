//! Which commit the program is built from, for the records of its trainings.

use std::process::Command;

fn main() {
    println!("cargo::rustc-env=CAUSAL_CLIP_SEG_COMMIT={}", commit());
    println!("cargo::rerun-if-changed=build.rs");
}

/// The commit of this checkout, with `-changed` if tracked files differ from it; `unknown` if the
/// source is not in a checkout of its own, as in a package from a registry.
fn commit() -> String {
    const UNKNOWN: &str = "unknown";
    if git(&["rev-parse", "--show-prefix"]).as_deref() != Some("crates/cli/") {
        return UNKNOWN.to_owned();
    }
    // The log of HEAD grows with every commit and checkout; the rest is what the program is made of.
    let head = ["HEAD", "logs/HEAD"].map(|file| git(&["rev-parse", "--git-path", file]));
    let sources = ["..", "../../assets", "../../Cargo.toml", "../../Cargo.lock"].map(str::to_owned);
    for path in head.into_iter().flatten().chain(sources) {
        println!("cargo::rerun-if-changed={path}");
    }
    match (git(&["rev-parse", "HEAD"]), git(&["status", "--porcelain", "-uno"])) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => commit + "-changed",
        (None, _) => UNKNOWN.to_owned(),
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
