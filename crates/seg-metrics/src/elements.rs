//! Distances between the boundary elements of two masks, weighed by their size.

use crate::distance::distances_from;
use crate::error::MetricError;
use crate::frame::Framed;
use crate::grid::Grid;

/// Distances between the boundary elements of two masks: DeepMind's surface distances (the package
/// Surface-Distance-Based-Measures 0.1), which MONAI's `use_subvoxels` takes over.
///
/// An element lies at each corner where four pixels meet that are not all alike; what lies outside
/// the picture is outside the mask. It weighs as much as the boundary through these four pixels is
/// long. So a straight edge counts by its length, and one lone pixel has four elements that weigh
/// 2.83 together. [`SurfaceDistances`](crate::SurfaceDistances) gives each boundary pixel the same
/// weight: on usual pairs the two differ.
///
/// Where both masks are empty, distances are 0 and the surface Dice is 1; where exactly one is, they
/// are infinite and 0. DeepMind's own answers there are infinite, not a number, and 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ElementDistances {
    /// From the prediction to the reference: distance and weight; empty if the prediction is.
    prediction: Vec<Element>,
    /// From the reference to the prediction; empty if the reference is.
    reference: Vec<Element>,
}

/// An element's distance to the nearest element of the other mask, and its own size.
type Element = (f64, f64);

/// Which of four pixels around a corner are inside, as bits: 8 and 4 above, 2 and 1 below.
type Code = u8;

/// Four pixels that are all inside.
const FULL: Code = 0b1111;

/// How the boundary through four pixels weighs, and where there is one.
struct Measure {
    /// By code.
    weights: [f64; 16],
    /// From row to row and from column to column.
    spacing: (f64, f64),
    /// Whether a corner all of whose pixels are inside has an element.
    inside_counts: bool,
}

impl Measure {
    /// Lengths of the line through four pixels (marching squares, each line through the middle
    /// between two pixels), by the spacing.
    fn lines(spacing: (f64, f64)) -> Self {
        let (rows, columns) = spacing;
        let corner = 0.5 * rows.hypot(columns);
        let weights = std::array::from_fn(|code| match code {
            0b0000 | 0b1111 => 0.0,
            0b0011 | 0b1100 => columns,
            0b0101 | 0b1010 => rows,
            0b0110 | 0b1001 => 2.0 * corner,
            _ => corner, // one pixel apart from the other three
        });
        Self { weights, spacing, inside_counts: false }
    }

    /// Areas of the surface through four voxels of 1 x 1 x 1 and the four empty ones above them
    /// (marching cubes). Above and below one slice they are the same, so one side is enough.
    fn areas() -> Self {
        // A triangle through the middles of three edges that meet.
        let corner = 3f64.sqrt() / 8.0;
        let weights = std::array::from_fn(|code: usize| match code.count_ones() {
            0 => 0.0,
            1 => corner,
            2 if matches!(code, 0b0110 | 0b1001) => 2.0 * corner,
            2 => 0.5f64.sqrt(), // a strip across, from edge to edge
            3 => 3.0 * corner + 0.5,
            _ => 1.0, // the top of the slice
        });
        Self { weights, spacing: (1.0, 1.0), inside_counts: true }
    }

    fn distances(&self, corners: &Corners) -> ElementDistances {
        let on = |code: &Code| *code > 0 && (self.inside_counts || *code < FULL);
        let Corners { prediction, reference, width, height } = corners;
        let [p, r] = [prediction, reference].map(|codes| codes.iter().map(on).collect::<Vec<_>>());
        let elements = |codes: &[Code], from: &[bool], to: &[bool]| {
            let to = Grid::trusted(*width, *height, to, self.spacing);
            let weights = codes.iter().filter(|code| on(code));
            let weights = weights.map(|code| self.weights[usize::from(*code)]);
            distances_from(from, &to).into_iter().zip(weights).collect()
        };
        ElementDistances {
            prediction: elements(prediction, &p, &r),
            reference: elements(reference, &r, &p),
        }
    }
}

/// The corners between the pixels of two masks, those around the frame too, row by row.
pub(crate) struct Corners {
    prediction: Vec<Code>,
    reference: Vec<Code>,
    width: usize,
    height: usize,
}

impl Corners {
    pub fn of(pair: &Framed) -> Self {
        // A frame has pixels, or neither side.
        let more = usize::from(pair.width > 0);
        let (width, height) = (pair.width + more, pair.height + more);
        let codes = |mask: &[bool]| {
            let mut codes = vec![0; width * height];
            for (y, row) in mask.chunks_exact(pair.width.max(1)).enumerate() {
                for (x, _) in row.iter().enumerate().filter(|(_, inside)| **inside) {
                    let above = y * width + x;
                    codes[above] |= 0b0001;
                    codes[above + 1] |= 0b0010;
                    codes[above + width] |= 0b0100;
                    codes[above + width + 1] |= 0b1000;
                }
            }
            codes
        };
        let (prediction, reference) = (codes(&pair.prediction), codes(&pair.reference));
        Self { prediction, reference, width, height }
    }

    /// [`ElementDistances::nsd`] of [one slice of voxels](ElementDistances::as_volume) within 2, without
    /// any distance: only the corners nearby are looked at.
    pub fn nsd_as_volume(&self) -> f64 {
        let weights = Measure::areas().weights;
        let share = |from: &[Code], to: &[Code]| {
            let (mut near, mut all) = (0.0, 0.0);
            for (place, code) in from.iter().enumerate().filter(|(_, code)| **code > 0) {
                let weight = weights[usize::from(*code)];
                all += weight;
                if to[place] > 0 || self.is_any_within_2(place, to) {
                    near += weight;
                }
            }
            (near, all)
        };
        let (near_p, of_p) = share(&self.prediction, &self.reference);
        let (near_r, of_r) = share(&self.reference, &self.prediction);
        match (of_p > 0.0, of_r > 0.0) {
            (false, false) => 1.0,
            (true, true) => (near_p + near_r) / (of_p + of_r),
            _ => 0.0,
        }
    }

    /// Whether a mask has an element within 2 of a corner.
    fn is_any_within_2(&self, place: usize, codes: &[Code]) -> bool {
        let (y, x) = (place / self.width, place % self.width);
        let rows = y.saturating_sub(2)..(y + 3).min(self.height);
        rows.into_iter().any(|row| {
            let across = 2 - row.abs_diff(y); // the corners of a disc of radius 2
            let (left, right) = (x.saturating_sub(across), (x + across + 1).min(self.width));
            codes[row * self.width + left..row * self.width + right].iter().any(|code| *code > 0)
        })
    }
}

impl ElementDistances {
    /// Distances between lines in the plane, in the unit of the grids' spacing: DeepMind's for masks
    /// of two axes.
    ///
    /// # Errors
    ///
    /// If the masks differ in size or spacing.
    pub fn in_plane(prediction: &Grid<'_>, reference: &Grid<'_>) -> Result<Self, MetricError> {
        let pair = Framed::around(prediction, reference)?;
        Ok(Self::lines(&Corners::of(&pair), pair.spacing))
    }

    /// Distances between surfaces of one slice of voxels, in voxels of 1 x 1 x 1 whatever the
    /// spacing: DeepMind's for masks to which a third axis of one was added, as MedCLIPSeg does.
    ///
    /// Top and bottom of the slice are surface. So whatever one mask shares with the other lies at
    /// distance 0, and the surface Dice is nearer to Dice than to any score of outlines.
    ///
    /// # Errors
    ///
    /// If the masks differ in size or spacing.
    pub fn as_volume(prediction: &Grid<'_>, reference: &Grid<'_>) -> Result<Self, MetricError> {
        Ok(Self::areas(&Corners::of(&Framed::around(prediction, reference)?)))
    }

    pub(crate) fn lines(corners: &Corners, spacing: (f64, f64)) -> Self {
        Measure::lines(spacing).distances(corners)
    }

    pub(crate) fn areas(corners: &Corners) -> Self {
        Measure::areas().distances(corners)
    }

    /// Surface Dice, in `[0, 1]`: the share of both boundaries' size that lies within the tolerance
    /// of the other; 0 if the tolerance is negative or not a number.
    pub fn nsd(&self, tolerance: f64) -> f64 {
        let near = |side: &[Element]| size(side.iter().filter(|element| element.0 <= tolerance));
        match (self.prediction.is_empty(), self.reference.is_empty()) {
            (true, true) => 1.0,
            (false, false) => {
                let all = size(&self.prediction) + size(&self.reference);
                (near(&self.prediction) + near(&self.reference)) / all
            }
            _ => 0.0,
        }
    }

    /// The larger of the two directed distances below which a share of the boundary's size lies,
    /// without a value between two elements: DeepMind's `compute_robust_hausdorff`, which takes the
    /// share in percent. A share of 0.95 is its HD95, 1 the Hausdorff distance.
    pub fn hd(&self, share: f64) -> f64 {
        self.both(|p, r| below(p, share).max(below(r, share)))
    }

    /// Mean distance from the prediction's boundary to the reference's, by size.
    pub fn from_prediction(&self) -> f64 {
        self.both(|p, _| mean(p))
    }

    /// Mean distance from the reference's boundary to the prediction's, by size.
    pub fn from_reference(&self) -> f64 {
        self.both(|_, r| mean(r))
    }

    /// A distance of two boundaries, or what stands for it without one of them.
    fn both(&self, distance: impl Fn(&[Element], &[Element]) -> f64) -> f64 {
        match (self.prediction.is_empty(), self.reference.is_empty()) {
            (true, true) => 0.0,
            (false, false) => distance(&self.prediction, &self.reference),
            _ => f64::INFINITY,
        }
    }
}

fn size<'a>(side: impl IntoIterator<Item = &'a Element>) -> f64 {
    side.into_iter().map(|element| element.1).sum()
}

fn mean(side: &[Element]) -> f64 {
    side.iter().map(|(distance, weight)| distance * weight).sum::<f64>() / size(side)
}

/// The first distance, of ascending ones, up to which at least a share of the size lies.
fn below(side: &[Element], share: f64) -> f64 {
    let mut side = side.to_vec();
    side.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let all = size(&side);
    let mut so_far = 0.0;
    let reaches = |element: &&Element| {
        so_far += element.1;
        so_far / all >= share
    };
    side.iter().find(reaches).or(side.last()).map_or(0.0, |element| element.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::surface::SurfaceDistances;

    /// A mask of rectangles, as rows and columns from and below.
    pub(super) fn boxes(width: usize, height: usize, inside: &[[usize; 4]]) -> Vec<bool> {
        let holds = |i: usize| {
            let (row, column) = (i / width, i % width);
            inside.iter().any(|b| (b[0]..b[1]).contains(&row) && (b[2]..b[3]).contains(&column))
        };
        (0..width * height).map(holds).collect()
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 0.5001e-4, "{found} is not {expected}");
    }

    /// Masks whose scores DeepMind's package gave, to four decimals: surface Dice within 0, 1 and 2
    /// in the plane and with a third axis, then HD95 in the plane and with a third axis.
    #[test]
    fn elements_agree_with_deepminds() {
        // Two blocks of 8 x 8 that share five columns.
        let (p, r) = (boxes(11, 8, &[[0, 8, 0, 8]]), boxes(11, 8, &[[0, 8, 3, 11]]));
        let (p, r) = (Grid::new(11, 8, &p).unwrap(), Grid::new(11, 8, &r).unwrap());
        let lines = ElementDistances::in_plane(&p, &r).unwrap();
        let areas = ElementDistances::as_volume(&p, &r).unwrap();
        for (tolerance, line, area) in
            [(0.0, 0.3702, 0.6812), (1.0, 0.5, 0.8020), (2.0, 0.6298, 0.9227)]
        {
            near(lines.nsd(tolerance), line);
            near(areas.nsd(tolerance), area);
        }
        let outlines = SurfaceDistances::between(&p, &r).unwrap();
        for (tolerance, expected) in [(0.0, 0.3571), (1.0, 0.5), (2.0, 0.6429)] {
            near(outlines.nsd(tolerance), expected);
        }

        let hd95 = |width, height, p: &[[usize; 4]], r: &[[usize; 4]]| {
            let (p, r) = (boxes(width, height, p), boxes(width, height, r));
            let grid = |v| Grid::new(width, height, v).unwrap();
            let (p, r) = (grid(&p), grid(&r));
            let outlines = SurfaceDistances::between(&p, &r).unwrap();
            [
                outlines.hd95(),
                outlines.hd95_pooled(),
                ElementDistances::in_plane(&p, &r).unwrap().hd(0.95),
                ElementDistances::as_volume(&p, &r).unwrap().hd(0.95),
            ]
        };
        let block = [1, 7, 1, 7];
        let far = hd95(14, 8, &[block, [6, 7, 13, 14]], &[block]);
        far.iter().zip([0.0, 0.0, 7.0, 0.0]).for_each(|(a, b)| near(*a, b));
        let inside = hd95(6, 6, &[[0, 2, 0, 2]], &[[0, 6, 0, 6]]);
        inside.iter().zip([5.0328, 5.0, 5.0, 4.4721]).for_each(|(a, b)| near(*a, b));
        let beside = hd95(10, 4, &[[0, 4, 0, 4], [0, 1, 9, 10]], &[[0, 4, 0, 4]]);
        beside[..3].iter().zip([2.4, 0.0, 6.0]).for_each(|(a, b)| near(*a, b));
        // Masks that touch the picture's edge.
        let edge = hd95(4, 4, &[[0, 4, 0, 2]], &[[0, 4, 1, 4]]);
        edge[..3].iter().zip([2.0, 2.0, 2.0]).for_each(|(a, b)| near(*a, b));
    }

    #[test]
    fn a_lone_pixel_has_four_elements() {
        let mask = [false, true, false, false];
        let mask = Grid::new(2, 2, &mask).unwrap();
        let found = ElementDistances::in_plane(&mask, &mask).unwrap();
        assert_eq!((found.prediction.len(), size(&found.prediction)), (4, 8f64.sqrt()));
        let stretched = mask.with_spacing(3.0, 4.0).unwrap();
        let found = ElementDistances::in_plane(&stretched, &stretched).unwrap();
        assert_eq!(size(&found.reference), 10.0);
    }

    #[test]
    fn empty_masks_have_no_elements() {
        let (none, one) = ([false; 6], [false, true, false, false, false, false]);
        let grid = |values| Grid::new(3, 2, values).unwrap();
        for (p, r, nsd, distance) in [
            (&none, &none, 1.0, 0.0),
            (&one, &none, 0.0, f64::INFINITY),
            (&none, &one, 0.0, f64::INFINITY),
            (&one, &one, 1.0, 0.0),
        ] {
            for of in [ElementDistances::in_plane, ElementDistances::as_volume] {
                let found = of(&grid(p), &grid(r)).unwrap();
                let distances = [found.hd(0.95), found.from_prediction(), found.from_reference()];
                assert_eq!((found.nsd(2.0), distances), (nsd, [distance; 3]));
            }
        }
        let nothing = Grid::new(usize::MAX, 0, &[]).unwrap();
        assert_eq!(ElementDistances::in_plane(&nothing, &nothing).unwrap().nsd(2.0), 1.0);
    }

    proptest! {
        #[test]
        fn elements_are_symmetric_and_ordered(
            (width, values) in (0usize..12, 0usize..12, 0.0f64..1.0).prop_flat_map(|(w, h, p)| {
                let inside = (proptest::bool::weighted(p), proptest::bool::weighted(1.0 - p));
                (Just(w), proptest::collection::vec(inside, w * h))
            }),
            rows in 0.1f64..9.0,
            columns in 0.1f64..9.0,
        ) {
            let (p, r): (Vec<_>, Vec<_>) = values.into_iter().unzip();
            let height = p.len().checked_div(width).unwrap_or(3);
            let grid = |v| Grid::new(width, height, v).unwrap().with_spacing(rows, columns).unwrap();
            for of in [ElementDistances::in_plane, ElementDistances::as_volume] {
                let there = of(&grid(&p), &grid(&r)).unwrap();
                let back = of(&grid(&r), &grid(&p)).unwrap();
                prop_assert_eq!(there.hd(0.95), back.hd(0.95));
                prop_assert_eq!(there.from_prediction(), back.from_reference());
                prop_assert!(there.hd(0.95) <= there.hd(1.0));
                let (near, far) = (there.nsd(1.0), there.nsd(2.0));
                prop_assert!((0.0..=1.0 + 1e-12).contains(&near) && near <= far + 1e-12);
            }
            let corners = Corners::of(&Framed::around(&grid(&p), &grid(&r)).unwrap());
            let slow = ElementDistances::areas(&corners).nsd(2.0);
            prop_assert!((corners.nsd_as_volume() - slow).abs() < 1e-12);
        }
    }
}
