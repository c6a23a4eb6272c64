//! How a picture is cut into overlapping tiles, and their answers blended.

use std::ops::Range;

use clip_encoder::pixels::MAX_SIDE;

use crate::errors::ConfigError;

/// How a picture is cut into tiles, each of which the network answers as a picture of its own.
///
/// Tiles are squares of the picture's own pixels that overlap by a share of their side. The last one
/// of a row or column is shifted inwards, so that it ends where the picture does; along a side that
/// is no longer than a tile there is one tile, as long as the picture.
///
/// ```
/// use causal_clip_seg::Tiling;
/// let tiling = Tiling::new(512)?.with_overlap(0.5)?;
/// assert_eq!(tiling.tiles(1000, 400), 3);
/// # Ok::<(), causal_clip_seg::errors::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tiling {
    side: u32,
    overlap: f32,
}

impl Tiling {
    /// The smallest tile's side: the smallest picture that the network takes.
    pub const MIN_SIDE: u32 = 32;
    /// The largest tile's side.
    pub const MAX_SIDE: u32 = MAX_SIDE as u32;
    /// The default share of a tile's side that the next tile covers as well: MONAI's for sliding
    /// windows. nnU-Net's is 0.5, which asks for 2.25 times as many tiles.
    pub const OVERLAP: f32 = 0.25;
    /// The largest overlap: beyond it a pixel is answered more than a hundred times.
    pub const MAX_OVERLAP: f32 = 0.9;

    /// Tiles of a side in pixels of the picture, with the default overlap.
    ///
    /// # Errors
    ///
    /// If the side is not in [`Tiling::MIN_SIDE`] to [`Tiling::MAX_SIDE`].
    pub fn new(side: u32) -> Result<Self, ConfigError> {
        match (Self::MIN_SIDE..=Self::MAX_SIDE).contains(&side) {
            true => Ok(Self { side, overlap: Self::OVERLAP }),
            false => Err(ConfigError::TileSide { side }),
        }
    }

    /// Tiles of this side with another overlap, as a share of it.
    ///
    /// # Errors
    ///
    /// If the share is not in 0 to [`Tiling::MAX_OVERLAP`].
    pub fn with_overlap(self, overlap: f32) -> Result<Self, ConfigError> {
        match (0.0..=Self::MAX_OVERLAP).contains(&overlap) {
            true => Ok(Self { overlap, ..self }),
            false => Err(ConfigError::TileOverlap { overlap }),
        }
    }

    /// A tile's side in pixels of the picture.
    pub fn side(self) -> u32 {
        self.side
    }

    /// The share of a tile's side that the next tile covers as well.
    pub fn overlap(self) -> f32 {
        self.overlap
    }

    /// How many tiles a picture of this size has.
    pub fn tiles(self, width: u32, height: u32) -> u64 {
        let along =
            |length: u32| u64::from(length.saturating_sub(self.side).div_ceil(self.step())) + 1;
        along(width) * along(height)
    }

    /// Pixels from one tile to the next.
    fn step(self) -> u32 {
        let step = (f64::from(self.side) * (1.0 - f64::from(self.overlap))).round();
        (step as u32).max(1)
    }

    /// The tiles along a side of the picture.
    pub(crate) fn axis(self, length: u32) -> Axis {
        let side = self.side.min(length);
        let last = length - side;
        let inner = (0..last).step_by(self.step() as usize);
        let starts = inner.chain([last]).map(|start| start as usize).collect();
        Axis::new(starts, side as usize, length as usize)
    }
}

/// The tiles along a side of the picture, and how much each counts at each of its pixels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    /// First pixels, ascending.
    starts: Vec<usize>,
    /// Pixels of each tile.
    side: usize,
    /// `side` values for each tile. At each pixel of the picture those of its tiles add up to one.
    weights: Vec<Vec<f64>>,
}

impl Axis {
    fn new(starts: Vec<usize>, side: usize, length: usize) -> Self {
        let window = window(side);
        let mut sums = vec![0.0; length];
        for start in &starts {
            let sums = sums[*start..].iter_mut();
            sums.zip(&window).for_each(|(sum, weight)| *sum += weight);
        }
        let weights = starts.iter().map(|start| {
            let sums = &sums[*start..*start + side];
            window.iter().zip(sums).map(|(weight, sum)| weight / sum).collect()
        });
        Self { weights: weights.collect(), starts, side }
    }

    pub(crate) fn tiles(&self) -> usize {
        self.starts.len()
    }

    /// The pixels of a tile.
    pub(crate) fn range(&self, tile: usize) -> Range<usize> {
        self.starts[tile]..self.starts[tile] + self.side
    }

    pub(crate) fn side(&self) -> usize {
        self.side
    }

    /// Where the pixels end that no later tile covers.
    pub(crate) fn done_after(&self, tile: usize) -> usize {
        self.starts.get(tile + 1).copied().unwrap_or(self.range(tile).end)
    }
}

/// How much a pixel counts by its distance from the tile's middle, where the network has seen most
/// around it: a Gaussian whose standard deviation is an eighth of the side, as in nnU-Net and MONAI.
/// At the edge it is 0.0003, so that a pixel of a single tile has an answer.
fn window(side: usize) -> Vec<f64> {
    let middle = (side as f64 - 1.0) / 2.0;
    let deviation = side as f64 / 8.0;
    let weight = |at| (-0.5 * ((at as f64 - middle) / deviation).powi(2)).exp();
    (0..side).map(weight).collect()
}

/// The rows of a map that are not complete: as many as a tile has.
///
/// Sums are in 64 bits: where all tiles say the same, so does the map, to the last bit.
#[derive(Clone, Debug)]
pub(crate) struct Blend {
    width: usize,
    /// The first row.
    top: usize,
    /// `[rows, width]`
    sums: Vec<f64>,
}

impl Blend {
    pub(crate) fn new(columns: &Axis, rows: &Axis) -> Self {
        let width = columns.range(columns.tiles() - 1).end;
        Self { width, top: 0, sums: vec![0.0; width * rows.side()] }
    }

    /// Adds a tile's answer, row-major.
    pub(crate) fn add(
        &mut self,
        (columns, column): (&Axis, usize),
        (rows, row): (&Axis, usize),
        answer: &[f32],
    ) {
        let across = columns.range(column);
        let lines = answer.chunks_exact(columns.side()).zip(rows.range(row));
        for ((values, y), down) in lines.zip(&rows.weights[row]) {
            let at = (y - self.top) * self.width;
            let sums = &mut self.sums[at + across.start..at + across.end];
            for ((sum, value), weight) in sums.iter_mut().zip(values).zip(&columns.weights[column])
            {
                *sum += f64::from(*value) * (weight * down);
            }
        }
    }

    /// The rows before `end`, which no later tile covers; later ones move up.
    pub(crate) fn take(&mut self, end: usize) -> Vec<f32> {
        let count = (end - self.top) * self.width;
        let done = self.sums[..count].iter().map(|sum| (*sum as f32).clamp(0.0, 1.0)).collect();
        self.sums.copy_within(count.., 0);
        let left = self.sums.len() - count;
        self.sums[left..].fill(0.0);
        self.top = end;
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The map of tiles that each answer as `answer(column, row)` of the picture says.
    fn blended(
        tiling: Tiling,
        width: u32,
        height: u32,
        answer: impl Fn(usize, usize) -> f32,
    ) -> Vec<f32> {
        let (columns, rows) = (tiling.axis(width), tiling.axis(height));
        let mut blend = Blend::new(&columns, &rows);
        let mut map = Vec::new();
        for row in 0..rows.tiles() {
            for column in 0..columns.tiles() {
                let tile = rows.range(row).flat_map(|y| columns.range(column).map(move |x| (x, y)));
                let tile = tile.map(|(x, y)| answer(x, y)).collect::<Vec<_>>();
                blend.add((&columns, column), (&rows, row), &tile);
            }
            map.extend(blend.take(rows.done_after(row)));
        }
        map
    }

    fn starts(side: u32, overlap: f32, length: u32) -> Vec<usize> {
        Tiling::new(side).unwrap().with_overlap(overlap).unwrap().axis(length).starts
    }

    #[test]
    fn the_last_tile_ends_with_the_picture() {
        assert_eq!(starts(100, 0.25, 250), [0, 75, 150]);
        assert_eq!(starts(100, 0.25, 251), [0, 75, 150, 151]);
        assert_eq!(starts(100, 0.0, 250), [0, 100, 150]);
        assert_eq!(starts(100, 0.5, 100), [0]);
        assert_eq!(starts(100, 0.5, 30), [0]);
    }

    #[test]
    fn sides_and_overlaps_have_limits() {
        assert!(Tiling::new(31).is_err() && Tiling::new(32768).is_err());
        let message = Tiling::new(8).unwrap_err().to_string();
        assert_eq!(message, "a tile's side is 8: it must lie in 32 to 32767 pixels");
        for overlap in [-0.1, 0.91, f32::NAN] {
            assert!(Tiling::new(64).unwrap().with_overlap(overlap).is_err());
        }
    }

    proptest! {
        #[test]
        fn every_pixel_is_covered_and_weights_add_up_to_one(
            length in 1u32..3000,
            side in Tiling::MIN_SIDE..900,
            overlap in 0.0f32..=Tiling::MAX_OVERLAP,
        ) {
            let tiling = Tiling::new(side).unwrap().with_overlap(overlap).unwrap();
            let axis = tiling.axis(length);
            prop_assert_eq!(tiling.tiles(length, 1), axis.tiles() as u64);
            let mut sums = vec![0.0; length as usize];
            for tile in 0..axis.tiles() {
                let range = axis.range(tile);
                prop_assert_eq!(range.len(), side.min(length) as usize);
                for (sum, weight) in sums[range].iter_mut().zip(&axis.weights[tile]) {
                    prop_assert!(*weight > 0.0);
                    *sum += weight;
                }
            }
            prop_assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-12));
            prop_assert!(axis.starts.is_sorted_by(|a, b| a < b));
        }

        #[test]
        fn constant_answers_have_no_seams(
            width in 1u32..200,
            height in 1u32..200,
            side in Tiling::MIN_SIDE..100,
            overlap in 0.0f32..=Tiling::MAX_OVERLAP,
            value in 0.0f32..=1.0,
        ) {
            let tiling = Tiling::new(side).unwrap().with_overlap(overlap).unwrap();
            let map = blended(tiling, width, height, |_, _| value);
            prop_assert_eq!(map, vec![value; (width * height) as usize]);
        }

        #[test]
        fn what_tiles_agree_on_stays_in_its_place(
            width in 1u32..150,
            height in 1u32..150,
            side in Tiling::MIN_SIDE..100,
        ) {
            let value = |x: usize, y: usize| ((x * 7 + y * 13) % 101) as f32 / 101.0;
            let map = blended(Tiling::new(side).unwrap(), width, height, value);
            let mut expected = Vec::new();
            for y in 0..height as usize {
                expected.extend((0..width as usize).map(|x| value(x, y)));
            }
            prop_assert_eq!(map, expected);
        }
    }
}
