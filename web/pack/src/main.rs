//! Builds the page into `web/dist`, and serves it on this machine:
//!
//! ```sh
//! cargo run --release --manifest-path web/pack/Cargo.toml -- build [--cpu-only]
//! cargo run --release --manifest-path web/pack/Cargo.toml -- serve [PORT]
//! ```

mod build;
mod serve;

use std::path::Path;

use anyhow::{Context, bail};

fn main() -> anyhow::Result<()> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["build"] => build::build(&web, false),
        ["build", "--cpu-only"] => build::build(&web, true),
        ["serve"] => serve::serve(&web.join("dist"), 8000),
        ["serve", port] => {
            let port = port.parse().with_context(|| format!("`{port}` is not a port"))?;
            serve::serve(&web.join("dist"), port)
        }
        _ => bail!("expected build, build --cpu-only, serve or serve PORT"),
    }
}
