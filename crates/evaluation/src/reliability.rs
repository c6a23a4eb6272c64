//! A reliability diagram.

use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use seg_image::RgbImage;
use seg_metrics::Calibration;

/// Probability against the share of pixels that are inside, in bars, with the line on which they
/// should end; `None` if the font cannot be used.
pub fn reliability_plot(calibration: &Calibration) -> Option<RgbImage> {
    const SIZE: (u32, u32) = (600, 600);
    register_font("sans-serif", FontStyle::Normal, seg_image::FONT).ok()?;
    let mut pixels = vec![255; SIZE.0 as usize * SIZE.1 as usize * 3];
    draw(calibration, &mut pixels, SIZE).ok()?;
    RgbImage::from_raw(SIZE.0, SIZE.1, pixels)
}

fn draw<'a>(
    calibration: &Calibration,
    pixels: &'a mut [u8],
    size: (u32, u32),
) -> Result<(), Box<dyn std::error::Error + 'a>> {
    const BAR: RGBColor = RGBColor(86, 180, 233);
    let area = BitMapBackend::with_buffer(pixels, size).into_drawing_area();
    let title = format!("reliability, ECE {:.4}", calibration.ece());
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 22))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    let mut mesh = chart.configure_mesh();
    let mesh = mesh.light_line_style(WHITE).label_style(("sans-serif", 16));
    mesh.x_desc("probability").y_desc("share of pixels inside").draw()?;
    let width = 1.0 / Calibration::BINS as f64;
    let bars = calibration.bins().iter().enumerate().filter_map(|(place, bin)| {
        let (_, inside) = bin.point()?;
        let left = place as f64 * width;
        Some(Rectangle::new([(left, 0.0), (left + width * 0.92, inside)], BAR.filled()))
    });
    chart.draw_series(bars)?;
    chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], BLACK.stroke_width(1)))?;
    area.present()?;
    Ok(())
}
