//! The program `causal-clip-seg`: segments images by sentences, and everything around that.

mod arguments;
mod commands;

use std::process::ExitCode;

use causal_clip_seg_cli::{Console, EXIT_CODES, exit_code, guarded, tune_allocator};
use clap::Parser;

use commands::Command;

/// Segments medical images from text: give an image and a sentence, get a mask of the region that the
/// sentence describes.
///
/// Every command has its own --help with an example. `causal-clip-seg segment` alone answers about a
/// chest X-ray. Results go to standard output, notes and progress to standard error.
///
/// For research only; nothing here is a medical device.
#[derive(Parser)]
#[command(name = "causal-clip-seg", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Program {
    #[command(subcommand)]
    command: Command,
    /// Show no progress and no notes; results and errors stay
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    quiet: bool,
    /// Print results as one JSON document, where the command prints any
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
    /// Leave the memory allocator as it is. Otherwise, on Linux with glibc, commands that compute start
    /// themselves again with settings that save up to a third of the time
    #[arg(long, global = true, help_heading = "Everywhere")]
    no_tune: bool,
}

fn main() -> ExitCode {
    let program = Program::parse();
    if program.command.computes() && !program.no_tune {
        tune_allocator();
    }
    let console = Console::new(program.quiet, program.json);
    exit_code(guarded(|| program.command.run(console)))
}
