//! Negated sentences.

use crate::lexicon::{NEGATED, OPENING_NEGATIONS, ORGANS};
use crate::words::{Words, capital, words};

/// Negates a sentence: "No pulmonary infection.", "No tumor in the breast ultrasound image.", or
/// "No lesion." if no noun is known. `None` if the sentence is a negation already or has no words.
pub(crate) fn negated(sentence: &str) -> Option<String> {
    let words = Words::read(sentence);
    let lower = words.all_lower();
    if lower.is_empty() || is_negation(&lower) {
        return None;
    }
    let known = NEGATED.iter().find_map(|(noun, said)| {
        lower.iter().position(|word| word == noun).map(|place| (place, *said))
    });
    let (place, noun) = known.unwrap_or((0, "lesion"));
    let organ = place.checked_sub(1).map(|before| lower[before].as_str());
    let organ = organ.filter(|word| ORGANS.contains(word));
    let image = in_the_image(&lower);
    let parts = [Some("no"), organ, Some(noun), image.as_deref()];
    let parts = parts.into_iter().flatten().collect::<Vec<_>>();
    Some(capital(&parts.join(" ")) + ".")
}

/// Whether a sentence is a negation itself.
fn is_negation(lower: &[String]) -> bool {
    lower.first().is_some_and(|word| OPENING_NEGATIONS.contains(&word.as_str()))
}

/// "In the breast ultrasound image" at the end of a sentence.
fn in_the_image(lower: &[String]) -> Option<String> {
    /// Words of the picture's name.
    const LONGEST: usize = 4;
    let [.., last] = lower else { return None };
    let at = lower.windows(2).rposition(|pair| pair == ["in", "the"])?;
    let short = lower.len() - at <= 2 + LONGEST;
    (short && ["image", "picture"].contains(&last.as_str())).then(|| lower[at..].join(" "))
}

/// Whether two sentences consist of the same words.
pub(crate) fn same_words(a: &str, b: &str) -> bool {
    words(a).iter().map(|word| word.to_lowercase()).eq(words(b).iter().map(|w| w.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noun_is_the_sentences_own() {
        let cases = [
            (
                "Bilateral pulmonary infection, two infected areas, left lung.",
                "No pulmonary infection.",
            ),
            (
                "Two medium malignant tumors at the right, left in the breast ultrasound image.",
                "No tumor in the breast ultrasound image.",
            ),
            ("Every small nodule in the left lung.", "No nodule."),
            ("Large opacities.", "No opacity."),
            ("The lung on the left side of the image.", "No lung."),
            ("The nuclei are evenly distributed.", "No nuclei."),
            ("Something odd", "No lesion."),
        ];
        for (sentence, expected) in cases {
            assert_eq!(negated(sentence).as_deref(), Some(expected));
        }
        assert_eq!(negated("No tumor in the breast ultrasound image."), None);
        assert_eq!(negated(" . "), None);
    }
}
