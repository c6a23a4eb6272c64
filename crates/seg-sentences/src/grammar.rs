//! Which edits are made, and in which words.

use crate::edit::Edit;
use crate::negation::{negated, same_words};
use crate::order::{shuffled, without};
use crate::turn::Turn;
use crate::{count, laterality, swap};

/// Which edits are wanted, and the words of those that do not follow from the sentence alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grammar {
    /// What [`Edit::Negate`] says. `None`, the default, takes the sentence's own noun and picture,
    /// as in "No tumor in the breast ultrasound image.", or else says "No lesion."
    pub negation: Option<String>,
    /// What [`Edit::OffTopic`] says: something that no picture of the set shows.
    pub off_topic: String,
    /// The seeds of [`Edit::ShuffleWords`], one edit for each; a single 0 by default.
    pub shuffles: Vec<u64>,
    /// Whether to leave out each word once; true by default. This makes as many edits as words.
    pub leave_out: bool,
}

impl Default for Grammar {
    fn default() -> Self {
        Self {
            negation: None,
            off_topic: "A red bicycle leans against a wall.".to_owned(),
            shuffles: vec![0],
            leave_out: true,
        }
    }
}

impl Grammar {
    /// The edited sentence. `None` if there is nothing to edit: the sentence has no such word, its
    /// places stay the same ("the left and the right lung"), or the exchanged words would
    /// contradict others ("the lower lung, above the diaphragm"). A sentence without words has no
    /// edit.
    ///
    /// Swaps of a side or height correct the spelling of the words they change.
    ///
    /// ```
    /// use seg_sentences::{Edit, Grammar};
    /// let (grammar, sentence) = (Grammar::default(), "Two infected areas, upper left lung and left lung.");
    /// let edited = |edit| grammar.apply(edit, sentence).unwrap();
    /// assert_eq!(edited(Edit::SwapSides), "Two infected areas, upper right lung and right lung.");
    /// assert_eq!(edited(Edit::SwapHeights), "Two infected areas, lower left lung and left lung.");
    /// assert_eq!(edited(Edit::SwapCount), "One infected area, upper left lung and left lung.");
    /// assert_eq!(edited(Edit::LeaveOut(2)), "Two infected, upper left lung and left lung.");
    /// assert_eq!(grammar.apply(Edit::SwapLaterality, sentence), None);
    /// ```
    pub fn apply(&self, edit: Edit, sentence: &str) -> Option<String> {
        let other = |edited: &str| (!same_words(edited, sentence)).then(|| edited.to_owned());
        if !sentence.contains(char::is_alphanumeric) {
            return None;
        }
        match edit {
            Edit::SwapSides => swap::swapped(sentence, Turn::FLIP_HORIZONTAL),
            Edit::SwapHeights => swap::swapped(sentence, Turn::FLIP_VERTICAL),
            Edit::SwapCount => count::swapped(sentence).map(|swapped| swapped.sentence),
            Edit::SwapLaterality => laterality::swapped(sentence).map(|swapped| swapped.sentence),
            Edit::Negate => {
                let derived = negated(sentence)?;
                other(self.negation.as_ref().unwrap_or(&derived))
            }
            Edit::OffTopic => other(&self.off_topic),
            Edit::ShuffleWords(seed) => shuffled(sentence, seed),
            Edit::LeaveOut(place) => without(sentence, place),
        }
    }

    /// All possible edits of a sentence, each with the edited sentence; swaps come first.
    ///
    /// ```
    /// use seg_sentences::{Edit, Grammar};
    /// let edits = Grammar::default().edits_of("No tumor.");
    /// assert_eq!(edits[0], (Edit::OffTopic, "A red bicycle leans against a wall.".to_owned()));
    /// assert_eq!(edits.len(), 4); // two words, so one other order and two to leave out
    /// ```
    pub fn edits_of(&self, sentence: &str) -> Vec<(Edit, String)> {
        let plain = [
            Edit::SwapSides,
            Edit::SwapHeights,
            Edit::SwapCount,
            Edit::SwapLaterality,
            Edit::Negate,
            Edit::OffTopic,
        ];
        let shuffles = self.shuffles.iter().map(|seed| Edit::ShuffleWords(*seed));
        let words = if self.leave_out { crate::words(sentence).len() } else { 0 };
        let edits = plain.into_iter().chain(shuffles).chain((0..words).map(Edit::LeaveOut));
        edits.filter_map(|edit| Some((edit, self.apply(edit, sentence)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use seg_data::phantom::{PhantomConfig, phantom};

    use super::*;

    fn apply(edit: Edit, sentence: &str) -> Option<String> {
        Grammar::default().apply(edit, sentence)
    }

    const SWAPS: [Edit; 4] =
        [Edit::SwapSides, Edit::SwapHeights, Edit::SwapCount, Edit::SwapLaterality];

    fn undoes_itself(sentence: &str) -> Result<(), TestCaseError> {
        for swap in SWAPS {
            if let Some(edited) = apply(swap, sentence) {
                prop_assert_ne!(&edited, sentence);
                let back = apply(swap, &edited);
                prop_assert_eq!(back.as_deref(), Some(sentence), "{}", edited);
            }
        }
        Ok(())
    }

    /// Some of upper, middle and lower, or the whole lung.
    fn part() -> impl Strategy<Value = &'static str> {
        const PARTS: [&str; 7] =
            ["all", "upper", "middle", "lower", "upper middle", "middle lower", "upper lower"];
        prop::sample::select(&PARTS[..])
    }

    fn qata() -> impl Strategy<Value = String> {
        let lungs = (part(), part(), 0..3u8).prop_map(|(left, right, which)| match which {
            0 => ("Unilateral", "one", format!("{left} left lung")),
            1 => ("Unilateral", "one", format!("{right} right lung")),
            _ => ("Bilateral", "two", format!("{left} left lung and {right} right lung")),
        });
        (lungs, 0..3u8).prop_map(|((sides, number, lungs), form)| {
            let plural = if number == "two" { "s" } else { "" };
            match form {
                0 => format!("{sides} pulmonary infection, {number} infected area{plural}, {lungs}."),
                1 => format!("{sides} pulmonary infection involving {number} region{plural} with involvement of {lungs}"),
                _ => format!("{sides} pulmonary infection, {number} infected area{plural}, {lungs}").to_lowercase(),
            }
        })
    }

    fn cxr() -> impl Strategy<Value = String> {
        let half = prop::sample::select(&["The", "Upper half of the", "Lower half of the"][..]);
        let sides = prop::sample::select(&[["left", "right"], ["right", "left"]][..]);
        (half, sides, 0..4u8).prop_map(|(half, [side, other], wording)| match wording {
            0 => format!("{half} lung on the {side} side of the image."),
            1 => format!("{half} patient's {side} lung."),
            2 => format!("{half} patient's {side} lung, on the {other} side of the image."),
            _ => format!(
                "In this chest X-ray, find {} {side}-hand lung as seen in the picture.",
                half.to_lowercase()
            ),
        })
    }

    fn busi() -> impl Strategy<Value = String> {
        let place = prop::sample::select(
            &["center", "left", "right", "top", "bottom", "top left", "bottom right"][..],
        );
        (prop::sample::select(&["One", "Two"][..]), prop::collection::vec(place, 1..3)).prop_map(
            |(number, places)| {
                let plural = if number == "Two" { "s" } else { "" };
                let places = places.join(", ");
                format!("{number} small oval-shaped benign tumor{plural} at the {places} in the breast ultrasound image.")
            },
        )
    }

    proptest! {
        #[test]
        fn swaps_of_qata_like_sentences_undo_themselves(sentence in qata()) {
            undoes_itself(&sentence)?;
            prop_assert!(apply(Edit::SwapLaterality, &sentence).is_some());
            prop_assert!(apply(Edit::SwapCount, &sentence).is_some());
            let negation = apply(Edit::Negate, &sentence);
            prop_assert_eq!(negation.as_deref(), Some("No pulmonary infection."));
        }

        #[test]
        fn swaps_of_region_like_sentences_undo_themselves(sentence in cxr()) {
            undoes_itself(&sentence)?;
            prop_assert!(apply(Edit::SwapSides, &sentence).is_some());
            let halves = sentence.contains("half");
            prop_assert_eq!(apply(Edit::SwapHeights, &sentence).is_some(), halves);
        }

        #[test]
        fn swaps_of_busi_like_sentences_undo_themselves(sentence in busi()) {
            undoes_itself(&sentence)?;
            prop_assert!(apply(Edit::SwapCount, &sentence).is_some());
        }

        #[test]
        fn swaps_of_phantoms_sentences_undo_themselves(index in 0u64..500) {
            let config = PhantomConfig { size: 32, absent: true, ..PhantomConfig::default() };
            for query in phantom(&config, index).queries {
                undoes_itself(&query.sentence)?;
            }
        }

        #[test]
        fn any_sentence_has_edits_or_none(sentence in any::<String>()) {
            for (edit, edited) in Grammar::default().edits_of(&sentence) {
                prop_assert_eq!(apply(edit, &sentence), Some(edited));
            }
        }
    }

    #[test]
    fn a_set_may_have_its_own_words() {
        let grammar = Grammar {
            negation: Some("Nothing to see.".to_owned()),
            off_topic: "A cat.".to_owned(),
            shuffles: vec![1, 2],
            leave_out: false,
        };
        let edits = grammar.edits_of("The left lung.");
        let expected = [
            (Edit::SwapSides, "The right lung."),
            (Edit::Negate, "Nothing to see."),
            (Edit::OffTopic, "A cat."),
        ];
        for (found, (edit, sentence)) in edits.iter().zip(expected) {
            assert_eq!(*found, (edit, sentence.to_owned()));
        }
        assert_eq!(edits.len(), 5);
        assert_eq!(grammar.apply(Edit::OffTopic, "a cat"), None);
        assert_eq!(Grammar::default().edits_of(" "), []);
    }
}
