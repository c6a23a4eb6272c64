//! Makes the folder that is served: page, program, weights and pictures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use wasm_bindgen_cli_support::Bindgen;

/// What it shows and asks at first, from `assets/chest`.
const CHEST: [&str; 4] = ["network.safetensors", "xray-1.jpg", "xray-2.jpg", "xray-3.jpg"];

/// The programs by the names of their files, and the features that each is compiled with. The one with a GPU is
/// loaded only where there is one.
const PROGRAMS: [(&str, &[&str]); 2] =
    [("causal_clip_seg_web", &[]), ("causal_clip_seg_gpu", &["--features", "gpu"])];

/// Compiles the programs for browsers, or only the one that computes on the CPU, and puts everything into
/// `web/dist`.
pub fn build(web: &Path, cpu_only: bool) -> anyhow::Result<()> {
    let root = web.parent().context("web/ has no folder above it")?;
    let dist = web.join("dist");
    fs::create_dir_all(&dist)?;
    let built = if cpu_only { 1 } else { PROGRAMS.len() };
    for (place, (name, features)) in PROGRAMS.into_iter().enumerate() {
        if place < built {
            let program = compile(root, features)?;
            let mut bindgen = Bindgen::new();
            bindgen.input_path(&program).out_name(name).web(true)?.typescript(true);
            bindgen.remove_name_section(true).generate(&dist)?;
        } else {
            // Of an earlier build.
            for ending in [".js", ".d.ts", "_bg.wasm", "_bg.wasm.d.ts"] {
                remove(&dist.join(format!("{name}{ending}")))?;
            }
        }
    }
    for file in fs::read_dir(web.join("page"))? {
        let file = file?;
        copy(&file.path(), &dist.join(file.file_name()))?;
    }
    for name in CHEST {
        copy(&root.join("assets/chest").join(name), &dist.join(name))?;
    }
    copy(&root.join("assets/chest/NOTICE"), &dist.join("NOTICE"))?;
    report(&dist)
}

/// The program as WebAssembly, before it gets its JavaScript.
fn compile(root: &Path, features: &[&str]) -> anyhow::Result<PathBuf> {
    const TARGET: &str = "wasm32-unknown-unknown";
    /// Makes small programs.
    const PROFILE: &str = "web";
    let target = root.join("target/web");
    let installed = Command::new("rustup").args(["target", "add", TARGET]).status();
    ensure!(
        installed.is_ok_and(|status| status.success()),
        "the target {TARGET} could not be installed: rustup target add {TARGET}"
    );
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["rustc", "--profile", PROFILE, "--locked", "--package", "causal-clip-seg-web"])
        .args(features)
        // Alone: beside a library for Rust the linker would not optimise across crates.
        .args(["--crate-type", "cdylib"])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&target)
        // The vector instructions of every browser since 2023, and where random numbers come from.
        .env("RUSTFLAGS", "-Ctarget-feature=+simd128 --cfg getrandom_backend=\"wasm_js\"")
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "the program could not be compiled");
    Ok(target.join(TARGET).join(PROFILE).join("causal_clip_seg_web.wasm"))
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

fn remove(file: &Path) -> anyhow::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        _ => Ok(()),
    }
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
