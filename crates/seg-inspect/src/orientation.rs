//! Pictures that a tag turns while their masks have none.

use std::collections::BTreeMap;
use std::path::Path;

use image::metadata::Orientation;
use image::{ImageDecoder, ImageReader};
use rayon::prelude::*;

use crate::finding::{Finding, Level, count};
use crate::scan::Scan;

/// Pictures whose EXIF tag turns them otherwise than a mask's own: where the mask was drawn on the pixels
/// as they are stored, it lies elsewhere. A mask of another size has shown itself already.
pub(crate) fn findings(scan: &Scan<'_>) -> Option<Finding> {
    let mut files = BTreeMap::<&Path, Orientation>::new();
    for case in &scan.cases {
        files.insert(&case.case.image, Orientation::NoTransforms);
        files
            .extend(case.case.masks.iter().map(|mask| (mask.as_path(), Orientation::NoTransforms)));
    }
    files.par_iter_mut().for_each(|(file, found)| *found = orientation(file));
    let of = |file: &Path| files.get(file).copied().unwrap_or(Orientation::NoTransforms);
    let is_turned = |at: &usize| {
        let case = scan.cases[*at].case;
        let own = of(&case.image);
        case.masks.iter().any(|mask| of(mask) != own)
    };
    let turned = (0..scan.cases.len()).filter(is_turned).collect::<Vec<_>>();
    if turned.is_empty() {
        return None;
    }
    let message = format!(
        "{} turned by an EXIF tag that its mask does not have: if the mask was drawn on the picture as it \
         is stored, it lies in another place; look at them, and save the pictures without the tag",
        count(turned.len(), "picture")
    );
    let place = |at: usize| {
        let own = of(&scan.cases[at].case.image);
        format!("{}: {}", scan.row(at), told(own))
    };
    Some(Finding::new(Level::Warning, "turned_picture", message).at(turned.into_iter().map(place)))
}

/// What a file's tag says; nothing if it has none or cannot be read.
fn orientation(file: &Path) -> Orientation {
    let decoder = ImageReader::open(file).and_then(ImageReader::with_guessed_format);
    let decoder = decoder.ok().and_then(|reader| reader.into_decoder().ok());
    let found = decoder.and_then(|mut decoder| decoder.orientation().ok());
    found.unwrap_or(Orientation::NoTransforms)
}

fn told(orientation: Orientation) -> &'static str {
    match orientation {
        Orientation::NoTransforms => "no tag, but its mask has one",
        Orientation::Rotate90 => "a quarter turn to the right",
        Orientation::Rotate180 => "half a turn",
        Orientation::Rotate270 => "a quarter turn to the left",
        Orientation::FlipHorizontal => "mirrored",
        Orientation::FlipVertical => "upside down",
        Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => "turned and mirrored",
    }
}
