//! Whether a sentence is in the language whose words this crate knows.

use crate::lexicon::{ENGLISH, is_among};
use crate::place::places;
use crate::words::words;

/// Whether a sentence has a word that English sentences about medical images have, or names a place.
///
/// In another language, places, negations and whose side is meant are not understood.
///
/// ```
/// use seg_sentences::is_known_language;
/// assert!(is_known_language("Opacity in the RLL.") && is_known_language("Upper left."));
/// assert!(!is_known_language("Infiltrat im rechten Unterfeld."));
/// ```
pub fn is_known_language(sentence: &str) -> bool {
    let known = |word: &&str| is_among(&word.to_lowercase(), ENGLISH);
    !places(sentence).is_empty() || words(sentence).iter().any(known)
}
