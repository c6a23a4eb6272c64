//! Rewords a sentence: fewer words, some of other sentences, in another order.

use std::collections::BTreeSet;

use seeded::SplitMix64;

use crate::lexicon::{NEGATED, ORGANS, PARTS, PATIENT, PICTURE, is_among};
use crate::order::shuffled;
use crate::place::places;
use crate::role::{Role, role};
use crate::sides::Sides;
use crate::synonyms::Synonyms;

/// The sentence without some of its words, with up to two of the words in `spare`, and in another order
/// unless it names several places.
///
/// Words that decide always stay: those of [`Role::Decides`], parts ("half", "zone"), findings, words of
/// `synonyms`, and who is meant by left and right where the sentence would mean another side without. `sides` says what a bare
/// "left" means in the set: with [`Sides::Patient`] "image" stays and "patient's" may go, else "patient's"
/// stays and "image" may go. Idle words go every second time, others one time in eight.
///
/// A text tower that starts from random weights sees a few dozen sentences, and learns to tell them
/// by whatever tells them apart: that the side stands before "lung" where it is the patient's and
/// behind it where it is the image's, that "side" is said of the image alone, or that "lungs" are two
/// whatever else is said. A wording that training does not have is then answered by chance. Rewording
/// leaves only the deciding words to go by; `spare` are [`spare_words`] of the set, so that none of them
/// goes with one kind of sentence.
pub fn reworded(
    sentence: &str,
    sides: Sides,
    synonyms: &Synonyms,
    spare: &[String],
    stream: &mut SplitMix64,
) -> String {
    /// Most words from other sentences.
    const SPARE: usize = 2;
    let mut stays = |word: &str| match weight(word, sides) {
        _ if synonyms.decides(&plain(word)) => true,
        Role::Decides => true,
        Role::Idle => stream.below(2) == 0,
        Role::Other => stream.below(8) != 0,
    };
    let mut kept = sentence.split_whitespace().filter(|word| stays(word)).collect::<Vec<_>>();
    if !spare.is_empty() {
        for _ in 0..stream.below(SPARE + 1) {
            let place = stream.below(kept.len() + 1);
            let word = spare[stream.below(spare.len())].as_str();
            if !synonyms.decides(word) {
                kept.insert(place, word);
            }
        }
    }
    let shorter = kept.join(" ");
    // Two places in another order are two other places.
    let shuffled = match places(sentence).len() {
        0 | 1 => shuffled(&shorter, stream.next_u64()),
        _ => None,
    };
    shuffled.unwrap_or(shorter)
}

/// The words of a set's sentences that do not change what any of them means, in lower case.
pub fn spare_words<'a>(sentences: impl Iterator<Item = &'a str>) -> Vec<String> {
    let words = sentences.flat_map(str::split_whitespace).map(plain).filter(|word| {
        let by_any = [Sides::Image, Sides::Patient].map(|sides| weight(word, sides));
        !word.is_empty() && !by_any.contains(&Role::Decides)
    });
    words.collect::<BTreeSet<_>>().into_iter().collect()
}

/// A word without punctuation around it, in lower case.
fn plain(word: &str) -> String {
    word.trim_matches(|sign: char| !sign.is_alphanumeric()).to_lowercase()
}

/// What becomes of a word: as its role says, but for those that decide in a set with several questions
/// for each picture.
fn weight(word: &str, sides: Sides) -> Role {
    let lower = plain(word);
    let is = |known: &dyn Fn(&str) -> bool| lower.split('-').any(known);
    let picture = is(&|part| is_among(part, PICTURE));
    let patient = is(&|part| is_among(part, PATIENT));
    let what = |part: &str| {
        let organ = ORGANS.contains(&part) || ["lung", "lungs"].contains(&part);
        let finding = part.starts_with("infect") || part.starts_with("pneumonia");
        finding || PARTS.contains(&part) || !organ && NEGATED.iter().any(|(noun, _)| *noun == part)
    };
    match sides {
        Sides::Patient if picture => Role::Decides,
        Sides::Patient if patient => Role::Idle,
        _ if is(&what) => Role::Decides,
        _ => role(word),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn rewordings(sentence: &str) -> BTreeSet<String> {
        let mut stream = SplitMix64::new(2);
        let bare = |text: String| text.to_lowercase().replace(['.', ','], "");
        (0..4000)
            .map(|_| bare(reworded(sentence, Sides::Image, &Synonyms::default(), &[], &mut stream)))
            .collect()
    }

    #[test]
    fn what_decides_stays() {
        let found = rewordings("The lung on the left side of the image.");
        assert!(["left lung", "left", "image lung left"].iter().all(|s| found.contains(*s)));
        assert!(found.iter().all(|text| text.contains("left")));
        assert!(rewordings("Both lungs.").contains("both"));
        assert!(rewordings("Two left-hand lesions.").iter().all(|t| t.contains("left-hand")));
        assert!(rewordings("The patient's right lung.").iter().all(|t| t.contains("patient's")));
        assert!(rewordings("There is no tumor.").iter().all(|t| t.contains("no")));
    }

    /// Where a bare side is the patient's, it is "image" that decides.
    #[test]
    fn whose_side_a_bare_one_is_decides_what_may_go() {
        let (mut stream, none) = (SplitMix64::new(2), Synonyms::default());
        let mut found = |sentence| -> Vec<String> {
            let reword =
                |_| reworded(sentence, Sides::Patient, &none, &[], &mut stream).to_lowercase();
            (0..400).map(reword).collect()
        };
        let image = found("The lung on the left side of the image.");
        assert!(image.iter().all(|text| text.contains("image")));
        let patient = found("The patient's left lung.");
        assert!(patient.iter().any(|text| !text.contains("patient")));
        assert!(patient.iter().all(|text| text.contains("left")));
    }

    #[test]
    fn parts_and_findings_stay() {
        for (sentence, word) in [
            ("Infection in the lower zone of the left lung.", "zone"),
            ("Infection in the lower zone of the left lung.", "infection"),
            ("COVID-19 pneumonia of the right lung.", "pneumonia"),
            ("Infected area of the right lung.", "infected"),
        ] {
            assert!(rewordings(sentence).iter().all(|text| text.contains(word)), "{word}");
        }
    }

    #[test]
    fn words_of_other_sentences_come_in() {
        let set =
            ["The lung on the left side of the image.", "Segment the patient's left lung, half."];
        let none = Synonyms::default();
        let spare = spare_words(set.into_iter());
        assert_eq!(spare, ["lung", "of", "on", "segment", "side", "the"]);
        let mut stream = SplitMix64::new(2);
        let reword =
            |_| reworded("Left lung.", Sides::Patient, &none, &spare, &mut stream).to_lowercase();
        let found = (0..400).map(reword).collect::<BTreeSet<_>>();
        assert!(found.iter().any(|text| text.contains("side")));
        assert!(found.iter().all(|text| text.contains("left")), "{found:?}");
        assert!(found.iter().all(|text| text.split(' ').count() <= 4), "{found:?}");
    }

    /// "The lung that appears on the left" is another one than "the left lung".
    #[test]
    fn words_of_synonyms_stay() {
        let table = [("as seen in the image".to_owned(), vec!["as it appears".to_owned()])];
        let synonyms = Synonyms::new(table.into()).unwrap();
        let mut stream = SplitMix64::new(2);
        let mut reword =
            |text| reworded(text, Sides::Patient, &synonyms, &[], &mut stream).to_lowercase();
        for _ in 0..200 {
            assert!(reword("The left-hand lung as it appears.").contains("appears"));
            assert!(reword("The left-hand lung as seen in the image.").contains("seen"));
        }
        // Nor do they come in from other sentences.
        let spare = ["seen".to_owned()];
        let reword = |_| reworded("Left lung.", Sides::Patient, &synonyms, &spare, &mut stream);
        assert!((0..200).map(reword).all(|text| !text.contains("seen")));
    }

    /// Without the word the sentence would mean another mask, which it keeps.
    #[test]
    fn whose_side_it_is_stays_in_every_spelling() {
        for word in ["patient\u{2019}s", "patients", "anatomical", "anatomic"] {
            let found = rewordings(&format!("The {word} right lung."));
            assert!(found.iter().all(|text| text.contains(word)), "{word}");
        }
        assert!(rewordings("Five infected areas.").iter().all(|text| text.contains("five")));
    }

    #[test]
    fn two_places_keep_their_order() {
        for text in rewordings("The patient's right lung, on the left side of the image.") {
            let words = text.split(' ').filter(|word| ["right", "left"].contains(word));
            assert_eq!(words.collect::<Vec<_>>(), ["right", "left"], "{text}");
        }
    }
}
