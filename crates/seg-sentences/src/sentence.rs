//! A sentence as words and the phrases among them that name places.

use std::borrow::Cow;

use crate::place_word::{Atom, Family, PlaceWord, atoms};
use crate::words::with_capitals_of;

/// A word, and what stands between it and the one before.
#[derive(Debug)]
pub(crate) struct Token<'s> {
    gap: &'s str,
    text: &'s str,
    /// In lower case.
    pub(crate) word: String,
    /// Its parts, if one of them names a place.
    atoms: Vec<Atom>,
}

/// A word's part that names a place.
#[derive(Clone, Copy, Debug)]
struct Slot {
    token: usize,
    atom: usize,
}

/// Neighbouring words that name one place, or several of one side: "upper middle left".
#[derive(Debug)]
pub(crate) struct Phrase {
    pub(crate) words: Vec<PlaceWord>,
    slots: Vec<Slot>,
    /// First and last token.
    pub(crate) first: usize,
    pub(crate) last: usize,
}

impl Phrase {
    pub(crate) fn has(&self, wanted: impl Fn(Family) -> bool) -> bool {
        self.words.iter().any(|word| wanted(word.family))
    }
}

/// A sentence taken apart; its pieces put together are the sentence.
#[derive(Debug)]
pub(crate) struct Sentence<'s> {
    text: &'s str,
    pub(crate) tokens: Vec<Token<'s>>,
    pub(crate) phrases: Vec<Phrase>,
}

impl<'s> Sentence<'s> {
    pub(crate) fn read(text: &'s str) -> Self {
        let mut tokens = tokens(text);
        for at in 0..tokens.len() {
            let word = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map(|t| &*t.word);
            let (before, after) = (word(at.checked_sub(1)), word(Some(at + 1)));
            tokens[at].atoms = atoms_among(before, &tokens[at].word, after);
        }
        let phrases = phrases(&tokens);
        Self { text, tokens, phrases }
    }

    /// The word at a place in the sentence.
    pub(crate) fn word(&self, at: usize) -> Option<&str> {
        self.tokens.get(at).map(|token| &*token.word)
    }

    /// Whether nothing but blanks and hyphens stands before a word.
    pub(crate) fn follows_closely(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(Token::follows_closely)
    }

    /// What is glued to the end of a phrase.
    pub(crate) fn glued_after(&self, phrase: &Phrase) -> Option<&'static str> {
        let slot = phrase.slots.last()?;
        match self.tokens.get(slot.token)?.atoms.get(slot.atom + 1) {
            Some(Atom::Other(word)) => Some(word),
            _ => None,
        }
    }

    /// Whether a word names a place.
    pub(crate) fn names_place(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| !token.atoms.is_empty())
    }

    /// The sentence with other words in the slots of its phrases. A new word takes the capitals of
    /// the old one and is spelt correctly.
    pub(crate) fn write(&self, turned: &[Vec<PlaceWord>]) -> Cow<'s, str> {
        let mut new = self.tokens.iter().map(|token| token.atoms.clone()).collect::<Vec<_>>();
        for (phrase, words) in self.phrases.iter().zip(turned) {
            for (slot, word) in phrase.slots.iter().zip(words) {
                new[slot.token][slot.atom] = Atom::Place(*word);
            }
        }
        if self.tokens.iter().zip(&new).all(|(token, atoms)| token.atoms == *atoms) {
            return Cow::Borrowed(self.text);
        }
        let mut written = String::with_capacity(self.text.len() + 8);
        let mut read = 0;
        for (token, atoms) in self.tokens.iter().zip(new) {
            read += token.gap.len() + token.text.len();
            written.push_str(token.gap);
            if token.atoms == atoms {
                written.push_str(token.text);
            } else {
                let words = atoms.into_iter().map(Atom::text).collect::<Vec<_>>();
                written.push_str(&with_capitals_of(token.text, &words.join(" ")));
            }
        }
        written.push_str(&self.text[read..]);
        Cow::Owned(written)
    }
}

impl Token<'_> {
    fn follows_closely(&self) -> bool {
        self.gap.chars().all(|c| c.is_whitespace() || ['-', '\u{2010}', '\u{2011}'].contains(&c))
    }

    fn last_word(&self) -> Option<PlaceWord> {
        match self.atoms.last() {
            Some(Atom::Place(word)) => Some(*word),
            _ => None,
        }
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let in_word = |c: char| c.is_alphabetic() || c == '\'' || c == '\u{2019}';
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(in_word) {
        let (gap, from) = rest.split_at(start);
        let end = from.find(|c| !in_word(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        tokens.push(Token { gap, text: word, word: word.to_lowercase(), atoms: Vec::new() });
        rest = after;
    }
    tokens
}

/// The parts of a word, unless its neighbours show that it means something else.
fn atoms_among(before: Option<&str>, word: &str, after: Option<&str>) -> Vec<Atom> {
    let is =
        |neighbour: Option<&str>, words: &[&str]| neighbour.is_some_and(|n| words.contains(&n));
    let place_follows = after.is_some_and(|after| !atoms(after).is_empty());
    let other_meaning = match word {
        "left" => {
            is(before, &["has", "have", "had"])
                || is(after, &["over", "behind", "untreated", "out", "alone"])
        }
        "right" => is(after, &["angle", "angles", "angled", "now", "away", "after"]),
        "lower" => {
            let compared = ["is", "are", "was", "were", "be", "much", "slightly", "markedly"];
            is(after, &["than"]) || (is(before, &compared) && !place_follows)
        }
        _ => false,
    };
    match word {
        _ if other_meaning => Vec::new(),
        // QaTa-COV19's slip for "upper"; elsewhere ("density is higher") no place.
        "higher" if place_follows || is(after, &["lung", "lungs"]) => atoms("upper"),
        _ => atoms(word),
    }
}

fn phrases(tokens: &[Token<'_>]) -> Vec<Phrase> {
    let mut phrases: Vec<Phrase> = Vec::new();
    let mut open = false;
    for (at, token) in tokens.iter().enumerate() {
        open &= token.follows_closely();
        let before = at.checked_sub(1).and_then(|at| tokens[at].last_word());
        if open && token.word == "l" && before.is_some_and(|word| word.family != Family::Side) {
            // "lower l right lung": as in "lowerl right lung".
            continue;
        }
        for (atom, part) in token.atoms.iter().enumerate() {
            let Atom::Place(word) = part else {
                open = false;
                continue;
            };
            let slot = Slot { token: at, atom };
            match phrases.last_mut().filter(|_| open) {
                Some(phrase) => {
                    phrase.words.push(*word);
                    phrase.slots.push(slot);
                    phrase.last = at;
                }
                None => phrases.push(Phrase {
                    words: vec![*word],
                    slots: vec![slot],
                    first: at,
                    last: at,
                }),
            }
            open = true;
        }
        open &= !token.atoms.is_empty();
    }
    phrases
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases_of(text: &str) -> Vec<String> {
        let texts = |phrase: &Phrase| {
            phrase.words.iter().map(|word| word.text()).collect::<Vec<_>>().join(" ")
        };
        Sentence::read(text).phrases.iter().map(texts).collect()
    }

    #[test]
    fn commas_and_words_between_end_a_phrase() {
        assert_eq!(phrases_of("at the top, top left in the"), ["top", "top left"]);
        assert_eq!(
            phrases_of("Upper-left and\nupper middle lowerl  right"),
            ["upper left", "upper middle lower right"]
        );
        assert_eq!(phrases_of("upper rightlung left"), ["upper right", "left"]);
        assert_eq!(phrases_of("middle lower l right lung"), ["middle lower right"]);
        assert_eq!(phrases_of("l left lung, l"), ["left"]);
    }

    #[test]
    fn words_that_mean_something_else_are_no_places() {
        assert_eq!(phrases_of("density is higher around, lower than before"), [""; 0]);
        assert_eq!(phrases_of("is lower; has left; at a right angle"), [""; 0]);
        assert_eq!(
            phrases_of("is lower left; higher middle right lung"),
            ["lower left", "upper middle right"]
        );
    }

    #[test]
    fn a_sentence_written_with_its_own_words_is_itself() {
        for text in ["", "  ", "...", "é, 5mm left-Sided 'x'!", "leflung UPPERl 7"] {
            let sentence = Sentence::read(text);
            let words = sentence.phrases.iter().map(|p| p.words.clone()).collect::<Vec<_>>();
            assert!(matches!(sentence.write(&words), Cow::Borrowed(same) if same == text));
        }
    }
}
