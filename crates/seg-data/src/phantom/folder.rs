//! Phantoms as a folder with a manifest.

use std::fs;
use std::path::Path;

use seg_image::{write_gray8, write_mask};

use super::error::PhantomError;
use super::{PhantomConfig, phantom};

/// What [`write_phantoms`] left in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenPhantoms {
    /// Pictures of all splits.
    pub pictures: usize,
    /// Pictures with a sentence and its mask: rows of the manifest.
    pub cases: usize,
}

/// Writes phantoms as a set: `images/NNNN.png`, `masks/NNNN_K.png` and `manifest.csv` with the
/// columns image, mask, text, split and case.
///
/// `counts` are the pictures of train, val and test. Picture `i` of a split does not depend on how
/// many others there are: it is the phantom of index `i` in train, `i + 2^32` in val and
/// `i + 2^33` in test. `tick` is called after each picture. The manifest comes last, so a folder
/// that has one is whole.
///
/// # Errors
///
/// If the configuration is refused, all counts are 0, the folder already has a manifest, or a file
/// cannot be written.
pub fn write_phantoms(
    folder: &Path,
    config: &PhantomConfig,
    counts: [usize; 3],
    mut tick: impl FnMut(),
) -> Result<WrittenPhantoms, PhantomError> {
    config.check()?;
    if counts == [0; 3] {
        return Err(PhantomError::NoPicture);
    }
    let table = folder.join("manifest.csv");
    if table.exists() {
        return Err(PhantomError::Occupied { file: table });
    }
    for part in ["images", "masks"] {
        let folder = folder.join(part);
        fs::create_dir_all(&folder)
            .map_err(|source| PhantomError::Folder { folder: folder.clone(), source })?;
    }
    let unwritten = |source| PhantomError::Table { file: table.clone(), source };
    let rejected = |error: csv::Error| unwritten(error.into());
    let mut rows = csv::Writer::from_writer(Vec::new());
    rows.write_record(["image", "mask", "text", "split", "case"]).map_err(rejected)?;
    let mut written = WrittenPhantoms { pictures: 0, cases: 0 };
    for (split, (name, count)) in ["train", "val", "test"].into_iter().zip(counts).enumerate() {
        for i in 0..count {
            let made = phantom(config, ((split as u64) << 32) + i as u64);
            let case = format!("{:04}", written.pictures);
            let image = format!("images/{case}.png");
            let (width, height) = made.image.dimensions();
            let grey = made.image.pixels().map(|pixel| pixel[0]).collect();
            let failed = |source| PhantomError::Image { source };
            write_gray8(&folder.join(&image), width, height, grey).map_err(failed)?;
            for (k, query) in made.queries.iter().enumerate() {
                let mask = format!("masks/{case}_{k}.png");
                write_mask(&folder.join(&mask), &query.mask).map_err(failed)?;
                rows.write_record([&image, &mask, &query.sentence, name, &case])
                    .map_err(rejected)?;
            }
            written.pictures += 1;
            written.cases += made.queries.len();
            tick();
        }
    }
    let rows = rows.into_inner().map_err(|error| unwritten(error.into_error()))?;
    whole_file::write_new(&table, &rows).map_err(|error| unwritten(error.source))?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use seg_image::{MaskOptions, read_mask, read_rgb};

    #[test]
    fn the_folder_holds_what_was_drawn() {
        let folder = tempfile::tempdir().unwrap();
        let config = PhantomConfig { size: 48, ..PhantomConfig::default() };
        let mut ticks = 0;
        let written = write_phantoms(folder.path(), &config, [1, 0, 1], || ticks += 1).unwrap();
        let drawn = [phantom(&config, 0), phantom(&config, 2 << 32)];
        let cases = drawn.iter().map(|made| made.queries.len()).sum();
        assert_eq!((written, ticks), (WrittenPhantoms { pictures: 2, cases }, 2));
        let mut rows = csv::Reader::from_path(folder.path().join("manifest.csv")).unwrap();
        assert_eq!(rows.headers().unwrap(), &["image", "mask", "text", "split", "case"][..]);
        let queries = drawn.iter().flat_map(|made| made.queries.iter().map(move |q| (made, q)));
        let mut read = 0;
        for (row, (made, query)) in rows.records().zip(queries) {
            let row = row.unwrap();
            assert_eq!(read_rgb(folder.path().join(&row[0])).unwrap(), made.image);
            let mask =
                read_mask(&folder.path().join(&row[1]), MaskOptions::default()).unwrap().mask;
            assert_eq!((&row[2], &mask), (&*query.sentence, &query.mask));
            assert_eq!(&row[3], if made == &drawn[0] { "train" } else { "test" });
            assert_eq!(&row[4], if made == &drawn[0] { "0000" } else { "0001" });
            read += 1;
        }
        assert_eq!(read, cases);
    }

    #[test]
    fn a_set_is_not_written_over_another() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("manifest.csv"), "mine").unwrap();
        let config = PhantomConfig { size: 32, ..PhantomConfig::default() };
        let error = write_phantoms(folder.path(), &config, [1, 1, 1], || {}).unwrap_err();
        assert!(error.to_string().contains("manifest.csv exists already"), "{error}");
        assert!(!folder.path().join("images").exists());
        let error = write_phantoms(folder.path(), &config, [0; 3], || {}).unwrap_err();
        assert!(error.to_string().starts_with("there would be no pictures"), "{error}");
    }
}
