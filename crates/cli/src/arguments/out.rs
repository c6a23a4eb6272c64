//! Where results go.

use std::path::{Path, PathBuf};

use anyhow::Context;

#[derive(clap::Args)]
pub(crate) struct OutArg {
    /// Folder for the results, made if need be [default: runs/ and the command's name]
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl OutArg {
    /// The folder, without making it.
    pub(crate) fn folder(&self, command: &str) -> PathBuf {
        self.out.clone().unwrap_or_else(|| Path::new("runs").join(command))
    }

    /// The folder, which exists then.
    pub(crate) fn create(&self, command: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder(command);
        create_folder(&folder)?;
        Ok(folder)
    }
}

/// Makes a folder and those above it; one that exists is as good.
pub(crate) fn create_folder(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}
