//! Draws a set of chest-like pictures with sentences and masks, to train and test on:
//! `cargo run --release --example phantoms -- --out runs/phantoms --sheet runs/phantoms.png`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use examples::say;
use indicatif::{ProgressBar, ProgressStyle};
use seg_data::phantom::{Phantom, PhantomConfig, phantom, write_phantoms};
use seg_image::{OverlayStyle, contact_sheet, overlay, write_rgb};

/// Draws a set of chest-like pictures with sentences and masks, to train and test on.
///
/// Leaves manifest.csv, images and masks in the folder of --out, as train --data reads them. A
/// picture has several sentences, and each names some of its lesions: the same picture with another
/// sentence has another mask. Left and right are sides of the picture. The same seed gives the same
/// set.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// Folder that the set goes to; must not hold one yet
    #[arg(short, long)]
    out: PathBuf,
    /// Pictures to train on
    #[arg(long, default_value_t = 400)]
    train: usize,
    /// Pictures to choose the best network by
    #[arg(long, default_value_t = 40)]
    val: usize,
    /// Pictures to report results on
    #[arg(long, default_value_t = 40)]
    test: usize,
    /// Side of the pictures in pixels, 32 to 4096
    #[arg(long, default_value_t = PhantomConfig::default().size)]
    size: u32,
    /// Other seeds give other pictures
    #[arg(long, default_value_t = PhantomConfig::default().seed)]
    seed: u64,
    /// At most so many sentences about lesions for each picture
    #[arg(long, default_value_t = PhantomConfig::default().sentences)]
    sentences: usize,
    /// Leave out the sentences about whole lungs
    #[arg(long)]
    no_lungs: bool,
    /// Add sentences about the thirds of the lungs: they teach heights
    #[arg(long)]
    thirds: bool,
    /// Add sentences about lesions where there are none; their masks are empty
    #[arg(long)]
    absent: bool,
    /// Put every second lesion into the lung of the one before: then heights have to be read
    #[arg(long)]
    crowded: bool,
    /// Also a picture of the first phantoms with three sentences each (PNG)
    #[arg(long)]
    sheet: Option<PathBuf>,
}

fn main() -> ExitCode {
    examples::exit_code(run(Args::parse()))
}

fn run(args: Args) -> anyhow::Result<bool> {
    let config = PhantomConfig {
        size: args.size,
        seed: args.seed,
        sentences: args.sentences,
        lungs: !args.no_lungs,
        thirds: args.thirds,
        absent: args.absent,
        crowded: args.crowded,
    };
    let counts = [args.train, args.val, args.test];
    let bar = ProgressBar::new(counts.iter().sum::<usize>() as u64)
        .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} pictures, {eta} left")?);
    let written =
        write_phantoms(&args.out, &config, counts, || bar.inc(1)).context("writing the set")?;
    bar.finish_and_clear();
    say!(
        "{} pictures with {} sentences -> {}",
        written.pictures,
        written.cases,
        args.out.join("manifest.csv").display()
    );
    if let Some(file) = &args.sheet {
        write_sheet(file, &config)?;
        say!("the first phantoms, each with several sentences -> {}", file.display());
    }
    Ok(true)
}

/// A column for each of the first phantoms that has enough to tell: three sentences, three masks.
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
        std::fs::create_dir_all(folder)
            .with_context(|| format!("making the folder {}", folder.display()))?;
    }
    write_rgb(file, &contact_sheet(&tiles.collect::<Vec<_>>(), COLUMNS))?;
    Ok(())
}
