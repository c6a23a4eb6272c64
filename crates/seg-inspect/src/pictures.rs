//! Sizes and colours of picture files.

use std::collections::BTreeMap;

use seg_image::FileNote;
use serde::Serialize;

use crate::finding::{Finding, Level, count};
use crate::scan::{Broken, BrokenKind, Scan};
use crate::spread::MedianRange;

/// Sizes and colours of the picture files that can be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PictureFacts {
    /// Files that can be read.
    pub readable: usize,
    /// Widths in pixels.
    pub width: MedianRange,
    /// Heights in pixels.
    pub height: MedianRange,
    /// Different sizes, commonest first.
    pub sizes: Vec<PictureSize>,
    /// Pictures whose three channels are equal.
    pub grey: usize,
    /// Pictures in colour.
    pub colour: usize,
}

/// A size that pictures have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PictureSize {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How many pictures have it.
    pub pictures: usize,
}

impl PictureFacts {
    pub(crate) fn from_scan(scan: &Scan<'_>) -> Self {
        let readable = scan.pictures.iter().filter_map(|picture| picture.pixels.as_ref());
        let readable = readable.collect::<Vec<_>>();
        let mut counts = BTreeMap::new();
        for pixels in &readable {
            *counts.entry((pixels.width, pixels.height)).or_insert(0) += 1;
        }
        let size = |((width, height), pictures)| PictureSize { width, height, pictures };
        let mut sizes = counts.into_iter().map(size).collect::<Vec<_>>();
        sizes.sort_by_key(|size| std::cmp::Reverse(size.pictures));
        let colour = readable.iter().filter(|pixels| pixels.colour).count();
        Self {
            readable: readable.len(),
            width: MedianRange::from_numbers(readable.iter().map(|pixels| f64::from(pixels.width))),
            height: MedianRange::from_numbers(
                readable.iter().map(|pixels| f64::from(pixels.height)),
            ),
            sizes,
            grey: readable.len() - colour,
            colour,
        }
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.grey > 0 && self.colour > 0 {
            let message = format!(
                "{} in grey and {} in colour: do they come from one source?",
                count(self.grey, "picture"),
                self.colour
            );
            found.push(Finding::new(Level::Note, "grey_and_colour", message));
        }
        found
    }
}

/// All files that cannot be used, by what is wrong with them.
pub(crate) fn broken_files(scan: &Scan<'_>) -> Vec<Finding> {
    let of = |kind: BrokenKind| {
        let broken = scan.pictures.iter().flat_map(|picture| &picture.broken);
        let place = |broken: &Broken| {
            let row = scan.row(broken.case);
            format!("{}, row {}: {}", row.table, row.row, broken.why)
        };
        broken.filter(|broken| broken.kind == kind).map(place).collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    let mut tell = |kind, code, what: &dyn Fn(usize) -> String| {
        let places = of(kind);
        if !places.is_empty() {
            found.push(Finding::new(Level::Error, code, what(places.len())).at(places));
        }
    };
    tell(BrokenKind::Unreadable, "unreadable", &|n| {
        format!("{} cannot be read: restore it or leave it out", count(n, "file"))
    });
    tell(BrokenKind::Size, "mask_size", &|n| {
        let masks = count(n, "mask");
        format!(
            "{masks} with a size other than the picture's: one of the two is wrong or was resized"
        )
    });
    tell(BrokenKind::Rule, "mask_rule", &|n| {
        let masks = count(n, "mask");
        format!("{masks} whose values have two readings, or none: choose a mask rule")
    });
    found
}

/// What was decided while files were read: a finding for each kind.
pub(crate) fn read_notes(scan: &Scan<'_>) -> Vec<Finding> {
    let mut notes = BTreeMap::<&FileNote, Vec<String>>::new();
    for picture in &scan.pictures {
        for (note, _, file) in picture.notes.iter() {
            notes.entry(note).or_default().push(scan.path(file));
        }
    }
    let finding = |(note, files): (&FileNote, Vec<String>)| {
        let (level, code) = match note {
            FileNote::ZeroAndOne => (Level::Note, "zero_and_one"),
            FileNote::OneValue => (Level::Note, "one_value"),
            FileNote::OneColour => (Level::Note, "one_colour"),
            FileNote::FewBits { .. } => (Level::Warning, "few_bits"),
            FileNote::Pages => (Level::Warning, "pages"),
            FileNote::Turned => (Level::Note, "turned"),
            FileNote::TurnedAlone => (Level::Warning, "turned_alone"),
            _ => (Level::Note, "read"),
        };
        Finding::new(level, code, format!("{}: {note}", count(files.len(), "file"))).at(files)
    };
    notes.into_iter().map(finding).collect()
}
