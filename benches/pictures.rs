//! Results as pictures.

use anyhow::Context;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, register_font};
use seg_image::RgbImage;

use crate::measure::Figures;
use crate::results::{Contents, PeerStages};
use crate::tables::{Place, figures, is_size};

const SIZE: (u32, u32) = (960, 540);
/// Blue and vermilion of Okabe and Ito: told apart by colour-blind people too.
const OURS: RGBColor = RGBColor(0, 114, 178);
const PEER: RGBColor = RGBColor(213, 94, 0);
/// Parts that do the same work on both sides: name, our case, the peer's key.
const STAGES: [(&str, &str, &str); 4] = [
    ("image tower", "image-tower-224-b1", "image_tower"),
    ("text tower", "text-tower-b1", "text_tower"),
    ("neck", "neck-224-b1", "neck"),
    ("both projectors", "decoder-fast-224-b1", "projectors"),
];
/// Side of the pictures in [`STAGES`], one at a time.
const SIDE: usize = 224;

type Drawn<'a> = Result<(), Box<dyn std::error::Error + 'a>>;

/// One part: its name, our seconds, the peer's.
type Bar = (&'static str, f64, Option<f64>);

/// A bar for each part of a forward pass, beside the peer's if there are its times of the same
/// sizes and threads. Of several groups of results the first is drawn; `None` without any.
pub(crate) fn stages(contents: &[Contents]) -> anyhow::Result<Option<RgbImage>> {
    let is_stage = |line: &Figures| STAGES.iter().any(|(_, case, _)| *case == line.case);
    let Some(group) = figures(contents, is_stage).into_iter().next() else { return Ok(None) };
    let place = &group.place;
    let same = |peer: &&PeerStages| {
        (&peer.config, peer.size, peer.batch, peer.threads)
            == (&place.config, SIDE, 1, place.threads)
    };
    let peer = contents.iter().flat_map(|file| &file.stages).rfind(same);
    let bars = STAGES.iter().filter_map(|(name, case, key)| {
        let ours = group.results.iter().find(|line| line.case == *case)?;
        Some((*name, ours.median_s, peer.and_then(|peer| peer.stages.get(*key)).copied()))
    });
    let bars = bars.collect::<Vec<_>>();
    let peer = peer.map(|peer| {
        [std::slice::from_ref(&peer.peer), &peer.ways].concat().join(", ").replace('_', " ")
    });
    drawn(|pixels| draw_stages(pixels, &about(place), &bars, peer.as_deref())).map(Some)
}

/// Seconds and peak memory of a forward pass by the side of the picture. Of several groups of
/// results the first is drawn; `None` without any.
pub(crate) fn sizes(contents: &[Contents]) -> anyhow::Result<Option<RgbImage>> {
    let Some(mut group) = figures(contents, is_size).into_iter().next() else { return Ok(None) };
    group.results.sort_by_key(|line| line.size);
    drawn(|pixels| draw_sizes(pixels, &about(&group.place), &group.results)).map(Some)
}

fn about(place: &Place) -> String {
    format!("{}, {}, {} threads", place.config, place.device, place.threads)
}

fn drawn(draw: impl Fn(&mut [u8]) -> Drawn<'_>) -> anyhow::Result<RgbImage> {
    register_font("sans-serif", FontStyle::Normal, seg_image::FONT)
        .map_err(|_| anyhow::anyhow!("the font of pictures cannot be read"))?;
    let mut pixels = vec![255; SIZE.0 as usize * SIZE.1 as usize * 3];
    // The error borrows the pixels: only its text leaves.
    draw(&mut pixels).map_err(|error| anyhow::anyhow!("drawing: {error}"))?;
    RgbImage::from_raw(SIZE.0, SIZE.1, pixels).context("a picture of another size")
}

fn draw_stages<'a>(
    pixels: &'a mut [u8],
    about: &str,
    bars: &[Bar],
    peer: Option<&str>,
) -> Drawn<'a> {
    let area = BitMapBackend::with_buffer(pixels, SIZE).into_drawing_area();
    let all = bars.iter().flat_map(|(_, ours, peer)| [Some(*ours), *peer]).flatten();
    let top = highest(all) * 1.15; // room for the legend
    let mut chart = ChartBuilder::on(&area)
        .caption(format!("seconds of each part: {about}"), ("sans-serif", 22))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(76)
        .build_cartesian_2d(0.0..bars.len() as f64, 0.0..top)?;
    let mut mesh = chart.configure_mesh();
    mesh.disable_x_mesh().light_line_style(WHITE).x_labels(0).y_desc("seconds");
    mesh.label_style(("sans-serif", 16)).draw()?;
    let text = |size: i32, anchor| {
        ("sans-serif", size).into_font().color(&BLACK).pos(Pos::new(HPos::Center, anchor))
    };
    let ours = bars.iter().map(|(_, ours, _)| Some(*ours)).collect::<Vec<_>>();
    let theirs = bars.iter().map(|(_, _, peer)| *peer).collect::<Vec<_>>();
    let sides = [("ours", OURS, 0.14, ours), (peer.unwrap_or_default(), PEER, 0.52, theirs)];
    for (label, color, left, values) in sides {
        let placed = values.iter().enumerate().map(|(i, value)| (i as f64 + left, *value));
        let placed = placed.filter_map(|(x, value)| Some((x, value?))).collect::<Vec<_>>();
        if placed.is_empty() {
            continue;
        }
        let boxes = placed
            .iter()
            .map(|(x, value)| Rectangle::new([(*x, 0.0), (x + 0.34, *value)], color.filled()));
        chart
            .draw_series(boxes)?
            .label(label)
            .legend(move |(x, y)| Rectangle::new([(x, y - 6), (x + 14, y + 6)], color.filled()));
        chart.draw_series(placed.iter().map(|(x, value)| {
            EmptyElement::at((x + 0.17, *value))
                + Text::new(short(*value), (0, -4), text(16, VPos::Bottom))
        }))?;
    }
    chart.draw_series(bars.iter().enumerate().map(|(i, (name, ..))| {
        EmptyElement::at((i as f64 + 0.5, 0.0)) + Text::new(*name, (0, 8), text(18, VPos::Top))
    }))?;
    let mut labels = chart.configure_series_labels();
    labels.position(SeriesLabelPosition::UpperLeft).margin(16).background_style(WHITE);
    labels.label_font(("sans-serif", 18)).draw()?;
    area.present()?;
    Ok(())
}

fn draw_sizes<'a>(pixels: &'a mut [u8], about: &str, lines: &[&Figures]) -> Drawn<'a> {
    let area = BitMapBackend::with_buffer(pixels, SIZE).into_drawing_area();
    let (left, right) = area.split_horizontally(SIZE.0 / 2);
    let side = |line: &Figures| line.size as f64;
    let seconds = lines.iter().map(|line| (side(line), line.median_s)).collect::<Vec<_>>();
    let memory = lines.iter().filter_map(|line| Some((side(line), line.peak_rss_mb?)));
    let memory = memory.collect::<Vec<_>>();
    let end = highest(seconds.iter().map(|point| point.0));
    for (area, title, unit, points, color) in [
        (&left, format!("one picture: {about}"), "seconds", seconds, OURS),
        (&right, "peak memory of the process".to_owned(), "MB", memory, PEER),
    ] {
        let top = highest(points.iter().map(|point| point.1));
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 20))
            .margin(12)
            .x_label_area_size(48)
            .y_label_area_size(76)
            .build_cartesian_2d(0.0..end, 0.0..top)?;
        let mut mesh = chart.configure_mesh();
        mesh.light_line_style(WHITE).x_labels(6).x_label_formatter(&|side| format!("{side:.0}"));
        if unit == "MB" {
            mesh.y_label_formatter(&|value| format!("{value:.0}"));
        }
        mesh.x_desc("side of the picture, pixels").y_desc(unit);
        mesh.label_style(("sans-serif", 16)).draw()?;
        chart.draw_series(LineSeries::new(points.clone(), color.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 4, color.filled())))?;
    }
    area.present()?;
    Ok(())
}

/// The end of an axis that shows all values, with some room.
fn highest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::MIN_POSITIVE.sqrt(), f64::max) * 1.15
}

fn short(seconds: f64) -> String {
    match seconds {
        s if s < 0.01 => format!("{:.1} ms", 1000.0 * s),
        s if s < 1.0 => format!("{:.0} ms", 1000.0 * s),
        s => format!("{s:.2} s"),
    }
}
