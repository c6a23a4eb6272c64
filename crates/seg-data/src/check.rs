//! Whether every file of a set can be read and fits.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use seg_image::read_rgb;

use crate::case::Case;
use crate::error::DataError;

/// Decodes each picture and each of its masks once. The first broken case is told, whichever thread
/// comes upon it first.
pub(crate) fn all(cases: &[Case], tick: impl Fn() + Sync) -> Result<(), DataError> {
    let mut pictures = BTreeMap::<_, Vec<usize>>::new();
    for (place, case) in cases.iter().enumerate() {
        pictures.entry(&case.image).or_default().push(place);
    }
    let mut pictures = pictures.into_values().collect::<Vec<_>>();
    pictures.sort(); // by their first cases
    let (next, broken) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
    let work = || {
        let mut found = Vec::new();
        while let Some(places) = pictures.get(next.fetch_add(1, Ordering::Relaxed)) {
            // What comes after a broken case is not looked at; what may come before it is.
            if places.iter().any(|place| *place < broken.load(Ordering::Relaxed))
                && let Err((place, error)) = picture(cases, places)
            {
                broken.fetch_min(place, Ordering::Relaxed);
                found.push((place, error));
            }
            places.iter().for_each(|_| tick());
        }
        found
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let found = thread::scope(|scope| {
        let running = (0..threads).map(|_| scope.spawn(work)).collect::<Vec<_>>();
        let wait = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        running.into_iter().flat_map(wait).collect::<Vec<(usize, DataError)>>()
    });
    match found.into_iter().min_by_key(|(place, _)| *place) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

/// The cases of one picture.
fn picture(cases: &[Case], places: &[usize]) -> Result<(), (usize, DataError)> {
    let Some(&first) = places.first() else { return Ok(()) };
    let image = read_rgb(&cases[first].image);
    let image = image.map_err(|source| (first, cases[first].unreadable(source)))?;
    let mut seen = BTreeSet::new();
    for &place in places {
        let case = &cases[place];
        for file in case.masks.iter().filter(|file| seen.insert(*file)) {
            case.mask(file, image.dimensions()).map_err(|error| (place, error))?;
        }
    }
    Ok(())
}
