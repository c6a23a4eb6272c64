//! How alike two pictures are.

use seg_image::RgbImage;

/// A difference hash of 256 bits: of a 17 x 16 miniature in grey, whether each pixel is brighter
/// than the one to its left.
///
/// Own code, since thresholds are known for this form only: the miniature's pixels are means of whole
/// pixels, first along rows, then along columns, rounded each time (Pillow's `BOX`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DifferenceHash([u64; 4]);

const WIDTH: usize = 17;
const HEIGHT: usize = 16;

impl DifferenceHash {
    pub(crate) fn of(image: &RgbImage) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let grey = image.pixels().map(|pixel| luma(pixel.0)).collect::<Vec<_>>();
        let mut bits = [0u64; 4];
        if width == 0 || height == 0 {
            return Self(bits);
        }
        let columns = cells(width, WIDTH);
        let narrow = grey
            .chunks_exact(width)
            .flat_map(|row| columns.iter().map(|cell| mean(row[cell.clone()].iter().copied())))
            .collect::<Vec<_>>(); // [height, 17]
        for (y, cell) in cells(height, HEIGHT).into_iter().enumerate() {
            let small: [u8; WIDTH] = std::array::from_fn(|x| {
                mean(cell.clone().map(|row| narrow[row * WIDTH + x]))
            });
            for (x, pair) in small.windows(2).enumerate() {
                let bit = y * (WIDTH - 1) + x;
                bits[bit / 64] |= u64::from(pair[1] > pair[0]) << (bit % 64);
            }
        }
        Self(bits)
    }

    /// How many bits differ, 0 to 256.
    pub(crate) fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    /// Whether there is too little in the picture for its hash to say anything: an empty picture
    /// would be a duplicate of every other.
    pub(crate) fn is_flat(&self) -> bool {
        const FEWEST: u32 = 16;
        self.0.iter().map(|bits| bits.count_ones()).sum::<u32>() < FEWEST
    }
}

/// The pixels of each cell, at least one.
fn cells(pixels: usize, cells: usize) -> Vec<std::ops::Range<usize>> {
    let border = |cell: usize| (2 * cell * pixels + cells) / (2 * cells); // rounded
    let cell = |i: usize| {
        let start = border(i).min(pixels - 1);
        start..border(i + 1).max(start + 1)
    };
    (0..cells).map(cell).collect()
}

fn mean(values: impl Iterator<Item = u8>) -> u8 {
    let (sum, count) = values.fold((0u32, 0u32), |(sum, n), v| (sum + u32::from(v), n + 1));
    ((sum + count / 2) / count.max(1)) as u8
}

/// ITU-R 601, in Pillow's whole numbers.
fn luma([r, g, b]: [u8; 3]) -> u8 {
    let [r, g, b] = [r, g, b].map(u32::from);
    ((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use seg_image::Rgb;

    /// By hand: brighter to the right everywhere, and nowhere.
    #[test]
    fn a_ramp_has_all_bits_and_its_mirror_none() {
        let ramp = RgbImage::from_fn(170, 32, |x, _| Rgb([x as u8; 3]));
        assert_eq!(DifferenceHash::of(&ramp), DifferenceHash([u64::MAX; 4]));
        let mirror = RgbImage::from_fn(170, 32, |x, _| Rgb([200 - x as u8; 3]));
        assert_eq!(DifferenceHash::of(&mirror), DifferenceHash([0; 4]));
        assert_eq!(DifferenceHash::of(&ramp).distance(&DifferenceHash::of(&mirror)), 256);
    }

    #[test]
    fn every_size_has_a_hash_and_an_empty_picture_a_flat_one() {
        for (width, height) in [(1, 1), (16, 3), (17, 16), (300, 1)] {
            assert!(DifferenceHash::of(&RgbImage::new(width, height)).is_flat());
        }
    }

    #[test]
    fn cells_cover_all_pixels_once() {
        for pixels in [17, 50, 224, 1000] {
            let cells = cells(pixels, WIDTH);
            let all = cells.into_iter().flatten().collect::<Vec<_>>();
            assert_eq!(all, (0..pixels).collect::<Vec<_>>());
        }
        assert!(cells(3, WIDTH).into_iter().all(|cell| cell.len() == 1));
    }
}
