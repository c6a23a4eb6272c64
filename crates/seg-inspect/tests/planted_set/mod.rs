//! A set that a test writes row by row, and twelve sound cases to plant faults among.
#![allow(clippy::unwrap_used, dead_code)] // each test file uses a part

use std::fs;

use seeded::{SplitMix64, fnv1a64};
use seg_data::{Dataset, OpenOptions};
use seg_image::{BinaryMask, Rgb, RgbImage, write_mask, write_rgb};
use seg_inspect::{Finding, InspectOptions, Inspection};

pub const SIDE: u32 = 96;

/// A set that is written row by row.
pub struct Set {
    pub folder: tempfile::TempDir,
    pub table: String,
}

impl Set {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, table: "image,mask,text,split,patient\n".to_owned() }
    }

    pub fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// A row, whose files are there or come later.
    pub fn row(&mut self, image: &str, mask: &str, text: &str, split: &str, patient: &str) {
        self.table += &format!("{image},{mask},\"{text}\",{split},{patient}\n");
    }

    /// A picture of its own with a block as mask.
    pub fn case(&mut self, name: &str, block: [u32; 4], text: &str, split: &str, patient: &str) {
        let (image, mask) = (format!("{name}.png"), format!("{name}_mask.png"));
        write_rgb(&self.file(&image), &picture(name)).unwrap();
        write_mask(&self.file(&mask), &block_mask(block)).unwrap();
        self.row(&image, &mask, text, split, patient);
    }

    pub fn inspect(&self) -> Inspection {
        self.inspect_with(&OpenOptions::default())
    }

    pub fn inspect_with(&self, options: &OpenOptions) -> Inspection {
        fs::write(self.file("manifest.csv"), &self.table).unwrap();
        let set = Dataset::open_with(self.folder.path(), options).unwrap();
        Inspection::run(&set, &InspectOptions::new(&tokens)).unwrap()
    }
}

pub fn tokens(sentence: &str) -> usize {
    sentence.split_whitespace().count() + 2
}

/// Clouds that the name decides: no two are alike.
pub fn picture(name: &str) -> RgbImage {
    let mut stream = SplitMix64::new(fnv1a64(name));
    let waves = [(); 12].map(|()| [(); 4].map(|()| stream.uniform()));
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let (x, y) = (x as f32 / SIDE as f32, y as f32 / SIDE as f32);
        let wave = |w: &[f32; 4]| w[3] * (14.0 * (w[0] * x + w[1] * y) + 6.0 * w[2]).sin();
        let value = waves.iter().map(wave).sum::<f32>();
        Rgb([(110.0 + 30.0 * value).clamp(0.0, 220.0) as u8; 3])
    })
}

/// Left, top, right, bottom; the last two are outside.
pub fn block_mask([left, top, right, bottom]: [u32; 4]) -> BinaryMask {
    BinaryMask::from_fn(SIDE, SIDE, |x, y| (left..right).contains(&x) && (top..bottom).contains(&y))
}

pub const UPPER_LEFT: [u32; 4] = [5, 5, 40, 40];
pub const LOWER_RIGHT: [u32; 4] = [60, 60, 90, 90];

pub fn finding<'a>(inspection: &'a Inspection, code: &str) -> Option<&'a Finding> {
    inspection.findings.iter().find(|finding| finding.code == code)
}

pub fn places(inspection: &Inspection, code: &str) -> Vec<String> {
    finding(inspection, code).map(|finding| finding.places.clone()).unwrap_or_default()
}

/// Twelve sound cases in three splits.
pub fn sound() -> Set {
    let mut set = Set::new();
    for i in 0..12 {
        let split = ["train", "train", "val", "test"][i % 4];
        let name = format!("sound{i}");
        match i % 2 {
            0 => set.case(&name, UPPER_LEFT, "One nodule at the upper left.", split, &name),
            _ => set.case(&name, LOWER_RIGHT, "One nodule at the lower right.", split, &name),
        }
    }
    set
}
