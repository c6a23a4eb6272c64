//! Copies a set with a mark in its pictures that agrees with the side of the target:
//! `cargo run --release -p benches --bin plant_confounder -- --data DIR --out runs/planted`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use causal_clip_seg_cli::{Console, EXIT_CODES, exit_code, say};
use clap::Parser;
use evaluation::Cover;
use seeded::{SplitMix64, fnv1a64};
use seg_data::{Case, Dataset, Sample, Split};
use seg_image::{Rgb, RgbImage, write_mask, write_rgb};

/// Copies a set and plants a confounder: a mark in its pictures that agrees with the side of the target.
///
/// Each case gets a picture of its own with a white tag in an upper corner. In training and validation it
/// is mostly on the target's side, so that a network may look at the tag instead of reading. The folder
/// of --out gets two sets: `aligned`, whose test pictures have the tag on the target's side too, and
/// `flipped`, the same test cases with the tag on the other side. The score that a network trained on
/// `aligned` loses from the first test to the second is what it owed to the tag.
///
/// If a target is in both halves, the seed draws the side of the tag.
#[derive(Parser)]
#[command(name = "plant_confounder", after_help = EXIT_CODES, max_term_width = 100)]
struct Args {
    /// Folder of a set, as train takes it
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Folder for both sets; must not hold them yet
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Share of one-sided training and validation cases whose tag is on the target's side
    #[arg(long, default_value_t = 0.95)]
    agree: f32,
    /// Use at most so many cases of each split, drawn by the seed
    #[arg(long, value_name = "N")]
    cases: Option<usize>,
    /// Seed of everything that is drawn
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> ExitCode {
    exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    ensure!(
        (0.0..=1.0).contains(&args.agree),
        "--agree {}: expected a share from 0 to 1",
        args.agree
    );
    let data = Dataset::open(&args.data).context("cannot open the set")?;
    let splits = Split::ALL.map(|split| (split, chosen(data.cases(split), &args)));
    let count = splits.iter().map(|(_, cases)| cases.len()).sum::<usize>();
    let bar = Console::default().progress(count, "copying");
    let [aligned, flipped] = ["aligned", "flipped"].map(|name| args.out.join(name));
    let mut sets = [Copied::new(&aligned)?, Copied::new(&flipped)?];
    let [in_aligned, in_flipped] = &mut sets;
    let mut number = 0;
    for (split, cases) in &splits {
        for case in cases {
            let sample = seg_data::load(case)?;
            let mut stream = SplitMix64::new(args.seed ^ fnv1a64(&format!("{}", case.origin)));
            // In [0, 1).
            let mut chance = || (stream.uniform() + 1.0) / 2.0;
            let (side, agrees) = (target_side(&sample), chance() < args.agree);
            let free = if chance() < 0.5 { Side::Left } else { Side::Right };
            match (split, side) {
                (Split::Test, Some(side)) => {
                    in_aligned.add(number, case, &sample, side)?;
                    in_flipped.add(number, case, &sample, side.other())?;
                }
                (Split::Test, None) => {
                    in_aligned.add(number, case, &sample, free)?;
                    in_flipped.add(number, case, &sample, free)?;
                }
                (_, Some(side)) => {
                    let side = if agrees { side } else { side.other() };
                    in_aligned.add(number, case, &sample, side)?;
                }
                (_, None) => in_aligned.add(number, case, &sample, free)?,
            }
            number += 1;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    for set in sets {
        say!("{} cases -> {}", set.rows.len(), set.folder.display());
        set.finish()?;
    }
    Ok(())
}

/// Some of the cases, in their order.
fn chosen<'a>(cases: Vec<&'a Case>, args: &Args) -> Vec<&'a Case> {
    let mut places = (0..cases.len()).collect::<Vec<_>>();
    SplitMix64::new(args.seed).shuffle(&mut places);
    places.truncate(args.cases.unwrap_or(usize::MAX));
    places.sort_unstable();
    places.into_iter().map(|place| cases[place]).collect()
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// The half of the picture that the mask is in, if it is one.
fn target_side(sample: &Sample) -> Option<Side> {
    let mask = &sample.mask;
    let halves = Cover::halves(mask.values.iter().copied(), mask.width as usize)?;
    Some(if halves.target_is_left() { Side::Left } else { Side::Right })
}

/// A set in the making.
struct Copied {
    folder: PathBuf,
    rows: Vec<[String; 5]>,
}

impl Copied {
    fn new(folder: &Path) -> anyhow::Result<Self> {
        let table = folder.join("manifest.csv");
        ensure!(
            !table.exists(),
            "{}: there is a set already; choose another folder with --out",
            table.display()
        );
        for part in ["images", "masks"] {
            let folder = folder.join(part);
            std::fs::create_dir_all(&folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(Self { folder: folder.to_owned(), rows: Vec::new() })
    }

    /// One case of a number in both sets: `paired` knows it by the name that this makes.
    fn add(
        &mut self,
        number: usize,
        case: &Case,
        sample: &Sample,
        side: Side,
    ) -> anyhow::Result<()> {
        let (image, mask) = (format!("images/{number:05}.png"), format!("masks/{number:05}.png"));
        write_rgb(&self.folder.join(&image), &tagged(&sample.image, side))?;
        write_mask(&self.folder.join(&mask), &sample.mask)?;
        // Copies of one picture are no independent cases.
        let group = case.group.clone().unwrap_or_else(|| case.id.clone());
        self.rows.push([image, mask, case.sentence.clone(), case.split.to_string(), group]);
        Ok(())
    }

    fn finish(self) -> anyhow::Result<()> {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["image", "mask", "text", "split", "group"])?;
        for row in &self.rows {
            table.write_record(row)?;
        }
        Ok(whole_file::write_new(&self.folder.join("manifest.csv"), &table.into_inner()?)?)
    }
}

/// The picture with a white square in the upper corner of that side, a dark line around it.
fn tagged(image: &RgbImage, side: Side) -> RgbImage {
    /// The tag's side is one in so many of the picture's shorter side.
    const TAG: u32 = 10;
    let mut tagged = image.clone();
    let (width, height) = image.dimensions();
    let tag = (width.min(height) / TAG).max(1);
    let edge = tag.div_ceil(8);
    for y in 0..(tag + 2 * edge).min(height) {
        for x in 0..(tag + 2 * edge).min(width) {
            let inside = |at: u32| (edge..edge + tag).contains(&at);
            let value = if inside(x) && inside(y) { 255 } else { 0 };
            let x = match side {
                Side::Left => x,
                Side::Right => width - 1 - x,
            };
            tagged.put_pixel(x, y, Rgb([value; 3]));
        }
    }
    tagged
}
