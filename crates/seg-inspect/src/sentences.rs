//! How long sentences are, and how often they repeat.

use std::collections::{BTreeMap, BTreeSet};

use seg_data::Split;
use seg_sentences::is_known_language;
use serde::Serialize;

use crate::case_row::CaseRow;
use crate::finding::{Finding, Level};
use crate::scan::Scan;
use crate::spread::{MedianRange, percent, share};

/// The sentences of a set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SentenceFacts {
    /// The sentences of all cases.
    pub all: Sentences,
    /// The sentences of each split that has cases.
    pub splits: Vec<Sentences>,
    /// The most frequent sentences, at most 12.
    pub commonest: Vec<CommonSentence>,
    /// The share of cases whose sentence has no English word that is known, in `[0, 1]`.
    pub unknown_language: f64,
    /// The longest, and a row that has it.
    pub longest: Option<(String, CaseRow)>,
}

/// The sentences of some cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sentences {
    /// train, val, test or all.
    pub split: String,
    /// How many there are.
    pub cases: usize,
    /// How many different ones.
    pub distinct: usize,
    /// Their length in tokens, with start and end.
    pub tokens: MedianRange,
    /// What text towers of some lengths would not see.
    pub cut: Vec<Cut>,
    /// The share of cases whose sentence also occurs in train, word for word, in `[0, 1]`; `None`
    /// for train and for all.
    pub in_train: Option<f64>,
}

/// What a text tower of a length does not see.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cut {
    /// In tokens, with start and end.
    pub word_len: usize,
    /// Cases whose sentence is longer.
    pub cases: usize,
    /// Their share, in `[0, 1]`.
    pub share: f64,
}

/// A frequent sentence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CommonSentence {
    /// As the table has it, without blanks around it.
    pub sentence: String,
    /// How many cases have it.
    pub cases: usize,
    /// Their share of all, in `[0, 1]`.
    pub share: f64,
}

impl SentenceFacts {
    pub(crate) fn from_scan(
        scan: &Scan<'_>,
        tokens: &dyn Fn(&str) -> usize,
        word_lens: &[usize],
    ) -> Self {
        let sentence = |at: usize| scan.cases[at].case.sentence.as_str();
        let mut cases = BTreeMap::<&str, Vec<usize>>::new();
        (0..scan.cases.len()).for_each(|at| cases.entry(sentence(at)).or_default().push(at));
        let lengths = cases.keys().map(|text| (*text, tokens(text))).collect::<BTreeMap<_, _>>();
        let train = scan.places(Split::Train).map(sentence).collect::<BTreeSet<_>>();
        let of = |name: String, places: &[usize], is_compared: bool| {
            let length = |at: &usize| lengths.get(sentence(*at)).copied().unwrap_or_default();
            let cut = |word_len: &usize| {
                let longer = places.iter().filter(|at| length(at) > *word_len).count();
                Cut { word_len: *word_len, cases: longer, share: share(longer, places.len()) }
            };
            let known = places.iter().filter(|at| train.contains(sentence(**at))).count();
            Sentences {
                split: name,
                cases: places.len(),
                distinct: places.iter().map(|at| sentence(*at)).collect::<BTreeSet<_>>().len(),
                tokens: MedianRange::from_numbers(places.iter().map(|at| length(at) as f64)),
                cut: word_lens.iter().map(cut).collect(),
                in_train: is_compared.then(|| share(known, places.len())),
            }
        };
        let everywhere = (0..scan.cases.len()).collect::<Vec<_>>();
        let split = |split: Split| {
            let places = scan.places(split).collect::<Vec<_>>();
            of(split.to_string(), &places, split != Split::Train && !train.is_empty())
        };
        let mut common = cases.iter().collect::<Vec<_>>();
        common.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
        let commonest = common.iter().take(12).map(|(text, places)| CommonSentence {
            sentence: (**text).to_owned(),
            cases: places.len(),
            share: share(places.len(), scan.cases.len()),
        });
        let unknown = cases.iter().filter(|(text, _)| !is_known_language(text));
        let unknown = unknown.map(|(_, places)| places.len()).sum::<usize>();
        let longest = cases.iter().max_by_key(|(text, _)| lengths.get(*text));
        let longest = longest.and_then(|(text, places)| {
            places.first().map(|at| ((*text).to_owned(), scan.row(*at)))
        });
        Self {
            all: of("all".to_owned(), &everywhere, false),
            splits: scan.splits().map(split).collect(),
            commonest: commonest.collect(),
            unknown_language: share(unknown, scan.cases.len()),
            longest,
        }
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        /// From this share on a set's sentences test little that train has not shown.
        const MANY: f64 = 0.5;
        /// The longest text tower there is.
        const CONTEXT: usize = 77;
        let mut found = Vec::new();
        let cut = self.all.cut.iter().filter(|cut| cut.cases > 0).collect::<Vec<_>>();
        if !cut.is_empty() {
            let shares =
                cut.iter().map(|c| format!("{} at word_len {}", percent(c.share), c.word_len));
            let message = format!(
                "some text towers would cut sentences and lose their end, often the second place: {}",
                shares.collect::<Vec<_>>().join(", ")
            );
            let beyond = cut.iter().any(|cut| cut.word_len >= CONTEXT);
            let level = if beyond { Level::Warning } else { Level::Note };
            found.push(Finding::new(level, "cut_sentence", message));
        }
        if self.unknown_language > MANY {
            let example = self.commonest.iter().map(|common| common.sentence.as_str());
            let example = example.filter(|sentence| !is_known_language(sentence));
            let message = format!(
                "{} of sentences have no English word that is known: sides, heights, negations and whose \
                 side is meant are not understood in them, so flips cannot turn words and reading tests \
                 cannot edit them",
                percent(self.unknown_language)
            );
            found.push(
                Finding::new(Level::Warning, "unknown_language", message).at(example.take(1)),
            );
        }
        let known = self.splits.iter().filter_map(|split| Some((split, split.in_train?)));
        let known = known.filter(|(_, known)| *known >= MANY);
        let known = known.map(|(split, known)| format!("{} of {}", percent(known), split.split));
        let known = known.collect::<Vec<_>>();
        if !known.is_empty() {
            let message = format!(
                "sentences also occur in train, word for word ({}): they test pictures more than language",
                known.join(", ")
            );
            found.push(Finding::new(Level::Note, "known_sentence", message));
        }
        found
    }
}
