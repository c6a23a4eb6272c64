//! Words that say how things lie without naming a place, and words that may be misspelt places.

use crate::turn::Turn;

/// Whether a word, in lower case, is false after a turn.
pub(crate) fn is_false_after(word: &str, turn: Turn) -> bool {
    let has = |words| is_among(word, words);
    has(ANY)
        || (turn.mirrors() && has(CLOCK))
        || (turn.changes_x() && has(ACROSS))
        || (turn.changes_y() && has(ALONG))
        || (turn.transposes() && has(LYING))
}

/// Whether a word, in lower case, says how things lie: it is false after some turn.
pub(crate) fn says_how_things_lie(word: &str) -> bool {
    [ANY, CLOCK, ACROSS, ALONG, LYING].iter().any(|words| is_among(word, words))
}

/// Whether an unknown word, in lower case, is one slip away from a word that a turn changes.
pub(crate) fn may_be_misspelt(word: &str, turn: Turn) -> bool {
    let near = |places: &[&str]| places.iter().any(|place| one_slip_apart(word, place));
    let slip = (turn.changes_x() && near(&["left", "right"]))
        || (turn.changes_y() && near(&["upper", "lower", "bottom"]));
    slip && word.len() > 3 && !is_among(word, ORDINARY)
}

/// Whether a word is one of a list with blanks between.
pub(crate) fn is_among(word: &str, words: &str) -> bool {
    words.split(' ').any(|one| one == word)
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

/// False after any turn.
const ANY: &str =
    "oriented orientated orientation tilted slanted leaning rotated clock o'clock o\u{2019}clock";

/// False in a mirror.
const CLOCK: &str = "clockwise counterclockwise anticlockwise";

/// Name a side in another way.
const ACROSS: &str = "east eastern west western lingula lingular l r lt rt";

/// Name a height in another way.
const ALONG: &str = "\
    above below beneath underneath underside upside upright up down north northern south \
    southern apex apices apical base bases basal basilar bibasal bibasilar costophrenic \
    diaphragm diaphragmatic hemidiaphragm supradiaphragmatic cranial caudal anterior posterior \
    subdiaphragmatic";

/// Tell rows from columns.
const LYING: &str = "\
    bilateral bilaterally unilateral unilaterally horizontal horizontally vertical vertically \
    wide wider widest width tall taller tallest height sides sided hand handed inner outer \
    lateral";

/// Words of their own right that are one slip away from a place.
const ORDINARY: &str = "\
    lift loft cleft deft heft lent lest lefty bright light might night tight sight fight eight \
    fright rights supper upped power tower lover loser lowed mower rower cower slower flower \
    blower lowers sower bottoms glower loner weft wright";

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
