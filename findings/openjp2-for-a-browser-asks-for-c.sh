#!/usr/bin/env bash
# openjp2, the port of OpenJPEG to Rust (no C is compiled), builds for wasm32-unknown-unknown without a warning. The module that comes out imports
# calloc, malloc, free, realloc and strcpy from a module called "env", which no browser has; wasm-bindgen turns that into `import ... from "env"`,
# and the page fails when it is loaded, whether it ever decodes a picture or not. It also exports some fifty functions of OpenJPEG's C interface.
#
# The script builds a library that calls jpeg2k with openjp2 and prints what its module imports. It fails if nothing is imported any more.
#
# Seen with openjp2 0.6.1, jpeg2k 0.10.1, Rust 1.95.0: "imports: env.calloc env.malloc env.free env.realloc env.strcpy", 48 exports. Needs rustup and Node.js.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
rustup target add wasm32-unknown-unknown 2>/dev/null
cargo init --quiet --lib --name decode --vcs none
cat >>Cargo.toml <<'TOML'
jpeg2k = { version = "=0.10.1", default-features = false, features = ["openjp2"] }
openjp2 = { version = "=0.6.1", default-features = false }

[lib]
crate-type = ["cdylib"]
TOML
cat >src/lib.rs <<'RS'
#[unsafe(no_mangle)]
pub extern "C" fn width(first: u8) -> u32 {
    jpeg2k::Image::from_bytes(&[first]).map_or(0, |image| image.width())
}
RS
cargo build --quiet --release --target wasm32-unknown-unknown
node -e '
const module = new WebAssembly.Module(require("fs").readFileSync("target/wasm32-unknown-unknown/release/decode.wasm"));
const wanted = WebAssembly.Module.imports(module).map(({ module, name }) => `${module}.${name}`);
console.log("imports: " + wanted.join(" "));
const exported = WebAssembly.Module.exports(module).filter(({ name }) => name.startsWith("opj_"));
console.log(`exports of OpenJPEG: ${exported.length}`);
if (wanted.length === 0) { console.log("changed: nothing is imported"); process.exit(1); }'
