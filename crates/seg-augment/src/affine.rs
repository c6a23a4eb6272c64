//! A small rotation, zoom and shift, and reading pictures through it.

use seg_sentences::Turn;

/// A rotation and zoom about the picture's centre, then a shift.
///
/// Pixels that come in from outside are black in the picture and outside the mask. Repeating the
/// border instead would continue a lesion where the mask has none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// The angle in degrees, counterclockwise.
    pub angle: f32,
    /// The zoom factor; above 1 things grow.
    pub scale: f32,
    /// The shift to the right, as a share of the side.
    pub shift_x: f32,
    /// The shift down, as a share of the side.
    pub shift_y: f32,
}

impl Affine {
    /// The picture, turned and then moved, interpolated bilinearly.
    ///
    /// `[size, size, 3]` in and out.
    pub(crate) fn image(&self, pixels: &[u8], size: usize, turn: Turn) -> Vec<u8> {
        let source = Source::new(self, turn, size);
        let mut moved = vec![0; pixels.len()];
        for (row, line) in moved.chunks_exact_mut(3 * size.max(1)).enumerate() {
            for (column, pixel) in line.chunks_exact_mut(3).enumerate() {
                let (x, y) = source.at(column, row);
                pixel.copy_from_slice(&bilinear(pixels, size, x, y));
            }
        }
        moved
    }

    /// The mask, turned and then moved, each pixel as the nearest one.
    ///
    /// `[size, size]` in and out; the only new value is 0.
    pub(crate) fn mask(&self, mask: &[u8], size: usize, turn: Turn) -> Vec<u8> {
        let source = Source::new(self, turn, size);
        let mut moved = Vec::with_capacity(mask.len());
        for row in 0..size {
            for column in 0..size {
                let (x, y) = source.at(column, row);
                let (x, y) = (x + 0.5, y + 0.5);
                let inside = x >= 0.0 && y >= 0.0 && x < size as f32 && y < size as f32;
                moved.push(if inside { mask[y as usize * size + x as usize] } else { 0 });
            }
        }
        moved
    }
}

/// Where in the old picture a pixel of the new one comes from.
struct Source {
    /// One column further.
    column: (f32, f32),
    /// One row further.
    row: (f32, f32),
    origin: (f32, f32),
}

impl Source {
    fn new(affine: &Affine, turn: Turn, size: usize) -> Self {
        let (sin, cos) = affine.angle.to_radians().sin_cos();
        let back = turn.inverse();
        // The inverse of the affine map, then that of the turn, about the centre.
        let undo = |x: f32, y: f32| {
            let (x, y) = ((x * cos - y * sin) / affine.scale, (x * sin + y * cos) / affine.scale);
            back.point(x, y)
        };
        let centre = (size as f32 - 1.0) / 2.0;
        let shift = |share: f32| -centre - share * size as f32;
        let (x, y) = undo(shift(affine.shift_x), shift(affine.shift_y));
        Self { column: undo(1.0, 0.0), row: undo(0.0, 1.0), origin: (x + centre, y + centre) }
    }

    /// In pixels; whole numbers are pixels' centres.
    fn at(&self, column: usize, row: usize) -> (f32, f32) {
        let (column, row) = (column as f32, row as f32);
        (
            self.origin.0 + self.column.0 * column + self.row.0 * row,
            self.origin.1 + self.column.1 * column + self.row.1 * row,
        )
    }
}

/// Bilinear interpolation to a 256th of a pixel: whole numbers take a quarter less time.
fn bilinear(pixels: &[u8], size: usize, x: f32, y: f32) -> [u8; 3] {
    let (x, y) = (x + 1.0, y + 1.0);
    let last = size as f32 + 1.0;
    if !(x >= 0.0 && y >= 0.0 && x < last && y < last) {
        return [0; 3];
    }
    let (x, y) = ((x * 256.0 + 0.5) as u32, (y * 256.0 + 0.5) as u32);
    let (right_share, below_share) = (x & 255, y & 255);
    let (right, below) = ((x >> 8) as usize, (y >> 8) as usize); // column and row of that pixel
    let (above, under) = if (1..size).contains(&right) && (1..size).contains(&below) {
        let from = ((below - 1) * size + right - 1) * 3;
        let pair = |from: usize| pixels[from..].first_chunk::<6>().copied().unwrap_or_default();
        (pair(from), pair(from + 3 * size))
    } else {
        // One more than the column and row, so that the border is 0.
        let value = |x: usize, y: usize, c: usize| match (1..=size).contains(&x)
            && (1..=size).contains(&y)
        {
            true => pixels[((y - 1) * size + x - 1) * 3 + c],
            false => 0,
        };
        let pair = |y| std::array::from_fn(|i| value(right + i / 3, y, i % 3));
        (pair(below), pair(below + 1))
    };
    let across = |pair: &[u8; 6], c: usize| {
        u32::from(pair[c]) * (256 - right_share) + u32::from(pair[c + 3]) * right_share
    };
    std::array::from_fn(|c| {
        let value = across(&above, c) * (256 - below_share) + across(&under, c) * below_share;
        ((value + (1 << 15)) >> 16) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turned::turned_pixels;

    const STILL: Affine = Affine { angle: 0.0, scale: 1.0, shift_x: 0.0, shift_y: 0.0 };

    /// A mask with one pixel inside, and where it goes.
    fn goes(affine: Affine, size: usize, column: usize, row: usize) -> Vec<(usize, usize)> {
        let mut mask = vec![0; size * size];
        mask[row * size + column] = 255;
        let moved = affine.mask(&mask, size, Turn::IDENTITY);
        let inside = moved.iter().enumerate().filter(|(_, v)| **v == 255);
        inside.map(|(at, _)| (at % size, at / size)).collect()
    }

    #[test]
    fn shifts_go_right_and_down_and_angles_counterclockwise() {
        assert_eq!(goes(Affine { shift_x: 0.2, ..STILL }, 5, 1, 2), [(2, 2)]);
        assert_eq!(goes(Affine { shift_y: 0.4, ..STILL }, 5, 1, 2), [(1, 4)]);
        assert_eq!(goes(Affine { shift_y: 0.4, ..STILL }, 5, 1, 3), []);
        // From the right to the upper right.
        assert_eq!(goes(Affine { angle: 45.0, ..STILL }, 9, 7, 4), [(6, 2)]);
    }

    #[test]
    fn a_scale_above_one_makes_things_larger() {
        let grown = goes(Affine { scale: 3.0, ..STILL }, 9, 4, 4);
        assert_eq!(grown.len(), 9);
        assert!(grown.iter().all(|(x, y)| (3..6).contains(x) && (3..6).contains(y)));
    }

    #[test]
    fn without_movement_a_picture_is_only_turned() {
        let picture = (0..4 * 4 * 3).map(|v| v * 5).collect::<Vec<u8>>();
        let mask = (0..16).map(|v| if v % 3 == 0 { 255 } else { 0 }).collect::<Vec<u8>>();
        for turn in Turn::ALL {
            assert_eq!(STILL.image(&picture, 4, turn), turned_pixels(&picture, 4, 3, turn));
            assert_eq!(STILL.mask(&mask, 4, turn), turned_pixels(&mask, 4, 1, turn));
        }
    }

    /// By hand: half a pixel to the right of 100 beside 200 is 150, and black fades in.
    #[test]
    fn between_pixels_is_between_their_values() {
        let picture = [[100; 3], [200; 3], [100; 3], [200; 3]].concat();
        let moved = Affine { shift_x: 0.25, ..STILL }.image(&picture, 2, Turn::IDENTITY);
        assert_eq!(moved, [[50; 3], [150; 3], [50; 3], [150; 3]].concat());
    }
}
