//! The commands, a file each.

mod completions;
mod convention;
mod devices;
mod evaluate;
mod export;
mod import;
mod inspect;
#[cfg(feature = "remote")]
mod lend;
mod paired;
mod phantoms;
mod read;
mod score;
mod segment;
mod tokens;
mod train;
mod zero_shot;

use causal_clip_seg_cli::Console;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Command {
    Segment(segment::Segment),
    Train(train::Train),
    Evaluate(evaluate::Evaluate),
    Inspect(inspect::Inspect),
    Read(read::Read),
    Score(score::Score),
    Convention(convention::Convention),
    Paired(paired::Paired),
    Import(import::Import),
    Export(export::Export),
    ZeroShot(zero_shot::ZeroShot),
    Tokens(tokens::Tokens),
    Devices(devices::Devices),
    #[cfg(feature = "remote")]
    Lend(lend::Lend),
    Phantoms(phantoms::Phantoms),
    Completions(completions::Completions),
}

impl Command {
    /// Whether a network's passes take most of the time.
    pub(crate) fn computes(&self) -> bool {
        #[cfg(feature = "remote")]
        if matches!(self, Self::Lend(_)) {
            return true;
        }
        matches!(self, Self::Segment(_) | Self::Train(_) | Self::Evaluate(_) | Self::Read(_))
    }

    /// Does what was asked for; `false` is a negative finding.
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        match self {
            Self::Segment(command) => command.run(console),
            Self::Train(command) => command.run(console),
            Self::Evaluate(command) => command.run(console),
            Self::Inspect(command) => command.run(console),
            Self::Read(command) => command.run(console),
            Self::Score(command) => command.run(console),
            Self::Convention(command) => command.run(console),
            Self::Paired(command) => command.run(console),
            Self::Import(command) => command.run(console),
            Self::Export(command) => command.run(console),
            Self::ZeroShot(command) => command.run(console),
            Self::Tokens(command) => command.run(console),
            Self::Devices(command) => command.run(console),
            #[cfg(feature = "remote")]
            Self::Lend(command) => command.run(console),
            Self::Phantoms(command) => command.run(console),
            Self::Completions(command) => command.run(console),
        }
    }
}
