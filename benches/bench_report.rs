//! Makes tables and pictures of what bench and compare wrote:
//! `cargo run --release --example bench_report`

use std::path::PathBuf;
use std::process::ExitCode;

use benches::report;
use clap::Parser;
use examples::say;

/// Makes tables and pictures of what bench and compare wrote.
///
/// Reads results/*.jsonl in the folder, rewrites README.md between its two markers, and draws
/// results/stages.png and results/sizes.png. Of lines about the same thing in a file the last one
/// counts.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// Folder with README.md and results
    #[arg(long, value_name = "FOLDER", default_value = env!("CARGO_MANIFEST_DIR"),
        hide_default_value = true)]
    folder: PathBuf,
}

fn main() -> ExitCode {
    examples::exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    for file in report(&args.folder)? {
        say!("{}", file.display());
    }
    Ok(())
}
