//! Whether the files of cases can be read and fit each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use seg_image::read_picture;

use crate::case::Case;
use crate::error::DataError;

/// Decodes each picture of the cases and each of their masks once, on all cores; `tick` is called
/// for each case.
///
/// # Errors
///
/// Returns the error of the first case, in the given order, whose files cannot be read or do not
/// fit each other.
pub fn check(cases: &[&Case], tick: impl Fn() + Sync) -> Result<(), DataError> {
    let mut pictures = BTreeMap::<_, Vec<usize>>::new();
    for (place, case) in cases.iter().enumerate() {
        pictures.entry(&case.image).or_default().push(place);
    }
    let mut pictures = pictures.into_values().collect::<Vec<_>>();
    pictures.sort(); // by their first cases
    let broken = AtomicUsize::new(usize::MAX);
    let find = |places: &Vec<usize>| {
        // What comes after a broken case is not looked at; what may come before it is.
        let sought = places.iter().any(|place| *place < broken.load(Ordering::Relaxed));
        let found = if sought { picture(cases, places).err() } else { None };
        if let Some((place, _)) = &found {
            broken.fetch_min(*place, Ordering::Relaxed);
        }
        places.iter().for_each(|_| tick());
        found
    };
    match pictures.par_iter().filter_map(find).min_by_key(|(place, _)| *place) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

/// The cases of one picture.
fn picture(cases: &[&Case], places: &[usize]) -> Result<(), (usize, DataError)> {
    let Some(&first) = places.first() else { return Ok(()) };
    let picture = read_picture(&cases[first].image, cases[first].reading.picture);
    let image = picture.map_err(|source| (first, cases[first].unreadable(source)))?.image;
    let mut seen = BTreeSet::new();
    for &place in places {
        let case = cases[place];
        for file in case.masks.iter().filter(|file| seen.insert(*file)) {
            case.mask(file, image.dimensions()).map_err(|error| (place, error))?;
        }
    }
    Ok(())
}
