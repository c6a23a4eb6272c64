//! Words and phrases that mean the same in a set.

use std::collections::{BTreeMap, BTreeSet};

use seeded::SplitMix64;
use serde::{Deserialize, Serialize};

use crate::lexicon::{NEGATIONS, PATIENT, is_among};
use crate::place::places;
use crate::role::{Role, role};
use crate::words::{Words, with_capitals_of};

/// Words and phrases of a set's sentences, each with others that mean the same there.
///
/// A text tower that starts from random weights knows the words of its training alone: "infiltrate" is
/// nothing to it where the set says "opacity", and is passed over in silence. This names the words that
/// users will say. In text a table, `{ opacity = ["infiltrate", "opacification"] }`.
///
/// ```
/// use seg_sentences::Synonyms;
/// use seeded::SplitMix64;
///
/// let table = [("opacity".to_owned(), vec!["infiltrate".to_owned()])].into();
/// let synonyms = Synonyms::new(table)?;
/// let mut stream = SplitMix64::new(1);
/// let said = synonyms.replace("Opacity in the left lung.", &mut stream);
/// assert!(["Opacity in the left lung.", "Infiltrate in the left lung."].contains(&said.as_str()));
/// # Ok::<(), seg_sentences::BadSynonym>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, Vec<String>>", into = "BTreeMap<String, Vec<String>>")]
pub struct Synonyms {
    table: BTreeMap<String, Vec<String>>,
    /// The table's phrases as words in lower case, those of more words first.
    phrases: Vec<(Vec<String>, Vec<String>)>,
    /// See [`Synonyms::decides`].
    words: BTreeSet<String>,
}

/// Two phrases cannot mean the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{phrase}` cannot mean `{other}`: {what}")]
pub struct BadSynonym {
    phrase: String,
    other: String,
    what: &'static str,
}

impl Synonyms {
    /// From phrases, each with others that mean the same.
    ///
    /// # Errors
    ///
    /// A phrase without a word, with nothing beside it, or with another that names other places, is of
    /// the patient where it is not, or denies where it does not.
    pub fn new(table: BTreeMap<String, Vec<String>>) -> Result<Self, BadSynonym> {
        let mut phrases = Vec::with_capacity(table.len());
        let mut words = BTreeSet::new();
        for (phrase, others) in &table {
            let own = Words::read(phrase).all_lower();
            let nothing = "a phrase needs at least one word";
            for (other, what) in others.iter().map(|other| (other, differs(phrase, other))) {
                let what = what.or((own.is_empty()).then_some(nothing));
                if let Some(what) = what {
                    return Err(BadSynonym { phrase: phrase.clone(), other: other.clone(), what });
                }
                words.extend(Words::read(other).all_lower());
            }
            if others.is_empty() {
                let what = "at least one other phrase is needed";
                return Err(BadSynonym { phrase: phrase.clone(), other: String::new(), what });
            }
            words.extend(own.iter().cloned());
            phrases.push((own, others.clone()));
        }
        phrases.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
        words.retain(|word| role(word) == Role::Other);
        Ok(Self { table, phrases, words })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Whether a word in lower case is one of the phrases', and neither a place nor idle: what a sentence
    /// means may hang on it.
    pub fn decides(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// The sentence with each of the phrases as it is or as one of the others, each as likely. Of phrases
    /// that begin with one word the longest counts; none reaches over punctuation.
    pub fn replace(&self, sentence: &str, stream: &mut SplitMix64) -> String {
        let words = Words::read(sentence);
        let lower = words.all_lower();
        let (mut said, mut at) = (String::with_capacity(sentence.len()), 0);
        while at < words.len() {
            said.push_str(words.gap(at));
            let found = self.phrases.iter().find(|(phrase, _)| {
                lower[at..].starts_with(phrase)
                    && (at + 1..at + phrase.len()).all(|next| words.gap(next).trim().is_empty())
            });
            let length = found.map_or(1, |(phrase, _)| phrase.len());
            let drawn = found.map(|(_, others)| others.get(stream.below(others.len() + 1)));
            match drawn.flatten() {
                Some(other) => said.push_str(&with_capitals_of(words.word(at), other)),
                None => (at..at + length).for_each(|next| {
                    said.push_str(if next == at { "" } else { words.gap(next) });
                    said.push_str(words.word(next));
                }),
            }
            at += length;
        }
        said.push_str(words.gap(words.len()));
        said
    }
}

/// Why two phrases cannot mean the same, as far as their places, sides and negations tell.
fn differs(phrase: &str, other: &str) -> Option<&'static str> {
    let has =
        |text: &str, list| Words::read(text).all_lower().iter().any(|word| is_among(word, list));
    if Words::read(other).len() == 0 {
        Some("a phrase needs at least one word")
    } else if places(phrase) != places(other) {
        Some("they name different places")
    } else if has(phrase, PATIENT) != has(other, PATIENT) {
        Some("only one of them says whose side it means")
    } else if has(phrase, NEGATIONS) != has(other, NEGATIONS) {
        Some("only one of them denies")
    } else {
        None
    }
}

impl TryFrom<BTreeMap<String, Vec<String>>> for Synonyms {
    type Error = BadSynonym;

    fn try_from(table: BTreeMap<String, Vec<String>>) -> Result<Self, BadSynonym> {
        Self::new(table)
    }
}

impl From<Synonyms> for BTreeMap<String, Vec<String>> {
    fn from(synonyms: Synonyms) -> Self {
        synonyms.table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn synonyms(table: &[(&str, &[&str])]) -> Result<Synonyms, String> {
        let text = |text: &&str| (*text).to_owned();
        let table = table
            .iter()
            .map(|(phrase, others)| (text(phrase), others.iter().map(text).collect::<Vec<_>>()));
        Synonyms::new(table.collect()).map_err(|error| error.to_string())
    }

    fn said(synonyms: &Synonyms, sentence: &str) -> BTreeSet<String> {
        let mut stream = SplitMix64::new(3);
        (0..200).map(|_| synonyms.replace(sentence, &mut stream)).collect()
    }

    #[test]
    fn phrases_take_turns_with_their_synonyms() {
        let synonyms = synonyms(&[
            ("infected area", &["infected part"]),
            ("infected", &["diseased"]),
            ("on the left side of the image", &["that appears on the left"]),
        ])
        .unwrap();
        let found = said(&synonyms, "Infected area of the lung on the left side of the image.");
        let expected = [
            "Infected area of the lung on the left side of the image.",
            "Infected area of the lung that appears on the left.",
            "Infected part of the lung on the left side of the image.",
            "Infected part of the lung that appears on the left.",
        ];
        assert_eq!(found, expected.map(str::to_owned).into());
        // Nothing reaches over punctuation, and a part of a word is no word.
        let found = said(&synonyms, "Infected, area; uninfected");
        let expected = ["Infected, area; uninfected", "Diseased, area; uninfected"];
        assert_eq!(found, expected.map(str::to_owned).into());
        for (word, decides) in
            [("appears", true), ("diseased", true), ("left", false), ("on", false), ("x", false)]
        {
            assert_eq!(synonyms.decides(word), decides, "{word}");
        }
    }

    #[test]
    fn what_cannot_mean_the_same_is_refused() {
        for (table, named) in [
            (("left lung", &["right lung"][..]), "`left lung` cannot mean `right lung`: they name"),
            (("left lung", &["patient's left lung"]), "whose side"),
            (("infection", &["no infection"]), "denies"),
            (("infection", &["."]), "at least one word"),
            (("", &["lung"]), "at least one word"),
            (("lung", &[]), "at least one other"),
        ] {
            let message = synonyms(&[table]).unwrap_err();
            assert!(message.contains(named), "{message}");
        }
    }

    #[test]
    fn a_table_survives_its_own_text() {
        let synonyms = synonyms(&[("opacity", &["infiltrate", "haze"])]).unwrap();
        let text = serde_json::to_string(&synonyms).unwrap();
        assert_eq!(text, r#"{"opacity":["infiltrate","haze"]}"#);
        assert_eq!(serde_json::from_str::<Synonyms>(&text).unwrap(), synonyms);
        assert!(serde_json::from_str::<Synonyms>(r#"{"left":["right"]}"#).is_err());
    }

    proptest! {
        #[test]
        fn a_sentence_without_the_phrases_stays(text in any::<String>(), seed in any::<u64>()) {
            prop_assume!(!text.to_lowercase().contains("opacity"));
            let synonyms = synonyms(&[("opacity", &["haze"])]).unwrap();
            prop_assert_eq!(synonyms.replace(&text, &mut SplitMix64::new(seed)), text);
        }
    }
}
