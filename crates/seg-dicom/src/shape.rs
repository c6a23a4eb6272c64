//! Pixels that are not square, and the grid that masks go back to.

use dicom_dictionary_std::tags;
use image::RgbImage;
use image::imageops::{self, FilterType};

use crate::MAX_PIXELS;
use crate::error::Problem;

/// The size at which a picture of pixels so much taller than wide has square ones, in columns and rows. Its
/// coarser side grows: nothing is lost.
///
/// # Errors
///
/// If the picture would grow beyond the limits, or the ratio is none that pixels have.
pub(crate) fn shown_size(columns: u32, rows: u32, ratio: f64) -> Result<(u32, u32), Problem> {
    /// Less is a rounding of what is written.
    const LEAST: f64 = 0.01;
    /// More is a mistake.
    const MOST: f64 = 20.0;
    if (ratio - 1.0).abs() < LEAST {
        return Ok((columns, rows));
    }
    if !(1.0 / MOST..=MOST).contains(&ratio) {
        let found = format!("{ratio:.3} times as tall as wide");
        let expected = "pixels of 1:20 to 20:1";
        return Err(Problem::Value { tag: tags::PIXEL_ASPECT_RATIO, found, expected });
    }
    let grown = |side: u32, by: f64| (f64::from(side) * by).round().max(1.0) as u32;
    let (columns, rows) = match ratio > 1.0 {
        true => (columns, grown(rows, ratio)),
        false => (grown(columns, 1.0 / ratio), rows),
    };
    if u64::from(columns) * u64::from(rows) > MAX_PIXELS {
        return Err(Problem::TooManyPixels { rows, columns });
    }
    Ok((columns, rows))
}

/// The picture at another size.
pub(crate) fn resized(image: RgbImage, (columns, rows): (u32, u32)) -> RgbImage {
    if image.dimensions() == (columns, rows) {
        return image;
    }
    imageops::resize(&image, columns, rows, FilterType::Triangle)
}

/// A mask at another size, row by row: each pixel as the nearest one.
pub(crate) fn mask_at(values: &[bool], from: (u32, u32), to: (u32, u32)) -> Vec<bool> {
    if from == to {
        return values.to_vec();
    }
    // The cell that the new pixel's centre falls into.
    let near = |at: u32, to: u32, from: u32| {
        ((2 * u64::from(at) + 1) * u64::from(from) / (2 * u64::from(to.max(1)))) as usize
    };
    let mut out = Vec::with_capacity(to.0 as usize * to.1 as usize);
    for y in 0..to.1 {
        let start = near(y, to.1, from.1) * from.0 as usize;
        let inside = |x| values.get(start + near(x, to.0, from.0)).copied().unwrap_or(false);
        out.extend((0..to.0).map(inside));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarser_side_grows() {
        assert_eq!(shown_size(52, 40, 2.0).unwrap(), (52, 80));
        assert_eq!(shown_size(52, 40, 0.5).unwrap(), (104, 40));
        assert_eq!(shown_size(52, 40, 1.005).unwrap(), (52, 40));
        assert!(shown_size(52, 40, 100.0).is_err() && shown_size(60000, 1000, 2.0).is_err());
    }

    #[test]
    fn a_mask_comes_back_from_a_grown_picture() {
        let mask = (0..15).map(|at| at % 4 == 1).collect::<Vec<_>>();
        let grown = mask_at(&mask, (5, 3), (5, 6));
        assert_eq!(mask_at(&grown, (5, 6), (5, 3)), mask);
    }
}
