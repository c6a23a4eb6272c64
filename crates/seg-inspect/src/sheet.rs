//! Small pictures of cases with the outlines of their masks, for the page.

use std::collections::{BTreeMap, BTreeSet};

use image::codecs::jpeg::JpegEncoder;
use image::imageops;
use seeded::SplitMix64;
use seg_data::load;
use seg_image::{OverlayStyle, overlay};

use crate::case_row::CaseRow;
use crate::duplicates::DuplicateFacts;
use crate::error::InspectError;
use crate::scan::Scan;
use crate::sides::SideFacts;

/// Pictures that belong together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sheet {
    pub(crate) title: String,
    pub(crate) tiles: Vec<Tile>,
}

/// One case.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tile {
    /// JPEG.
    pub(crate) picture: Vec<u8>,
    pub(crate) sentence: String,
    pub(crate) place: String,
}

/// What the page shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sheets {
    /// Some cases of each split.
    pub(crate) splits: Vec<Sheet>,
    /// A sheet for each group.
    pub(crate) duplicates: Vec<Sheet>,
    /// The worst.
    pub(crate) disagreements: Vec<Tile>,
}

/// Cases of a split, groups of duplicates, disagreements: more fill the page and tell no more.
const TILES: usize = 12;
/// Largest number of pictures of a duplicate group.
const MEMBERS: usize = 4;
/// Longer side of a small picture, in pixels.
const SIDE: u32 = 240;
const QUALITY: u8 = 78;

impl Sheets {
    pub(crate) fn from_scan(
        scan: &Scan<'_>,
        duplicates: &DuplicateFacts,
        sides: &SideFacts,
    ) -> Result<Self, InspectError> {
        let at = (0..scan.cases.len()).map(|case| (scan.row(case), case)).collect();
        let at: BTreeMap<CaseRow, usize> = at;
        let tile_of = |row: &CaseRow| match at.get(row) {
            Some(case) => tile(scan, *case),
            None => Ok(None),
        };
        let splits = scan.splits().map(|split| {
            let tiles = chosen(scan, scan.places(split).collect());
            let tiles = tiles.into_iter().filter_map(|case| tile(scan, case).transpose());
            Ok(Sheet { title: split.to_string(), tiles: tiles.collect::<Result<_, _>>()? })
        });
        let groups = duplicates.groups.iter().take(TILES).map(|group| {
            let rows = group.pictures.iter().take(MEMBERS).map(|picture| &picture.row);
            let tiles = rows.filter_map(|row| tile_of(row).transpose());
            let across = if group.across { ", across splits" } else { "" };
            Ok(Sheet {
                title: format!("{}, {} of 256 bits{across}", group.closeness, group.distance),
                tiles: tiles.collect::<Result<_, _>>()?,
            })
        });
        let wrong = sides.disagreements.iter().take(TILES);
        let wrong = wrong.filter_map(|wrong| tile_of(&wrong.row).transpose());
        Ok(Self {
            splits: splits.collect::<Result<_, _>>()?,
            duplicates: groups.collect::<Result<_, _>>()?,
            disagreements: wrong.collect::<Result<_, _>>()?,
        })
    }
}

/// Some of the cases, each of another picture, in the table's order; the same every time.
fn chosen(scan: &Scan<'_>, mut places: Vec<usize>) -> Vec<usize> {
    const SEED: u64 = 7;
    SplitMix64::new(SEED).shuffle(&mut places);
    let mut pictures = BTreeSet::new();
    places.retain(|case| pictures.insert(scan.cases[*case].picture));
    places.truncate(TILES);
    places.sort_unstable();
    places
}

/// A case's picture with its mask outlined; `None` if a file is broken.
fn tile(scan: &Scan<'_>, case: usize) -> Result<Option<Tile>, InspectError> {
    let found = scan.cases[case].case;
    let Ok(sample) = load(found) else { return Ok(None) };
    let (width, height) = sample.image.dimensions();
    let longer = width.max(height).max(1);
    let small = |side: u32| (u64::from(side) * u64::from(SIDE) / u64::from(longer)).max(1) as u32;
    let (image, mask) = match longer > SIDE {
        true => {
            let (width, height) = (small(width), small(height));
            let image = imageops::thumbnail(&sample.image, width, height);
            (image, sample.mask.resize_nearest(width, height))
        }
        false => (sample.image, sample.mask),
    };
    let style = OverlayStyle { tint: 0.0, min_width: SIDE / 2, ..OverlayStyle::default() };
    let drawn = overlay(&image, &mask, &style, "");
    let mut picture = Vec::new();
    JpegEncoder::new_with_quality(&mut picture, QUALITY)
        .encode_image(&drawn)
        .map_err(|source| InspectError::Encode { file: found.image.clone(), source })?;
    let row = scan.row(case);
    let place = format!("{}, row {}: {} ({})", row.table, row.row, row.image, row.split);
    Ok(Some(Tile { picture, sentence: found.sentence.clone(), place }))
}
