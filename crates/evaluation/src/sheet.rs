//! Answers beside references, to look at.

use causal_clip_seg::{RgbImage, Segmenter};
use seg_data::{Case, stratified};
use seg_image::{OverlayStyle, contact_sheet, overlay_with_reference};

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
