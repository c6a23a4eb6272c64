//! Exact distances to the nearest pixel of a set.

use crate::grid::Grid;

/// The Euclidean distance from each pixel's centre to the centre of the nearest pixel that is
/// inside, row by row, in the unit of the grid's spacing; infinite everywhere if no pixel is
/// inside.
///
/// Exact to rounding, in time proportional to the pixels: first along the columns, then as the
/// lower envelope of one parabola for each column (Felzenszwalb and Huttenlocher, "Distance
/// transforms of sampled functions", 2012).
pub fn distance_map(sites: &Grid<'_>) -> Vec<f64> {
    let (rows, columns) = sites.spacing();
    let mut map = steps_along_columns(sites);
    let mut envelope = Envelope { square: columns * columns, pieces: Vec::new() };
    for row in map.chunks_exact_mut(sites.width().max(1)) {
        for steps in row.iter_mut() {
            *steps = (*steps * rows).powi(2);
        }
        envelope.replace(row);
        for distance in row {
            *distance = distance.sqrt();
        }
    }
    map
}

/// The distances of [`distance_map`] at the chosen pixels alone, row by row, in less time where they
/// are few.
pub(crate) fn distances_from(chosen: &[bool], sites: &Grid<'_>) -> Vec<f64> {
    /// Where more pixels of a row search, the envelope of the whole row is cheaper.
    const FEW: usize = 32;
    let (rows, columns) = sites.spacing();
    let width = sites.width().max(1);
    let mut map = steps_along_columns(sites);
    let mut envelope = Envelope { square: columns * columns, pieces: Vec::new() };
    let across = (0..width).map(|away| envelope.square * (away as f64).powi(2)).collect::<Vec<_>>();
    let mut found = Vec::new();
    let mut places = Vec::new();
    for (row, chosen) in map.chunks_exact_mut(width).zip(chosen.chunks_exact(width)) {
        places.clear();
        places.extend(chosen.iter().enumerate().filter(|(_, on)| **on).map(|(place, _)| place));
        if places.is_empty() {
            continue;
        }
        for steps in row.iter_mut() {
            *steps = (*steps * rows).powi(2);
        }
        let few = places.iter().filter(|place| row[**place] > 0.0).count() <= FEW;
        if !few {
            envelope.replace(row);
        }
        for place in &places {
            let square = if few { nearest(row, *place, &across) } else { row[*place] };
            found.push(square.sqrt());
        }
    }
    found
}

/// The least of `heights[v] + across[|column - v|]` over one row's columns `v`, from the column
/// outwards until no farther one can be less.
fn nearest(heights: &[f64], column: usize, across: &[f64]) -> f64 {
    /// Columns in one step, which the compiler makes one of few instructions.
    const STEP: usize = 8;
    let (left, right) = (&heights[..column], &heights[column + 1..]);
    let mut least = heights[column];
    for (step, across) in across[1..].chunks(STEP).enumerate() {
        if across[0] >= least {
            break;
        }
        let from = step * STEP;
        let end = left.len().saturating_sub(from);
        let left = &left[end.saturating_sub(STEP)..end];
        let right = right.get(from..).unwrap_or_default();
        if left.is_empty() && right.is_empty() {
            break;
        }
        for (height, across) in left.iter().rev().zip(across) {
            least = lesser(least, height + across);
        }
        for (height, across) in right.iter().zip(across) {
            least = lesser(least, height + across);
        }
    }
    least
}

/// `f64::min` of numbers that are numbers.
fn lesser(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

/// Rows between each pixel and the nearest one inside in its own column.
fn steps_along_columns(sites: &Grid<'_>) -> Vec<f64> {
    let width = sites.width();
    let at_site = |inside: &bool| if *inside { 0.0 } else { f64::INFINITY };
    let mut steps = sites.values().iter().map(at_site).collect::<Vec<_>>();
    for i in width..steps.len() {
        steps[i] = lesser(steps[i], steps[i - width] + 1.0); // the row above
    }
    for i in (width..steps.len()).rev() {
        steps[i - width] = lesser(steps[i - width], steps[i] + 1.0); // the row below
    }
    steps
}

/// The least of the parabolas `height(v) + square · (x - v)²` of one row's columns `v`.
struct Envelope {
    /// Squared distance between columns.
    square: f64,
    /// From left to right; kept between rows for its memory.
    pieces: Vec<Piece>,
}

/// Where one parabola is the least.
struct Piece {
    /// The parabola's lowest point.
    column: usize,
    /// Its height there.
    height: f64,
    /// Left end, in columns.
    start: f64,
}

impl Envelope {
    /// Puts the envelope's height at each column in place of the columns' own heights.
    fn replace(&mut self, row: &mut [f64]) {
        self.pieces.clear();
        for (column, height) in row.iter().copied().enumerate().filter(|(_, h)| h.is_finite()) {
            let mut start = f64::NEG_INFINITY;
            while let Some(last) = self.pieces.last() {
                start = self.crossing(last, column, height);
                if start > last.start {
                    break;
                }
                self.pieces.pop(); // nowhere the least
                start = f64::NEG_INFINITY;
            }
            self.pieces.push(Piece { column, height, start });
        }
        let mut pieces = self.pieces.iter().peekable();
        let Some(mut piece) = pieces.next() else { return };
        for (column, value) in row.iter_mut().enumerate() {
            while let Some(next) = pieces.next_if(|next| next.start <= column as f64) {
                piece = next;
            }
            let away = piece.column.abs_diff(column) as f64;
            *value = piece.height + self.square * away.powi(2);
        }
    }

    /// Where the parabola of a later column falls below a piece's. The midpoint is added last: in
    /// one fraction it would drown in large heights.
    fn crossing(&self, piece: &Piece, column: usize, height: f64) -> f64 {
        let between = (column - piece.column) as f64;
        let midpoint = piece.column as f64 + between / 2.0;
        (height - piece.height) / (2.0 * self.square * between) + midpoint
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By comparing all pairs.
    fn slow(sites: &Grid<'_>) -> Vec<f64> {
        let (rows, columns) = sites.spacing();
        let w = sites.width();
        let distance = |i: usize, j: usize| {
            let dr = (i / w).abs_diff(j / w) as f64 * rows;
            let dc = (i % w).abs_diff(j % w) as f64 * columns;
            (dr.powi(2) + dc.powi(2)).sqrt()
        };
        let pixels = sites.values().len();
        let nearest = |i| {
            let inside = (0..pixels).filter(|j| sites.values()[*j]);
            inside.map(|j| distance(i, j)).fold(f64::INFINITY, f64::min)
        };
        (0..pixels).map(nearest).collect()
    }

    fn near(a: f64, b: f64) -> bool {
        a == b || (a - b).abs() <= 1e-12 * b.abs()
    }

    #[test]
    fn distances_around_one_pixel() {
        let sites = [false, true, false, false, false, false];
        let sites = Grid::new(3, 2, &sites).unwrap();
        let root = 2f64.sqrt();
        assert_eq!(distance_map(&sites), [1.0, 0.0, 1.0, root, 1.0, root]);
        let stretched = distance_map(&sites.with_spacing(3.0, 4.0).unwrap());
        assert_eq!(stretched, [4.0, 0.0, 4.0, 5.0, 3.0, 5.0]);
    }

    #[test]
    fn without_a_site_all_is_infinitely_far() {
        let sites = Grid::new(3, 2, &[false; 6]).unwrap();
        assert_eq!(distance_map(&sites), [f64::INFINITY; 6]);
        for (width, height) in [(0, 0), (0, 7), (usize::MAX, 0)] {
            assert!(distance_map(&Grid::new(width, height, &[]).unwrap()).is_empty());
        }
    }

    #[test]
    fn spacings_at_their_limits_give_numbers() {
        let mut sites = [false; 35];
        for i in [3, 17, 29, 30] {
            sites[i] = true;
        }
        for (rows, columns) in [(1e100, 1e-100), (1e-100, 1e100), (1e100, 1e100)] {
            let sites = Grid::new(7, 5, &sites).unwrap().with_spacing(rows, columns).unwrap();
            let found = distance_map(&sites);
            assert!(found.iter().zip(slow(&sites)).all(|(a, b)| near(*a, b)), "{rows} {columns}");
        }
    }

    proptest! {
        #[test]
        fn the_map_is_that_of_all_pairs(
            (width, values) in (1usize..40, 1usize..12, 1u32..20).prop_flat_map(|(w, h, rare)| {
                let inside = proptest::bool::weighted(1.0 / f64::from(rare));
                (Just(w), proptest::collection::vec(inside, w * h))
            }),
            rows in 0.05f64..20.0,
            columns in 0.05f64..20.0,
        ) {
            let plain = Grid::new(width, values.len() / width, &values).unwrap();
            for sites in [plain, plain.with_spacing(rows, columns).unwrap()] {
                for (a, b) in distance_map(&sites).into_iter().zip(slow(&sites)) {
                    prop_assert!(near(a, b), "{a} is not {b}");
                }
                let chosen = (0..values.len()).map(|i| i % 3 != 1).collect::<Vec<_>>();
                let expected = slow(&sites).into_iter().zip(&chosen).filter(|(_, on)| **on);
                let found = distances_from(&chosen, &sites);
                prop_assert_eq!(found.len(), expected.clone().count());
                for (a, (b, _)) in found.into_iter().zip(expected) {
                    prop_assert!(near(a, b), "{a} is not {b}");
                }
            }
        }
    }
}
