//! Answers beside references, to look at.

use causal_clip_seg::{RgbImage, Segmenter};
use seg_data::{Case, stratified};
use seg_image::{OverlayStyle, contact_sheet, overlay_with_reference};
use seg_report::ControlScores;

use crate::error::EvaluationError;

/// At most `tiles` answers (amber) and references (green) with their sentences; of more cases a part is
/// [drawn](stratified) by `seed`.
///
/// # Errors
///
/// If a case cannot be read.
pub fn answer_sheet(
    segmenter: &Segmenter,
    cases: &[&Case],
    tiles: usize,
    seed: u64,
) -> Result<RgbImage, EvaluationError> {
    let style = OverlayStyle::default();
    let mut drawn = Vec::new();
    for case in stratified(cases, tiles, seed) {
        let sample = seg_data::load(case)?;
        let answer = segmenter.segment(&sample.image, &case.sentence)?.binary();
        let (image, reference) = (&sample.image, Some(&sample.mask));
        drawn.push(overlay_with_reference(image, &answer, reference, &style, &case.sentence));
    }
    Ok(contact_sheet(&drawn, 4))
}

/// The four best, middle and worst cases by Dice, a row each: answers (amber), references (green), Dice and
/// sentence. `scored` are the cases' scores, in their order.
///
/// # Errors
///
/// If a case cannot be read.
pub fn ranked_sheet(
    segmenter: &Segmenter,
    cases: &[&Case],
    scored: &ControlScores,
) -> Result<RgbImage, EvaluationError> {
    const ROW: usize = 4;
    let dice = |place: &usize| scored.cases[*place].scores.dice;
    let mut places = (0..scored.cases.len().min(cases.len())).collect::<Vec<_>>();
    places.sort_by(|a, b| dice(b).total_cmp(&dice(a)));
    let row = ROW.min(places.len());
    let middle = (places.len() - row) / 2;
    let worst = places.len() - row;
    let rows = [0, middle, worst].map(|start| &places[start..start + row]);
    let mut tiles = Vec::new();
    for place in rows.into_iter().flatten() {
        let case = cases[*place];
        let sample = seg_data::load(case)?;
        let answer = segmenter.segment(&sample.image, &case.sentence)?.binary();
        let caption = format!("Dice {:.3}: {}", dice(place), case.sentence);
        let (style, reference) = (OverlayStyle::default(), Some(&sample.mask));
        tiles.push(overlay_with_reference(&sample.image, &answer, reference, &style, &caption));
    }
    Ok(contact_sheet(&tiles, row))
}
