//! Makes the folder that is served: page, program, weights and pictures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use wasm_bindgen_cli_support::Bindgen;

/// The page's own files.
const PAGE: [&str; 6] =
    ["index.html", "style.css", "app.js", "worker.js", "offline.js", "icon.svg"];
/// What it shows and asks at first, from `assets/chest`.
const CHEST: [&str; 4] = ["network.safetensors", "xray-1.jpg", "xray-2.jpg", "xray-3.jpg"];

/// Compiles the program for browsers and puts everything into `web/dist`.
pub fn build(web: &Path) -> anyhow::Result<()> {
    let root = web.parent().context("web/ has no folder above it")?;
    let program = compile(root)?;
    let dist = web.join("dist");
    fs::create_dir_all(&dist)?;
    let mut bindgen = Bindgen::new();
    bindgen.input_path(&program).web(true)?.typescript(true).remove_name_section(true);
    bindgen.generate(&dist)?;
    for name in PAGE {
        copy(&web.join("page").join(name), &dist.join(name))?;
    }
    for name in CHEST {
        copy(&root.join("assets/chest").join(name), &dist.join(name))?;
    }
    copy(&root.join("assets/chest/NOTICE"), &dist.join("NOTICE"))?;
    report(&dist)
}

/// The program as WebAssembly, before it gets its JavaScript.
fn compile(root: &Path) -> anyhow::Result<PathBuf> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let target = root.join("target/web");
    let installed = Command::new("rustup").args(["target", "add", TARGET]).status();
    ensure!(
        installed.is_ok_and(|status| status.success()),
        "the target {TARGET} could not be installed: rustup target add {TARGET}"
    );
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--locked", "--package", "causal-clip-seg-web"])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&target)
        // The vector instructions of every browser since 2023, and where random numbers come from.
        .env("RUSTFLAGS", "-Ctarget-feature=+simd128 --cfg getrandom_backend=\"wasm_js\"")
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "the program could not be compiled");
    Ok(target.join(TARGET).join("release/causal_clip_seg_web.wasm"))
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

/// What was made, with sizes.
fn report(dist: &Path) -> anyhow::Result<()> {
    let mut files = fs::read_dir(dist)?.collect::<Result<Vec<_>, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    for file in files {
        println!("{:>10}  {}", file.metadata()?.len(), file.path().display());
    }
    Ok(())
}
