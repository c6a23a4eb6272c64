//! Makes tables and pictures from the figures that bench and compare wrote:
//! `cargo run --release -p benches --bin bench_report`

use std::path::PathBuf;
use std::process::ExitCode;

use benches::report;
use causal_clip_seg_cli::{EXIT_CODES, exit_code, say};
use clap::Parser;

/// Makes tables and pictures from the figures that bench and compare wrote.
///
/// Reads results/*.jsonl in the folder, rewrites README.md between its two markers, and draws
/// results/stages.png and results/sizes.png. If a file has several lines about the same thing, the last
/// one counts.
#[derive(Parser)]
#[command(name = "bench_report", after_help = EXIT_CODES, max_term_width = 100)]
struct Args {
    /// Folder with README.md and results
    #[arg(long, value_name = "FOLDER", default_value = env!("CARGO_MANIFEST_DIR"),
        hide_default_value = true)]
    folder: PathBuf,
}

fn main() -> ExitCode {
    exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    for file in report(&args.folder)? {
        say!("{}", file.display());
    }
    Ok(())
}
