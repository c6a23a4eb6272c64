//! What a word does in a sentence.

use crate::lexicon::{COUNTS, IDLE, NEGATIONS, PATIENT, PICTURE, is_among};
use crate::orientation::says_how_things_lie;
use crate::place::places;

/// What a word does in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// It says where, how things lie, how many, whose side, or that there is nothing: without it
    /// the sentence means another mask.
    Decides,
    /// An article, a preposition, or what every picture is.
    Idle,
    /// Anything else.
    Other,
}

/// The role of a word, with or without punctuation around it and in any case.
///
/// A word of several parts ("left-sided", "infection,two") decides as soon as one of them does,
/// and is idle only if all are.
///
/// ```
/// use seg_sentences::{Role, role};
/// assert_eq!(role("patient\u{2019}s"), Role::Decides);
/// assert_eq!(role("Centre,"), Role::Decides);
/// assert_eq!(role("the"), Role::Idle);
/// assert_eq!(role("opacity"), Role::Other);
/// ```
pub fn role(word: &str) -> Role {
    let word = word.to_lowercase();
    let in_word = |c: char| c.is_alphanumeric() || c == '\'' || c == '\u{2019}';
    let parts = word
        .split(|c| !in_word(c))
        .map(|part| part.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>();
    if parts.iter().any(|part| decides(part)) {
        Role::Decides
    } else if !parts.is_empty() && parts.iter().all(|part| is_idle(part)) {
        Role::Idle
    } else {
        Role::Other
    }
}

/// Whether a word in lower case says where, how many, whose side, or that there is nothing.
fn decides(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        || [PATIENT, NEGATIONS, COUNTS].iter().any(|words| is_among(word, words))
        || (!is_idle(word) && says_how_things_lie(word))
        || !places(word).is_empty()
}

/// Whether a word in lower case means nothing by itself.
fn is_idle(word: &str) -> bool {
    is_among(word, IDLE) || is_among(word, PICTURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decides_is_told_from_what_does_not() {
        let decides = "\
            left RIGHT center centre central mid superior upward downward leflung lowerright Both \
            all two 3 no Not without none patient patients patient's patient\u{2019}s anatomic \
            anatomical bilateral above apical left-sided infection,two 'left' one-sided";
        for word in decides.split_whitespace() {
            assert_eq!(role(word), Role::Decides, "{word}");
        }
        for word in ["the", "Image", "side,", "sides", "of", "picture\u{2019}s"] {
            assert_eq!(role(word), Role::Idle, "{word}");
        }
        for word in ["lung", "opacity.", "bright", "oval-shaped", "-", "", "\u{e9}"] {
            assert_eq!(role(word), Role::Other, "{word}");
        }
    }
}
