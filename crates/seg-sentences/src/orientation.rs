//! Words that say how things lie without naming a place, and words that may be misspelt places.

use crate::lexicon::{ACROSS, ALONG, CLOCK, LYING, ORDINARY, ORIENTED, is_among};
use crate::turn::Turn;

/// Whether a word, in lower case, is false after a turn.
pub(crate) fn is_false_after(word: &str, turn: Turn) -> bool {
    let has = |words| is_among(word, words);
    has(ORIENTED)
        || (turn.mirrors() && has(CLOCK))
        || (turn.changes_x() && has(ACROSS))
        || (turn.changes_y() && has(ALONG))
        || (turn.transposes() && has(LYING))
}

/// Whether a word, in lower case, says how things lie: it is false after some turn.
pub(crate) fn says_how_things_lie(word: &str) -> bool {
    [ORIENTED, CLOCK, ACROSS, ALONG, LYING].iter().any(|words| is_among(word, words))
}

/// Whether an unknown word, in lower case, is one slip away from a word that a turn changes.
pub(crate) fn may_be_misspelt(word: &str, turn: Turn) -> bool {
    let near = |places: &[&str]| places.iter().any(|place| one_slip_apart(word, place));
    let slip = (turn.changes_x() && near(&["left", "right"]))
        || (turn.changes_y() && near(&["upper", "lower", "bottom"]));
    slip && word.len() > 3 && !is_among(word, ORDINARY)
}

/// One letter too many, one missing, one wrong, or two swapped.
fn one_slip_apart(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[start..], &b[start..]);
    match (a, b) {
        ([_, a @ ..], _) if a == b => true,
        (_, [_, b @ ..]) if a == b => true,
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        ([a0, a1, a @ ..], [b0, b1, b @ ..]) => a0 == b1 && a1 == b0 && a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_seen_and_ordinary_words_are_not_slips() {
        for word in ["lwoer", "lowerr", "lowar", "uppr", "ulpper", "botom"] {
            assert!(may_be_misspelt(word, Turn::FLIP_VERTICAL), "{word}");
            assert!(!may_be_misspelt(word, Turn::FLIP_HORIZONTAL), "{word}");
        }
        for word in ["lefft", "eleft", "rihht"] {
            assert!(may_be_misspelt(word, Turn::FLIP_HORIZONTAL), "{word}");
            assert!(!may_be_misspelt(word, Turn::FLIP_VERTICAL), "{word}");
        }
        for word in ["bright", "slower", "lung", "eft", "layer", "height", "", "é"] {
            assert!(!may_be_misspelt(word, Turn::HALF), "{word}");
        }
    }

    #[test]
    fn words_fall_with_the_turns_that_concern_them() {
        let turns = [Turn::FLIP_HORIZONTAL, Turn::FLIP_VERTICAL, Turn::HALF, Turn::QUARTER];
        let expected = [
            ("costophrenic", [false, true, true, true]),
            ("bilateral", [false, false, false, true]),
            ("clockwise", [true, true, false, false]),
            ("oriented", [true; 4]),
            ("lingula", [true, false, true, true]),
            ("breast", [false; 4]),
        ];
        for (word, falls) in expected {
            assert_eq!(turns.map(|turn| is_false_after(word, turn)), falls, "{word}");
        }
    }
}
