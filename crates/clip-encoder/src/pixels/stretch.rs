//! Stretch: Pillow's `resize`, bilinear with the filter widened when shrinking, to the last bit.
//!
//! The horizontal pass runs first, over all rows, and is rounded to bytes, as in Pillow up to 12.
//! (Pillow 13 runs the vertical one first for some shapes, which rounds differently.)

use super::{MaskView, RgbView};

/// Fractional bits of the weights on bytes: 32, less 8 of the pixel, less 2 of headroom.
const BITS: u32 = 22;

/// The picture, `[size, size, 3]`.
pub(super) fn image(picture: RgbView<'_>, size: usize) -> Vec<u8> {
    let narrow = columns_u8(picture, size);
    rows_u8(narrow, picture.height, size)
}

/// The nearest pixels of the mask, `[size, size]`.
pub(super) fn mask(mask: MaskView<'_>, size: usize) -> Vec<u8> {
    let (rows, columns) = (nearest(mask.height, size), nearest(mask.width, size));
    let mut out = Vec::with_capacity(size * size);
    for y in rows {
        let line = &mask.bytes[y * mask.width..(y + 1) * mask.width];
        out.extend(columns.iter().map(|&x| line[x]));
    }
    out
}

/// The map at the picture's size, `[height, width]`: sums in float64, float32 between the passes.
pub(super) fn back(map: &[f32], size: usize, width: usize, height: usize) -> Vec<f32> {
    let mut wide = Vec::with_capacity(size * width);
    if width == size {
        wide.extend_from_slice(map);
    } else {
        let taps = taps(size, width);
        for line in map.chunks_exact(size) {
            wide.extend(taps.iter().map(|tap| {
                let values = &line[tap.first..tap.first + tap.weights.len()];
                values.iter().zip(&tap.weights).map(|(&v, w)| f64::from(v) * w).sum::<f64>() as f32
            }));
        }
    }
    if height == size {
        return wide;
    }
    let mut out = Vec::with_capacity(height * width);
    let mut sums = vec![0.0; width];
    for tap in taps(size, height) {
        sums.fill(0.0);
        for (line, w) in wide.chunks_exact(width).skip(tap.first).zip(&tap.weights) {
            for (sum, &v) in sums.iter_mut().zip(line) {
                *sum += f64::from(v) * w;
            }
        }
        out.extend(sums.iter().map(|&sum: &f64| sum as f32));
    }
    out
}

/// The horizontal pass, skipped where the width stays. `[height, size, 3]`.
fn columns_u8(picture: RgbView<'_>, size: usize) -> Vec<u8> {
    if picture.width == size {
        return picture.bytes.to_vec();
    }
    let taps: Vec<Tap<i32>> = taps(picture.width, size).iter().map(Tap::fixed).collect();
    let mut out = Vec::with_capacity(picture.height * size * 3);
    for line in picture.bytes.chunks_exact(picture.width * 3) {
        for tap in &taps {
            let mut sums = [1 << (BITS - 1); 3];
            for (pixel, w) in line[tap.first * 3..].chunks_exact(3).zip(&tap.weights) {
                for (sum, &v) in sums.iter_mut().zip(pixel) {
                    *sum += w * i32::from(v);
                }
            }
            out.extend(sums.map(to_byte));
        }
    }
    out
}

/// The vertical pass, skipped where the height stays. `[size, size, 3]`.
fn rows_u8(narrow: Vec<u8>, height: usize, size: usize) -> Vec<u8> {
    if height == size {
        return narrow;
    }
    let pitch = size * 3;
    let mut out = Vec::with_capacity(size * pitch);
    let mut sums = vec![0; pitch];
    for tap in taps(height, size).iter().map(Tap::fixed) {
        sums.fill(1 << (BITS - 1));
        for (line, w) in narrow.chunks_exact(pitch).skip(tap.first).zip(&tap.weights) {
            for (sum, &v) in sums.iter_mut().zip(line) {
                *sum += w * i32::from(v);
            }
        }
        out.extend(sums.iter().map(|&sum| to_byte(sum)));
    }
    out
}

/// The weights of a tap sum to at most 1 + 65534 * 2^-23, so sums stay below 2^31.
fn to_byte(sum: i32) -> u8 {
    (sum >> BITS).clamp(0, 255) as u8
}

/// What one output pixel takes from the axis: `weights` from the source pixel `first` on.
struct Tap<T> {
    first: usize,
    weights: Vec<T>,
}

impl Tap<f64> {
    fn fixed(&self) -> Tap<i32> {
        let one = f64::from(1 << BITS);
        // No weight is negative: adding a half and cutting rounds to the nearest.
        let weights = self.weights.iter().map(|w| (0.5 + w * one) as i32).collect();
        Tap { first: self.first, weights }
    }
}

/// The triangle filter from `from` to `to` pixels, in Pillow's order of operations.
fn taps(from: usize, to: usize) -> Vec<Tap<f64>> {
    let scale = from as f64 / to as f64;
    let support = scale.max(1.0);
    let narrowing = 1.0 / support;
    (0..to)
        .map(|i| {
            let center = (i as f64 + 0.5) * scale;
            // A cast cuts toward zero and takes what is below zero as zero.
            let first = (center - support + 0.5) as usize;
            let end = ((center + support + 0.5) as usize).min(from);
            let mut weights: Vec<f64> = (first..end)
                .map(|j| {
                    let distance = ((j as f64 - center + 0.5) * narrowing).abs();
                    if distance < 1.0 { 1.0 - distance } else { 0.0 }
                })
                .collect();
            let sum: f64 = weights.iter().sum();
            if sum != 0.0 {
                let share = 1.0 / sum;
                weights.iter_mut().for_each(|w| *w *= share);
            }
            Tap { first, weights }
        })
        .collect()
}

/// Nearest source indices. Pillow adds the step up in float64; so where the position is a whole
/// number this may take the pixel before (one size in ninety).
fn nearest(from: usize, to: usize) -> Vec<usize> {
    let step = from as f64 / to as f64;
    let mut at = step * 0.5;
    (0..to)
        .map(|_| {
            let index = (at as usize).min(from - 1);
            at += step;
            index
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_of_the_networks_size_is_copied() {
        let bytes: Vec<u8> = (0..4 * 4 * 3).collect();
        assert_eq!(image(RgbView::new(4, 4, &bytes).unwrap(), 4), bytes);
    }

    #[test]
    fn halving_weighs_four_pixels() {
        // Pixels 0..4 of a row of 8 to 4: the inner taps weigh 1, 3, 3, 1 of 8.
        let tap = &taps(8, 4)[1];
        assert_eq!(tap.first, 1);
        assert_eq!(tap.weights, [0.125, 0.375, 0.375, 0.125]);
    }

    #[test]
    fn long_axes_do_not_overflow() {
        let bytes = vec![255; 32767 * 2 * 3];
        let white = vec![255; 3];
        assert_eq!(image(RgbView::new(32767, 2, &bytes).unwrap(), 1), white);
        assert_eq!(image(RgbView::new(2, 32767, &bytes).unwrap(), 1), white);
    }
}
