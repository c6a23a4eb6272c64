//! All scores of one case.

use crate::elements::{Corners, ElementDistances};
use crate::error::MetricError;
use crate::frame::Framed;
use crate::grid::Grid;
use crate::overlap::{Overlap, overlap};
use crate::surface::SurfaceDistances;
use crate::thresholds::ThresholdMeans;

/// All scores of one prediction against its reference.
///
/// Shares are in `[0, 1]`, distances in the unit of the grids' spacing (pixels by default).
/// Where both masks are empty, shares are 1 and distances 0; where exactly one is, shares are 0
/// and distances infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Pixel counts, for pooled scores.
    pub overlap: Overlap,
    /// Pixels of the picture, for scores of the background.
    pub pixels: u64,
    /// [`Overlap::dice`].
    pub dice: f64,
    /// [`Overlap::iou`].
    pub iou: f64,
    /// [`Overlap::precision`].
    pub precision: f64,
    /// [`Overlap::recall`].
    pub recall: f64,
    /// [`SurfaceDistances::nsd`].
    pub nsd: f64,
    /// [`SurfaceDistances::hd`].
    pub hd: f64,
    /// [`SurfaceDistances::hd95`].
    pub hd95: f64,
    /// [`SurfaceDistances::hd95_pooled`], a variant; in no table's columns.
    pub hd95_pooled: f64,
    /// [`SurfaceDistances::assd`].
    pub assd: f64,
    /// [`SurfaceDistances::assd_mean_of_means`], a variant; in no table's columns.
    pub assd_mean_of_means: f64,
    /// [`SurfaceDistances::asd`], a variant; in no table's columns.
    pub asd: f64,
    /// DeepMind's surface scores; in no table's columns.
    pub elements: ElementScores,
    /// Means over thresholds; in no table's columns. The prediction's grey levels count if they were
    /// given ([`with_grey`](Self::with_grey)), else its mask does as one of 0 and 255.
    pub thresholds: ThresholdMeans,
}

/// Scores of [`ElementDistances`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ElementScores {
    /// [`ElementDistances::nsd`] in the plane.
    pub nsd: f64,
    /// [`ElementDistances::hd`] of all, in the plane.
    pub hd: f64,
    /// [`ElementDistances::hd`] of 95 %, in the plane.
    pub hd95: f64,
    /// [`ElementDistances::from_prediction`] in the plane.
    pub from_prediction: f64,
    /// [`ElementDistances::from_reference`] in the plane.
    pub from_reference: f64,
    /// [`ElementDistances::nsd`] of [one slice of voxels](ElementDistances::as_volume), within 2
    /// pixels whatever the spacing and the tolerance: MedCLIPSeg's.
    pub nsd_as_volume: f64,
}

impl ElementScores {
    fn within(tolerance: f64, pair: &Framed) -> Self {
        let corners = Corners::of(pair);
        let lines = ElementDistances::lines(&corners, pair.spacing);
        Self {
            nsd: lines.nsd(tolerance),
            hd: lines.hd(1.0),
            hd95: lines.hd(0.95),
            from_prediction: lines.from_prediction(),
            from_reference: lines.from_reference(),
            nsd_as_volume: corners.nsd_as_volume(),
        }
    }
}

impl Scores {
    /// The names that [`get`](Self::get) knows, in the order of a table's columns.
    pub const COLUMNS: [&'static str; 8] =
        ["dice", "iou", "precision", "recall", "nsd", "hd", "hd95", "assd"];

    /// Tolerance of the normalised surface Dice, in the unit of the spacing. MedCLIPSeg has the same
    /// one, but another score: see [`ElementScores::nsd_as_volume`].
    pub const TOLERANCE: f64 = 2.0;

    /// Scores with a surface tolerance of [`TOLERANCE`](Self::TOLERANCE).
    ///
    /// # Errors
    ///
    /// If the masks differ in size or spacing.
    pub fn between(prediction: &Grid<'_>, reference: &Grid<'_>) -> Result<Self, MetricError> {
        Self::within(Self::TOLERANCE, prediction, reference)
    }

    /// Scores with another surface tolerance, in the unit of the spacing.
    ///
    /// # Errors
    ///
    /// If the masks differ in size or spacing, or the tolerance is negative or not a number.
    pub fn within(
        tolerance: f64,
        prediction: &Grid<'_>,
        reference: &Grid<'_>,
    ) -> Result<Self, MetricError> {
        if tolerance.is_nan() || tolerance < 0.0 {
            return Err(MetricError::Tolerance { found: tolerance });
        }
        let overlap = overlap(prediction, reference)?;
        let pair = Framed::around(prediction, reference)?;
        let surface = SurfaceDistances::of(&pair);
        let pixels = reference.values().len() as u64;
        Ok(Self {
            overlap,
            pixels,
            dice: overlap.dice(),
            iou: overlap.iou(),
            precision: overlap.precision(),
            recall: overlap.recall(),
            nsd: surface.nsd(tolerance),
            hd: surface.hd(),
            hd95: surface.hd95(),
            hd95_pooled: surface.hd95_pooled(),
            assd: surface.assd(),
            assd_mean_of_means: surface.assd_mean_of_means(),
            asd: surface.asd(),
            elements: ElementScores::within(tolerance, &pair),
            thresholds: ThresholdMeans::of_mask(&overlap, pixels),
        })
    }

    /// These scores, with the prediction's grey levels, row by row, in
    /// [`thresholds`](Self::thresholds).
    ///
    /// # Errors
    ///
    /// If there is not one value for each pixel of the reference.
    pub fn with_grey(self, answer: &[u8], reference: &Grid<'_>) -> Result<Self, MetricError> {
        Ok(Self { thresholds: ThresholdMeans::of_grey(answer, reference)?, ..self })
    }

    /// A score by its column's name; `None` for a name not in [`COLUMNS`](Self::COLUMNS).
    pub fn get(&self, column: &str) -> Option<f64> {
        Some(match column {
            "dice" => self.dice,
            "iou" => self.iou,
            "precision" => self.precision,
            "recall" => self.recall,
            "nsd" => self.nsd,
            "hd" => self.hd,
            "hd95" => self.hd95,
            "assd" => self.assd,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A 16 x 16 mask of rectangles, as rows and columns from and below.
    fn boxes(inside: &[[usize; 4]]) -> Vec<bool> {
        let at = |i: usize| (i / 16, i % 16);
        let holds = |(row, column): (usize, usize)| {
            move |b: &[usize; 4]| (b[0]..b[1]).contains(&row) && (b[2]..b[3]).contains(&column)
        };
        (0..256).map(|i| inside.iter().any(holds(at(i)))).collect()
    }

    /// Values that another program computed, to six decimals: counts, Dice, IoU, HD, pooled HD95,
    /// HD95, mean of mean distances, ASSD, and NSD at 1 and 2.
    #[test]
    fn scores_of_boxes_are_the_known_ones() {
        const FAR: [f64; 2] = [0.5, 2.0];
        const UNIT: [f64; 2] = [1.0, 1.0];
        let square = boxes(&[[4, 10, 4, 10]]);
        let moved = boxes(&[[5, 11, 6, 12]]);
        let corner = boxes(&[[0, 6, 0, 6]]);
        let taller = boxes(&[[0, 8, 0, 5]]);
        let speck = boxes(&[[4, 10, 4, 10], [14, 15, 14, 15]]);
        let full = boxes(&[[3, 12, 3, 12]]);
        let hole = boxes(&[[6, 9, 6, 9]]);
        let ring = full.iter().zip(&hole).map(|(a, b)| *a && !*b).collect::<Vec<_>>();
        #[rustfmt::skip]
        let table = [
            (&square, &moved, UNIT, [20, 36, 36],
                [0.555556, 0.384615, 2.236068, 2.011803, 2.011803, 1.332514, 1.332514, 0.55, 0.95]),
            (&corner, &taller, UNIT, [30, 36, 40],
                [0.789474, 0.652174, 2.0, 2.0, 2.0, 0.613636, 0.619048, 0.857143, 1.0]),
            (&speck, &square, UNIT, [36, 37, 36],
                [0.986301, 0.972973, 7.071068, 0.0, 0.0, 0.168359, 0.172465, 0.975610, 0.975610]),
            (&square, &moved, FAR, [20, 36, 36],
                [0.555556, 0.384615, 4.031129, 4.001556, 4.001556, 1.704634, 1.704634, 0.6, 0.65]),
            (&full, &ring, UNIT, [72, 81, 72],
                [0.941176, 0.888889, 2.0, 2.0, 2.0, 0.272727, 0.315789, 0.842105, 1.0]),
        ];
        for (row, (p, r, [down, right], counts, expected)) in table.into_iter().enumerate() {
            let grid = |v| Grid::new(16, 16, v).unwrap().with_spacing(down, right).unwrap();
            let (p, r) = (grid(p), grid(r));
            let scores = Scores::between(&p, &r).unwrap();
            let o = scores.overlap;
            assert_eq!([o.intersection, o.prediction, o.reference], counts, "row {row}");
            assert_eq!(scores.pixels, 256);
            let near = Scores::within(1.0, &p, &r).unwrap();
            let found = [
                scores.dice,
                scores.iou,
                scores.hd,
                scores.hd95_pooled,
                scores.hd95,
                scores.assd_mean_of_means,
                scores.assd,
                near.nsd,
                scores.nsd,
            ];
            for (i, (a, b)) in found.into_iter().zip(expected).enumerate() {
                assert!((a - b).abs() <= 0.5001e-6, "row {row}, value {i}: {a} is not {b}");
            }
        }
    }

    #[test]
    fn each_column_has_its_score() {
        let (p, r) = ([true, true, false, false], [false, true, true, true]);
        let scores =
            Scores::between(&Grid::new(4, 1, &p).unwrap(), &Grid::new(4, 1, &r).unwrap()).unwrap();
        let found = Scores::COLUMNS.map(|column| scores.get(column).unwrap());
        // From the prediction 1, 0; from the reference 0, 1, 2.
        assert_eq!(found, [0.4, 0.25, 0.5, 1.0 / 3.0, 1.0, 2.0, 1.9, 0.8]);
        assert_eq!(scores.get("Dice"), None);
    }

    #[test]
    fn tolerances_are_distances() {
        let mask = Grid::new(1, 1, &[true]).unwrap();
        for found in [-1.0, f64::NAN] {
            let error = Scores::within(found, &mask, &mask).unwrap_err().to_string();
            assert_eq!(error, format!("the tolerance is {found}: use a distance of 0 or more"));
        }
        assert_eq!(Scores::within(f64::INFINITY, &mask, &mask).unwrap().nsd, 1.0);
    }

    proptest! {
        #[test]
        fn shares_lie_in_their_range_and_exchange(
            (width, values) in (0usize..9, 0usize..9, 0.0f64..1.0).prop_flat_map(|(w, h, p)| {
                let inside = (proptest::bool::weighted(p), proptest::bool::weighted(1.0 - p));
                (Just(w), proptest::collection::vec(inside, w * h))
            }),
        ) {
            let (p, r): (Vec<_>, Vec<_>) = values.into_iter().unzip();
            let height = p.len().checked_div(width).unwrap_or(1);
            let grid = |v| Grid::new(width, height, v).unwrap();
            let there = Scores::between(&grid(&p), &grid(&r)).unwrap();
            let back = Scores::between(&grid(&r), &grid(&p)).unwrap();
            for column in Scores::COLUMNS {
                let other = match column { "precision" => "recall", "recall" => "precision", c => c };
                prop_assert_eq!(there.get(column), back.get(other));
            }
            for share in [there.dice, there.iou, there.precision, there.recall, there.nsd] {
                prop_assert!((0.0..=1.0).contains(&share));
            }
            let same = 2.0 * there.iou / (1.0 + there.iou);
            prop_assert!((there.dice - same).abs() < 1e-12);
        }
    }
}
