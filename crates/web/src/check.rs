//! Whether a GPU computes what the CPU does.

use std::cell::RefCell;

use causal_clip_seg::{Mask, RgbImage, Segmenter};
use wasm_bindgen::JsError;

/// The most that a probability of a GPU's may differ from the CPU's, which adds in another order.
const MOST: f32 = 5e-3;

/// Holds the first answers of a network on a GPU against those of the same network on the CPU, and every
/// answer against what no network gives.
#[derive(Debug, Default)]
pub(crate) struct Check(RefCell<Option<(Segmenter, usize)>>);

impl Check {
    /// Holds so many answers against those of `cpu`.
    #[cfg(feature = "gpu")]
    pub(crate) fn against(cpu: Segmenter, answers: usize) -> Self {
        Self(RefCell::new(Some((cpu, answers))))
    }

    /// # Errors
    ///
    /// If the answer is not the CPU's, or none at all.
    pub(crate) fn answer(
        &self,
        image: &RgbImage,
        sentence: &str,
        mask: &Mask,
    ) -> Result<(), JsError> {
        check_values(mask).map_err(|what| JsError::new(&what))?;
        // Nobody else holds it: nothing below is awaited.
        let Some((cpu, left)) = self.0.take() else { return Ok(()) };
        let expected = cpu.segment(image, sentence)?;
        compare(mask, &expected).map_err(|what| JsError::new(&what))?;
        if left > 1 {
            self.0.replace(Some((cpu, left - 1)));
        }
        Ok(())
    }
}

/// A device that is lost, or has not computed what was asked, may give zeros or no numbers.
fn check_values(mask: &Mask) -> Result<(), String> {
    let values = &mask.probabilities;
    if values.iter().any(|p| !p.is_finite()) || values.iter().all(|p| *p == 0.0) {
        return Err("the device computed no probabilities".to_owned());
    }
    Ok(())
}

fn compare(found: &Mask, expected: &Mask) -> Result<(), String> {
    let pairs = found.probabilities.iter().zip(&expected.probabilities);
    let worst = pairs.map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max);
    if found.probabilities.len() != expected.probabilities.len() || worst > MOST {
        return Err(format!("the GPU's answer differs from the CPU's by {worst:.4}"));
    }
    Ok(())
}
