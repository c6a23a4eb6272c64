//! Distances between the outlines of two masks.

use crate::distance::distances_from;
use crate::error::MetricError;
use crate::frame::Framed;
use crate::grid::Grid;
use crate::quantile::quantile;

/// The pixels of a mask with at least one of the four edge neighbours outside, row by row.
///
/// What lies outside the picture is outside the mask, so a mask that touches the edge has boundary
/// there; holes have boundary. It is `mask xor erode(mask, cross)`, as in medpy and MONAI. ITK's
/// contours, and so the package seg-metrics, leave the pixels at the picture's edge out.
pub fn boundary(mask: &Grid<'_>) -> Vec<bool> {
    let (width, values) = (mask.width(), mask.values());
    let mut edge = Vec::with_capacity(values.len());
    for (start, row) in (0..values.len()).step_by(width.max(1)).zip(mask.rows()) {
        let above = start.checked_sub(width).and_then(|above| values.get(above..start));
        let below = values.get(start + width..start + 2 * width);
        edge.extend(row.iter().enumerate().map(|(x, inside)| {
            let in_row = |row: Option<&[bool]>| row.is_some_and(|row| row[x]);
            let left = x > 0 && row[x - 1];
            let right = row.get(x + 1) == Some(&true);
            *inside && !(in_row(above) && in_row(below) && left && right)
        }));
    }
    edge
}

/// Distances from each [`boundary`] pixel of two masks to the nearest one of the other mask, in
/// the unit of the grids' spacing.
///
/// Every boundary pixel weighs the same. Where both masks are empty, distances are 0 and the
/// surface Dice is 1; where exactly one is, they are infinite and 0.
#[derive(Clone, Debug, PartialEq)]
pub struct SurfaceDistances {
    /// From the prediction to the reference, ascending; empty if the prediction is.
    prediction: Vec<f64>,
    /// From the reference to the prediction, ascending; empty if the reference is.
    reference: Vec<f64>,
}

/// The share of distances below HD95.
const P95: f64 = 0.95;

impl SurfaceDistances {
    /// Distances between the boundaries of two masks.
    ///
    /// # Errors
    ///
    /// If the masks differ in size or spacing.
    pub fn between(prediction: &Grid<'_>, reference: &Grid<'_>) -> Result<Self, MetricError> {
        Ok(Self::of(&Framed::around(prediction, reference)?))
    }

    pub(crate) fn of(pair: &Framed) -> Self {
        let [p, r] = [&pair.prediction, &pair.reference].map(|mask| boundary(&pair.grid(mask)));
        let ascending = |from: &[bool], to: &[bool]| {
            let mut distances = distances_from(from, &pair.grid(to));
            distances.sort_unstable_by(f64::total_cmp);
            distances
        };
        Self { prediction: ascending(&p, &r), reference: ascending(&r, &p) }
    }

    /// From each boundary pixel of the prediction to the reference's boundary, ascending.
    pub fn from_prediction(&self) -> &[f64] {
        &self.prediction
    }

    /// From each boundary pixel of the reference to the prediction's boundary, ascending.
    pub fn from_reference(&self) -> &[f64] {
        &self.reference
    }

    /// Normalised surface Dice, in `[0, 1]`: the share of both boundaries that lies within the
    /// tolerance of the other; 0 if the tolerance is negative or not a number.
    ///
    /// Same as MONAI's `compute_surface_dice`. DeepMind's (and MONAI's with `use_subvoxels`) weighs
    /// boundary elements by length instead, and gives other values: see
    /// [`ElementDistances`](crate::ElementDistances).
    pub fn nsd(&self, tolerance: f64) -> f64 {
        let within = |side: &[f64]| side.partition_point(|distance| *distance <= tolerance);
        match (self.prediction.len(), self.reference.len()) {
            (0, 0) => 1.0,
            (0, _) | (_, 0) => 0.0,
            (p, r) => (within(&self.prediction) + within(&self.reference)) as f64 / (p + r) as f64,
        }
    }

    /// Hausdorff distance: the largest of all.
    pub fn hd(&self) -> f64 {
        self.larger(|side| side.last().copied())
    }

    /// The larger of the two directed 95th percentiles, each linear between ranks: MONAI's. Pixels
    /// at the edge of the picture are [`boundary`] too.
    pub fn hd95(&self) -> f64 {
        self.larger(|side| quantile(side, P95))
    }

    /// Variant of [`hd95`](Self::hd95): the 95th percentile of both directions together, as
    /// medpy's `hd95`.
    pub fn hd95_pooled(&self) -> f64 {
        self.both(|p, r| {
            let mut all = [p, r].concat();
            all.sort_unstable_by(f64::total_cmp);
            quantile(&all, P95)
        })
    }

    /// Average symmetric surface distance: the mean over both boundaries together, as MONAI's with
    /// `symmetric=True`.
    pub fn assd(&self) -> f64 {
        self.both(|p, r| {
            Some((p.iter().sum::<f64>() + r.iter().sum::<f64>()) / (p.len() + r.len()) as f64)
        })
    }

    /// Variant of [`assd`](Self::assd): the mean of the two directed means, as in medpy
    /// 0.4.0, MONAI up to 0.5, panoptica and MetricsReloaded's MASD. MONAI from 0.9.1 on and medpy
    /// 0.5.2 compute `assd`; medpy 0.5.0 and 0.5.1 fail.
    pub fn assd_mean_of_means(&self) -> f64 {
        self.both(|p, r| Some((mean(p) + mean(r)) / 2.0))
    }

    /// Mean distance from the prediction's boundary to the reference's, one direction alone:
    /// MONAI's `SurfaceDistanceMetric` by default, and medpy's `asd`.
    pub fn asd(&self) -> f64 {
        self.both(|p, _| Some(mean(p)))
    }

    fn larger(&self, of: impl Fn(&[f64]) -> Option<f64>) -> f64 {
        self.both(|p, r| Some(of(p)?.max(of(r)?)))
    }

    /// A distance of two boundaries, or what stands for it without one of them.
    fn both(&self, distance: impl Fn(&[f64], &[f64]) -> Option<f64>) -> f64 {
        match (self.prediction.is_empty(), self.reference.is_empty()) {
            (true, true) => 0.0,
            (false, false) => distance(&self.prediction, &self.reference).unwrap_or(f64::INFINITY),
            _ => f64::INFINITY,
        }
    }
}

fn mean(side: &[f64]) -> f64 {
    side.iter().sum::<f64>() / side.len() as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::distance::distance_map;

    #[test]
    fn boundary_of_blocks_holes_and_edges() {
        let mask = [
            "######...", //
            "######.#.",
            "##.###...",
            "######...",
            "######...",
        ];
        let edge = [
            "######...", //
            "#.#..#.#.",
            "##.#.#...",
            "#.#..#...",
            "######...",
        ];
        let read = |rows: [&str; 5]| rows.concat().chars().map(|c| c == '#').collect::<Vec<_>>();
        assert_eq!(boundary(&Grid::new(9, 5, &read(mask)).unwrap()), read(edge));
    }

    #[test]
    fn empty_masks_have_no_distance_to_each_other() {
        let (none, one) = ([false; 6], [false, true, false, false, false, false]);
        let grid = |values| Grid::new(3, 2, values).unwrap();
        let between = |p, r| SurfaceDistances::between(&grid(p), &grid(r)).unwrap();
        let distances = |s: &SurfaceDistances| {
            [s.hd(), s.hd95(), s.hd95_pooled(), s.assd(), s.assd_mean_of_means(), s.asd()]
        };
        for (p, r, nsd, distance) in [
            (&none, &none, 1.0, 0.0),
            (&one, &none, 0.0, f64::INFINITY),
            (&none, &one, 0.0, f64::INFINITY),
            (&one, &one, 1.0, 0.0),
        ] {
            let found = between(p, r);
            assert_eq!((found.nsd(2.0), distances(&found)), (nsd, [distance; 6]));
        }
        let nothing = Grid::new(usize::MAX, 0, &[]).unwrap();
        assert_eq!(SurfaceDistances::between(&nothing, &nothing).unwrap().nsd(2.0), 1.0);
    }

    #[test]
    fn sizes_and_spacings_must_be_equal() {
        let values = [true; 6];
        let (a, b) = (Grid::new(3, 2, &values).unwrap(), Grid::new(2, 3, &values).unwrap());
        let refused = SurfaceDistances::between(&a, &b).unwrap_err();
        assert_eq!(refused, MetricError::Sizes { prediction: (3, 2), reference: (2, 3) });
        let c = a.with_spacing(1.0, 2.0).unwrap();
        let refused = SurfaceDistances::between(&a, &c).unwrap_err();
        let expected = MetricError::Spacings { prediction: (1.0, 1.0), reference: (1.0, 2.0) };
        assert_eq!(refused, expected);
    }

    #[test]
    fn tolerances_that_are_no_distance_hold_nothing() {
        let mask = Grid::new(1, 1, &[true]).unwrap();
        let found = SurfaceDistances::between(&mask, &mask).unwrap();
        assert_eq!([0.0, -1.0, f64::NAN].map(|t| found.nsd(t)), [1.0, 0.0, 0.0]);
    }

    /// Two masks of one size, any of them perhaps empty.
    fn pair() -> impl Strategy<Value = (usize, Vec<(bool, bool)>)> {
        (0usize..12, 0usize..12, 0.0f64..1.0, 0.0f64..1.0).prop_flat_map(|(w, h, p, r)| {
            let inside = (proptest::bool::weighted(p), proptest::bool::weighted(r));
            (Just(w), proptest::collection::vec(inside, w * h))
        })
    }

    proptest! {
        #[test]
        fn distances_are_symmetric_and_ordered(
            (width, values) in pair(),
            rows in 0.1f64..9.0,
            columns in 0.1f64..9.0,
        ) {
            let (p, r): (Vec<_>, Vec<_>) = values.into_iter().unzip();
            let height = p.len().checked_div(width).unwrap_or(3);
            let grid = |v| Grid::new(width, height, v).unwrap().with_spacing(rows, columns).unwrap();
            let (p, r) = (grid(&p), grid(&r));
            let there = SurfaceDistances::between(&p, &r).unwrap();
            let back = SurfaceDistances::between(&r, &p).unwrap();
            prop_assert_eq!(there.from_prediction(), back.from_reference());
            prop_assert_eq!(there.hd(), back.hd());
            prop_assert_eq!(there.hd95(), back.hd95());
            prop_assert_eq!(there.hd95_pooled(), back.hd95_pooled());
            prop_assert_eq!(there.assd(), back.assd());
            prop_assert_eq!(there.assd_mean_of_means(), back.assd_mean_of_means());
            prop_assert!(there.hd95() <= there.hd() && there.hd95_pooled() <= there.hd());
            prop_assert!(0.0 <= there.assd() && there.assd() <= there.hd() * (1.0 + 1e-12));
            let (near, far) = (there.nsd(1.0), there.nsd(2.0));
            prop_assert_eq!(near, back.nsd(1.0));
            prop_assert!(0.0 <= near && near <= far && far <= 1.0);

            // The frame around both masks changes nothing.
            let (edge, map) = (boundary(&p), distance_map(&Grid::new(width, height, &boundary(&r))
                .unwrap().with_spacing(rows, columns).unwrap()));
            let at = edge.iter().zip(&map).filter(|(on, _)| **on);
            let mut whole = at.map(|(_, distance)| *distance).collect::<Vec<_>>();
            whole.sort_by(f64::total_cmp);
            if !there.from_reference().is_empty() {
                let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * a.abs();
                prop_assert!(whole.iter().zip(there.from_prediction()).all(close));
            }
        }
    }
}
