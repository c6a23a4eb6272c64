//! The table of what has been answered: it survives a stop at any moment.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Corners};
use crate::arguments::create_folder;

/// What all answers in a folder have in common: answers of two networks in one table would mislead.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) weights_sha256: String,
    pub(super) branch: String,
    pub(super) threshold: f32,
    pub(super) presence: Option<f32>,
    /// Side and overlap of the tiles, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tiles: Option<(u32, f32)>,
    /// How pictures are read, where it is not as usual.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) read_as: String,
    /// The folder that the pictures' paths start from.
    pub(super) images_in: PathBuf,
}

/// A row of the table.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    image: String,
    sentence: String,
    mask: String,
    area_share: f64,
    left: Option<u32>,
    top: Option<u32>,
    right: Option<u32>,
    bottom: Option<u32>,
    presence: f32,
    present: Option<bool>,
    sentence_cut: bool,
}

/// The open table of a folder.
#[derive(Debug)]
pub(super) struct Ledger {
    folder: PathBuf,
    file: File,
    /// Held as long as the table is open.
    _lock: File,
    /// The mask of each picture and sentence.
    masks: HashMap<(String, String), String>,
    names: HashSet<String>,
}

impl Ledger {
    const TABLE: &str = "answers.csv";
    const SETTINGS: &str = "settings.json";
    const MASKS: &str = "masks";

    /// Opens the table of a folder, or begins one. Rows whose mask is no longer there, and a row that a
    /// crash left half-written, are dropped.
    pub(super) fn open(folder: &Path, settings: &Settings) -> anyhow::Result<Self> {
        create_folder(&folder.join(Self::MASKS))?;
        check_settings(&folder.join(Self::SETTINGS), settings)?;
        let table = folder.join(Self::TABLE);
        let opening = || format!("cannot open {}", table.display());
        // Not on the table itself, which is replaced below.
        let lock = File::open(folder.join(Self::SETTINGS)).with_context(opening)?;
        ensure!(
            lock.try_lock().is_ok(),
            "{}: another process is answering into this folder",
            folder.display()
        );
        let mut rows = rows(&table)?;
        rows.retain(|row| folder.join(&row.mask).is_file());
        let mut text = csv::Writer::from_writer(Vec::new());
        if rows.is_empty() {
            text.write_record(HEADER)?;
        }
        for row in &rows {
            text.serialize(row)?;
        }
        whole_file::write(&table, &text.into_inner()?)?;
        let file = OpenOptions::new().append(true).open(&table).with_context(opening)?;
        let names = rows.iter().map(|row| row.mask.clone()).collect();
        let masks = rows.into_iter().map(|row| ((row.image, row.sentence), row.mask)).collect();
        Ok(Self { folder: folder.to_owned(), file, _lock: lock, masks, names })
    }

    pub(super) fn table(&self) -> PathBuf {
        self.folder.join(Self::TABLE)
    }

    /// A file of the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether a question has its answer.
    pub(super) fn has(&self, image: &str, sentence: &str) -> bool {
        self.masks.contains_key(&(image.to_owned(), sentence.to_owned()))
    }

    /// A file for a mask, relative to the folder, that no other answer has: pictures of one name from
    /// several folders, and several sentences about one picture, are numbered.
    pub(super) fn new_mask(&mut self, picture: &Path) -> String {
        let stem = picture.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name = |number: usize| match number {
            1 => format!("{}/{stem}.png", Self::MASKS),
            _ => format!("{}/{stem}.{number}.png", Self::MASKS),
        };
        let free = (1..).map(name).find(|name| !self.names.contains(name));
        let free = free.unwrap_or_default();
        self.names.insert(free.clone());
        free
    }

    /// Adds an answer whose mask is written.
    pub(super) fn add(&mut self, answer: Answer) -> anyhow::Result<()> {
        let corner = |of: fn(&Corners) -> u32| answer.bounding_box.as_ref().map(of);
        let row = Row {
            left: corner(|found| found.left),
            top: corner(|found| found.top),
            right: corner(|found| found.right),
            bottom: corner(|found| found.bottom),
            image: answer.image,
            sentence: answer.sentence,
            mask: answer.mask,
            area_share: answer.area_share,
            presence: answer.presence,
            present: answer.present,
            sentence_cut: answer.sentence_cut,
        };
        let mut line = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        line.serialize(&row)?;
        // One call for the whole line: a stop in between leaves it or does not.
        self.file
            .write_all(&line.into_inner()?)
            .with_context(|| format!("cannot write {}", self.table().display()))?;
        self.masks.insert((row.image, row.sentence), row.mask);
        Ok(())
    }
}

const HEADER: [&str; 11] = [
    "image",
    "sentence",
    "mask",
    "area_share",
    "left",
    "top",
    "right",
    "bottom",
    "presence",
    "present",
    "sentence_cut",
];

/// The rows that are whole.
fn rows(table: &Path) -> anyhow::Result<Vec<Row>> {
    let reading = || format!("cannot read {}", table.display());
    if !table.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read(table).with_context(reading)?;
    let mut rows = Vec::new();
    for row in csv::Reader::from_reader(text.as_slice()).deserialize::<Row>() {
        match row {
            Ok(row) => rows.push(row),
            // Half-written, hence the last.
            Err(_) => return Ok(rows),
        }
    }
    if !text.ends_with(b"\n") {
        rows.pop();
    }
    Ok(rows)
}

/// Writes the settings, or holds those of earlier answers to them.
fn check_settings(file: &Path, settings: &Settings) -> anyhow::Result<()> {
    if !file.exists() {
        return Ok(whole_file::write(file, &serde_json::to_vec_pretty(settings)?)?);
    }
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let earlier: Settings = serde_json::from_slice(&text)
        .with_context(|| format!("{}: expected the settings of earlier answers", file.display()))?;
    let what = match () {
        () if earlier.weights_sha256 != settings.weights_sha256 => "other weights",
        () if earlier.images_in != settings.images_in => "a table in another folder",
        () if earlier.tiles != settings.tiles => "other tiles",
        () if earlier.read_as != settings.read_as => "pictures that were read in another way",
        () if earlier != *settings => "another branch, threshold or presence",
        () => return Ok(()),
    };
    anyhow::bail!(
        "{}: the answers in this folder are from {what}; choose another folder with --out",
        file.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(threshold: f32) -> Settings {
        Settings {
            weights_sha256: "ab".to_owned(),
            branch: "causal".to_owned(),
            threshold,
            presence: None,
            tiles: None,
            read_as: String::new(),
            images_in: PathBuf::from("/set"),
        }
    }

    fn answer(sentence: &str, mask: String) -> Answer {
        Answer {
            image: "a.png".to_owned(),
            sentence: sentence.to_owned(),
            mask,
            area_share: 0.25,
            bounding_box: None,
            presence: 0.75,
            present: None,
            sentence_cut: false,
            tiles: None,
        }
    }

    /// Answers with masks that are there.
    fn add(ledger: &mut Ledger, sentence: &str) {
        let mask = ledger.new_mask(Path::new("x/a.png"));
        std::fs::write(ledger.folder.join(&mask), b"").unwrap();
        ledger.add(answer(sentence, mask)).unwrap();
    }

    #[test]
    fn a_half_written_row_and_a_lost_mask_are_answered_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path(), &settings(0.5)).unwrap();
        for sentence in ["left,\n\"lung\"", "right lung", "both lungs"] {
            add(&mut ledger, sentence);
        }
        let table = ledger.table();
        drop(ledger);
        let text = std::fs::read(&table).unwrap();
        for cut in 1..20 {
            std::fs::write(&table, &text[..text.len() - cut]).unwrap();
            let ledger = Ledger::open(folder.path(), &settings(0.5)).unwrap();
            assert!(ledger.has("a.png", "left,\n\"lung\"") && ledger.has("a.png", "right lung"));
            assert!(!ledger.has("a.png", "both lungs"), "{cut}");
        }
        std::fs::write(&table, &text).unwrap();
        std::fs::remove_file(folder.path().join("masks/a.2.png")).unwrap();
        let mut ledger = Ledger::open(folder.path(), &settings(0.5)).unwrap();
        assert!(!ledger.has("a.png", "right lung") && ledger.has("a.png", "both lungs"));
        assert_eq!(ledger.new_mask(Path::new("a.png")), "masks/a.2.png");
    }

    #[test]
    fn answers_of_two_kinds_do_not_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), &settings(0.5)).unwrap();
        let message = Ledger::open(folder.path(), &settings(0.5)).unwrap_err().to_string();
        assert!(message.ends_with("another process is answering into this folder"), "{message}");
        drop(ledger);
        let windowed = Settings { read_as: "Window".to_owned(), ..settings(0.5) };
        let message = Ledger::open(folder.path(), &windowed).unwrap_err().to_string();
        assert!(message.contains("read in another way"), "{message}");
        let message = Ledger::open(folder.path(), &settings(0.4)).unwrap_err().to_string();
        assert!(
            message.contains("from another branch, threshold or presence; choose"),
            "{message}"
        );
    }
}
