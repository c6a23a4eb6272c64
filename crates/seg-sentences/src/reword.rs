//! Rewords a sentence: fewer words, in another order.

use seeded::SplitMix64;

use crate::order::shuffled;
use crate::place::places;
use crate::role::{Role, role};

/// The sentence without some of its words, and in another order unless it names several places.
/// Words that decide ([`Role::Decides`]) always stay; idle ones go every second time, others one
/// time in eight.
///
/// A text tower that starts from random weights sees a few dozen sentences, and learns to tell them
/// by whatever tells them apart: that the side stands before "lung" where it is the patient's and
/// behind it where it is the image's, or that "lungs" are two whatever else is said. A wording that
/// training does not have is then answered by chance. Rewording leaves only the deciding words to
/// go by. "Image" is among the words that may go: if a sentence does not say whose side it names,
/// it is the image's, as in all sets that we know.
pub fn reworded(sentence: &str, stream: &mut SplitMix64) -> String {
    let mut stays = |word: &str| match role(word) {
        Role::Decides => true,
        Role::Idle => stream.below(2) == 0,
        Role::Other => stream.below(8) != 0,
    };
    let kept = sentence.split_whitespace().filter(|word| stays(word)).collect::<Vec<_>>();
    let shorter = kept.join(" ");
    // Two places in another order are two other places.
    let shuffled = match places(sentence).len() {
        0 | 1 => shuffled(&shorter, stream.next_u64()),
        _ => None,
    };
    shuffled.unwrap_or(shorter)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn rewordings(sentence: &str) -> BTreeSet<String> {
        let mut stream = SplitMix64::new(2);
        let plain = |text: String| text.to_lowercase().replace(['.', ','], "");
        (0..4000).map(|_| plain(reworded(sentence, &mut stream))).collect()
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
