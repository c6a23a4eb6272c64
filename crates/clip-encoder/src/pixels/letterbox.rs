//! Letterbox: OpenCV 4's `warpAffine` for a scale and a shift, to the last bit.
//!
//! The rules (fixed-point coordinates, rounding of the weights) are those of OpenCV's
//! `imgwarp.cpp`; OpenCV 5 has other kernels and other pixels.

use std::sync::LazyLock;

use super::{MaskView, RgbView, View};

/// CLIP's mean colour as a byte: what OpenCV makes of `mean * 255` on 8-bit pictures.
const BORDER: [u8; 3] = [123, 117, 104];

/// Weights of a window of `N` x `N` pixels, rows first.
type Window<T, const N: usize> = [[T; N]; N];

/// Source coordinates have 5 fractional bits.
const STEPS: usize = 32;

/// The picture in the square, bicubic. `[size, size, 3]`.
pub(super) fn image(picture: RgbView<'_>, size: usize) -> Vec<u8> {
    let axes = Placement::new(picture.width, picture.height, size).inverse().axes(size, size);
    warp(picture, &axes, &CUBIC.fixed, BORDER)
}

/// The mask in the square, bilinear, outside 0. `[size, size]`.
pub(super) fn mask(mask: MaskView<'_>, size: usize) -> Vec<u8> {
    let axes = Placement::new(mask.width, mask.height, size).inverse().axes(size, size);
    warp(mask, &axes, &LINEAR, [0])
}

/// The square's map on the picture's pixels, bicubic, outside 0. `[height, width]`.
pub(super) fn back(map: &[f32], size: usize, width: usize, height: usize) -> Vec<f32> {
    let placement = Placement::new(width, height, size);
    // The reference fits the inverse matrix from the corner points, and `warpAffine` inverts that
    // again. In floats this is nearly, not exactly, the forward placement.
    let fitted = Placement {
        x_scale: width as f64 / (placement.x_scale * width as f64),
        y_scale: height as f64 / (placement.y_scale * height as f64),
        ..placement
    };
    let fitted = Placement {
        x_shift: -fitted.x_scale * placement.x_shift,
        y_shift: -fitted.y_scale * placement.y_shift,
        ..fitted
    };
    let axes = fitted.inverse().axes(width, height);

    let mut out = Vec::with_capacity(width * height);
    for row in &axes.rows {
        for column in &axes.columns {
            out.push(cubic_at(map, size, column, row));
        }
    }
    out
}

/// Where the picture lies in the square: `square = scale * picture + shift`, a scale and a shift
/// for each axis.
#[derive(Clone, Copy)]
struct Placement {
    x_scale: f64,
    y_scale: f64,
    x_shift: f64,
    y_shift: f64,
}

impl Placement {
    /// The corner points pass through float32 in the reference; this moves coordinates by up to
    /// 1e-5 px and is part of the rule.
    fn new(width: usize, height: usize, size: usize) -> Self {
        let (w, h, s) = (width as f64, height as f64, size as f64);
        let scale = (s / h).min(s / w);
        let (new_w, new_h) = (w * scale, h * scale);
        let (left, top) = ((s - new_w) / 2.0, (s - new_h) / 2.0);
        let point = |v: f64| f64::from(v as f32);
        Self {
            x_scale: (point(new_w + left) - point(left)) / w,
            y_scale: (point(new_h + top) - point(top)) / h,
            x_shift: point(left),
            y_shift: point(top),
        }
    }

    /// The inverse in OpenCV's order of operations: by the determinant, then the shift.
    fn inverse(self) -> Self {
        let d = 1.0 / (self.x_scale * self.y_scale);
        let (x_scale, y_scale) = (self.y_scale * d, self.x_scale * d);
        Self {
            x_scale,
            y_scale,
            x_shift: -x_scale * self.x_shift,
            y_shift: -y_scale * self.y_shift,
        }
    }

    /// Source coordinates of each output column and row.
    ///
    /// In x, slope and shift are rounded to 1/1024 px apart; in y, their sum is rounded once.
    fn axes(self, width: usize, height: usize) -> Axes {
        let x_shift = (self.x_shift * 1024.0).round_ties_even() as i64;
        let columns = (0..width)
            .map(|x| (self.x_scale * x as f64 * 1024.0).round_ties_even() as i64 + x_shift);
        let rows = (0..height)
            .map(|y| ((self.y_scale * y as f64 + self.y_shift) * 1024.0).round_ties_even() as i64);
        Axes {
            columns: columns.map(Place::from_1024ths).collect(),
            rows: rows.map(Place::from_1024ths).collect(),
        }
    }
}

struct Axes {
    columns: Vec<Place>,
    rows: Vec<Place>,
}

/// A source coordinate: whole pixels and 32nds.
struct Place {
    pixel: i64,
    fraction: usize,
}

impl Place {
    fn from_1024ths(v: i64) -> Self {
        let v = (v + 16) >> 5; // to the nearest 1/32
        Self {
            // OpenCV keeps whole pixels in 16 bits.
            pixel: (v >> 5).clamp(i16::MIN.into(), i16::MAX.into()),
            fraction: (v & 31) as usize,
        }
    }
}

/// The first of the `N` source indices at `pixel`, if the whole window lies in `0..len`.
fn whole_window<const N: usize>(pixel: i64, len: usize) -> Option<usize> {
    let first = usize::try_from(pixel - (N as i64 / 2 - 1)).ok()?;
    (first + N <= len).then_some(first)
}

/// `pixel + tap` of a window of `N`, if it lies in `0..len`.
fn inside<const N: usize>(pixel: i64, tap: usize, len: usize) -> Option<usize> {
    let at = usize::try_from(pixel - (N as i64 / 2 - 1) + tap as i64).ok()?;
    (at < len).then_some(at)
}

fn warp<const C: usize, const N: usize>(
    source: View<'_, C>,
    axes: &Axes,
    weights: &[Window<i32, N>],
    border: [u8; C],
) -> Vec<u8> {
    let pitch = source.width * C;
    let border_row: Vec<u8> = border.iter().copied().cycle().take(pitch).collect();
    let mut out = Vec::with_capacity(axes.rows.len() * axes.columns.len() * C);
    for row in &axes.rows {
        // Rows beyond the picture are read from a row of border colour.
        let lines: [&[u8]; N] =
            std::array::from_fn(|tap| match inside::<N>(row.pixel, tap, source.height) {
                Some(y) => &source.bytes[y * pitch..(y + 1) * pitch],
                None => &border_row[..],
            });
        let weights = &weights[row.fraction * STEPS..(row.fraction + 1) * STEPS];
        for column in &axes.columns {
            let weights = &weights[column.fraction];
            let mut sums = [1 << 14; C]; // a half, for the rounding of the shift below
            if let Some(x) = whole_window::<N>(column.pixel, source.width) {
                for (line, weights) in lines.iter().zip(weights) {
                    for (pixel, &weight) in line[x * C..(x + N) * C].chunks_exact(C).zip(weights) {
                        for (sum, &v) in sums.iter_mut().zip(pixel) {
                            *sum += weight * i32::from(v);
                        }
                    }
                }
            } else {
                for (line, weights) in lines.iter().zip(weights) {
                    for (tap, &weight) in weights.iter().enumerate() {
                        let pixel = match inside::<N>(column.pixel, tap, source.width) {
                            Some(x) => &line[x * C..(x + 1) * C],
                            None => &border[..],
                        };
                        for (sum, &v) in sums.iter_mut().zip(pixel) {
                            *sum += weight * i32::from(v);
                        }
                    }
                }
            }
            out.extend(sums.map(|sum| (sum >> 15).clamp(0, 255) as u8));
        }
    }
    out
}

/// One value of the map in float32, summed in OpenCV's order: row by row where the whole window
/// is inside, one product after the other where it is not.
fn cubic_at(map: &[f32], size: usize, column: &Place, row: &Place) -> f32 {
    let weights = &CUBIC.float[row.fraction * STEPS + column.fraction];
    if let (Some(x), Some(y)) =
        (whole_window::<4>(column.pixel, size), whole_window::<4>(row.pixel, size))
    {
        let mut total = 0.0;
        for (tap, w) in weights.iter().enumerate() {
            let v = &map[(y + tap) * size + x..][..4];
            let sum = v[0] * w[0] + v[1] * w[1] + v[2] * w[2] + v[3] * w[3];
            total = if tap == 0 { sum } else { total + sum };
        }
        return total;
    }
    let mut total = 0.0;
    for (tap_y, w) in weights.iter().enumerate() {
        let Some(y) = inside::<4>(row.pixel, tap_y, size) else { continue };
        for (tap_x, &w) in w.iter().enumerate() {
            let Some(x) = inside::<4>(column.pixel, tap_x, size) else { continue };
            total += map[y * size + x] * w;
        }
    }
    total
}

/// Bicubic windows for all 32 x 32 fractions, at `fraction_y * 32 + fraction_x`.
struct Cubic {
    float: Vec<Window<f32, 4>>,
    /// The windows in 1/32768, rounded so that each window sums to one.
    fixed: Vec<Window<i32, 4>>,
}

static CUBIC: LazyLock<Cubic> = LazyLock::new(|| {
    let line: Vec<[f32; 4]> = (0..STEPS).map(cubic_line).collect();
    let float: Vec<Window<f32, 4>> = (0..STEPS * STEPS)
        .map(|at| line[at / STEPS].map(|y| line[at % STEPS].map(|x| y * x)))
        .collect();
    let fixed = float.iter().map(fixed_window).collect();
    Cubic { float, fixed }
});

/// Bilinear windows for all 32 x 32 fractions in 1/32768; all exact.
static LINEAR: LazyLock<Vec<Window<i32, 2>>> = LazyLock::new(|| {
    let line = |step: usize| [(STEPS - step) as i32, step as i32];
    (0..STEPS * STEPS)
        .map(|at| line(at / STEPS).map(|y| line(at % STEPS).map(|x| y * x * 32)))
        .collect()
});

/// Cubic convolution with a = -0.75 at `step / 32`; every value is exact in float32.
fn cubic_line(step: usize) -> [f32; 4] {
    const A: f32 = -0.75;
    let t = step as f32 / STEPS as f32;
    let (u, v) = (t + 1.0, 1.0 - t);
    let c0 = ((A * u - 5.0 * A) * u + 8.0 * A) * u - 4.0 * A;
    let c1 = ((A + 2.0) * t - (A + 3.0)) * t * t + 1.0;
    let c2 = ((A + 2.0) * v - (A + 3.0)) * v * v + 1.0;
    [c0, c1, c2, 1.0 - c0 - c1 - c2]
}

/// Weights in 1/32768. What rounding adds or takes goes to one of the four weights of rows and
/// columns 2 and 3: OpenCV searches no others.
fn fixed_window(float: &Window<f32, 4>) -> Window<i32, 4> {
    let mut fixed = float.map(|row| row.map(|w| (w * 32768.0).round_ties_even() as i32));
    for w in fixed.iter_mut().flatten() {
        *w = (*w).clamp(i16::MIN.into(), i16::MAX.into());
    }
    let excess = fixed.iter().flatten().sum::<i32>() - 32768;
    let (mut smallest, mut largest) = ((2, 2), (2, 2));
    for at in [(2, 2), (2, 3), (3, 2), (3, 3)] {
        let w = fixed[at.0][at.1];
        if w < fixed[smallest.0][smallest.1] {
            smallest = at;
        } else if w > fixed[largest.0][largest.1] {
            largest = at;
        }
    }
    let (y, x) = if excess < 0 { largest } else { smallest };
    fixed[y][x] -= excess;
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_sums_to_one() {
        assert!(CUBIC.fixed.iter().all(|w| w.iter().flatten().sum::<i32>() == 32768));
        assert!(LINEAR.iter().all(|w| w.iter().flatten().sum::<i32>() == 32768));
    }

    #[test]
    fn a_square_of_its_own_size_is_copied() {
        let bytes: Vec<u8> = (0..5 * 5 * 3).map(|v| (v * 37 % 256) as u8).collect();
        let picture = RgbView::new(5, 5, &bytes).unwrap();
        assert_eq!(image(picture, 5), bytes);
    }

    #[test]
    fn beside_the_picture_is_the_border_colour() {
        let picture = RgbView::new(64, 1, &[255; 64 * 3]).unwrap();
        let out = image(picture, 64);
        assert_eq!(out[..3], BORDER);
        assert_eq!(out[out.len() - 3..], BORDER);
    }
}
