//! How alike two pictures are.

use seg_image::RgbImage;

/// A difference hash of 256 bits: whether each pixel of a grey 17 x 16 miniature is brighter than
/// the one to its left.
///
/// It is implemented here since published thresholds are for this form: bit by bit what Pillow's
/// `BOX` miniature gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DifferenceHash([u64; 4]);

const WIDTH: usize = 17;
const HEIGHT: usize = 16;

impl DifferenceHash {
    pub(crate) fn from_image(image: &RgbImage) -> Self {
        let mut bits = [0u64; 4];
        for (y, row) in miniature(image, WIDTH, HEIGHT).chunks_exact(WIDTH).enumerate() {
            for (x, pair) in row.windows(2).enumerate() {
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

/// How alike two pictures' grey values are, whatever their brightness and contrast.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Thumbnail(Vec<f32>);

impl Thumbnail {
    pub(crate) fn from_image(image: &RgbImage) -> Self {
        const SIDE: usize = 32;
        let small = miniature(image, SIDE, SIDE);
        let mean = small.iter().map(|v| f32::from(*v)).sum::<f32>() / small.len().max(1) as f32;
        let centred = small.iter().map(|v| f32::from(*v) - mean).collect::<Vec<_>>();
        let length = centred.iter().map(|v| v * v).sum::<f32>().sqrt().max(1.0);
        Self(centred.into_iter().map(|v| v / length).collect())
    }

    /// Pearson's, in `[-1, 1]`; 0 for a picture of one grey.
    pub(crate) fn correlation(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }
}

/// The picture in grey and small: means of whole pixels, first along rows, then along columns,
/// rounded each time. Empty for a picture without pixels.
fn miniature(image: &RgbImage, wide: usize, high: usize) -> Vec<u8> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    if width == 0 || height == 0 {
        return Vec::new();
    }
    let grey = image.pixels().map(|pixel| luma(pixel.0)).collect::<Vec<_>>();
    let columns = cells(width, wide);
    let narrow = grey
        .chunks_exact(width)
        .flat_map(|row| columns.iter().map(|cell| mean(row[cell.clone()].iter().copied())))
        .collect::<Vec<_>>(); // [height, wide]
    let rows = cells(height, high).into_iter();
    rows.flat_map(|cell| {
        let narrow = &narrow;
        (0..wide).map(move |x| mean(cell.clone().map(|row| narrow[row * wide + x])))
    })
    .collect()
}

/// The pixels of each cell: all once, or the nearest one where there are fewer than cells.
fn cells(pixels: usize, cells: usize) -> Vec<std::ops::Range<usize>> {
    let border = |cell: usize| (2 * cell * pixels + cells) / (2 * cells); // rounded
    let nearest = |cell: usize| (2 * cell + 1) * pixels / (2 * cells);
    let cell = |i: usize| match pixels < cells {
        true => nearest(i)..nearest(i) + 1,
        false => border(i)..border(i + 1),
    };
    (0..cells).map(cell).collect()
}

/// Rounds as Pillow does, whose weights have 22 bits: an exact half goes up or down.
fn mean(values: impl Iterator<Item = u8>) -> u8 {
    const BITS: u32 = 22;
    let (sum, count) = values.fold((0u64, 0u64), |(sum, n), v| (sum + u64::from(v), n + 1));
    let count = count.max(1);
    let share = ((1 << BITS) + count / 2) / count;
    ((sum * share + (1 << (BITS - 1))) >> BITS).min(255) as u8
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
        assert_eq!(DifferenceHash::from_image(&ramp), DifferenceHash([u64::MAX; 4]));
        let mirror = RgbImage::from_fn(170, 32, |x, _| Rgb([200 - x as u8; 3]));
        assert_eq!(DifferenceHash::from_image(&mirror), DifferenceHash([0; 4]));
        assert_eq!(
            DifferenceHash::from_image(&ramp).distance(&DifferenceHash::from_image(&mirror)),
            256
        );
    }

    /// Pillow 13.0: `convert("L").resize((17, 16), BOX)`, then brighter than the one to the left.
    #[test]
    fn the_hash_is_pillows() {
        let cases = [
            (
                50,
                37,
                [0x193f197f5b7f537f, 0xd4cf8cdfaddfb9bf, 0x679deb33ce77d66f, 0x9973bae732cf75de],
            ),
            (
                224,
                224,
                [0xa08ca0924355542b, 0x516d2ca2a64944a5, 0x4954d54b48d32b24, 0x69125134a2c4451a],
            ),
            (
                40,
                9,
                [0xcdffcdff89ff89ff, 0xcdffcdffcdffcdff, 0xcdffcdffcdffcdff, 0xc6ffc6ffcdffcdff],
            ),
        ];
        for (width, height, expected) in cases {
            let image = RgbImage::from_fn(width, height, |x, y| {
                let v = (x * x * 7 + y * y * 5 + x * y * 3) / 16;
                Rgb([v, v / 2 + x, v / 3 + y].map(|v| (v % 256) as u8))
            });
            assert_eq!(
                DifferenceHash::from_image(&image),
                DifferenceHash(expected),
                "{width} x {height}"
            );
        }
    }

    #[test]
    fn thumbnails_are_alike_whatever_the_brightness() {
        let picture = |shift: u8, factor: u32| {
            RgbImage::from_fn(64, 48, |x, y| Rgb([((x * y / 20 + x) / factor) as u8 + shift; 3]))
        };
        let (a, b) =
            (Thumbnail::from_image(&picture(0, 1)), Thumbnail::from_image(&picture(40, 2)));
        assert!(a.correlation(&b) > 0.99);
        let turned = Thumbnail::from_image(&image::imageops::flip_horizontal(&picture(0, 1)));
        assert!(a.correlation(&turned) < 0.0);
        assert_eq!(Thumbnail::from_image(&RgbImage::new(5, 5)).correlation(&a), 0.0);
        assert_eq!(Thumbnail::from_image(&RgbImage::new(0, 5)).correlation(&a), 0.0);
    }

    #[test]
    fn every_size_has_a_hash_and_an_empty_picture_a_flat_one() {
        for (width, height) in [(0, 4), (1, 1), (16, 3), (17, 16), (300, 1)] {
            assert!(DifferenceHash::from_image(&RgbImage::new(width, height)).is_flat());
        }
    }

    #[test]
    fn cells_cover_all_pixels_once() {
        for pixels in [17, 50, 224, 1000] {
            let cells = cells(pixels, WIDTH);
            let all = cells.into_iter().flatten().collect::<Vec<_>>();
            assert_eq!(all, (0..pixels).collect::<Vec<_>>());
        }
        assert!(cells(3, WIDTH).into_iter().all(|cell| cell.len() == 1 && cell.end <= 3));
    }
}
