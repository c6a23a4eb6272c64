//! The scores of one set under every convention in use.
//!
//! The conventions differ in how counts become a number. How masks came to their size is another
//! matter: LViT resizes its reference bilinearly and takes all above 0, which thickens it. No count
//! here does that; to compare with LViT's numbers, score masks that were resized so.

use crate::error::MetricError;
use crate::overlap::Overlap;
use crate::scores::Scores;

/// A set's score under one convention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The convention's name, of lower-case letters, digits and `_`; it does not change between
    /// releases.
    pub name: &'static str,
    /// How counts become the number.
    pub meaning: &'static str,
    /// Who publishes numbers of this convention.
    pub used_by: &'static str,
    /// Dice, IoU and NSD in `[0, 1]`, distances in the unit of the spacing; `None` if no case
    /// counts.
    pub value: Option<f64>,
    /// The number of cases that are left out: those with an empty reference, or without a finite
    /// distance.
    pub left_out: usize,
}

/// How a score of a set comes from its cases.
enum Over {
    /// Mean of a score over all cases.
    Images(fn(&Scores) -> f64),
    /// Mean of a score over cases whose reference is not empty.
    Filled(fn(&Scores) -> f64),
    /// Mean of a distance over cases where it is finite.
    Finite(fn(&Scores) -> f64),
    /// Score of the summed counts.
    Pixels(fn(&Counts) -> f64),
    /// Score of the summed counts of cases whose reference is not empty.
    FilledPixels(fn(&Counts) -> f64),
}

/// Pixel counts of the foreground and of what is left.
#[derive(Clone, Copy, Default)]
struct Counts {
    foreground: Overlap,
    background: Overlap,
}

impl Counts {
    fn new(case: &Scores) -> Self {
        let Overlap { intersection, prediction, reference } = case.overlap;
        let either = prediction.saturating_add(reference).saturating_sub(intersection);
        let background = Overlap {
            intersection: case.pixels.saturating_sub(either),
            prediction: case.pixels.saturating_sub(prediction),
            reference: case.pixels.saturating_sub(reference),
        };
        Self { foreground: case.overlap, background }
    }

    fn sum<'a>(cases: impl IntoIterator<Item = &'a Scores>) -> Self {
        cases.into_iter().map(Self::new).fold(Self::default(), |sum, case| Self {
            foreground: sum.foreground + case.foreground,
            background: sum.background + case.background,
        })
    }

    /// The mean of both classes' Dice.
    fn dice(&self) -> f64 {
        (self.foreground.dice() + self.background.dice()) / 2.0
    }

    /// The mean of both classes' IoU.
    fn iou(&self) -> f64 {
        (self.foreground.iou() + self.background.iou()) / 2.0
    }
}

/// `2I / (P + T + epsilon)`.
fn dice_with(epsilon: f64, case: &Scores) -> f64 {
    let Overlap { intersection, prediction, reference } = case.overlap;
    2.0 * intersection as f64 / (prediction as f64 + reference as f64 + epsilon)
}

/// LViT's Dice: `test_model.py`, `show_image_with_dice`.
fn dice_lvit(case: &Scores) -> f64 {
    dice_with(1e-5, case)
}

/// MedCLIPSeg's Dice: 1 where both masks are empty, and each case rounded to 4 digits.
fn dice_medclipseg(case: &Scores) -> f64 {
    const DIGITS: f64 = 1e4;
    match case.overlap == Overlap::default() {
        true => 1.0,
        false => (dice_with(1e-8, case) * DIGITS).round_ties_even() / DIGITS,
    }
}

/// CRIS's IoU, `I / (U + 1e-6)`: `engine/engine.py`, `validate`.
fn iou_cris(case: &Scores) -> f64 {
    let Overlap { intersection, prediction, reference } = case.overlap;
    let shared = intersection as f64;
    shared / (prediction as f64 + reference as f64 - shared + 1e-6)
}

/// LViT's IoU (scikit-learn's `jaccard_score`) and LAVT's (`test.py`): 0 where both masks are
/// empty.
fn iou_both_empty_zero(case: &Scores) -> f64 {
    if case.overlap == Overlap::default() { 0.0 } else { case.iou }
}

/// Name, meaning, who uses it, and how it is computed.
type Rule = (&'static str, &'static str, &'static str, Over);

const RULES: [Rule; 22] = [
    (
        "dice_per_image",
        "mean over images, exact; both empty 1, one empty 0",
        "this project, MedEquiSeg",
        Over::Images(|case| case.dice),
    ),
    (
        "dice_lvit",
        "mean over images of 2I/(P+T+1e-5); both empty 0",
        "LViT",
        Over::Images(dice_lvit),
    ),
    (
        "dice_medclipseg",
        "mean over images of 2I/(P+T+1e-8), each rounded to 4 digits; both empty 1",
        "MedCLIPSeg",
        Over::Images(dice_medclipseg),
    ),
    (
        "dice_per_image_non_empty",
        "mean over images whose reference is not empty, exact",
        "this project",
        Over::Filled(|case| case.dice),
    ),
    (
        "dice_pooled",
        "of all pixels of all images together",
        "LGMS, MMI-UNet",
        Over::Pixels(|counts| counts.foreground.dice()),
    ),
    (
        "dice_pooled_non_empty",
        "of all pixels of the images whose reference is not empty",
        "this project",
        Over::FilledPixels(|counts| counts.foreground.dice()),
    ),
    (
        "dice_two_classes_per_image",
        "mean over images of the mean of foreground's and background's, exact",
        "none of these models",
        Over::Images(|case| Counts::new(case).dice()),
    ),
    (
        "dice_two_classes_pooled",
        "mean of foreground's and background's, each of all pixels together",
        "none of these models",
        Over::Pixels(Counts::dice),
    ),
    (
        "iou_per_image",
        "mean over images, exact; both empty 1, one empty 0",
        "this project, MedEquiSeg",
        Over::Images(|case| case.iou),
    ),
    (
        "iou_both_empty_zero",
        "mean over images, exact; both empty 0, one empty 0",
        "LViT, LAVT (mean IoU)",
        Over::Images(iou_both_empty_zero),
    ),
    ("iou_cris", "mean over images of I/(U+1e-6); both empty 0", "CRIS", Over::Images(iou_cris)),
    (
        "iou_per_image_non_empty",
        "mean over images whose reference is not empty, exact",
        "this project",
        Over::Filled(|case| case.iou),
    ),
    (
        "iou_pooled",
        "of all pixels of all images together",
        "LGMS and MMI-UNet (their mIoU), LAVT (overall IoU)",
        Over::Pixels(|counts| counts.foreground.iou()),
    ),
    (
        "iou_pooled_non_empty",
        "of all pixels of the images whose reference is not empty",
        "this project",
        Over::FilledPixels(|counts| counts.foreground.iou()),
    ),
    (
        "iou_two_classes_per_image",
        "mean over images of the mean of foreground's and background's, exact",
        "none of these models",
        Over::Images(|case| Counts::new(case).iou()),
    ),
    (
        "iou_two_classes_pooled",
        "mean of foreground's and background's, each of all pixels together (mIoU of two classes)",
        "none of these models",
        Over::Pixels(Counts::iou),
    ),
    (
        "nsd",
        "mean over images; share of both boundaries' pixels within the tolerance",
        "this project, MONAI",
        Over::Images(|case| case.nsd),
    ),
    (
        "hd",
        "mean over images where it is finite; the largest distance",
        "this project, MONAI",
        Over::Finite(|case| case.hd),
    ),
    (
        "hd95",
        "mean over images where it is finite; the larger of both directed 95th percentiles",
        "this project, MONAI",
        Over::Finite(|case| case.hd95),
    ),
    (
        "hd95_pooled",
        "mean over images where it is finite; the 95th percentile of both directions together",
        "medpy",
        Over::Finite(|case| case.hd95_pooled),
    ),
    (
        "assd",
        "mean over images where it is finite; the mean over both boundaries together",
        "this project; MONAI from 0.9.1, medpy 0.5.2, MetricsReloaded",
        Over::Finite(|case| case.assd),
    ),
    (
        "assd_mean_of_means",
        "mean over images where it is finite; the mean of the two directed means",
        "medpy 0.4.0, MONAI to 0.5, panoptica, MetricsReloaded (MASD)",
        Over::Finite(|case| case.assd_mean_of_means),
    ),
];

impl Figure {
    /// Every convention's score of a set, Dice first, then IoU, then surface scores, always in the
    /// same order. No mask is looked at again: the cases' counts and distances are enough.
    ///
    /// # Errors
    ///
    /// If there are no cases.
    pub fn all(cases: &[Scores]) -> Result<Vec<Self>, MetricError> {
        if cases.is_empty() {
            return Err(MetricError::NoCases);
        }
        let filled = cases.iter().filter(|case| case.overlap.reference > 0).collect::<Vec<_>>();
        let (all, of_filled) = (Counts::sum(cases), Counts::sum(filled.iter().copied()));
        let figure = |(name, meaning, used_by, over): Rule| {
            let (value, counted) = match over {
                Over::Images(score) => mean(cases.iter().map(score)),
                Over::Filled(score) => mean(filled.iter().copied().map(score)),
                Over::Finite(score) => mean(cases.iter().map(score).filter(|d| d.is_finite())),
                Over::Pixels(score) => (Some(score(&all)), cases.len()),
                Over::FilledPixels(score) => {
                    ((!filled.is_empty()).then(|| score(&of_filled)), filled.len())
                }
            };
            Self { name, meaning, used_by, value, left_out: cases.len() - counted }
        };
        Ok(RULES.into_iter().map(figure).collect())
    }
}

/// The mean, `None` if there are no values; and the number of values.
fn mean(values: impl Iterator<Item = f64>) -> (Option<f64>, usize) {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    ((count > 0).then(|| sum / count as f64), count)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::grid::Grid;

    fn scores(prediction: [u8; 4], reference: [u8; 4]) -> Scores {
        let (p, r) = (prediction.map(|v| v > 0), reference.map(|v| v > 0));
        Scores::between(&Grid::new(4, 1, &p).unwrap(), &Grid::new(4, 1, &r).unwrap()).unwrap()
    }

    fn figure(cases: &[Scores], name: &str) -> Figure {
        let all = Figure::all(cases).unwrap();
        *all.iter().find(|figure| figure.name == name).unwrap()
    }

    fn near(cases: &[Scores], name: &str, expected: f64) {
        let found = figure(cases, name).value.unwrap();
        assert!((found - expected).abs() < 1e-13, "{name} is {found}, not {expected}");
    }

    /// Counts I, P, T: 2, 3, 2; 0, 0, 1 (missed); 0, 0, 0 (rightly silent); 0, 1, 0 (wrongly loud).
    fn cases() -> [Scores; 4] {
        [
            scores([1, 1, 1, 0], [1, 1, 0, 0]),
            scores([0, 0, 0, 0], [0, 1, 0, 0]),
            scores([0, 0, 0, 0], [0, 0, 0, 0]),
            scores([0, 0, 0, 1], [0, 0, 0, 0]),
        ]
    }

    #[test]
    fn means_over_images_differ_by_epsilon_and_by_empty_masks() {
        let cases = &cases();
        near(cases, "dice_per_image", (0.8 + 0.0 + 1.0 + 0.0) / 4.0);
        near(cases, "dice_lvit", 4.0 / 5.00001 / 4.0);
        near(cases, "dice_medclipseg", (0.8 + 1.0) / 4.0);
        near(cases, "iou_per_image", (2.0 / 3.0 + 1.0) / 4.0);
        near(cases, "iou_both_empty_zero", 2.0 / 3.0 / 4.0);
        near(cases, "iou_cris", 2.0 / 3.000001 / 4.0);
        near(cases, "dice_per_image_non_empty", 0.4);
        near(cases, "iou_per_image_non_empty", 1.0 / 3.0);
        assert_eq!(figure(cases, "dice_per_image").left_out, 0);
        assert_eq!(figure(cases, "dice_per_image_non_empty").left_out, 2);
    }

    #[test]
    fn medclipseg_rounds_each_case() {
        // Dice 2/3 twice: 0.6667 each.
        let cases = [scores([1, 0, 0, 0], [1, 1, 0, 0]), scores([0, 1, 1, 0], [0, 0, 1, 0])];
        near(&cases, "dice_medclipseg", 0.6667);
        near(&cases, "dice_per_image", 2.0 / 3.0);
    }

    #[test]
    fn pixels_pool() {
        // In all I, P, T are 2, 4, 3; without the two empty references 2, 3, 3.
        let cases = &cases();
        near(cases, "dice_pooled", 4.0 / 7.0);
        near(cases, "iou_pooled", 2.0 / 5.0);
        near(cases, "dice_pooled_non_empty", 4.0 / 6.0);
        near(cases, "iou_pooled_non_empty", 2.0 / 4.0);
        assert_eq!(figure(cases, "iou_pooled").left_out, 0);
        assert_eq!(figure(cases, "iou_pooled_non_empty").left_out, 2);
    }

    #[test]
    fn the_background_is_a_class() {
        // Background I, P, T: 1, 1, 2; 3, 4, 3; 4, 4, 4; 3, 3, 4. In all 11, 12, 13.
        let cases = &cases();
        let dice = [(0.8 + 2.0 / 3.0), 6.0 / 7.0, 2.0, 6.0 / 7.0];
        near(cases, "dice_two_classes_per_image", dice.iter().sum::<f64>() / 8.0);
        let iou = [(2.0 / 3.0 + 1.0 / 2.0), 3.0 / 4.0, 2.0, 3.0 / 4.0];
        near(cases, "iou_two_classes_per_image", iou.iter().sum::<f64>() / 8.0);
        near(cases, "dice_two_classes_pooled", (4.0 / 7.0 + 22.0 / 25.0) / 2.0);
        near(cases, "iou_two_classes_pooled", (2.0 / 5.0 + 11.0 / 14.0) / 2.0);

        // A mask of the whole picture leaves no background, and finds that.
        let full = [scores([1; 4], [1; 4])];
        near(&full, "iou_two_classes_per_image", 1.0);
        near(&full, "iou_two_classes_pooled", 1.0);
    }

    #[test]
    fn surface_scores_keep_their_names() {
        // Finite in the first case (distances 0, 0, 1 and 0, 0) and the third (0).
        let cases = &cases();
        near(cases, "nsd", (1.0 + 0.0 + 1.0 + 0.0) / 4.0);
        near(cases, "hd", 0.5);
        near(cases, "hd95", 0.9 / 2.0);
        near(cases, "hd95_pooled", 0.8 / 2.0);
        near(cases, "assd", 0.2 / 2.0);
        near(cases, "assd_mean_of_means", 1.0 / 6.0 / 2.0);
        assert_eq!(figure(cases, "hd95").left_out, 2);
    }

    #[test]
    fn nothing_to_find_has_its_value_in_each_convention() {
        let silent = &cases()[2..3];
        for name in ["dice_per_image", "dice_medclipseg", "dice_pooled", "iou_two_classes_pooled"] {
            near(silent, name, 1.0);
        }
        for name in ["dice_lvit", "iou_both_empty_zero", "iou_cris", "hd95"] {
            near(silent, name, 0.0);
        }
        for name in ["dice_per_image_non_empty", "iou_pooled_non_empty"] {
            let found = figure(silent, name);
            assert_eq!((found.value, found.left_out), (None, 1));
        }
        // Missed: no distance is finite, and no share is above 0 but the background's.
        let missed = &cases()[1..2];
        assert_eq!((figure(missed, "hd").value, figure(missed, "hd").left_out), (None, 1));
        near(missed, "dice_medclipseg", 0.0);
        near(missed, "iou_two_classes_pooled", 3.0 / 8.0);
        assert_eq!(Figure::all(&[]), Err(MetricError::NoCases));
    }

    #[test]
    fn names_are_words_and_each_is_there_once() {
        let all = Figure::all(&cases()).unwrap();
        let names = all.iter().map(|figure| figure.name).collect::<BTreeSet<_>>();
        assert_eq!((all.len(), names.len()), (RULES.len(), RULES.len()));
        let fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(names.iter().all(|name| name.chars().all(fit)));
        // A table's cells.
        assert!(all.iter().all(|f| !f.meaning.contains('|') && !f.used_by.contains('|')));
    }
}
