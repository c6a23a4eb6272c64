//! Losses and scores over a training, as a picture.

use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use seg_image::RgbImage;

/// What the curves are drawn from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Curves {
    /// (step, causal loss, confounding loss); the latter is 0 in warm-up and without a game.
    pub losses: Vec<(f64, f64, f64)>,
    /// (step, per-image mean Dice on the validation cases).
    pub dice: Vec<(f64, f64)>,
}

const SIZE: (u32, u32) = (960, 720);
/// Blue, vermilion and green of Okabe and Ito: told apart by colour-blind people too.
const CAUSAL: RGBColor = RGBColor(0, 114, 178);
const CONFOUNDING: RGBColor = RGBColor(213, 94, 0);
const DICE: RGBColor = RGBColor(0, 158, 115);

impl Curves {
    /// Takes a line of the log.
    pub fn take(&mut self, line: &serde_json::Value) {
        let number = |key: &str| line.get(key).and_then(serde_json::Value::as_f64);
        match (number("step"), number("causal"), number("validation_dice")) {
            (Some(step), Some(causal), _) => {
                self.losses.push((step, causal, number("confounding").unwrap_or(0.0)));
            }
            (Some(step), None, Some(dice)) => self.dice.push((step, dice)),
            _ => {}
        }
    }

    /// Losses above, validation Dice below; `None` if the font cannot be used.
    pub fn draw(&self) -> Option<RgbImage> {
        register_font("sans-serif", FontStyle::Normal, seg_image::FONT).ok()?;
        let mut pixels = vec![255; SIZE.0 as usize * SIZE.1 as usize * 3];
        self.draw_into(&mut pixels).ok()?;
        RgbImage::from_raw(SIZE.0, SIZE.1, pixels)
    }

    fn draw_into(&self, pixels: &mut [u8]) -> Result<(), Box<dyn std::error::Error + '_>> {
        let area = BitMapBackend::with_buffer(pixels, SIZE).into_drawing_area();
        let (above, below) = area.split_vertically(SIZE.1 * 55 / 100);
        let last = |points: &[(f64, f64)]| points.last().map_or(0.0, |point| point.0);
        let causal = smooth(self.losses.iter().map(|(step, causal, _)| (*step, *causal)));
        let played = self.losses.iter().filter(|(_, _, confounding)| *confounding > 0.0);
        let confounding = smooth(played.map(|(step, _, confounding)| (*step, *confounding)));
        let end = last(&causal).max(last(&self.dice)).max(1.0);
        let top = causal.iter().chain(&confounding).map(|point| point.1).fold(0.1, f64::max) * 1.05;

        let mut chart = ChartBuilder::on(&above)
            .caption("losses of the branches, smoothed", ("sans-serif", 22))
            .margin(12)
            .x_label_area_size(28)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..end, 0.0..top)?;
        chart.configure_mesh().light_line_style(WHITE).label_style(("sans-serif", 16)).draw()?;
        for (points, color, label) in
            [(causal, CAUSAL, "causal"), (confounding, CONFOUNDING, "confounding")]
        {
            if !points.is_empty() {
                let line = LineSeries::new(points, color.stroke_width(2));
                chart.draw_series(line)?.label(label).legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2))
                });
            }
        }
        chart
            .configure_series_labels()
            .background_style(WHITE)
            .label_font(("sans-serif", 18))
            .draw()?;

        let mut chart = ChartBuilder::on(&below)
            .caption("validation, per-image mean Dice", ("sans-serif", 22))
            .margin(12)
            .x_label_area_size(28)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..end, 0.0..1.0)?;
        let mut mesh = chart.configure_mesh();
        mesh.light_line_style(WHITE).label_style(("sans-serif", 16)).x_desc("step").draw()?;
        chart.draw_series(LineSeries::new(self.dice.clone(), DICE.stroke_width(2)))?;
        let dots = self.dice.iter().map(|point| Circle::new(*point, 4, DICE.filled()));
        chart.draw_series(dots)?;
        area.present()?;
        Ok(())
    }
}

/// An exponential mean over about a fiftieth of the points, and at most 2000 of them.
fn smooth(points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    const MOST: usize = 2000;
    let points = points.collect::<Vec<_>>();
    let count = points.len();
    let weight = 1.0 / (count as f64 / 50.0).max(1.0);
    let mut mean = None;
    let smoothed = points.into_iter().map(|(step, value)| {
        let next = mean.map_or(value, |mean| mean + (value - mean) * weight);
        mean = Some(next);
        (step, next)
    });
    smoothed.collect::<Vec<_>>().into_iter().step_by(count.div_ceil(MOST).max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_drawn_in_their_colours() {
        let mut curves = Curves::default();
        for step in 0..100 {
            curves.take(&serde_json::json!({
                "step": step, "causal": 1.0 / (step + 1) as f64, "confounding": 0.5,
            }));
        }
        curves.take(&serde_json::json!({ "step": 99, "epoch": 1, "validation_dice": 0.7 }));
        let picture = curves.draw().unwrap();
        for color in [CAUSAL, CONFOUNDING, DICE] {
            let found = picture.pixels().any(|pixel| pixel.0 == [color.0, color.1, color.2]);
            assert!(found, "{color:?}");
        }
        assert!(Curves::default().draw().is_some(), "a run that has just begun");
    }
}
