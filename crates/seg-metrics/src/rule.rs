//! How the scores of cases become a number, under every convention in use.
//!
//! The conventions differ in how counts become a number, in what an empty mask scores, and in how
//! cases become a set. How masks came to their size is another matter: LViT resizes its reference
//! bilinearly and takes all above 0, which thickens it. No rule here does that; to compare with
//! LViT's numbers, score masks that were resized so.

use crate::overlap::Overlap;
use crate::rules::{RULES, with_reference};
use crate::scores::Scores;

/// One convention: what it gives for a case, and how it makes a set's number of the cases.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The convention's name, of lower-case letters, digits and `_`; it does not change between
    /// releases.
    pub name: &'static str,
    /// How counts become the number.
    pub meaning: &'static str,
    /// Who publishes numbers of this convention. Packages are meant in the releases that
    /// [`Package`](crate::Package) names, unless another is given.
    pub used_by: &'static str,
    pub(crate) over: Over,
}

/// How a score of a set comes from its cases.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Over {
    /// Mean of a score over the cases that have one.
    Cases(fn(&Scores) -> Option<f64>),
    /// Foreground's score of the summed counts.
    Pixels(fn(&Overlap) -> f64),
    /// Foreground's score of the summed counts of cases whose reference is not empty.
    FilledPixels(fn(&Overlap) -> f64),
    /// Score of both classes' summed counts.
    BothPixels(fn(&Counts) -> f64),
    /// Mean of a score over all classes of all cases that have one.
    Classes(fn(&Scores) -> [Option<f64>; 2]),
}

/// A set's number under a rule, and how many cases are in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Counted {
    pub value: Option<f64>,
    pub cases: usize,
    pub infinite: usize,
}

impl Rule {
    /// Every convention, Dice first, then IoU, then surface scores.
    pub fn all() -> &'static [Self] {
        &RULES
    }

    /// The convention of this name; `None` if there is none.
    pub fn named(name: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.name == name)
    }

    /// What the convention gives for a case: a share in `[0, 1]` or a distance, which can be
    /// infinite; `None` if the case does not count. A pooled score is that of the case's own pixels.
    pub fn of_case(&self, case: &Scores) -> Option<f64> {
        match self.over {
            Over::Cases(score) => score(case),
            Over::Pixels(score) => Some(score(&case.overlap)),
            Over::FilledPixels(score) => with_reference(case, score(&case.overlap)),
            Over::BothPixels(score) => Some(score(&Counts::new(case))),
            Over::Classes(scores) => mean(scores(case).into_iter().flatten()).value,
        }
    }

    /// Whether the score is of all pixels together, so that no case has its share in it.
    pub(crate) fn is_pooled(&self) -> bool {
        !matches!(self.over, Over::Cases(_) | Over::Classes(_))
    }

    /// Whether Dice and IoU of this kind satisfy `dice = 2 · iou / (1 + iou)`: of all foreground
    /// pixels together.
    pub(crate) fn is_of_pixels(&self) -> bool {
        matches!(self.over, Over::Pixels(_) | Over::FilledPixels(_))
    }

    /// The set's number.
    pub(crate) fn of_set(&self, cases: &[Scores], all: &Counts, of_filled: &Overlap) -> Counted {
        let pooled = |value, cases| Counted { value, cases, infinite: 0 };
        match self.over {
            Over::Cases(score) => mean(cases.iter().filter_map(score)),
            Over::Pixels(score) => pooled(Some(score(&all.foreground)), cases.len()),
            Over::FilledPixels(score) => {
                let filled = cases.iter().filter(|case| case.overlap.reference > 0).count();
                pooled((filled > 0).then(|| score(of_filled)), filled)
            }
            Over::BothPixels(score) => pooled(Some(score(all)), cases.len()),
            Over::Classes(scores) => {
                let found = mean(cases.iter().flat_map(scores).flatten());
                Counted { cases: cases.len(), ..found }
            }
        }
    }
}

/// The mean of the values there are.
fn mean(values: impl Iterator<Item = f64>) -> Counted {
    let (sum, cases, infinite) = values.fold((0.0, 0, 0), |(sum, count, infinite), value| {
        (sum + value, count + 1, infinite + usize::from(value.is_infinite()))
    });
    Counted { value: (cases > 0).then(|| sum / cases as f64), cases, infinite }
}

/// Pixel counts of the foreground and of what is left.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub foreground: Overlap,
    pub background: Overlap,
}

impl Counts {
    pub fn new(case: &Scores) -> Self {
        let Overlap { intersection, prediction, reference } = case.overlap;
        let either = prediction.saturating_add(reference).saturating_sub(intersection);
        let background = Overlap {
            intersection: case.pixels.saturating_sub(either),
            prediction: case.pixels.saturating_sub(prediction),
            reference: case.pixels.saturating_sub(reference),
        };
        Self { foreground: case.overlap, background }
    }

    pub fn sum<'a>(cases: impl IntoIterator<Item = &'a Scores>) -> Self {
        cases.into_iter().map(Self::new).fold(Self::default(), |sum, case| Self {
            foreground: sum.foreground + case.foreground,
            background: sum.background + case.background,
        })
    }

    /// The mean of both classes' Dice.
    pub fn dice(&self) -> f64 {
        (self.foreground.dice() + self.background.dice()) / 2.0
    }

    /// The mean of both classes' IoU.
    pub fn iou(&self) -> f64 {
        (self.foreground.iou() + self.background.iou()) / 2.0
    }
}
