//! Groups of cases that must stay in one split: a patient's cases, a picture's sentences.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use seeded::{fnv1a64, mix64};

use crate::case::{Case, Split};

/// A group that has cases in more than one split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedGroup {
    /// The group's name; if it has none, the picture's path in the folder.
    pub name: String,
    /// The number of its cases in each split that has any.
    pub cases: BTreeMap<Split, usize>,
}

/// Groups in more than one split, by name.
pub(crate) fn shared(cases: &[Case], folder: &Path) -> Vec<SharedGroup> {
    let in_splits = |(name, places): (String, Vec<usize>)| {
        let mut counts = BTreeMap::new();
        for place in places {
            *counts.entry(cases[place].split).or_insert(0) += 1;
        }
        (counts.len() > 1).then_some(SharedGroup { name, cases: counts })
    };
    together(cases, folder).into_iter().filter_map(in_splits).collect()
}

/// Deals whole groups anew.
pub(crate) fn deal(cases: &mut [Case], folder: &Path, shares: [f64; 3], seed: u64) {
    // A NaN is not larger than 0.
    let shares = shares.map(|share| if share > 0.0 { share.min(f64::MAX / 4.0) } else { 0.0 });
    let sum = shares.iter().sum::<f64>();
    let [train, val, _] = if sum > 0.0 { shares.map(|share| share / sum) } else { [1.0, 0.0, 0.0] };
    let last = Split::ALL.into_iter().zip(shares).rfind(|(_, share)| *share > 0.0);
    let last = last.map_or(Split::Train, |(split, _)| split);
    // By each group's own number: another group more changes the order of no two.
    let key = |name: &str| mix64(fnv1a64(name) ^ mix64(seed));
    let groups = together(cases, folder);
    let mut groups =
        groups.iter().map(|(name, places)| (key(name), name, places)).collect::<Vec<_>>();
    groups.sort();
    let (count, mut before) = (cases.len() as f64, 0.0);
    for (_, _, places) in groups {
        let size = places.len() as f64;
        // A group is where its middle is, so that no border is off by more than half a group.
        let middle = (before + size / 2.0) / count;
        let split = match middle {
            m if m < train => Split::Train,
            m if m < train + val => Split::Val,
            _ => last, // test, unless rounding left the sum of the others below 1
        };
        before += size;
        places.iter().for_each(|place| cases[*place].split = split);
    }
}

/// The places of the cases that belong together, by the group's name or, without one, the
/// picture's: of one group, or of one picture. Groups that share a picture are one.
fn together(cases: &[Case], folder: &Path) -> Vec<(String, Vec<usize>)> {
    let mut units = Vec::<Vec<usize>>::new();
    let mut of_key = BTreeMap::<Key<'_>, usize>::new();
    for (place, case) in cases.iter().enumerate() {
        let keys =
            case.group.as_deref().map(Key::Group).into_iter().chain([Key::Image(&case.image)]);
        let known = keys.clone().filter_map(|key| of_key.get(&key).copied());
        let known = known.collect::<BTreeSet<_>>();
        let unit = known.first().copied().unwrap_or(units.len());
        if unit == units.len() {
            units.push(Vec::new());
        }
        units[unit].push(place);
        for other in known.into_iter().skip(1) {
            let moved = std::mem::take(&mut units[other]);
            units[unit].extend(moved);
            of_key.values_mut().filter(|found| **found == other).for_each(|found| *found = unit);
        }
        of_key.extend(keys.map(|key| (key, unit)));
    }
    // Sorted by key, groups first: the first name of a unit is its smallest group's.
    let mut names = BTreeMap::new();
    for (key, unit) in &of_key {
        names.entry(*unit).or_insert_with(|| match key {
            Key::Group(name) => (*name).to_owned(),
            Key::Image(file) => relative(file, folder),
        });
    }
    let named = |(unit, name)| (name, std::mem::take(&mut units[unit]));
    let mut named = names.into_iter().map(named).collect::<Vec<(String, _)>>();
    named.sort();
    named
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Group(&'a str),
    Image(&'a Path),
}

/// A file's path in a folder, the same on every system.
pub(crate) fn relative(file: &Path, folder: &Path) -> String {
    let parts = file.strip_prefix(folder).unwrap_or(file).iter();
    parts.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}
