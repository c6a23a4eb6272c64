//! A mask on its picture, with the sentence below; many such pictures on one sheet.

use image::{RgbImage, imageops};

use crate::caption::{blend, draw, wrap};
use crate::mask::BinaryMask;

/// Colours and sizes of an overlay.
#[derive(Clone, Debug, PartialEq)]
pub struct OverlayStyle {
    /// Colour of the mask.
    pub color: [u8; 3],
    /// Colour of the reference mask's outline.
    pub reference: [u8; 3],
    /// Share of the colour inside the mask, in `[0, 1]`.
    pub tint: f32,
    /// A smaller picture is enlarged by a whole factor to at least this width, in pixels.
    pub min_width: u32,
    /// Height of the caption's lines, in pixels.
    pub text_size: f32,
}

impl Default for OverlayStyle {
    /// Amber on grey, green for the reference: told apart by colour-blind people too.
    fn default() -> Self {
        Self {
            color: [255, 176, 0],
            reference: [64, 220, 160],
            tint: 0.3,
            min_width: 448,
            text_size: 18.0,
        }
    }
}

/// The picture with the mask tinted and outlined, and the caption in a strip below.
pub fn overlay(
    image: &RgbImage,
    mask: &BinaryMask,
    style: &OverlayStyle,
    caption: &str,
) -> RgbImage {
    overlay_with_reference(image, mask, None, style, caption)
}

/// [`overlay`] with the outline of a reference mask.
pub fn overlay_with_reference(
    image: &RgbImage,
    mask: &BinaryMask,
    reference: Option<&BinaryMask>,
    style: &OverlayStyle,
    caption: &str,
) -> RgbImage {
    let (width, height) = (image.width().max(1), image.height().max(1));
    // A tall strip is not enlarged beyond what a screen shows.
    let room = (2048 / height).max(1);
    let factor = style.min_width.div_ceil(width).clamp(1, room);
    let (wide, high) = (width * factor, height * factor);
    let mut picture = imageops::resize(image, wide, high, imageops::FilterType::Triangle);
    let mask = mask.resize_nearest(wide, high);
    let reference = reference.map(|mask| mask.resize_nearest(wide, high));
    let thick = 1 + wide.min(high) / 300;
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        if mask.get(x, y) {
            let share = if near_edge(&mask, x, y, thick) { 1.0 } else { style.tint };
            *pixel = blend(*pixel, style.color, share);
        }
        if let Some(reference) = &reference
            && reference.get(x, y)
            && near_edge(reference, x, y, thick)
        {
            *pixel = blend(*pixel, style.reference, 1.0);
        }
    }
    with_caption(&picture, style, caption)
}

/// Whether a pixel inside lies within `thick` pixels of the mask's outside, along an axis.
fn near_edge(mask: &BinaryMask, x: u32, y: u32, thick: u32) -> bool {
    (0..thick).any(|d| {
        let around = [(x.saturating_sub(d), y), (x + d, y), (x, y.saturating_sub(d)), (x, y + d)];
        around.iter().any(|(x, y)| mask.is_edge(*x, *y))
    })
}

fn with_caption(picture: &RgbImage, style: &OverlayStyle, caption: &str) -> RgbImage {
    /// Around the text, in pixels.
    const MARGIN: f32 = 10.0;
    const PAPER: [u8; 3] = [24, 26, 30];
    const INK: [u8; 3] = [238, 238, 238];
    /// Longer captions are cut: the picture is what matters.
    const LINES: usize = 6;
    let width = picture.width().max(style.min_width.min(448));
    let mut lines = wrap(caption, style.text_size, width as f32 - 2.0 * MARGIN);
    lines.truncate(LINES);
    let pace = style.text_size * 1.25;
    let strip = match lines.len() {
        0 => 0,
        n => (2.0 * MARGIN + pace * n as f32).ceil() as u32,
    };
    let mut sheet = RgbImage::from_pixel(width, picture.height() + strip, image::Rgb(PAPER));
    imageops::replace(&mut sheet, picture, i64::from((width - picture.width()) / 2), 0);
    for (i, line) in lines.iter().enumerate() {
        let top = picture.height() as f32 + MARGIN + pace * i as f32;
        draw(&mut sheet, line, MARGIN, top, style.text_size, INK);
    }
    sheet
}

/// The picture with left and right exchanged.
pub fn flip_horizontal(picture: &RgbImage) -> RgbImage {
    imageops::flip_horizontal(picture)
}

/// Pictures in rows of `columns`, each at the top left of its cell.
pub fn contact_sheet(tiles: &[RgbImage], columns: usize) -> RgbImage {
    /// Between the pictures, in pixels.
    const GAP: u32 = 8;
    let columns = columns.clamp(1, tiles.len().max(1));
    let wide = tiles.iter().map(RgbImage::width).max().unwrap_or(0) + GAP;
    let rows = tiles.chunks(columns);
    let heights = rows.clone().map(|row| row.iter().map(RgbImage::height).max().unwrap_or(0) + GAP);
    let heights = heights.collect::<Vec<_>>();
    let size = (wide * columns as u32 + GAP, heights.iter().sum::<u32>() + GAP);
    let mut sheet = RgbImage::from_pixel(size.0, size.1, image::Rgb([255; 3]));
    let mut top = GAP;
    for (row, height) in rows.zip(heights) {
        for (i, tile) in row.iter().enumerate() {
            let left = GAP + i as u32 * wide;
            imageops::replace(&mut sheet, tile, i64::from(left), i64::from(top));
        }
        top += height;
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_of_picture_gives_an_overlay() {
        for (width, height) in [(1, 1), (3, 900), (2000, 2), (224, 224)] {
            let image = RgbImage::new(width, height);
            let mask = BinaryMask::from_fn(width, height, |x, _| x < width / 2 + 1);
            let sentence = "Bilateral pulmonary infection, two infected areas ".repeat(9);
            let picture = overlay(&image, &mask, &OverlayStyle::default(), &sentence);
            assert!(picture.width() >= width && picture.height() > height, "{width} x {height}");
        }
    }

    #[test]
    fn outside_the_mask_the_picture_stays_as_it_is() {
        let image = RgbImage::from_pixel(500, 20, image::Rgb([9, 9, 9]));
        let mask = BinaryMask::from_fn(500, 20, |x, _| x < 100);
        let picture = overlay(&image, &mask, &OverlayStyle::default(), "");
        assert_eq!(picture.dimensions(), (500, 20));
        assert_eq!(picture.get_pixel(300, 10).0, [9, 9, 9]);
        assert_ne!(picture.get_pixel(50, 10).0, [9, 9, 9]);
    }

    #[test]
    fn a_sheet_holds_every_tile() {
        let tiles = vec![RgbImage::new(10, 20), RgbImage::new(30, 5), RgbImage::new(7, 7)];
        assert_eq!(contact_sheet(&tiles, 2).dimensions(), (2 * 38 + 8, 28 + 15 + 8));
        assert_eq!(contact_sheet(&[], 3).dimensions(), (16, 8));
    }
}
