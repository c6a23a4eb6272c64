//! The learning rate over a training.

use std::f64::consts::PI;

/// A linear climb over the first `climb` of all steps, then half a cosine down to a hundredth.
///
/// `step` counts from 0; the result lies in `(0, highest]`.
pub fn learning_rate(step: usize, steps: usize, climb: f64, highest: f64) -> f64 {
    /// MedEquiSeg's: 1e-4 falls to 1e-6.
    const LAST: f64 = 0.01;
    let at = (step as f64 + 1.0) / steps.max(1) as f64;
    if at < climb {
        return highest * at / climb;
    }
    let t = ((at - climb) / (1.0 - climb).max(f64::EPSILON)).min(1.0);
    highest * (LAST + (1.0 - LAST) * 0.5 * (1.0 + (PI * t).cos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_climbs_then_falls_and_is_never_zero() {
        let rates = (0..100).map(|step| learning_rate(step, 100, 0.1, 1.0)).collect::<Vec<_>>();
        assert!(rates[..9].windows(2).all(|w| w[0] < w[1]));
        assert!(rates[9..].windows(2).all(|w| w[0] >= w[1]));
        assert!((rates[99] - 0.01).abs() < 1e-9 && rates[0] > 0.0);
    }
}
