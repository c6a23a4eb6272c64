//! Sentences that stay true when their picture is turned.

use std::borrow::Cow;

use crate::place_word::{Family, PlaceWord};
use crate::sentence::{Phrase, Sentence};
use crate::sides::Sides;
use crate::turn::Turn;
use crate::veto::{self, Veto};

/// The sentence that says of the turned picture what `sentence` says of the picture as it is.
///
/// Words stay in their family: "upper" becomes "lower", "top" becomes "bottom", "center left"
/// becomes "top center". Lists keep their order, but the heights of one side keep theirs too:
/// "upper middle left lung" flipped vertically is "middle lower left lung". Capitals, hyphens and
/// all other words stay. A word that changes is spelt correctly: a horizontal flip makes "right
/// lung" of "leflung". A bare side that becomes a height takes the family of the sentence's first
/// height; without one it becomes "top" or "bottom" if the sentence says "at" or "on", else "upper"
/// or "lower".
///
/// Heights of a lung are read as they look: upside down, the upper part of a lung is its lower
/// part.
///
/// # Errors
///
/// Returns the first word that would be false in the turned picture and that no other word can
/// replace. The identity is never refused.
pub fn rewrite(sentence: &str, turn: Turn, sides: Sides) -> Result<Cow<'_, str>, Veto> {
    if turn.is_identity() {
        return Ok(Cow::Borrowed(sentence));
    }
    let sentence = Sentence::read(sentence);
    veto::check(&sentence, turn, sides)?;
    let turned = match turn.transposes() {
        false => sentence.phrases.iter().map(|phrase| flipped(phrase, turn)).collect(),
        true => {
            let heights = heights_for_sides(&sentence);
            let turned = sentence.phrases.iter().map(|phrase| {
                let refuse = || Veto::Phrase { words: veto::phrase_text(phrase) };
                transposed(&phrase.words, turn, heights).ok_or_else(refuse)
            });
            turned.collect::<Result<Vec<_>, _>>()?
        }
    };
    Ok(sentence.write(&turned))
}

/// Flips each word by itself.
fn flipped(phrase: &Phrase, turn: Turn) -> Vec<PlaceWord> {
    let flip = |word: &PlaceWord| {
        let (x, y) = turn.point(word.value, word.value);
        PlaceWord { value: if word.family == Family::Side { x } else { y }, ..*word }
    };
    let mut words = phrase.words.iter().map(flip).collect::<Vec<_>>();
    let heights = words.iter().filter(|word| word.family.is_height()).count();
    // "top center" is one place, "upper middle left" is two of one side, named from above.
    if turn.changes_y() && (phrase.has(|family| family == Family::Side) || heights > 1) {
        for run in
            words.chunk_by_mut(|a, b| (a.family == Family::Side) == (b.family == Family::Side))
        {
            run.reverse();
        }
    }
    words
}

/// The words for the place that one or two words name; `None` if they name several places.
fn transposed(words: &[PlaceWord], turn: Turn, heights: Family) -> Option<Vec<PlaceWord>> {
    let height = |value, family, ending: &'static str| match ending {
        "ward" | "wards" => PlaceWord { family: Family::Up, value, ending },
        _ => PlaceWord { family, value, ending },
    };
    let side = |value, ending| PlaceWord { family: Family::Side, value, ending };
    match *words {
        [word] if word.family.is_centre() => Some(vec![word]),
        [word] if word.family == Family::Side => {
            let (_, y) = turn.point(word.value, 0);
            Some(vec![height(y, heights, word.ending)])
        }
        [word] => {
            let (x, _) = turn.point(0, word.value);
            (word.family != Family::Superior).then(|| vec![side(x, word.ending)])
        }
        [first, second] => {
            // Which of the two says where along x: a centre is the one that the other is not.
            let x_first = first.family == Family::Side || second.family.is_height();
            let (across, along) = if x_first { (first, second) } else { (second, first) };
            let is_place = !across.family.is_height()
                && along.family != Family::Side
                && !(across.family.is_centre() && along.family.is_centre())
                && along.family != Family::Superior;
            let (x, y) = turn.point(across.value, along.value);
            let centre = [across, along].into_iter().find(|word| word.family.is_centre());
            let (across, along) = match centre {
                Some(centre) if x == 0 => (centre, height(y, heights, across.ending)),
                Some(centre) => (side(x, along.ending), centre),
                None => (side(x, across.ending), PlaceWord { value: y, ..along }),
            };
            let words = if x_first { vec![across, along] } else { vec![along, across] };
            is_place.then_some(words)
        }
        _ => None,
    }
}

/// The family of heights that bare sides become.
fn heights_for_sides(sentence: &Sentence<'_>) -> Family {
    let words = sentence.phrases.iter().flat_map(|phrase| &phrase.words);
    let named = words.map(|word| word.family).find(|f| [Family::Upper, Family::Top].contains(f));
    let on_or_at = || sentence.tokens.iter().any(|token| ["at", "on"].contains(&&*token.word));
    named.unwrap_or_else(|| if on_or_at() { Family::Top } else { Family::Upper })
}
