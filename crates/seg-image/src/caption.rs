//! Text on pictures.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use image::{Rgb, RgbImage};

/// The font of captions, for other drawings in their style: DejaVu Sans, Latin and Greek (TrueType;
/// see assets/NOTICE).
pub const FONT: &[u8] = include_bytes!("../assets/caption-sans.ttf");

/// Words of `text` in lines of at most `width` pixels at `size` pixels a line; a longer word is
/// cut.
pub(crate) fn wrap(text: &str, size: f32, width: f32) -> Vec<String> {
    let Ok(font) = FontRef::try_from_slice(FONT) else { return Vec::new() };
    let font = font.as_scaled(PxScale::from(size));
    let length = |text: &str| text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum::<f32>();
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split_whitespace() {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if length(&longer) <= width {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            line.push(c);
            if length(&line) > width {
                line.pop();
                lines.push(std::mem::replace(&mut line, c.to_string()));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// One line of text whose box begins at (`left`, `top`), blended by coverage.
pub(crate) fn draw(image: &mut RgbImage, text: &str, left: f32, top: f32, size: f32, ink: [u8; 3]) {
    let Ok(font) = FontRef::try_from_slice(FONT) else { return };
    let scaled = font.as_scaled(PxScale::from(size));
    let (mut x, baseline) = (left, top + scaled.ascent());
    for c in text.chars() {
        let id = scaled.glyph_id(c);
        let glyph = id.with_scale_and_position(PxScale::from(size), point(x, baseline));
        x += scaled.h_advance(id);
        let Some(outline) = scaled.outline_glyph(glyph) else { continue };
        let corner = outline.px_bounds().min;
        outline.draw(|dx, dy, coverage| {
            let (px, py) = (corner.x + dx as f32, corner.y + dy as f32);
            if px < 0.0 || py < 0.0 {
                return;
            }
            if let Some(pixel) = image.get_pixel_mut_checked(px as u32, py as u32) {
                *pixel = blend(*pixel, ink, coverage.clamp(0.0, 1.0));
            }
        });
    }
}

/// `share` of `ink` over the pixel.
pub(crate) fn blend(pixel: Rgb<u8>, ink: [u8; 3], share: f32) -> Rgb<u8> {
    let mix = |a: u8, b: u8| (f32::from(a) * (1.0 - share) + f32::from(b) * share).round() as u8;
    Rgb([mix(pixel[0], ink[0]), mix(pixel[1], ink[1]), mix(pixel[2], ink[2])])
}
