//! Which words the answer depends on.

use std::collections::BTreeMap;

use seg_metrics::{Bootstrap, MetricError};
use serde::Serialize;

use crate::reading::CaseRecord;
use crate::reading::mean::Mean;
use seg_sentences::{Edit, words};

/// How the answer changes without a word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WordImportance {
    /// In lower case.
    pub word: String,
    /// How often it was left out.
    pub count: usize,
    /// Mean of 1 - Dice of the answers with and without it, in `[0, 1]`; 0 if nothing changes.
    pub change: Mean,
    /// Mean change of Dice against the reference, in `[-1, 1]`; negative if the word helps.
    pub dice_change: Mean,
}

/// The importance of the words that were left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WordImportances {
    /// The most important words, most important first; at most [`MOST`](Self::MOST).
    pub words: Vec<WordImportance>,
    /// The number of words that are frequent enough, shown or not.
    pub frequent: usize,
    /// The number of words that are not: they were left out fewer than [`LEAST`](Self::LEAST)
    /// times.
    pub rare: usize,
}

impl WordImportances {
    /// How many words are kept.
    pub const MOST: usize = 30;

    /// A word that was left out less often says nothing.
    pub const LEAST: usize = 5;

    pub(crate) fn from_records(
        records: &[CaseRecord],
        bootstrap: &Bootstrap,
    ) -> Result<Self, MetricError> {
        let mut of_word: BTreeMap<String, Vec<&CaseRecord>> = BTreeMap::new();
        for record in records {
            if let Edit::LeaveOut(place) = record.edit {
                let words = words(&record.sentence);
                let word = words.get(place).copied().unwrap_or_default().to_lowercase();
                of_word.entry(word).or_default().push(record);
            }
        }
        let all = of_word.len();
        of_word.retain(|_, records| records.len() >= Self::LEAST);
        let frequent = of_word.len();
        let mean_change = |records: &[&CaseRecord]| {
            records.iter().map(|record| change(record)).sum::<f64>() / records.len() as f64
        };
        let mut ranked = of_word
            .into_iter()
            .map(|(word, records)| (mean_change(&records), word, records))
            .collect::<Vec<_>>();
        // The commoner of two equals first; the order of words else.
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.2.len().cmp(&a.2.len())));
        let words = ranked.into_iter().take(Self::MOST).map(|(_, word, records)| {
            let changes = records.iter().map(|record| (record.group.as_str(), change(record)));
            let dice = records.iter().filter_map(|record| {
                let found = &record.effect;
                Some((record.group.as_str(), found.dice_reference? - found.original_dice?))
            });
            Ok(WordImportance {
                word,
                count: records.len(),
                change: Mean::from_values(changes, bootstrap)?,
                dice_change: Mean::from_values(dice, bootstrap)?,
            })
        });
        Ok(Self { words: words.collect::<Result<_, _>>()?, frequent, rare: all - frequent })
    }
}

fn change(record: &CaseRecord) -> f64 {
    1.0 - record.effect.dice_to_original
}

#[cfg(test)]
mod tests {
    use seg_image::BinaryMask;
    use seg_sentences::Grammar;

    use super::*;
    use crate::{Prediction, Reading, ReadingOptions, Trial};

    #[test]
    fn a_word_that_decides_comes_first() {
        let mask = |left: bool| BinaryMask::from_fn(4, 2, |x, _| (x < 2) == left);
        let (own, other) = (mask(true), mask(false));
        let mut reading = Reading::new(ReadingOptions::default());
        for case in 0..6 {
            let (name, sentence) = (format!("{case}"), "Left lung, the lung.");
            let last = if case == 0 { "Left lung" } else { sentence };
            for place in 0..seg_sentences::words(last).len() {
                let edit = Edit::LeaveOut(place);
                let trial = Trial {
                    case: &name,
                    group: &name,
                    edit,
                    sentence: last,
                    edited: &Grammar::default().apply(edit, last).unwrap(),
                    original: Prediction::new(&own),
                    answer: Prediction::new(if place == 0 { &other } else { &own }),
                    reference: Some(&own),
                    edited_reference: None,
                };
                reading.add(&trial).unwrap();
            }
        }
        let bootstrap = Bootstrap { resamples: 100, ..Bootstrap::default() };
        let found = WordImportances::from_records(reading.records(), &bootstrap).unwrap();
        let words = found.words.iter().map(|word| (word.word.as_str(), word.count));
        assert_eq!(words.collect::<Vec<_>>(), [("left", 6), ("lung", 11), ("the", 5)]);
        assert_eq!(found.words[0].change.mean, Some(1.0));
        assert_eq!(found.words[0].dice_change.mean, Some(-1.0));
        assert_eq!(found.words[1].change.mean, Some(0.0));
        assert_eq!((found.frequent, found.rare), (3, 0));
        let few = WordImportances::from_records(&reading.records()[..8], &bootstrap).unwrap();
        assert_eq!((few.words.len(), few.frequent, few.rare), (0, 0, 3));
    }
}
