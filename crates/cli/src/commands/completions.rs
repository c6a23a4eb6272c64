//! `completions`

use causal_clip_seg_cli::Console;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::Program;

/// Prints a script that lets the shell complete commands and flags.
///
/// Where the script belongs depends on the shell; for bash, a line in ~/.bashrc that reads it is enough.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  echo 'source <(causal-clip-seg completions bash)' >> ~/.bashrc
  causal-clip-seg completions fish > ~/.config/fish/completions/causal-clip-seg.fish")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, _: Console) -> anyhow::Result<bool> {
        let mut script = Vec::new();
        let mut program = Program::command();
        let name = program.get_name().to_owned();
        clap_complete::generate(self.shell, &mut program, name, &mut script);
        causal_clip_seg_cli::say!("{}", String::from_utf8_lossy(&script).trim_end());
        Ok(true)
    }
}
