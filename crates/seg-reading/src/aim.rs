//! What an edit asks of the answer.

use seg_augment::{Place, Sides};

use crate::edit::EditKind;
use crate::named::named_places;
use crate::{count, laterality};

/// Along which way of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Axis {
    X,
    Y,
}

/// What an edit asks of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// To lie on the right or lower half; else on the left or upper one.
    Towards { axis: Axis, far: bool },
    /// To have more connected parts; else fewer.
    Parts { more: bool },
    /// To lie on both halves; else on one.
    Halves { both: bool },
    /// To be empty.
    Nothing,
    /// It cannot be said.
    Open,
}

impl Aim {
    /// Of an edit of a sentence.
    pub(crate) fn of(kind: EditKind, sentence: &str, edited: &str, sides: Sides) -> Self {
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

/// The one end that a sentence names; none where it names both.
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
        let aim = |kind, sentence, edited| Aim::of(kind, sentence, edited, Sides::Image);
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
        let fixed = Aim::of(EditKind::SwapSides, "", "left lung", Sides::Fixed);
        assert_eq!(fixed, Aim::Open);
    }
}
