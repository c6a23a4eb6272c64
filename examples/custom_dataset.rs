//! Makes a set of pictures and masks of your own, here from folders that are called what they show:
//! `cargo run --release -p examples --example custom_dataset -- FOLDER`
//!
//! ```text
//! FOLDER/left lung/0001.png   FOLDER/left lung/0001.mask.png
//! FOLDER/right lung/0001.png  ...
//! ```
//!
//! Without a folder a few pictures are drawn. What is left is `manifest.csv`, which every command and
//! `trainer` read.

use std::path::Path;

use seg_data::phantom::{PhantomConfig, phantom};
use seg_data::{Dataset, Split};
use seg_image::{write_mask, write_rgb};

fn main() -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = match std::env::args().nth(1) {
        Some(folder) => folder.into(),
        None => {
            draw(temporary.path())?;
            temporary.path().to_owned()
        }
    };

    let mut manifest = csv::Writer::from_path(folder.join("manifest.csv"))?;
    manifest.write_record(["image", "mask", "text", "split", "group"])?;
    for entry in std::fs::read_dir(&folder)?.filter_map(Result::ok) {
        let sentence = entry.file_name().to_string_lossy().into_owned();
        if !entry.path().is_dir() {
            continue;
        }
        for file in std::fs::read_dir(entry.path())?.filter_map(Result::ok) {
            let name = file.file_name().to_string_lossy().into_owned();
            let Some(patient) = name.strip_suffix(".mask.png") else { continue };
            // A patient is in one split, whatever is asked about their pictures.
            let split = match patient.parse::<usize>().unwrap_or_default() % 10 {
                8 => "val",
                9 => "test",
                _ => "train",
            };
            let [image, mask] =
                ["png", "mask.png"].map(|end| format!("{sentence}/{patient}.{end}"));
            manifest.write_record([&image, &mask, &sentence, split, patient])?;
        }
    }
    manifest.flush()?;

    // Rows are checked when the set is opened, pixels now: an error names the row.
    let set = Dataset::open(&folder)?;
    for split in Split::ALL {
        let cases = set.cases(split);
        for case in &cases {
            seg_data::load(case)?;
        }
        println!("{split}: {} cases", cases.len());
    }
    println!("-> {}", folder.join("manifest.csv").display());
    Ok(())
}

/// Ten pictures of two lungs.
fn draw(folder: &Path) -> anyhow::Result<()> {
    for index in 0..10 {
        let made = phantom(&PhantomConfig::default(), index);
        for query in
            made.queries.iter().filter(|query| query.sentence.to_lowercase().contains("lung"))
        {
            let part = folder.join(query.sentence.trim_end_matches('.'));
            std::fs::create_dir_all(&part)?;
            write_rgb(&part.join(format!("{index:04}.png")), &made.image)?;
            write_mask(&part.join(format!("{index:04}.mask.png")), &query.mask)?;
        }
    }
    Ok(())
}
