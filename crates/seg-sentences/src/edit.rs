//! One change of a sentence.

use std::fmt;

use serde::{Serialize, Serializer};

/// One change of a sentence; the picture stays as it is. See
/// [`Grammar::apply`](crate::Grammar::apply).
///
/// In text: `swap_sides`, `leave_out:4` (the fifth word), `shuffle_words:1` (with seed 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edit {
    /// Left for right and right for left. Undoes itself on sentences that are spelt correctly.
    SwapSides,
    /// Upper for lower, top for bottom, and the reverse: "middle lower" becomes "upper middle".
    /// Undoes itself on sentences that are spelt correctly.
    SwapHeights,
    /// One for two, single for multiple, and the reverse, with the noun's number: "one infected
    /// area" becomes "two infected areas". Undoes itself.
    SwapCount,
    /// Bilateral for unilateral and the reverse. The rest stays, even if it then contradicts.
    /// Undoes itself.
    SwapLaterality,
    /// A negation: "No pulmonary infection."
    Negate,
    /// A sentence about something that no medical picture shows.
    OffTopic,
    /// The words in another order, which depends on the seed and the sentence.
    ShuffleWords(u64),
    /// The sentence without one word, counted from 0 as in [`words`](crate::words()).
    LeaveOut(usize),
}

impl Edit {
    /// What kind of edit it is.
    pub fn kind(self) -> EditKind {
        match self {
            Self::SwapSides => EditKind::SwapSides,
            Self::SwapHeights => EditKind::SwapHeights,
            Self::SwapCount => EditKind::SwapCount,
            Self::SwapLaterality => EditKind::SwapLaterality,
            Self::Negate => EditKind::Negate,
            Self::OffTopic => EditKind::OffTopic,
            Self::ShuffleWords(_) => EditKind::ShuffleWords,
            Self::LeaveOut(_) => EditKind::LeaveOut,
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::ShuffleWords(seed) => write!(f, "{kind}:{seed}"),
            Self::LeaveOut(at) => write!(f, "{kind}:{at}"),
            _ => write!(f, "{kind}"),
        }
    }
}

impl Serialize for Edit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The kinds of [`Edit`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EditKind {
    /// [`Edit::SwapSides`].
    SwapSides,
    /// [`Edit::SwapHeights`].
    SwapHeights,
    /// [`Edit::SwapCount`].
    SwapCount,
    /// [`Edit::SwapLaterality`].
    SwapLaterality,
    /// [`Edit::Negate`].
    Negate,
    /// [`Edit::OffTopic`].
    OffTopic,
    /// [`Edit::ShuffleWords`].
    ShuffleWords,
    /// [`Edit::LeaveOut`].
    LeaveOut,
}

impl EditKind {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::SwapSides,
        Self::SwapHeights,
        Self::SwapCount,
        Self::SwapLaterality,
        Self::Negate,
        Self::OffTopic,
        Self::ShuffleWords,
        Self::LeaveOut,
    ];
}

impl fmt::Display for EditKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SwapSides => "swap_sides",
            Self::SwapHeights => "swap_heights",
            Self::SwapCount => "swap_count",
            Self::SwapLaterality => "swap_laterality",
            Self::Negate => "negate",
            Self::OffTopic => "off_topic",
            Self::ShuffleWords => "shuffle_words",
            Self::LeaveOut => "leave_out",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_has_a_text() {
        assert_eq!(Edit::LeaveOut(4).to_string(), "leave_out:4");
        assert_eq!(serde_json::to_string(&Edit::ShuffleWords(1)).unwrap(), r#""shuffle_words:1""#);
        for kind in EditKind::ALL {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("{:?}", kind.to_string()));
        }
    }
}
