//! How well a network's masks fit, for people to read and look at.

use std::path::Path;

use causal_clip_seg::Segmenter;
use indicatif::ProgressBar;
use seg_data::Case;
use seg_image::{OverlayStyle, contact_sheet, overlay_with_reference, write_rgb};
use seg_metrics::{Bootstrap, Units};
use trainer::{Control, evaluate, shuffled};

/// Scores the cases with their own sentences, with those of other cases, and, where a picture has a
/// sentence for either side, against the other side's mask; one line each. The interval of the mean
/// Dice is a bootstrap's over pictures, 10 000 times.
///
/// # Errors
///
/// If a picture or mask cannot be read.
pub fn print_scores(
    segmenter: &Segmenter,
    cases: &[&Case],
    title: &str,
    seed: u64,
) -> anyhow::Result<()> {
    let controls = [
        ("true sentences", Control::True),
        ("sentences of other cases", shuffled(seed, cases.len())),
        ("against the other side's mask", Control::Opposite),
    ];
    for (kind, control) in controls {
        let queries = control.queries(cases);
        if queries.is_empty() {
            continue;
        }
        let progress = ProgressBar::new(queries.len() as u64);
        let scores = evaluate(segmenter, &queries, || progress.inc(1))?;
        progress.finish_and_clear();
        // Sentences about one picture are no independent cases.
        let pictures = queries.iter().map(|query| &query.picture.image).collect::<Vec<_>>();
        let bootstrap = Bootstrap { seed, ..Bootstrap::default() };
        let dice = bootstrap.mean(&scores.dice, &Units::groups(&pictures))?;
        say!(
            "{title}, {kind}: per-image mean Dice {:.4} (95 % {:.4} to {:.4}), IoU {:.4} ({} cases, \
             {} pictures)",
            dice.estimate,
            dice.low,
            dice.high,
            scores.mean_iou(),
            queries.len(),
            dice.units
        );
    }
    Ok(())
}

/// A picture of twelve answers (amber) and references (green), spread over the cases.
///
/// # Errors
///
/// If a case cannot be read or the picture not be written.
pub fn write_sheet(segmenter: &Segmenter, cases: &[&Case], file: &Path) -> anyhow::Result<()> {
    const TILES: usize = 12;
    let style = OverlayStyle::default();
    let mut tiles = Vec::new();
    for case in cases.iter().step_by(cases.len().div_ceil(TILES).max(1)) {
        let sample = seg_data::load(case)?;
        let answer = segmenter.segment(&sample.image, &case.sentence)?.binary();
        let reference = Some(&sample.mask);
        let (image, caption) = (&sample.image, &case.sentence);
        tiles.push(overlay_with_reference(image, &answer, reference, &style, caption));
    }
    Ok(write_rgb(file, &contact_sheet(&tiles, 4))?)
}
