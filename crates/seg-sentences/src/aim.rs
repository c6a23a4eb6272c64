//! What an edited sentence asks of the mask.

use crate::edit::EditKind;
use crate::place::Place;
use crate::sides::Sides;
use crate::whose::named_places;
use crate::{count, laterality};

/// An axis of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// From left to right.
    X,
    /// From top to bottom.
    Y,
}

/// What an edited sentence asks of the mask, beside that of the original one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// To lie in one half of the picture.
    Towards {
        /// Which way it is halved.
        axis: Axis,
        /// Whether it is the right or lower half.
        far: bool,
    },
    /// To have more connected parts, or fewer.
    Parts {
        /// Whether more.
        more: bool,
    },
    /// To lie on both halves, or on one.
    Halves {
        /// Whether on both.
        both: bool,
    },
    /// To be empty.
    Nothing,
    /// Nothing that can be told from the sentences.
    Open,
}

impl Aim {
    /// What `edited` asks, if an edit of this kind made it of `sentence`. `sides` says whose sides
    /// are meant in clauses that do not say so themselves.
    pub fn new(kind: EditKind, sentence: &str, edited: &str, sides: Sides) -> Self {
        let aim = match kind {
            EditKind::SwapSides => towards(edited, sides, Axis::X),
            EditKind::SwapHeights => towards(edited, sides, Axis::Y),
            EditKind::SwapCount => count::swapped(sentence)
                .and_then(|swapped| swapped.more)
                .map(|more| Self::Parts { more }),
            EditKind::SwapLaterality => laterality::swapped(sentence)
                .and_then(|swapped| swapped.both)
                .map(|both| Self::Halves { both }),
            EditKind::Negate | EditKind::OffTopic => Some(Self::Nothing),
            EditKind::ShuffleWords | EditKind::LeaveOut => None,
        };
        aim.unwrap_or(Self::Open)
    }
}

/// The end of the axis that a sentence names; `None` if it names both or neither.
fn towards(edited: &str, sides: Sides, axis: Axis) -> Option<Aim> {
    let value = |place: Place| match axis {
        Axis::X => place.x,
        Axis::Y => place.y,
    };
    let mut named = named_places(edited, sides).into_iter().map(value).filter(|value| *value != 0);
    let far = named.next()? > 0;
    named.all(|value| (value > 0) == far).then_some(Aim::Towards { axis, far })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_aims_at_what_it_names() {
        let aim = |kind, sentence, edited| Aim::new(kind, sentence, edited, Sides::Image);
        let sides = |edited| aim(EditKind::SwapSides, "", edited);
        assert_eq!(sides("lower left lung"), Aim::Towards { axis: Axis::X, far: false });
        assert_eq!(sides("The patient's left lung."), Aim::Towards { axis: Axis::X, far: true });
        assert_eq!(sides("upper left lung and lower right lung"), Aim::Open);
        let heights = |edited| aim(EditKind::SwapHeights, "", edited);
        assert_eq!(
            heights("middle lower left lung and lower right lung"),
            Aim::Towards { axis: Axis::Y, far: true }
        );
        let parts = aim(EditKind::SwapCount, "Two lesions.", "One lesion.");
        assert_eq!(parts, Aim::Parts { more: false });
        let halves = aim(EditKind::SwapLaterality, "Unilateral.", "Bilateral.");
        assert_eq!(halves, Aim::Halves { both: true });
        assert_eq!(aim(EditKind::Negate, "", ""), Aim::Nothing);
        assert_eq!(aim(EditKind::LeaveOut, "left", ""), Aim::Open);
        let fixed = Aim::new(EditKind::SwapSides, "", "left lung", Sides::Fixed);
        assert_eq!(fixed, Aim::Open);
    }
}
