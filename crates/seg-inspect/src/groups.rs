//! Groups of cases, such as patients, that must stay in one split.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use regex::Regex;
use seg_data::Split;
use serde::Serialize;

use crate::finding::{Finding, Level, count};
use crate::scan::Scan;
use crate::spread::share;

/// Names of patients inside names of pictures, as public sets have them; the first that fits
/// counts.
const PATTERNS: [&str; 5] = [
    r"sub-[A-Za-z]*\d+", // BIDS, QaTa-COV19
    r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}",
    r"LIDC-IDRI-\d+",
    r"(?i)(?:patient|subject|subj|pat)[-_ ]?\d+",
    r"(?i)\bp\d{8}\b", // MIMIC
];

/// Groups of cases, such as patients, that must stay in one split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupFacts {
    /// Where the groups come from.
    pub source: GroupSource,
    /// The number of groups.
    pub groups: usize,
    /// The number of cases without a group.
    pub without: usize,
    /// Groups that have cases in more than one split, by name.
    pub shared: Vec<SharedCount>,
    /// The number of groups that two splits share, for those that share any.
    pub pairs: Vec<SplitPair>,
    /// Val's cases whose group is in train, test's whose group is in train or val.
    pub affected: Vec<Affected>,
}

/// Where the groups come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupSource {
    /// The set: a column of its table, or the pattern it was opened with.
    Set,
    /// They were not given; this pattern was found in pictures' names.
    Detected(String),
    /// They are not known.
    None,
}

impl fmt::Display for GroupSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set => f.write_str("given by the set"),
            Self::Detected(pattern) => write!(f, "detected in names: {pattern}"),
            Self::None => f.write_str("unknown"),
        }
    }
}

/// A group in more than one split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SharedCount {
    /// As the table or the picture's name has it.
    pub name: String,
    /// Cases in each split that has any.
    pub cases: BTreeMap<String, usize>,
}

/// Two splits that share something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SplitPair {
    /// The two, in the order of use.
    pub splits: [String; 2],
    /// How many they share.
    pub groups: usize,
}

/// Cases whose scores are too high because of a shared group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Affected {
    /// val or test.
    pub split: String,
    /// Cases whose group is in an earlier split too.
    pub cases: usize,
    /// Cases of the split that have a group.
    pub known: usize,
}

/// Each case's group, and who says so.
pub(crate) fn groups(scan: &Scan<'_>) -> (Vec<Option<String>>, GroupSource) {
    /// Fewer than this share of pictures with a pattern is chance.
    const LEAST: f64 = 0.1;
    let told = scan.cases.iter().map(|case| case.case.group.clone()).collect::<Vec<_>>();
    if told.iter().any(Option::is_some) {
        return (told, GroupSource::Set);
    }
    for pattern in PATTERNS.iter().filter_map(|pattern| Regex::new(pattern).ok()) {
        let read = |id: &str| pattern.find(id).map(|found| found.as_str().to_owned());
        let found = scan.cases.iter().map(|case| read(&case.case.id)).collect::<Vec<_>>();
        if share(found.iter().flatten().count(), found.len()) >= LEAST {
            return (found, GroupSource::Detected(pattern.to_string()));
        }
    }
    (told, GroupSource::None)
}

impl GroupFacts {
    pub(crate) fn from_scan(
        scan: &Scan<'_>,
        groups: &[Option<String>],
        source: GroupSource,
    ) -> Self {
        let mut cases = BTreeMap::<&str, BTreeMap<Split, usize>>::new();
        for (case, group) in scan.cases.iter().zip(groups) {
            if let Some(group) = group {
                *cases.entry(group).or_default().entry(case.case.split).or_default() += 1;
            }
        }
        let is_in = |group: &str, split| cases.get(group).is_some_and(|c| c.contains_key(&split));
        let [train, val, test] = Split::ALL;
        let pair = |(a, b): (Split, Split)| SplitPair {
            splits: [a, b].map(|split| split.to_string()),
            groups: cases.keys().filter(|group| is_in(group, a) && is_in(group, b)).count(),
        };
        let affected = |(split, earlier): (Split, &[Split])| {
            let named = scan.places(split).filter_map(|at| groups[at].as_deref());
            let named = named.collect::<Vec<_>>();
            let leaks = |group: &&&str| earlier.iter().any(|earlier| is_in(group, *earlier));
            Affected {
                split: split.to_string(),
                cases: named.iter().filter(leaks).count(),
                known: named.len(),
            }
        };
        let shared = cases.iter().filter(|(_, counts)| counts.len() > 1);
        let shared = shared.map(|(name, counts)| SharedCount {
            name: (*name).to_owned(),
            cases: counts.iter().map(|(split, n)| (split.to_string(), *n)).collect(),
        });
        let pairs = [(train, val), (train, test), (val, test)].into_iter().map(pair);
        Self {
            source,
            groups: cases.len(),
            without: groups.iter().filter(|group| group.is_none()).count(),
            shared: shared.collect(),
            pairs: pairs.filter(|pair| pair.groups > 0).collect(),
            affected: [(val, &[train][..]), (test, &[train, val])].map(affected).to_vec(),
        }
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if !self.shared.is_empty() {
            let pairs = self.pairs.iter().map(|pair| {
                let [a, b] = &pair.splits;
                format!("{a} and {b} share {}", pair.groups)
            });
            let affected = self.affected.iter().filter(|affected| affected.cases > 0).map(|a| {
                format!("{} of {} {} cases with a known group", a.cases, a.known, a.split)
            });
            let message = format!(
                "{} in more than one split: {}. Scores are too high on {}. Split by group, or report \
                 the other cases alone",
                count(self.shared.len(), "group"),
                pairs.collect::<Vec<_>>().join(", "),
                affected.collect::<Vec<_>>().join(" and on ")
            );
            let place = |shared: &SharedCount| {
                let parts = shared.cases.iter().map(|(split, n)| format!("{n} {split}"));
                format!("{}: {}", shared.name, parts.collect::<Vec<_>>().join(", "))
            };
            let places = self.shared.iter().map(place).collect::<BTreeSet<_>>();
            found.push(Finding::new(Level::Warning, "shared_group", message).at(places));
        }
        match &self.source {
            GroupSource::Set | GroupSource::Detected(_) if self.without > 0 => {
                let cases = count(self.without, "case");
                let message =
                    format!("{cases} without a group: their patients may be in two splits");
                found.push(Finding::new(Level::Note, "no_group", message));
            }
            GroupSource::None => {
                let message = "no group (patient) is known: give a column `group` or `patient`, or a \
                               group pattern, so that patients in two splits can be found";
                found.push(Finding::new(Level::Note, "no_group", message.to_owned()));
            }
            _ => {}
        }
        if let GroupSource::Detected(pattern) = &self.source {
            let message = format!(
                "groups were not given; {} were found in pictures' names by `{pattern}`. Give it as \
                 group pattern if they are patients",
                self.groups
            );
            found.push(Finding::new(Level::Note, "detected_group", message));
        }
        found
    }
}
