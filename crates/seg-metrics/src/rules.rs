//! All conventions, and what each makes of a case.

use crate::overlap::Overlap;
use crate::rule::{Counts, Over, Rule};
use crate::scores::Scores;

/// `2I / (P + T + epsilon)`.
fn dice_with(epsilon: f64, case: &Scores) -> f64 {
    let Overlap { intersection, prediction, reference } = case.overlap;
    2.0 * intersection as f64 / (prediction as f64 + reference as f64 + epsilon)
}

/// MedCLIPSeg's Dice: 1 where both masks are empty, and each case rounded to 4 digits.
fn dice_medclipseg(case: &Scores) -> f64 {
    if is_any(case) { to_4_digits(dice_with(1e-8, case)) } else { 1.0 }
}

fn to_4_digits(score: f64) -> f64 {
    const DIGITS: f64 = 1e4;
    (score * DIGITS).round_ties_even() / DIGITS
}

/// `(2I + 1) / (P + T + 1)`.
fn dice_smoothed(case: &Scores) -> f64 {
    let Overlap { intersection, prediction, reference } = case.overlap;
    (2.0 * intersection as f64 + 1.0) / (prediction as f64 + reference as f64 + 1.0)
}

/// TransUNet's Dice (`utils.py`, `calculate_metric_percase`): a false alarm is 1, silence 0.
fn dice_transunet(case: &Scores) -> f64 {
    match (case.overlap.prediction, case.overlap.reference) {
        (0, _) => 0.0,
        (_, 0) => 1.0,
        _ => case.dice,
    }
}

/// CRIS's IoU, `I / (U + 1e-6)`: `engine/engine.py`, `validate`.
fn iou_cris(case: &Scores) -> f64 {
    let Overlap { intersection, prediction, reference } = case.overlap;
    let shared = intersection as f64;
    shared / (prediction as f64 + reference as f64 - shared + 1e-6)
}

/// A score that is 0 where both masks are empty.
fn or_zero(case: &Scores, score: f64) -> f64 {
    if is_any(case) { score } else { 0.0 }
}

/// Whether either mask has a pixel.
fn is_any(case: &Scores) -> bool {
    case.overlap != Overlap::default()
}

/// Whether both masks have pixels.
fn is_filled(case: &Scores) -> bool {
    case.overlap.prediction > 0 && case.overlap.reference > 0
}

pub(crate) fn with_reference(case: &Scores, score: f64) -> Option<f64> {
    (case.overlap.reference > 0).then_some(score)
}

fn with_prediction(case: &Scores, score: f64) -> Option<f64> {
    (case.overlap.prediction > 0).then_some(score)
}

fn with_any(case: &Scores, score: f64) -> Option<f64> {
    is_any(case).then_some(score)
}

fn filled(case: &Scores, score: f64) -> Option<f64> {
    is_filled(case).then_some(score)
}

fn finite(score: f64) -> Option<f64> {
    score.is_finite().then_some(score)
}

/// Foreground's and background's IoU, each where the class is in either mask.
fn iou_of_classes(case: &Scores) -> [Option<f64>; 2] {
    let Counts { foreground, background } = Counts::new(case);
    [foreground, background].map(|class| (class != Overlap::default()).then(|| class.iou()))
}

/// A distance, infinite if either mask is empty.
fn unless_empty(case: &Scores, distance: f64) -> f64 {
    if is_filled(case) { distance } else { f64::INFINITY }
}

const fn rule(
    name: &'static str,
    meaning: &'static str,
    used_by: &'static str,
    over: Over,
) -> Rule {
    Rule { name, meaning, used_by, over }
}

/// Every convention.
pub(crate) static RULES: [Rule; 49] = [
    rule(
        "dice_per_image",
        "mean over images, exact; both empty 1, one empty 0",
        "this project, MedEquiSeg; MONAI with ignore_empty=False, medpy 0.5.2, smp (micro-imagewise), MetricsReloaded",
        Over::Cases(|case| Some(case.dice)),
    ),
    rule(
        "dice_both_empty_zero",
        "mean over images, exact; both empty 0, one empty 0",
        "scikit-learn's f1_score, medpy 0.4.0",
        Over::Cases(|case| Some(or_zero(case, case.dice))),
    ),
    rule(
        "dice_both_empty_left_out",
        "mean over images of which either mask has a pixel, exact; one empty 0",
        "nnU-Net v2, torchmetrics' DiceScore without background",
        Over::Cases(|case| with_any(case, case.dice)),
    ),
    rule(
        "dice_lvit",
        "mean over images of 2I/(P+T+1e-5); both empty 0",
        "LViT",
        Over::Cases(|case| Some(dice_with(1e-5, case))),
    ),
    rule(
        "dice_medclipseg",
        "mean over images of 2I/(P+T+1e-8), each rounded to 4 digits; both empty 1",
        "MedCLIPSeg",
        Over::Cases(|case| Some(dice_medclipseg(case))),
    ),
    rule(
        "dice_transunet",
        "mean over images, exact; both empty 0, only the reference empty 1, only the prediction empty 0",
        "TransUNet and what took over its calculate_metric_percase",
        Over::Cases(|case| Some(dice_transunet(case))),
    ),
    rule(
        "dice_smoothed",
        "mean over images of (2I+1)/(P+T+1); both empty 1, one empty 1/(P+T+1)",
        "training code that reports its smoothed loss",
        Over::Cases(|case| Some(dice_smoothed(case))),
    ),
    rule(
        "dice_mean_of_thresholds",
        "mean over images of the mean over 256 thresholds of the grey-level answer (the mask itself as 0 and 255 if there is none); empty reference 0",
        "PraNet and PySODMetrics (mDice of polyp papers)",
        Over::Cases(|case| Some(case.thresholds.dice)),
    ),
    rule(
        "dice_per_image_non_empty",
        "mean over images whose reference is not empty, exact",
        "this project, MONAI's DiceMetric by default",
        Over::Cases(|case| with_reference(case, case.dice)),
    ),
    rule(
        "dice_pooled",
        "of all pixels of all images together",
        "LGMS, MMI-UNet, smp (micro), torchmetrics' DiceScore (global) without background",
        Over::Pixels(Overlap::dice),
    ),
    rule(
        "dice_pooled_non_empty",
        "of all pixels of the images whose reference is not empty",
        "this project",
        Over::FilledPixels(Overlap::dice),
    ),
    rule(
        "dice_two_classes_per_image",
        "mean over images of the mean of foreground's and background's, exact",
        "torchmetrics' DiceScore by default",
        Over::Cases(|case| Some(Counts::new(case).dice())),
    ),
    rule(
        "dice_two_classes_pooled",
        "mean of foreground's and background's, each of all pixels together",
        "torchmetrics' DiceScore (global)",
        Over::BothPixels(Counts::dice),
    ),
    rule(
        "iou_per_image",
        "mean over images, exact; both empty 1, one empty 0",
        "this project, MedEquiSeg; MONAI with ignore_empty=False, medpy 0.5.2, smp (micro-imagewise)",
        Over::Cases(|case| Some(case.iou)),
    ),
    rule(
        "iou_both_empty_zero",
        "mean over images, exact; both empty 0, one empty 0",
        "LViT, LAVT (mean IoU), scikit-learn's jaccard_score",
        Over::Cases(|case| Some(or_zero(case, case.iou))),
    ),
    rule(
        "iou_both_empty_left_out",
        "mean over images of which either mask has a pixel, exact; one empty 0",
        "nnU-Net v2, torchmetrics' MeanIoU without background",
        Over::Cases(|case| with_any(case, case.iou)),
    ),
    rule(
        "iou_cris",
        "mean over images of I/(U+1e-6); both empty 0",
        "CRIS",
        Over::Cases(|case| Some(iou_cris(case))),
    ),
    rule(
        "iou_mean_of_thresholds",
        "mean over images of the mean over 256 thresholds of the grey-level answer (the mask itself as 0 and 255 if there is none); empty reference 0",
        "PraNet and PySODMetrics (mIoU of polyp papers)",
        Over::Cases(|case| Some(case.thresholds.iou)),
    ),
    rule(
        "iou_per_image_non_empty",
        "mean over images whose reference is not empty, exact",
        "this project, MONAI's MeanIoU by default",
        Over::Cases(|case| with_reference(case, case.iou)),
    ),
    rule(
        "iou_pooled",
        "of all pixels of all images together",
        "LGMS and MMI-UNet (their mIoU), LAVT (overall IoU), smp (micro)",
        Over::Pixels(Overlap::iou),
    ),
    rule(
        "iou_pooled_non_empty",
        "of all pixels of the images whose reference is not empty",
        "this project",
        Over::FilledPixels(Overlap::iou),
    ),
    rule(
        "iou_two_classes_per_image",
        "mean over images of the mean of foreground's and background's, exact",
        "none of these models",
        Over::Cases(|case| Some(Counts::new(case).iou())),
    ),
    rule(
        "iou_two_classes_pairwise",
        "mean over all pairs of an image and a class that is in either of its masks, foreground and background",
        "torchmetrics' MeanIoU by default",
        Over::Classes(iou_of_classes),
    ),
    rule(
        "iou_two_classes_pooled",
        "mean of foreground's and background's, each of all pixels together (mIoU of two classes)",
        "none of these models",
        Over::BothPixels(Counts::iou),
    ),
    rule(
        "nsd",
        "mean over images; share of both boundaries' pixels within the tolerance; both empty 1, one empty 0",
        "this project",
        Over::Cases(|case| Some(case.nsd)),
    ),
    rule(
        "nsd_filled",
        "as nsd, over images of which both masks have pixels",
        "none of these models",
        Over::Cases(|case| filled(case, case.nsd)),
    ),
    rule(
        "nsd_both_empty_left_out",
        "as nsd, over images of which either mask has a pixel; one empty 0",
        "MONAI's SurfaceDiceMetric",
        Over::Cases(|case| with_any(case, case.nsd)),
    ),
    rule(
        "nsd_deepmind",
        "mean over images of which either mask has a pixel; share of both boundaries' length within the tolerance; one empty 0",
        "DeepMind's surface-distance on masks of two axes, MONAI with use_subvoxels",
        Over::Cases(|case| with_any(case, case.elements.nsd)),
    ),
    rule(
        "nsd_medclipseg",
        "mean over images; share of the surface of a slice of 1 x 1 x 1 voxels within 2 pixels, each rounded to 4 digits; both empty 1, one empty 0",
        "MedCLIPSeg and others that give DeepMind's surface-distance a third axis of one",
        Over::Cases(|case| Some(to_4_digits(case.elements.nsd_as_volume))),
    ),
    rule(
        "hd",
        "mean over images where it is finite; the largest distance; both empty 0",
        "this project",
        Over::Cases(|case| finite(case.hd)),
    ),
    rule(
        "hd_filled",
        "as hd, over images of which both masks have pixels",
        "medpy, which fails on other images",
        Over::Cases(|case| filled(case, case.hd)),
    ),
    rule(
        "hd_both_empty_left_out",
        "as hd, over images of which either mask has a pixel; one empty infinite, and the mean then too",
        "MONAI's HausdorffDistanceMetric without a percentile; torchmetrics, which fails where both are empty",
        Over::Cases(|case| with_any(case, case.hd)),
    ),
    rule(
        "hd_deepmind",
        "mean over images of the largest distance of boundary elements; any empty infinite, and the mean then too",
        "DeepMind's surface-distance",
        Over::Cases(|case| Some(unless_empty(case, case.elements.hd))),
    ),
    rule(
        "hd95",
        "mean over images where it is finite; the larger of both directed 95th percentiles, edges of the picture being outline too; both empty 0",
        "this project",
        Over::Cases(|case| finite(case.hd95)),
    ),
    rule(
        "hd95_filled",
        "as hd95, over images of which both masks have pixels",
        "MONAI with percentile=95",
        Over::Cases(|case| filled(case, case.hd95)),
    ),
    rule(
        "hd95_pooled",
        "mean over images where it is finite; the 95th percentile of both directions together; both empty 0",
        "none of these models",
        Over::Cases(|case| finite(case.hd95_pooled)),
    ),
    rule(
        "hd95_pooled_filled",
        "as hd95_pooled, over images of which both masks have pixels",
        "medpy, which fails on other images",
        Over::Cases(|case| filled(case, case.hd95_pooled)),
    ),
    rule(
        "hd95_transunet",
        "mean over images of the 95th percentile of both directions together; any empty 0",
        "TransUNet and what took over its calculate_metric_percase",
        Over::Cases(|case| Some(filled(case, case.hd95_pooled).unwrap_or(0.0))),
    ),
    rule(
        "hd95_deepmind",
        "mean over images of the distance up to which 95 % of a boundary's length lies, the larger of both directions; any empty infinite, and the mean then too",
        "DeepMind's surface-distance",
        Over::Cases(|case| Some(unless_empty(case, case.elements.hd95))),
    ),
    rule(
        "hd95_deepmind_filled",
        "as hd95_deepmind, over images of which both masks have pixels",
        "none of these models",
        Over::Cases(|case| filled(case, case.elements.hd95)),
    ),
    rule(
        "assd",
        "mean over images where it is finite; the mean over both boundaries together; both empty 0",
        "this project",
        Over::Cases(|case| finite(case.assd)),
    ),
    rule(
        "assd_filled",
        "as assd, over images of which both masks have pixels",
        "medpy 0.5.2, which fails on other images",
        Over::Cases(|case| filled(case, case.assd)),
    ),
    rule(
        "assd_both_empty_left_out",
        "as assd, over images of which either mask has a pixel; one empty infinite, and the mean then too",
        "MONAI's SurfaceDistanceMetric with symmetric=True",
        Over::Cases(|case| with_any(case, case.assd)),
    ),
    rule(
        "assd_mean_of_means",
        "mean over images where it is finite; the mean of the two directed means; both empty 0",
        "none of these models",
        Over::Cases(|case| finite(case.assd_mean_of_means)),
    ),
    rule(
        "assd_mean_of_means_filled",
        "as assd_mean_of_means, over images of which both masks have pixels",
        "medpy 0.4.0, which fails on other images; MONAI to 0.5, panoptica, MetricsReloaded (MASD)",
        Over::Cases(|case| filled(case, case.assd_mean_of_means)),
    ),
    rule(
        "asd_filled",
        "mean over images of which both masks have pixels; mean distance from the prediction's boundary to the reference's",
        "medpy, which fails on other images",
        Over::Cases(|case| filled(case, case.asd)),
    ),
    rule(
        "asd_both_empty_left_out",
        "as asd_filled, over images of which either mask has a pixel; one empty infinite, and the mean then too",
        "MONAI's SurfaceDistanceMetric by default",
        Over::Cases(|case| with_any(case, case.asd)),
    ),
    rule(
        "asd_deepmind_from_prediction",
        "mean over images with a prediction; mean distance of its boundary elements to the reference's, by length; an empty reference infinite",
        "DeepMind's surface-distance",
        Over::Cases(|case| with_prediction(case, case.elements.from_prediction)),
    ),
    rule(
        "asd_deepmind_from_reference",
        "mean over images with a reference; mean distance of its boundary elements to the prediction's, by length; an empty prediction infinite",
        "DeepMind's surface-distance",
        Over::Cases(|case| with_reference(case, case.elements.from_reference)),
    ),
];
