//! Duplicate pictures, and contradictions between their masks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use seg_data::{Case, load};
use seg_image::BinaryMask;
use seg_metrics::{Grid, overlap};
use serde::Serialize;

use crate::case_row::CaseRow;
use crate::finding::{Finding, Level, count};
use crate::pairs::{Closeness, Pair, joined, pairs};
use crate::scan::Scan;

/// Duplicate pictures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DuplicateFacts {
    /// The number of pairs, by closeness and splits.
    pub pairs: Vec<PairCount>,
    /// Groups of pictures that pairs connect: those across splits first, then the closest.
    pub groups: Vec<DuplicateGroup>,
    /// Pictures with more than one sentence; they are not duplicates.
    pub several_sentences: usize,
    /// Pictures whose cases are in more than one split.
    pub shared_pictures: Vec<String>,
    /// Rows with the picture, the sentence and the mask of an earlier row.
    pub repeated: Vec<CaseRow>,
    /// Rows with the picture and the sentence of another row, and another mask (Dice below 0.5).
    pub contradictions: Vec<Conflict>,
}

/// The number of pairs of pictures that are this alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PairCount {
    /// How alike.
    pub closeness: Closeness,
    /// The splits of the two.
    pub splits: [String; 2],
    /// The number of pairs.
    pub pairs: usize,
}

/// Pictures that are alike.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DuplicateGroup {
    /// Closeness of its closest pair.
    pub closeness: Closeness,
    /// Bits of 256 in which the difference hashes of its closest pair differ.
    pub distance: u32,
    /// Whether it has pictures in more than one split.
    pub across: bool,
    /// Its pictures.
    pub pictures: Vec<DuplicatePicture>,
    /// Masks of its pictures that contradict each other.
    pub conflicts: Vec<Conflict>,
}

/// A picture of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DuplicatePicture {
    /// The first row that has it.
    pub row: CaseRow,
    /// How many rows have it.
    pub cases: usize,
    /// The first row's sentence.
    pub sentence: String,
}

/// Two masks of what looks like one picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conflict {
    /// One row.
    pub first: CaseRow,
    /// The other.
    pub second: CaseRow,
    /// How much they share, in `[0, 1]`; below 0.5.
    pub dice: f64,
    /// Whether one is empty.
    pub one_empty: bool,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, second, dice, one_empty } = self;
        let empty = if *one_empty { ", one is empty" } else { "" };
        write!(f, "{first} and {second}: Dice {dice:.2}{empty}")
    }
}

impl DuplicateFacts {
    pub(crate) fn from_scan(scan: &Scan<'_>) -> Self {
        let pairs = pairs(scan);
        let mut counts = BTreeMap::new();
        for pair in &pairs {
            let split = |picture: usize| scan.splits_of(picture).first().copied();
            let mut splits = [split(pair.a), split(pair.b)];
            splits.sort();
            *counts.entry((pair.closeness, splits)).or_insert(0) += 1;
        }
        let counted = |((closeness, splits), pairs): ((_, [Option<seg_data::Split>; 2]), _)| {
            let name =
                |split: Option<seg_data::Split>| split.map_or(String::new(), |s| s.to_string());
            PairCount { closeness, splits: splits.map(name), pairs }
        };
        let groups = joined(&pairs);
        let mut groups =
            groups.iter().map(|(pictures, pairs)| group(scan, pictures, pairs)).collect::<Vec<_>>();
        groups.sort_by_key(|group| (!group.across, group.distance));
        let (repeated, contradictions) = same_question(scan);
        let shared = (0..scan.pictures.len()).filter(|at| scan.splits_of(*at).len() > 1);
        Self {
            pairs: counts.into_iter().map(counted).collect(),
            groups,
            several_sentences: several_sentences(scan),
            shared_pictures: shared.map(|at| scan.path(scan.pictures[at].file)).collect(),
            repeated,
            contradictions,
        }
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if !self.shared_pictures.is_empty() {
            let pictures = count(self.shared_pictures.len(), "picture");
            let message = format!("{pictures} with cases in more than one split: split by picture");
            let finding = Finding::new(Level::Warning, "shared_picture", message);
            found.push(finding.at(&self.shared_pictures));
        }
        for closeness in Closeness::ALL {
            for across in [true, false] {
                let of = |group: &&DuplicateGroup| {
                    group.closeness == closeness && group.across == across
                };
                let groups = self.groups.iter().filter(of).collect::<Vec<_>>();
                if !groups.is_empty() {
                    found.push(alike(closeness, across, &groups));
                }
            }
        }
        let conflicts = self.groups.iter().flat_map(|group| &group.conflicts).collect::<Vec<_>>();
        if !conflicts.is_empty() {
            let pairs = count(conflicts.len(), "pair");
            let message = format!("{pairs} of similar pictures with contradictory masks");
            found.push(Finding::new(Level::Warning, "conflict", message).at(conflicts));
        }
        if !self.contradictions.is_empty() {
            let pairs = count(self.contradictions.len(), "pair");
            let message =
                format!("{pairs} of rows with the same picture and sentence but different masks");
            let finding = Finding::new(Level::Warning, "contradiction", message);
            found.push(finding.at(&self.contradictions));
        }
        if !self.repeated.is_empty() {
            let rows = count(self.repeated.len(), "row");
            let message =
                format!("{rows} that repeat the picture, sentence and mask of an earlier row");
            found.push(Finding::new(Level::Note, "repeated", message).at(&self.repeated));
        }
        found
    }
}

fn alike(closeness: Closeness, across: bool, groups: &[&DuplicateGroup]) -> Finding {
    let (level, place) = match (across, closeness) {
        (true, _) => (Level::Warning, "across splits: scores are too high"),
        (false, _) => (Level::Note, "within a split"),
    };
    let (code, what) = match closeness {
        Closeness::Exact => ("exact_duplicate", "pictures with equal pixels"),
        Closeness::Near => ("near_duplicate", "nearly equal pictures (up to 8 of 256 bits)"),
        Closeness::Similar => ("similar", "similar pictures (9 to 24 of 256 bits; look at them)"),
    };
    let message = format!("{} of {what} {place}", count(groups.len(), "group"));
    let place = |group: &&DuplicateGroup| {
        let pictures = group.pictures.iter().map(|p| format!("{} ({})", p.row.image, p.row.split));
        format!("{}; {} bits", pictures.collect::<Vec<_>>().join(" = "), group.distance)
    };
    Finding::new(level, code, message).at(groups.iter().map(place))
}

fn group(scan: &Scan<'_>, pictures: &[usize], pairs: &[Pair]) -> DuplicateGroup {
    let closest = pairs.iter().min_by_key(|pair| (pair.closeness, pair.distance));
    let splits =
        pictures.iter().flat_map(|picture| scan.splits_of(*picture)).collect::<BTreeSet<_>>();
    let member = |picture: &usize| {
        let cases = &scan.pictures[*picture].cases;
        let first = cases.first().copied().unwrap_or_default();
        DuplicatePicture {
            row: scan.row(first),
            cases: cases.len(),
            sentence: scan.cases[first].case.sentence.clone(),
        }
    };
    DuplicateGroup {
        closeness: closest.map_or(Closeness::Similar, |pair| pair.closeness),
        distance: closest.map_or(0, |pair| pair.distance),
        across: splits.len() > 1,
        pictures: pictures.iter().map(member).collect(),
        conflicts: pairs.iter().flat_map(|pair| conflicts(scan, pair)).collect(),
    }
}

/// Cases of two pictures that ask the same and have different masks.
fn conflicts(scan: &Scan<'_>, pair: &Pair) -> Vec<Conflict> {
    let cases = |picture: usize| &scan.pictures[picture].cases;
    let (first, second) = (cases(pair.a), cases(pair.b));
    let single = first.len() == 1 && second.len() == 1;
    let sentence = |at: usize| &scan.cases[at].case.sentence;
    let all = first.iter().flat_map(|a| second.iter().map(move |b| (*a, *b)));
    all.filter(|(a, b)| single || sentence(*a) == sentence(*b))
        .filter_map(|(a, b)| conflict(scan, a, b))
        .collect()
}

fn conflict(scan: &Scan<'_>, a: usize, b: usize) -> Option<Conflict> {
    /// Two outlines of one thing share more.
    const LEAST: f64 = 0.5;
    let (first, second) = (&scan.cases[a], &scan.cases[b]);
    let empty = [scan.region(first)?.area == 0, scan.region(second)?.area == 0];
    let dice = dice(first.case, second.case)?;
    (dice < LEAST).then(|| Conflict {
        first: scan.row(a),
        second: scan.row(b),
        dice,
        one_empty: empty[0] != empty[1],
    })
}

/// Dice of two cases' masks, the second at the first one's size; `None` if one cannot be read.
fn dice(first: &Case, second: &Case) -> Option<f64> {
    let first = load(first).ok()?.mask;
    let second = load(second).ok()?.mask.resize_nearest(first.width, first.height);
    let grid = |mask: &BinaryMask| (mask.width as usize, mask.height as usize);
    let ((w, h), (w2, h2)) = (grid(&first), grid(&second));
    let (a, b) = (Grid::new(w, h, &first.values).ok()?, Grid::new(w2, h2, &second.values).ok()?);
    Some(overlap(&a, &b).ok()?.dice())
}

/// Rows with the picture and the sentence of an earlier one: those with its mask, and those with
/// another.
fn same_question(scan: &Scan<'_>) -> (Vec<CaseRow>, Vec<Conflict>) {
    let (mut repeated, mut contradictions) = (Vec::new(), Vec::new());
    for picture in &scan.pictures {
        let mut seen = BTreeMap::<_, usize>::new();
        for at in &picture.cases {
            let case = scan.cases[*at].case;
            let Some(earlier) = seen.get(&case.sentence).copied() else {
                seen.insert(&case.sentence, *at);
                continue;
            };
            if scan.cases[earlier].case.masks == case.masks {
                repeated.push(scan.row(*at));
            } else {
                contradictions.extend(conflict(scan, earlier, *at));
            }
        }
    }
    (repeated, contradictions)
}

/// Pictures, by their pixels, that more than one sentence is about.
fn several_sentences(scan: &Scan<'_>) -> usize {
    let mut sentences = BTreeMap::<[u8; 32], BTreeSet<&str>>::new();
    for picture in &scan.pictures {
        if let Some(pixels) = &picture.pixels {
            let told = picture.cases.iter().map(|at| scan.cases[*at].case.sentence.as_str());
            sentences.entry(pixels.digest).or_default().extend(told);
        }
    }
    sentences.values().filter(|sentences| sentences.len() > 1).count()
}
