//! What a package prints for a set.

use crate::convention::Convention;
use crate::error::MetricError;
use crate::figure::Figure;
use crate::rule::Rule;
use crate::scores::Scores;

/// A package, or the evaluation of a published model, in one release.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// Name and release, such as `monai-1.6.1`.
    pub name: &'static str,
    /// How it makes one number of several cases, and what else a reader must know.
    pub about: &'static str,
    entries: &'static [Entry],
}

/// A figure that a package offers.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The package's own name for it, with the arguments that matter.
    call: &'static str,
    /// The [`Rule`] that it follows, where it does not fail.
    rule: &'static str,
    fails: Fails,
    /// What it prints for a set of which no case counts: 0 or not a number.
    of_none: f64,
}

/// On which cases a package ends in an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fails {
    Never,
    BothEmpty,
    AnyEmpty,
}

impl Fails {
    fn on(self, case: &Scores) -> bool {
        let empty = [case.overlap.prediction, case.overlap.reference].map(|pixels| pixels == 0);
        match self {
            Self::Never => false,
            Self::BothEmpty => empty == [true; 2],
            Self::AnyEmpty => empty.contains(&true),
        }
    }
}

/// What a package prints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Printed {
    /// A number, which can be infinite.
    Number(f64),
    /// Not a number.
    Nan,
    /// Nothing: it ends in an error.
    Error,
}

/// A package's figure of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct PackageFigure {
    /// The package's own name for it, with the arguments that matter.
    pub call: &'static str,
    /// The name of the [`Rule`] that it follows.
    pub rule: &'static str,
    /// [`Rule::meaning`].
    pub meaning: &'static str,
    /// What the package prints for the set.
    pub printed: Printed,
    /// The cases that are not in the number.
    pub left_out: usize,
    /// The cases whose distance is infinite and counts so.
    pub infinite: usize,
    /// The cases on which the package ends in an error.
    pub failed: usize,
    /// What it prints for each case, in the cases' order; empty if it knows no cases, only all pixels
    /// together.
    pub cases: Vec<Printed>,
}

impl Package {
    /// Every package, by name.
    pub fn all() -> &'static [Self] {
        &PACKAGES
    }

    /// The package of this name and release.
    ///
    /// # Errors
    ///
    /// If it is none of [`all`](Self::all); the error has their names.
    pub fn named(name: &str) -> Result<&'static Self, MetricError> {
        let unknown = || MetricError::Package {
            found: name.to_owned(),
            known: PACKAGES.iter().map(|package| package.name).collect(),
        };
        PACKAGES.iter().find(|package| package.name == name).ok_or_else(unknown)
    }

    /// What the package prints for a set, figure by figure.
    ///
    /// # Errors
    ///
    /// If there are no cases.
    pub fn figures(&self, cases: &[Scores]) -> Result<Vec<PackageFigure>, MetricError> {
        let rules = self.entries.iter().filter_map(|entry| Some((entry, Rule::named(entry.rule)?)));
        let rules = rules.collect::<Vec<_>>();
        let figures = Figure::under(rules.iter().map(|(_, rule)| *rule), cases)?;
        let figures = rules.iter().zip(figures);
        Ok(figures.map(|((entry, rule), figure)| entry.of(rule, figure, cases)).collect())
    }

    /// Whether one of the package's figures follows the [`Rule`] of this name.
    pub fn prints(&self, rule: &str) -> bool {
        self.entries.iter().any(|entry| entry.rule == rule)
    }

    /// The names of Dice and IoU in the packages whose pairs of the two are of this kind; a package
    /// has several if its arguments decide.
    pub fn with_pairs_of(
        convention: Convention,
    ) -> impl Iterator<Item = (&'static Self, &'static str)> {
        let of_kind = move |entry: &&Entry| {
            let Some(rule) = Rule::named(entry.rule) else { return false };
            let kind = match rule.is_of_pixels() {
                true => Convention::Pooled,
                false => Convention::PerImage,
            };
            (entry.rule.starts_with("dice") || entry.rule.starts_with("iou")) && kind == convention
        };
        PACKAGES.iter().flat_map(move |package| {
            let entries = package.entries.iter().filter(of_kind);
            entries.map(move |entry| (package, entry.call))
        })
    }
}

impl Entry {
    fn of(&self, rule: &Rule, figure: Figure, cases: &[Scores]) -> PackageFigure {
        let failed = cases.iter().filter(|case| self.fails.on(case)).count();
        let none = || match self.of_none.is_nan() {
            true => Printed::Nan,
            false => Printed::Number(self.of_none),
        };
        // Of no pixel at all no pooled score is left.
        let silent = |case: &Scores| case.overlap == Default::default();
        let nothing = rule.is_of_pixels() && cases.iter().all(silent);
        let printed = match figure.value {
            _ if failed > 0 => Printed::Error,
            Some(value) if !nothing => Printed::Number(value),
            _ => none(),
        };
        let of_case = |case: &Scores| match (self.fails.on(case), rule.of_case(case)) {
            (true, _) => Printed::Error,
            (false, Some(value)) => Printed::Number(value),
            (false, None) => Printed::Nan,
        };
        PackageFigure {
            call: self.call,
            rule: self.rule,
            meaning: rule.meaning,
            printed,
            left_out: figure.left_out - failed.min(figure.left_out),
            infinite: figure.infinite,
            failed,
            cases: match rule.is_pooled() {
                true => Vec::new(),
                false => cases.iter().map(of_case).collect(),
            },
        }
    }
}

const fn entry(call: &'static str, rule: &'static str) -> Entry {
    Entry { call, rule, fails: Fails::Never, of_none: f64::NAN }
}

/// MONAI's `aggregate` makes 0 of a set without any number.
const fn or_zero(call: &'static str, rule: &'static str) -> Entry {
    Entry { of_none: 0.0, ..entry(call, rule) }
}

const fn failing(call: &'static str, rule: &'static str, fails: Fails) -> Entry {
    Entry { fails, ..entry(call, rule) }
}

/// By name.
static PACKAGES: [Package; 12] = [
    Package {
        name: "deepmind-0.1",
        about: "Surface-Distance-Based-Measures scores one case; the mean is that of the cases which \
                have a number, as numpy.nanmean. Empty masks need numpy below 1.24",
        entries: &[
            entry("compute_dice_coefficient", "dice_both_empty_left_out"),
            entry("compute_surface_dice_at_tolerance", "nsd_deepmind"),
            entry("compute_robust_hausdorff(percent=95)", "hd95_deepmind"),
            entry("compute_robust_hausdorff(percent=100)", "hd_deepmind"),
            entry("compute_average_surface_distance, first", "asd_deepmind_from_reference"),
            entry("compute_average_surface_distance, second", "asd_deepmind_from_prediction"),
        ],
    },
    Package {
        name: "lvit",
        about: "test_model.py: means over images; Dice exact but for 1e-5 below, IoU by scikit-learn",
        entries: &[entry("dice", "dice_lvit"), entry("iou", "iou_both_empty_zero")],
    },
    Package {
        name: "medclipseg",
        about: "utils/eval.py: means over images, each rounded to 4 digits; its NSD is DeepMind's of a \
                mask with a third axis of one, within 2 pixels",
        entries: &[entry("DSC", "dice_medclipseg"), entry("NSD", "nsd_medclipseg")],
    },
    Package {
        name: "medpy-0.4.0",
        about: "medpy.metric.binary scores one case; the mean is that of the cases, if none fails",
        entries: &[
            entry("dc", "dice_both_empty_zero"),
            failing("jc", "iou_both_empty_zero", Fails::BothEmpty),
            failing("hd", "hd_filled", Fails::AnyEmpty),
            failing("hd95", "hd95_pooled_filled", Fails::AnyEmpty),
            failing("asd", "asd_filled", Fails::AnyEmpty),
            failing("assd", "assd_mean_of_means_filled", Fails::AnyEmpty),
        ],
    },
    Package {
        name: "medpy-0.5.2",
        about: "medpy.metric.binary scores one case; the mean is that of the cases, if none fails",
        entries: &[
            entry("dc", "dice_per_image"),
            entry("jc", "iou_per_image"),
            failing("hd", "hd_filled", Fails::AnyEmpty),
            failing("hd95", "hd95_pooled_filled", Fails::AnyEmpty),
            failing("asd", "asd_filled", Fails::AnyEmpty),
            failing("assd", "assd_filled", Fails::AnyEmpty),
        ],
    },
    Package {
        name: "monai-1.6.1",
        about: "monai.metrics: the mean over a set leaves out what is not a number, and is 0 if that is \
                all; with percentile=95 a case with one empty mask is left out, without it is infinite",
        entries: &[
            or_zero("DiceMetric()", "dice_per_image_non_empty"),
            or_zero("DiceMetric(ignore_empty=False)", "dice_per_image"),
            or_zero("MeanIoU()", "iou_per_image_non_empty"),
            or_zero("MeanIoU(ignore_empty=False)", "iou_per_image"),
            or_zero("SurfaceDiceMetric([tolerance])", "nsd_both_empty_left_out"),
            or_zero("SurfaceDiceMetric([tolerance], use_subvoxels=True)", "nsd_deepmind"),
            or_zero("HausdorffDistanceMetric()", "hd_both_empty_left_out"),
            or_zero("HausdorffDistanceMetric(percentile=95)", "hd95_filled"),
            or_zero("SurfaceDistanceMetric()", "asd_both_empty_left_out"),
            or_zero("SurfaceDistanceMetric(symmetric=True)", "assd_both_empty_left_out"),
        ],
    },
    Package {
        name: "nnunetv2-2.8.1",
        about: "nnunetv2.evaluation: numpy.nanmean over the cases of a label (foreground_mean of one)",
        entries: &[
            entry("Dice", "dice_both_empty_left_out"),
            entry("IoU", "iou_both_empty_left_out"),
        ],
    },
    Package {
        name: "pysodmetrics-1.6.2",
        about: "py_sod_metrics.FmeasureV2, with_dynamic=True: means over images, then over 256 \
                thresholds of the grey-level answer; an empty reference scores 0",
        entries: &[
            entry("DICEHandler, mean of dynamic", "dice_mean_of_thresholds"),
            entry("IOUHandler, mean of dynamic", "iou_mean_of_thresholds"),
        ],
    },
    Package {
        name: "scikit-learn-1.9.1",
        about: "sklearn.metrics of one ravelled mask; the mean is that of the cases",
        entries: &[
            entry("f1_score", "dice_both_empty_zero"),
            entry("jaccard_score", "iou_both_empty_zero"),
        ],
    },
    Package {
        name: "smp-0.6.0",
        about: "segmentation_models_pytorch.metrics of get_stats(mode='binary')",
        entries: &[
            entry("f1_score(reduction='micro')", "dice_pooled"),
            entry("f1_score(reduction='micro-imagewise')", "dice_per_image"),
            entry("iou_score(reduction='micro')", "iou_pooled"),
            entry("iou_score(reduction='micro-imagewise')", "iou_per_image"),
        ],
    },
    Package {
        name: "torchmetrics-1.9.0",
        about: "torchmetrics.segmentation with num_classes=2: background is a class unless \
                include_background=False; HausdorffDistance leaves it out by default",
        entries: &[
            entry("DiceScore()", "dice_two_classes_per_image"),
            entry("DiceScore(include_background=False)", "dice_both_empty_left_out"),
            entry("DiceScore(aggregation_level='global')", "dice_two_classes_pooled"),
            entry("DiceScore(aggregation_level='global', include_background=False)", "dice_pooled"),
            entry("MeanIoU()", "iou_two_classes_pairwise"),
            entry("MeanIoU(include_background=False)", "iou_both_empty_left_out"),
            failing("HausdorffDistance()", "hd_both_empty_left_out", Fails::BothEmpty),
        ],
    },
    Package {
        name: "transunet",
        about: "calculate_metric_percase with medpy: means over images; a false alarm has Dice 1, \
                right silence 0, and every empty mask HD95 0",
        entries: &[entry("dice", "dice_transunet"), entry("hd95", "hd95_transunet")],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;

    /// Half right, missed, wrongly loud, rightly silent.
    fn four() -> [Scores; 4] {
        let of = |p: [u8; 4], r: [u8; 4]| {
            let (p, r) = (p.map(|v| v > 0), r.map(|v| v > 0));
            let grid = |values| Grid::new(4, 1, values).unwrap();
            Scores::between(&grid(&p), &grid(&r)).unwrap()
        };
        let (none, some, other) = ([0; 4], [0, 1, 1, 0], [1, 1, 0, 0]);
        [of(other, some), of(none, some), of(some, none), of(none, none)]
    }

    fn figure(package: &str, call: &str, cases: &[Scores]) -> PackageFigure {
        let figures = Package::named(package).unwrap().figures(cases).unwrap();
        figures.into_iter().find(|figure| figure.call == call).unwrap()
    }

    #[test]
    fn every_entry_has_its_rule_and_every_name_is_there_once() {
        for package in Package::all() {
            let found = package.figures(&four()).unwrap();
            assert_eq!(found.len(), package.entries.len(), "{}", package.name);
        }
        assert!(Package::all().is_sorted_by(|a, b| a.name < b.name));
        assert_eq!(Package::named("monai-1.6.1").unwrap().figures(&[]), Err(MetricError::NoCases));
        let refused = Package::named("monai").unwrap_err().to_string();
        assert!(
            refused.starts_with("unknown package `monai`: use deepmind-0.1, lvit, "),
            "{refused}"
        );
    }

    #[test]
    fn empty_masks_are_what_the_package_makes_of_them() {
        use Printed::{Error, Nan, Number};
        let four = &four();
        let dice = figure("medpy-0.5.2", "dc", four);
        assert_eq!(dice.cases, [Number(0.5), Number(0.0), Number(0.0), Number(1.0)]);
        let hd95 = figure("medpy-0.5.2", "hd95", four);
        assert_eq!((hd95.printed, hd95.failed, hd95.left_out), (Error, 3, 0));
        assert_eq!(hd95.cases[1..], [Error; 3]);
        let jc = figure("medpy-0.4.0", "jc", four);
        assert_eq!((jc.printed, jc.cases[3]), (Error, Error));

        let hd95 = figure("monai-1.6.1", "HausdorffDistanceMetric(percentile=95)", four);
        assert_eq!((hd95.left_out, hd95.cases[1]), (3, Nan));
        let hd = figure("monai-1.6.1", "HausdorffDistanceMetric()", four);
        assert_eq!((hd.printed, hd.infinite, hd.left_out), (Number(f64::INFINITY), 2, 1));
        let hd = figure("torchmetrics-1.9.0", "HausdorffDistance()", four);
        assert_eq!((hd.printed, hd.infinite, hd.failed), (Error, 2, 1));

        // Nothing anywhere.
        let silent = &four[3..];
        for (package, call, expected) in [
            ("monai-1.6.1", "DiceMetric()", Number(0.0)),
            ("nnunetv2-2.8.1", "Dice", Nan),
            ("smp-0.6.0", "f1_score(reduction='micro')", Nan),
            ("smp-0.6.0", "f1_score(reduction='micro-imagewise')", Number(1.0)),
            ("torchmetrics-1.9.0", "DiceScore()", Number(1.0)),
            ("torchmetrics-1.9.0", "DiceScore(aggregation_level='global')", Number(1.0)),
            ("transunet", "dice", Number(0.0)),
            ("deepmind-0.1", "compute_robust_hausdorff(percent=95)", Number(f64::INFINITY)),
        ] {
            assert_eq!(figure(package, call, silent).printed, expected, "{package} {call}");
        }
    }

    #[test]
    fn pairs_are_pooled_or_not() {
        let of =
            |kind| Package::with_pairs_of(kind).map(|(p, call)| (p.name, call)).collect::<Vec<_>>();
        let pooled = of(Convention::Pooled);
        assert!(pooled.contains(&("smp-0.6.0", "f1_score(reduction='micro')")));
        assert!(!pooled.contains(&("torchmetrics-1.9.0", "DiceScore(aggregation_level='global')")));
        assert!(of(Convention::PerImage).contains(&("monai-1.6.1", "MeanIoU()")));
        assert!(of(Convention::Neither).is_empty());
    }
}
