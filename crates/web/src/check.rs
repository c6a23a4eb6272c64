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
    let (found, expected) = (&found.probabilities, &expected.probabilities);
    if found.len() != expected.len() {
        return Err(format!("the GPU gave {} probabilities for {}", found.len(), expected.len()));
    }
    let pairs = found.iter().zip(expected);
    let mut differences = pairs.map(|(found, expected)| (found - expected).abs());
    let worst = differences.clone().fold(0.0, f32::max);
    // What is no number is no small difference either.
    if differences.all(|difference| difference <= MOST) {
        return Ok(());
    }
    Err(format!("the GPU's answer differs from the CPU's by {worst:.4}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(probabilities: &[f32]) -> Mask {
        Mask {
            width: probabilities.len() as u32,
            height: 1,
            probabilities: probabilities.to_vec(),
            threshold: 0.5,
            presence_threshold: None,
            tiles_presence: None,
            sentence_cut: false,
        }
    }

    #[test]
    fn what_no_network_gives_is_refused() {
        assert!(check_values(&mask(&[0.0, 0.3])).is_ok());
        for values in [[0.0, 0.0], [0.2, f32::NAN], [f32::INFINITY, 0.2]] {
            assert!(check_values(&mask(&values)).is_err(), "{values:?}");
        }
    }

    #[test]
    fn an_answer_that_differs_says_by_how_much() {
        assert_eq!(compare(&mask(&[0.1, 0.9]), &mask(&[0.104, 0.9])), Ok(()));
        let what = compare(&mask(&[0.1, 0.9]), &mask(&[0.1, 0.8])).unwrap_err();
        assert_eq!(what, "the GPU's answer differs from the CPU's by 0.1000");
        assert!(compare(&mask(&[0.1]), &mask(&[0.1, 0.8])).is_err());
        assert!(compare(&mask(&[f32::NAN]), &mask(&[0.1])).is_err());
    }
}
