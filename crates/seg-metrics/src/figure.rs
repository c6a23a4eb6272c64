//! The scores of one set under every convention in use.

use crate::error::MetricError;
use crate::rule::{Counted, Counts, Rule};
use crate::scores::Scores;

/// A set's score under one convention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// [`Rule::name`].
    pub name: &'static str,
    /// [`Rule::meaning`].
    pub meaning: &'static str,
    /// [`Rule::used_by`].
    pub used_by: &'static str,
    /// Dice, IoU and NSD in `[0, 1]`, distances in the unit of the spacing, infinite if a case in the
    /// mean is; `None` if no case counts.
    pub value: Option<f64>,
    /// The number of cases that are left out: those with an empty mask, or without a finite distance,
    /// as far as the convention passes over them.
    pub left_out: usize,
    /// The number of cases whose distance is infinite and counts so.
    pub infinite: usize,
}

impl Figure {
    /// Every convention's score of a set, in the order of [`Rule::all`]. No mask is looked at again:
    /// the cases' counts and distances are enough.
    ///
    /// # Errors
    ///
    /// If there are no cases.
    pub fn all(cases: &[Scores]) -> Result<Vec<Self>, MetricError> {
        Self::under(Rule::all().iter(), cases)
    }

    /// The set's score under some conventions.
    ///
    /// # Errors
    ///
    /// If there are no cases.
    pub fn under<'a>(
        rules: impl IntoIterator<Item = &'a Rule>,
        cases: &[Scores],
    ) -> Result<Vec<Self>, MetricError> {
        if cases.is_empty() {
            return Err(MetricError::NoCases);
        }
        let filled = cases.iter().filter(|case| case.overlap.reference > 0);
        let (all, of_filled) = (Counts::sum(cases), filled.map(|case| case.overlap).sum());
        let figure = |rule: &Rule| {
            let Rule { name, meaning, used_by, .. } = *rule;
            let Counted { value, cases: counted, infinite } = rule.of_set(cases, &all, &of_filled);
            Self { name, meaning, used_by, value, left_out: cases.len() - counted, infinite }
        };
        Ok(rules.into_iter().map(figure).collect())
    }
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
        near(cases, "dice_both_empty_zero", 0.8 / 4.0);
        near(cases, "dice_both_empty_left_out", 0.8 / 3.0);
        near(cases, "iou_both_empty_left_out", 2.0 / 3.0 / 3.0);
        near(cases, "dice_transunet", (0.8 + 0.0 + 0.0 + 1.0) / 4.0);
        near(cases, "dice_smoothed", (5.0 / 6.0 + 1.0 / 2.0 + 1.0 + 1.0 / 2.0) / 4.0);
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
        near(cases, "nsd_filled", 1.0);
        near(cases, "nsd_both_empty_left_out", 1.0 / 3.0);
        near(cases, "hd", 0.5);
        near(cases, "hd_filled", 1.0);
        near(cases, "hd95_filled", 0.9);
        near(cases, "hd95_transunet", 0.8 / 4.0);
        near(cases, "assd_mean_of_means_filled", 1.0 / 6.0);
        assert_eq!(figure(cases, "hd_both_empty_left_out").value, Some(f64::INFINITY));
        assert_eq!(figure(cases, "hd_both_empty_left_out").infinite, 2);
        assert_eq!(figure(cases, "hd95_deepmind").infinite, 3);
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

    /// A 16 x 16 picture with a block of 6 x 6.
    fn block(top: usize, left: usize) -> Vec<bool> {
        let (rows, columns) = (top..top + 6, left..left + 6);
        (0..256).map(|i| rows.contains(&(i / 16)) && columns.contains(&(i % 16))).collect()
    }

    /// A block beside the reference, the prediction empty, the reference empty, both empty: means that
    /// the packages themselves gave, to four decimals.
    #[test]
    fn four_cases_have_the_packages_means() {
        let (square, moved, none) = (block(4, 4), block(5, 6), vec![false; 256]);
        let grid = |v| Grid::new(16, 16, v).unwrap();
        let of = |p, r| Scores::between(&grid(p), &grid(r)).unwrap();
        let four = [of(&moved, &square), of(&none, &square), of(&square, &none), of(&none, &none)];
        let two = [four[0], four[3]];
        #[rustfmt::skip]
        let table = [
            ("dice_per_image", 0.3889, 0.7778), ("dice_per_image_non_empty", 0.2778, 0.5556),
            ("dice_both_empty_left_out", 0.1852, 0.5556), ("dice_transunet", 0.3889, 0.2778),
            ("dice_two_classes_per_image", 0.6664, 0.8707), ("dice_two_classes_pooled", 0.6116, 0.7610),
            ("dice_smoothed", 0.4039, 0.7808), ("dice_both_empty_zero", 0.1389, 0.2778),
            ("iou_per_image", 0.3462, 0.6923), ("iou_per_image_non_empty", 0.1923, 0.3846),
            ("iou_both_empty_left_out", 0.1282, 0.3846), ("iou_two_classes_pairwise", 0.5668, 0.7497),
            ("iou_pooled", 0.1613, 0.3846), ("dice_pooled", 0.2778, 0.5556),
            ("nsd", 0.4875, 0.975), ("nsd_filled", 0.95, 0.95),
            ("nsd_both_empty_left_out", 0.3167, 0.95), ("nsd_deepmind", 0.3230, 0.9690),
            ("hd95", 1.0059, 1.0059), ("hd95_filled", 2.0118, 2.0118), ("hd95_transunet", 0.5030, 1.0059),
            ("hd_both_empty_left_out", f64::INFINITY, 2.2361),
            ("assd_both_empty_left_out", f64::INFINITY, 1.3325),
        ];
        for (name, of_four, of_two) in table {
            for (cases, expected) in [(&four[..], of_four), (&two, of_two)] {
                let found = figure(cases, name).value.unwrap();
                let near = found == expected || (found - expected).abs() <= 0.5001e-4;
                assert!(near, "{name} is {found}, not {expected}");
            }
        }
        assert_eq!(figure(&four, "nsd_both_empty_left_out").left_out, 1);
        assert_eq!(figure(&four, "hd95_filled").left_out, 3);
    }

    #[test]
    fn a_case_has_its_value_in_each_convention() {
        let of = |name: &str| {
            let rule = Rule::named(name).unwrap();
            cases().map(|case| rule.of_case(&case))
        };
        assert_eq!(of("dice_both_empty_left_out"), [Some(0.8), Some(0.0), None, Some(0.0)]);
        assert_eq!(of("iou_pooled"), [Some(2.0 / 3.0), Some(0.0), Some(1.0), Some(0.0)]);
        let infinite = Some(f64::INFINITY);
        assert_eq!(of("hd_both_empty_left_out"), [Some(1.0), infinite, None, infinite]);
        assert_eq!(of("hd_filled"), [Some(1.0), None, None, None]);
        assert_eq!(of("iou_two_classes_pairwise")[2], Some(1.0));
        assert!(Rule::named("dice").is_none());
    }

    #[test]
    fn names_are_words_and_each_is_there_once() {
        let all = Figure::all(&cases()).unwrap();
        let names = all.iter().map(|figure| figure.name).collect::<BTreeSet<_>>();
        assert_eq!((all.len(), names.len()), (Rule::all().len(), Rule::all().len()));
        let fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(names.iter().all(|name| name.chars().all(fit)));
        // A table's cells.
        assert!(all.iter().all(|f| !f.meaning.contains('|') && !f.used_by.contains('|')));
    }
}
