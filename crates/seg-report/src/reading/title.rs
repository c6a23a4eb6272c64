//! What edits are called, for people.

use seg_sentences::EditKind;

/// What was done to the sentence.
pub(crate) fn title(kind: EditKind) -> &'static str {
    match kind {
        EditKind::SwapSides => "left and right swapped",
        EditKind::SwapHeights => "upper and lower swapped",
        EditKind::SwapCount => "one and two swapped",
        EditKind::SwapLaterality => "bilateral and unilateral swapped",
        EditKind::Negate => "negated",
        EditKind::OffTopic => "off topic",
        EditKind::ShuffleWords => "words shuffled",
        EditKind::LeaveOut => "one word left out",
    }
}

/// What an answer does that moves the right way.
pub(crate) fn asks(kind: EditKind) -> &'static str {
    match kind {
        EditKind::SwapSides => "moves to the newly named half",
        EditKind::SwapHeights => "moves to the newly named height",
        EditKind::SwapCount => "gains or loses parts as counted",
        EditKind::SwapLaterality => "spreads to both halves or withdraws to one",
        EditKind::Negate | EditKind::OffTopic => "falls silent",
        EditKind::ShuffleWords | EditKind::LeaveOut => "–",
    }
}
