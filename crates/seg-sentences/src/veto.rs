//! Refuses turns that a sentence cannot follow.

use crate::lexicon::{BODY, PATIENT, PLACED, is_among};
use crate::orientation::{is_false_after, may_be_misspelt};
use crate::place_word::Family;
use crate::sentence::{Phrase, Sentence};
use crate::sides::Sides;
use crate::turn::Turn;

/// Why a sentence cannot follow a turn of its picture: the first word that prevents it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum Veto {
    /// The set does not allow turns.
    #[error("the sentences of this set must not be turned (sides are fixed)")]
    Fixed,
    /// A side or height of the patient, under any turn other than a horizontal flip.
    #[error("`{word}` describes the patient, and only a horizontal flip can be put into words")]
    Patient { word: String },
    /// A part of the body, under a quarter turn.
    #[error("`{word}` is a part of the body, and there are no words for its sides after this turn")]
    Anatomy { word: String },
    /// A word that is no longer true and has no counterpart.
    #[error("`{word}` is not true after this turn")]
    Orientation { word: String },
    /// A phrase that has no counterpart.
    #[error("`{words}` cannot be said of the turned picture")]
    Phrase { words: String },
    /// A word that may be a misspelt place.
    #[error("`{word}` may be a misspelt side or height: correct the sentence")]
    Unclear { word: String },
}

/// Refuses a turn, other than the identity, that a sentence cannot follow.
pub(crate) fn check(sentence: &Sentence<'_>, turn: Turn, sides: Sides) -> Result<(), Veto> {
    if sides == Sides::Fixed {
        return Err(Veto::Fixed);
    }
    for (at, token) in sentence.tokens.iter().enumerate() {
        let word = &token.word;
        // The stray l of "lower l right lung" stands inside a phrase.
        let inside = |phrase: &Phrase| (phrase.first..=phrase.last).contains(&at);
        if sentence.names_place(at) || (word == "l" && sentence.phrases.iter().any(inside)) {
            continue;
        }
        if is_false_after(word, turn) {
            return Err(Veto::Orientation { word: word.clone() });
        }
        if may_be_misspelt(word, turn) {
            return Err(Veto::Unclear { word: word.clone() });
        }
    }
    let patient = || sentence.tokens.iter().any(|token| is_among(&token.word, PATIENT));
    let of_the_patient = sides == Sides::Patient || patient();
    for phrase in sentence.phrases.iter().filter(|phrase| phrase.has(|f| !f.is_centre())) {
        if of_the_patient && turn != Turn::FLIP_HORIZONTAL {
            return Err(Veto::Patient { word: phrase_text(phrase) });
        }
        let (before, after) = (Before::read(sentence, phrase), sentence.word(phrase.last + 1));
        if turn.changes_y() && before.word == Some("on") && after == Some("of") {
            // "on top of": not the top of the picture.
            let words = format!("on {} of", phrase_text(phrase));
            return Err(Veto::Phrase { words });
        }
        // Only the right lung has a middle lobe.
        let middle_lobe =
            phrase.has(Family::is_centre) && after.is_some_and(|w| is_among(w, "lobe lobes"));
        if turn.changes_x() && middle_lobe {
            return Err(Veto::Anatomy { word: "middle lobe".to_owned() });
        }
        if turn.transposes() {
            check_quarter_turn(sentence, phrase, before)?;
        }
    }
    Ok(())
}

/// Refuses to turn the sides of a body into heights: there is no "top lung".
fn check_quarter_turn(
    sentence: &Sentence<'_>,
    phrase: &Phrase,
    before: Before<'_>,
) -> Result<(), Veto> {
    if let Some(body) = sentence.tokens.iter().find(|token| is_among(&token.word, BODY)) {
        return Err(Veto::Anatomy { word: body.word.clone() });
    }
    let after = phrase.last + 1;
    let next = sentence.word(after).filter(|_| sentence.follows_closely(after));
    let qualified = sentence.glued_after(phrase).or(next);
    if let Some(word) = qualified.filter(|word| !is_among(word, PLACED)) {
        return Err(Veto::Anatomy { word: word.to_owned() });
    }
    let to_the = before.word == Some("the") && before.second == Some("to");
    if to_the && phrase.words.len() == 1 {
        return Err(Veto::Phrase { words: format!("to the {}", phrase_text(phrase)) });
    }
    Ok(())
}

/// The two words before a phrase.
#[derive(Clone, Copy)]
struct Before<'s> {
    word: Option<&'s str>,
    second: Option<&'s str>,
}

impl<'s> Before<'s> {
    fn read(sentence: &'s Sentence<'_>, phrase: &Phrase) -> Self {
        let word = |back| phrase.first.checked_sub(back).and_then(|at| sentence.word(at));
        Self { word: word(1), second: word(2) }
    }
}

/// A phrase, spelt as it should be.
pub(crate) fn phrase_text(phrase: &Phrase) -> String {
    phrase.words.iter().map(|word| word.text()).collect::<Vec<_>>().join(" ")
}
