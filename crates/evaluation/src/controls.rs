//! Which sentences a network is asked: the true ones, and wrong ones that show whether it reads.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;

use seeded::SplitMix64;
use seg_data::Case;
use seg_sentences::{Sides, Turn, rewrite};

use crate::error::EvaluationError;

/// A sentence to ask of a case's picture, and the case whose mask the answer is held against.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// Whose picture.
    pub picture: &'a Case,
    /// What is asked.
    pub sentence: Cow<'a, str>,
    /// Whose mask.
    pub reference: &'a Case,
}

/// Which sentences are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Control {
    /// Each case's own sentence.
    True,
    /// Each case has the sentence of another: all are moved on by one step that the seed decides.
    Shuffled,
    /// As [`Control::Shuffled`], but among cases of one kind: with a mask or without, and the sentence's first word (in
    /// QaTa bilateral or unilateral). What is left is the finer meaning.
    Stratified,
    /// The commonest training sentence for all.
    Fixed,
    /// The empty sentence.
    Empty,
    /// Each case's own sentence, held against the mask of the same picture's sentence with left and right
    /// exchanged; cases without such a sentence are left out.
    Opposite,
    /// The network is not asked: the answer is the training cases' [`Prior`](crate::Prior) of the case's own
    /// sentence, whatever the picture. A set without training cases has none, and of the training cases
    /// themselves it has seen the masks.
    Prior,
}

impl Control {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::True,
        Self::Shuffled,
        Self::Stratified,
        Self::Fixed,
        Self::Empty,
        Self::Opposite,
        Self::Prior,
    ];

    /// The queries of these cases. `commonest` is asked by [`Control::Fixed`]; `seed` decides the
    /// steps.
    pub fn queries<'a>(self, cases: &[&'a Case], commonest: &'a str, seed: u64) -> Vec<Query<'a>> {
        let asked = |sentence: &'a str| {
            own(cases).map(|query| Query { sentence: Cow::Borrowed(sentence), ..query }).collect()
        };
        match self {
            Self::True | Self::Prior => own(cases).collect(),
            Self::Shuffled => moved_on(cases, |_| String::new(), seed),
            Self::Stratified => moved_on(cases, stratum, seed),
            Self::Fixed => asked(commonest),
            Self::Empty => asked(""),
            Self::Opposite => opposite(cases),
        }
    }
}

/// The commonest sentence of some cases, the first in the alphabet of several; empty without any.
pub fn commonest_sentence<'a>(cases: &[&'a Case]) -> &'a str {
    let mut counts = BTreeMap::new();
    for case in cases {
        *counts.entry(case.sentence.as_str()).or_insert(0usize) += 1;
    }
    let most = counts.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
    most.map_or("", |(sentence, _)| sentence)
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::True => "true",
            Self::Shuffled => "shuffled",
            Self::Stratified => "stratified",
            Self::Fixed => "fixed",
            Self::Empty => "empty",
            Self::Opposite => "opposite",
            Self::Prior => "prior",
        })
    }
}

impl FromStr for Control {
    type Err = EvaluationError;

    fn from_str(name: &str) -> Result<Self, EvaluationError> {
        let known = Self::ALL.into_iter().find(|control| control.to_string() == name.trim());
        known.ok_or_else(|| EvaluationError::Control { name: name.to_owned() })
    }
}

fn own<'a>(cases: &[&'a Case]) -> impl Iterator<Item = Query<'a>> {
    cases.iter().map(|case| Query {
        picture: case,
        sentence: Cow::Borrowed(&case.sentence),
        reference: case,
    })
}

/// Each case with the sentence of another of its stratum. A stratum of one keeps its own.
fn moved_on<'a>(
    cases: &[&'a Case],
    stratum: impl Fn(&Case) -> String,
    seed: u64,
) -> Vec<Query<'a>> {
    let mut strata: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, case) in cases.iter().enumerate() {
        strata.entry(stratum(case)).or_default().push(place);
    }
    let mut stream = SplitMix64::new(seed);
    let mut queries = own(cases).collect::<Vec<_>>();
    for places in strata.values() {
        let step = 1 + stream.below(places.len().saturating_sub(1));
        for (at, place) in places.iter().enumerate() {
            let other = places[(at + step) % places.len()];
            queries[*place].sentence = Cow::Borrowed(&cases[other].sentence);
        }
    }
    queries
}

/// Whether there is something to find, and how the sentence begins.
fn stratum(case: &Case) -> String {
    let first = case.sentence.split_whitespace().next().unwrap_or_default().to_lowercase();
    format!("{} {first}", case.masks.is_empty())
}

fn opposite<'a>(cases: &[&'a Case]) -> Vec<Query<'a>> {
    let by_sentence = cases
        .iter()
        .map(|case| ((case.image.as_path(), case.sentence.clone()), *case))
        .collect::<HashMap<_, _>>();
    let against_other = |query: Query<'a>| {
        let swapped = rewrite(&query.sentence, Turn::FLIP_HORIZONTAL, Sides::Image).ok()?;
        if swapped == query.sentence {
            return None;
        }
        let other = by_sentence.get(&(query.picture.image.as_path(), swapped.into_owned()))?;
        Some(Query { reference: other, ..query })
    };
    own(cases).filter_map(against_other).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use seg_data::{Origin, Split};

    use super::*;

    fn case(image: &str, sentence: &str) -> Case {
        Case {
            id: image.to_owned(),
            image: PathBuf::from(image),
            masks: vec![PathBuf::from("m.png")],
            reading: seg_data::ReadOptions::default(),
            sentence: sentence.to_owned(),
            split: Split::Test,
            group: None,
            origin: Origin { table: Arc::from(PathBuf::from("t.csv")), row: 2 },
        }
    }

    #[test]
    fn every_control_asks_what_it_says() {
        let all = [
            case("a", "one left"),
            case("a", "one right"),
            case("b", "two left"),
            case("c", "two below"),
        ];
        let cases = all.iter().collect::<Vec<_>>();
        let asked = |control: Control| {
            let queries = control.queries(&cases, "one left", 3);
            queries.into_iter().map(|query| query.sentence.into_owned()).collect::<Vec<_>>()
        };
        let own = asked(Control::True);
        assert_eq!(own, ["one left", "one right", "two left", "two below"]);
        let shuffled = asked(Control::Shuffled);
        assert!(shuffled.iter().zip(&own).all(|(a, b)| a != b));
        assert_eq!(asked(Control::Stratified), ["one right", "one left", "two below", "two left"]);
        assert_eq!(asked(Control::Fixed), ["one left"; 4]);
        assert_eq!(asked(Control::Empty), [""; 4]);
        let against = Control::Opposite.queries(&cases, "", 0);
        let against = against.iter().map(|query| query.reference.sentence.as_str());
        assert_eq!(against.collect::<Vec<_>>(), ["one right", "one left"]);
        assert_eq!(commonest_sentence(&cases), "one left");
        for control in Control::ALL {
            assert_eq!(control.to_string().parse::<Control>().unwrap(), control);
        }
    }
}
