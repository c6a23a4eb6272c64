//! What an edit did to the answer.

use seg_image::BinaryMask;
use seg_metrics::{Grid, MetricError, overlap};
use seg_sentences::Sides;
use serde::Serialize;

use crate::reading::components::components;
use seg_sentences::EditKind;
use seg_sentences::{Aim, Axis};

/// A network's answer to a sentence: a mask, and the probabilities that it was cut from if known.
#[derive(Clone, Copy, Debug)]
pub struct Prediction<'a> {
    /// The predicted mask.
    pub mask: &'a BinaryMask,
    /// The probability of each pixel, in `[0, 1]`, row by row, of the mask's size.
    pub probabilities: Option<&'a [f32]>,
}

impl<'a> Prediction<'a> {
    /// A mask alone.
    pub fn new(mask: &'a BinaryMask) -> Self {
        Self { mask, probabilities: None }
    }

    /// A mask and the map that it is cut from.
    pub fn with_probabilities(mask: &'a BinaryMask, probabilities: &'a [f32]) -> Self {
        Self { mask, probabilities: Some(probabilities) }
    }
}

/// What an edit did to the answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EditEffect {
    /// Dice of the two answers, in `[0, 1]`; 1 if the edit changed nothing or both are empty.
    pub dice_to_original: f64,
    /// How far the answer's centroid moved towards what the edited sentence names: in widths of the
    /// picture for sides, in heights for heights; negative if it moved away. `None` for other
    /// edits, if the edited sentence names both ends, and if an answer is empty.
    pub shift: Option<f64>,
    /// The new area over the old one; `None` if the old answer is empty.
    pub area_ratio: Option<f64>,
    /// Whether the answer changed as the edit asks; `None` if the edit asks for nothing that can be
    /// seen, or if there was nothing to change. See [`EditEffect::RULES`].
    pub moved_right: Option<bool>,
    /// Whether the answer to the edited sentence is empty.
    pub empty: bool,
    /// Mean absolute difference of the two maps, in `[0, 1]`; `None` if one is missing.
    pub probability_change: Option<f64>,
    /// Dice of the new answer and the edited sentence's true mask.
    pub dice_edited_reference: Option<f64>,
    /// Dice of the new answer and the true mask of the original sentence.
    pub dice_reference: Option<f64>,
    /// Dice of the old answer and the true mask of the original sentence.
    pub original_dice: Option<f64>,
}

/// What is compared.
pub(crate) struct Compared<'a> {
    pub(crate) original: Prediction<'a>,
    pub(crate) answer: Prediction<'a>,
    pub(crate) reference: Option<&'a BinaryMask>,
    pub(crate) edited_reference: Option<&'a BinaryMask>,
}

impl EditEffect {
    /// An answer, or a part of one, that covers at most this share of the picture counts as
    /// nothing.
    pub const NOTHING: f64 = 0.001;

    /// An answer with less than this share of the original one has fallen silent.
    pub const SILENT: f64 = 0.1;

    /// A share of the mask changes if it changes by more than this.
    pub const LEAST_CHANGE: f64 = 0.01;

    /// When an answer moved the right way, in words.
    pub const RULES: &str = "moved_right: sides and heights: the centroid moved towards what the \
        edited sentence names and lies in that half of the picture (no verdict where an answer is \
        empty or the sentence names both ends); one and two: the number of 4-connected parts of \
        more than 0.1 % of the picture rose or fell as asked; bilateral and unilateral: the share of \
        the mask on the half with less of it rose or fell by more than 0.01 (no verdict for both \
        where an answer is empty); negated and off topic: less than 10 % of the original area or of \
        0.1 % of the picture is left (no verdict where the original answer was that small); other \
        edits have no right way.";

    pub(crate) fn new(
        compared: &Compared<'_>,
        kind: EditKind,
        [sentence, edited]: [&str; 2],
        sides: Sides,
    ) -> Result<Self, MetricError> {
        let (original, answer) = (compared.original.mask, compared.answer.mask);
        let aim = Aim::new(kind, sentence, edited, sides);
        let dice_to_original = dice(answer, original)?;
        let against = |mask: &BinaryMask, reference: Option<&BinaryMask>| {
            reference.map(|reference| dice_at_its_size(mask, reference)).transpose()
        };
        let (old, new) = (original.area(), answer.area());
        Ok(Self {
            dice_to_original,
            shift: shift(original, answer, aim),
            area_ratio: (old > 0).then(|| new as f64 / old as f64),
            moved_right: moved_right(original, answer, aim),
            empty: new == 0,
            probability_change: probability_change(&compared.original, &compared.answer),
            dice_edited_reference: against(answer, compared.edited_reference)?,
            dice_reference: against(answer, compared.reference)?,
            original_dice: against(original, compared.reference)?,
        })
    }
}

/// Dice of two masks, which must be of one size.
fn dice(a: &BinaryMask, b: &BinaryMask) -> Result<f64, MetricError> {
    Ok(overlap(&grid(a)?, &grid(b)?)?.dice())
}

fn grid(mask: &BinaryMask) -> Result<Grid<'_>, MetricError> {
    Grid::new(mask.width as usize, mask.height as usize, &mask.values)
}

/// Dice at the reference's size.
fn dice_at_its_size(answer: &BinaryMask, reference: &BinaryMask) -> Result<f64, MetricError> {
    dice(&answer.resize_nearest(reference.width, reference.height), reference)
}

/// The mean place of a mask's pixels along an axis, in `[0, 1]`; `None` if the mask is empty.
fn centroid(mask: &BinaryMask, axis: Axis) -> Option<f64> {
    let width = mask.width as usize;
    let inside = mask.values.iter().enumerate().filter(|(_, inside)| **inside);
    let (mut sum, mut count) = (0.0, 0.0);
    for (at, _) in inside {
        let place = match axis {
            Axis::X => at % width,
            Axis::Y => at / width,
        };
        sum += place as f64 + 0.5;
        count += 1.0;
    }
    let length = match axis {
        Axis::X => mask.width,
        Axis::Y => mask.height,
    };
    (count > 0.0).then(|| sum / count / f64::from(length))
}

fn shift(original: &BinaryMask, answer: &BinaryMask, aim: Aim) -> Option<f64> {
    let Aim::Towards { axis, far } = aim else { return None };
    let moved = centroid(answer, axis)? - centroid(original, axis)?;
    Some(if far { moved } else { -moved })
}

fn moved_right(original: &BinaryMask, answer: &BinaryMask, aim: Aim) -> Option<bool> {
    let nothing = EditEffect::NOTHING * original.values.len() as f64;
    let (old, new) = (original.area() as f64, answer.area() as f64);
    match aim {
        Aim::Open => None,
        Aim::Towards { axis, far } => {
            let at = centroid(answer, axis)?;
            let there = if far { at > 0.5 } else { at < 0.5 };
            Some(there && shift(original, answer, aim)? > 0.0)
        }
        Aim::Nothing => (old > nothing).then_some(new < EditEffect::SILENT * old || new < nothing),
        _ if old == 0.0 || new == 0.0 => None,
        Aim::Parts { more } => {
            let least = nothing.floor() as usize + 1;
            let [old, new] = [original, answer].map(|mask| components(mask, least));
            Some(if more { new > old } else { new < old })
        }
        Aim::Halves { both } => {
            let rise = lesser_half(answer) - lesser_half(original);
            Some((if both { rise } else { -rise }) > EditEffect::LEAST_CHANGE)
        }
    }
}

/// The share of a mask in that half of the picture that has less of it, in `[0, 0.5]`.
fn lesser_half(mask: &BinaryMask) -> f64 {
    let width = mask.width as usize;
    let inside = mask.values.iter().enumerate().filter(|(_, inside)| **inside);
    // In halves of pixels: the middle column of an odd width counts for both.
    let (mut left, mut all) = (0usize, 0usize);
    for (at, _) in inside {
        let twice = 2 * (at % width) + 1;
        left += match twice.cmp(&width) {
            std::cmp::Ordering::Less => 2,
            std::cmp::Ordering::Equal => 1,
            std::cmp::Ordering::Greater => 0,
        };
        all += 2;
    }
    left.min(all - left) as f64 / all.max(1) as f64
}

fn probability_change(a: &Prediction<'_>, b: &Prediction<'_>) -> Option<f64> {
    let (a, b) = (a.probabilities?, b.probabilities?);
    let apart = a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>();
    Some(apart / a.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u32 = 40;

    /// A block of 8 x 8 pixels.
    fn block(left: u32, top: u32) -> BinaryMask {
        BinaryMask::from_fn(SIZE, SIZE, |x, y| {
            (left..left + 8).contains(&x) && (top..top + 8).contains(&y)
        })
    }

    fn rounded(value: f64) -> f64 {
        (value * 1e9).round() / 1e9
    }

    fn nothing() -> BinaryMask {
        BinaryMask::from_fn(SIZE, SIZE, |_, _| false)
    }

    fn compared(
        kind: EditKind,
        sentences: [&str; 2],
        original: &BinaryMask,
        answer: &BinaryMask,
    ) -> EditEffect {
        let compared = Compared {
            original: Prediction::new(original),
            answer: Prediction::new(answer),
            reference: Some(original),
            edited_reference: Some(answer),
        };
        EditEffect::new(&compared, kind, sentences, Sides::Image).unwrap()
    }

    #[test]
    fn a_side_is_followed_or_not() {
        let sentences = ["left lung", "right lung"];
        let of = |a: &BinaryMask, b: &BinaryMask| compared(EditKind::SwapSides, sentences, a, b);
        let followed = of(&block(4, 4), &block(24, 4));
        assert_eq!((followed.shift.map(rounded), followed.moved_right), (Some(0.5), Some(true)));
        assert_eq!((followed.dice_to_original, followed.area_ratio), (0.0, Some(1.0)));
        assert_eq!(followed.dice_edited_reference, Some(1.0));
        assert_eq!((followed.dice_reference, followed.original_dice), (Some(0.0), Some(1.0)));
        let stayed = of(&block(4, 4), &block(4, 4));
        assert_eq!((stayed.shift, stayed.moved_right), (Some(0.0), Some(false)));
        // Not far enough, and away from it.
        assert_eq!(of(&block(4, 4), &block(8, 4)).moved_right, Some(false));
        assert_eq!(of(&block(30, 4), &block(20, 4)).shift.map(rounded), Some(-0.25));
        assert_eq!(of(&block(30, 4), &block(20, 4)).moved_right, Some(false));
        let fell = of(&block(4, 4), &nothing());
        assert_eq!((fell.shift, fell.moved_right, fell.empty), (None, None, true));
        let both = ["upper left and lower right", "upper right and lower left"];
        assert_eq!(compared(EditKind::SwapSides, both, &block(4, 4), &block(28, 4)).shift, None);
    }

    #[test]
    fn a_height_is_followed_or_not() {
        let sentences = ["lower lung", "upper lung"];
        let found = compared(EditKind::SwapHeights, sentences, &block(4, 28), &block(4, 8));
        assert_eq!((found.shift.map(rounded), found.moved_right), (Some(0.5), Some(true)));
    }

    #[test]
    fn a_negation_empties_the_answer_or_not() {
        let of = |a: &BinaryMask, b: &BinaryMask| {
            compared(EditKind::Negate, ["A lesion.", "No lesion."], a, b).moved_right
        };
        let speck = BinaryMask::from_fn(SIZE, SIZE, |x, y| x < 6 && y == 0);
        assert_eq!(of(&block(4, 4), &nothing()), Some(true));
        assert_eq!(of(&block(4, 4), &speck), Some(true)); // 6 of 64 pixels
        assert_eq!(of(&block(4, 4), &block(20, 4)), Some(false));
        assert_eq!(of(&nothing(), &nothing()), None);
    }

    #[test]
    fn parts_and_halves_are_counted() {
        let pair = block(4, 4).union(&block(28, 4));
        let parts = |a: &BinaryMask, b: &BinaryMask| {
            let sentences = ["Two lesions.", "One lesion."];
            compared(EditKind::SwapCount, sentences, a, b).moved_right
        };
        assert_eq!(parts(&pair, &block(4, 4)), Some(true));
        assert_eq!(parts(&pair, &pair), Some(false));
        assert_eq!(parts(&pair, &nothing()), None);
        let halves = |a: &BinaryMask, b: &BinaryMask| {
            let sentences = ["Unilateral lesion.", "Bilateral lesion."];
            compared(EditKind::SwapLaterality, sentences, a, b).moved_right
        };
        assert_eq!(halves(&block(4, 4), &pair), Some(true));
        assert_eq!(halves(&block(4, 4), &block(28, 4)), Some(false));
        assert_eq!(lesser_half(&pair), 0.5);
        assert_eq!(lesser_half(&BinaryMask::from_fn(3, 1, |x, _| x > 0)), 0.25);
    }

    #[test]
    fn maps_and_sizes_are_compared() {
        let (a, b) = (block(0, 0), block(0, 0));
        let maps = [vec![0.25; 1600], vec![0.75; 1600]];
        let compared = Compared {
            original: Prediction::with_probabilities(&a, &maps[0]),
            answer: Prediction::with_probabilities(&b, &maps[1]),
            // Twice the size.
            reference: Some(&BinaryMask::from_fn(80, 80, |x, y| x < 16 && y < 16)),
            edited_reference: None,
        };
        let found =
            EditEffect::new(&compared, EditKind::LeaveOut, ["a b", "a"], Sides::Image).unwrap();
        assert_eq!(found.probability_change, Some(0.5));
        assert_eq!((found.dice_reference, found.dice_edited_reference), (Some(1.0), None));
        assert_eq!((found.moved_right, found.shift), (None, None));
    }

    #[test]
    fn answers_of_two_sizes_are_refused() {
        let (a, b) = (block(0, 0), BinaryMask::from_fn(2, 2, |_, _| true));
        let compared = Compared {
            original: Prediction::new(&a),
            answer: Prediction::new(&b),
            reference: None,
            edited_reference: None,
        };
        let found = EditEffect::new(&compared, EditKind::Negate, ["a", "b"], Sides::Image);
        assert!(matches!(found, Err(MetricError::Sizes { .. })));
    }
}
