//! Which pictures are copies of each other, and which look alike.

use std::collections::{BTreeMap, BTreeSet};

use seg_data::Split;
use serde::Serialize;

use crate::scan::{Pixels, Scan};

/// How alike two pictures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Closeness {
    /// Every pixel is equal.
    Exact,
    /// One picture, saved or scaled anew: difference hashes differ in at most 8 of 256 bits.
    Near,
    /// An edited picture, or the same view a moment later: at most 24 bits, which finds BUSI's
    /// known duplicates, and thumbnails with a correlation of at least 0.95. Look at them.
    Similar,
}

impl Closeness {
    /// All, closest first.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Near, Self::Similar];

    fn between(a: &Pixels, b: &Pixels) -> Option<(Self, u32)> {
        if a.digest == b.digest {
            return Some((Self::Exact, 0));
        }
        /// BUSI's duplicates have 0.96 and more; chest X-rays that are as near in their hashes by
        /// chance have 0.63 to 0.93.
        const ALIKE: f32 = 0.95;
        let distance = a.hash.distance(&b.hash);
        let closeness = match distance {
            0..=8 => Self::Near,
            9..=24 if a.thumbnail.correlation(&b.thumbnail) >= ALIKE => Self::Similar,
            _ => return None,
        };
        (!a.hash.is_flat() && !b.hash.is_flat()).then_some((closeness, distance))
    }
}

impl std::fmt::Display for Closeness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Exact => "exact",
            Self::Near => "near",
            Self::Similar => "similar",
        })
    }
}

/// Two pictures that are alike: places among the scan's pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) a: usize,
    pub(crate) b: usize,
    pub(crate) closeness: Closeness,
    /// Bits in which the hashes differ.
    pub(crate) distance: u32,
}

/// All pairs that are alike. A picture that a split holds once for each of its sentences is not a
/// pair of itself.
pub(crate) fn pairs(scan: &Scan<'_>) -> Vec<Pair> {
    let readable = scan.pictures.iter().enumerate();
    let readable = readable.filter_map(|(at, picture)| Some((at, picture.pixels.as_ref()?)));
    let readable = readable.collect::<Vec<_>>();
    let mut found = Vec::new();
    for (i, (a, first)) in readable.iter().enumerate() {
        for (b, second) in &readable[i + 1..] {
            if let Some((closeness, distance)) = Closeness::between(first, second)
                && (closeness != Closeness::Exact || is_copy(scan, *a, *b))
            {
                found.push(Pair { a: *a, b: *b, closeness, distance });
            }
        }
    }
    found
}

/// Whether equal pictures are more than one picture with several sentences.
fn is_copy(scan: &Scan<'_>, a: usize, b: usize) -> bool {
    let told = |picture: usize| {
        let cases = scan.pictures[picture].cases.iter().map(|at| scan.cases[*at].case);
        cases.map(|case| (case.split, case.sentence.as_str())).collect::<BTreeSet<_>>()
    };
    let (a, b) = (told(a), told(b));
    let splits =
        |told: &BTreeSet<(Split, &str)>| told.iter().map(|(s, _)| *s).collect::<BTreeSet<_>>();
    splits(&a) != splits(&b) || !a.is_disjoint(&b)
}

/// The pictures that pairs join, each group with its pairs.
pub(crate) fn joined(pairs: &[Pair]) -> Vec<(Vec<usize>, Vec<Pair>)> {
    let mut root = BTreeMap::new();
    for pair in pairs {
        let (a, b) = (find(&mut root, pair.a), find(&mut root, pair.b));
        root.insert(a.max(b), a.min(b));
    }
    let mut groups = BTreeMap::<usize, (BTreeSet<usize>, Vec<Pair>)>::new();
    for pair in pairs {
        let group = groups.entry(find(&mut root, pair.a)).or_default();
        group.0.extend([pair.a, pair.b]);
        group.1.push(*pair);
    }
    groups.into_values().map(|(pictures, pairs)| (pictures.into_iter().collect(), pairs)).collect()
}

fn find(root: &mut BTreeMap<usize, usize>, mut at: usize) -> usize {
    while let Some(above) = root.get(&at).copied().filter(|above| *above != at) {
        at = above;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_in_a_chain_are_one_group() {
        let pair = |a, b| Pair { a, b, closeness: Closeness::Near, distance: 3 };
        let pairs = [pair(4, 9), pair(0, 1), pair(2, 9), pair(1, 7)];
        let groups = joined(&pairs);
        let members = groups.iter().map(|(pictures, _)| pictures.as_slice()).collect::<Vec<_>>();
        assert_eq!(members, [&[0, 1, 7][..], &[2, 4, 9]]);
        assert_eq!(groups[1].1, [pairs[0], pairs[2]]);
    }
}
