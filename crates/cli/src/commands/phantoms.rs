//! `phantoms`

use std::path::{Path, PathBuf};

use anyhow::Context;
use causal_clip_seg_cli::Console;
use seg_data::phantom::{Phantom, PhantomConfig, phantom, write_phantoms};
use seg_image::{OverlayStyle, contact_sheet, overlay, write_rgb};
use serde_json::json;

use crate::arguments::create_folder;

/// Draws a set of chest-like pictures with sentences and masks, to train and test on.
///
/// Leaves manifest.csv, images/ and masks/ in the folder of --out, as `train --data` reads them. A picture
/// has several sentences, and each names some of its lesions: the same picture with another sentence has
/// another mask. Left and right are sides of the picture. The same seed gives the same set.
#[derive(clap::Args)]
#[command(after_help = "Example:
  causal-clip-seg phantoms --out runs/phantoms --sheet runs/phantoms.png")]
pub(crate) struct Phantoms {
    /// Folder for the set; must not hold one yet
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Pictures to train on
    #[arg(long, default_value_t = 400, value_name = "N")]
    train: usize,
    /// Pictures to choose the best network by
    #[arg(long, default_value_t = 40, value_name = "N")]
    val: usize,
    /// Pictures to report results on
    #[arg(long, default_value_t = 40, value_name = "N")]
    test: usize,
    /// Side of the pictures in pixels, 32 to 4096
    #[arg(long, default_value_t = PhantomConfig::default().size, value_name = "PIXELS")]
    size: u32,
    /// Another seed draws other pictures
    #[arg(long, default_value_t = PhantomConfig::default().seed)]
    seed: u64,
    /// Most sentences about lesions for each picture
    #[arg(long, default_value_t = PhantomConfig::default().sentences, value_name = "N")]
    sentences: usize,
    /// Leave out the sentences about whole lungs
    #[arg(long)]
    no_lungs: bool,
    /// Add sentences about the thirds of the lungs, which teach heights
    #[arg(long)]
    thirds: bool,
    /// Add sentences about lesions that are not there; their masks are empty
    #[arg(long)]
    absent: bool,
    /// Put every second lesion into the lung of the one before, so that only heights tell them apart
    #[arg(long)]
    crowded: bool,
    /// Also draw the first phantoms with three sentences each in one picture
    #[arg(long, value_name = "PNG")]
    sheet: Option<PathBuf>,
}

impl Phantoms {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        let config = PhantomConfig {
            size: self.size,
            seed: self.seed,
            sentences: self.sentences,
            lungs: !self.no_lungs,
            thirds: self.thirds,
            absent: self.absent,
            crowded: self.crowded,
        };
        let counts = [self.train, self.val, self.test];
        let bar = console.progress(counts.iter().sum(), "drawing");
        let written = write_phantoms(&self.out, &config, counts, || bar.inc(1))
            .context("cannot write the set")?;
        bar.finish_and_clear();
        let table = self.out.join("manifest.csv");
        if let Some(file) = &self.sheet {
            write_sheet(file, &config)?;
        }
        let made = json!({
            "pictures": written.pictures,
            "sentences": written.cases,
            "manifest": table,
            "sheet": self.sheet,
        });
        console.result(&made, || {
            let (pictures, cases) = (written.pictures, written.cases);
            let set = format!("{pictures} pictures with {cases} sentences -> {}", table.display());
            match &self.sheet {
                Some(file) => format!("{set}\nthe first of them -> {}", file.display()),
                None => set,
            }
        })?;
        Ok(true)
    }
}

/// A column for each of the first phantoms that has several lesions: three sentences, three masks.
fn write_sheet(file: &Path, config: &PhantomConfig) -> anyhow::Result<()> {
    const COLUMNS: usize = 4;
    const ROWS: usize = 3;
    let made = (0..100).map(|index| phantom(config, index));
    let many = made.filter(|made| made.findings.len() > 1).take(COLUMNS).collect::<Vec<_>>();
    let tile = |made: &Phantom, row: usize| {
        let query = made.queries.get(row)?;
        Some(overlay(&made.image, &query.mask, &OverlayStyle::default(), &query.sentence))
    };
    let tiles = (0..ROWS).flat_map(|row| many.iter().filter_map(move |made| tile(made, row)));
    if let Some(folder) = file.parent() {
        create_folder(folder)?;
    }
    write_rgb(file, &contact_sheet(&tiles.collect::<Vec<_>>(), COLUMNS))?;
    Ok(())
}
