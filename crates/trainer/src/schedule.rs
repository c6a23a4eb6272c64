//! The learning rate over a training.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// How the rate falls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fall {
    /// Half a cosine from the highest to the last rate.
    #[default]
    Cosine,
    /// By a factor at each milestone.
    MultiStep,
    /// Not at all.
    Constant,
}

/// When the rate is set anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// Before every step.
    #[default]
    Step,
    /// At the start of an epoch.
    Epoch,
}

/// The learning rate over a training, as shares of the highest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleConfig {
    /// `cosine`, `multi_step` or `constant`.
    pub fall: Fall,
    /// `step` or `epoch`.
    pub pace: Pace,
    /// Share of all steps over which the rate climbs to its highest value, in a line.
    pub climb: f64,
    /// The cosine's end, as a share of the highest rate.
    pub last: f64,
    /// Epochs at whose start the rate is multiplied by `factor`, counted from 0.
    pub milestones: Vec<usize>,
    /// See `milestones`.
    pub factor: f64,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            fall: Fall::Cosine,
            pace: Pace::Step,
            climb: 0.05,
            last: 0.01,
            milestones: Vec::new(),
            factor: 0.1,
        }
    }
}

impl ScheduleConfig {
    /// The share of the highest rate at a step, counted from 0, of `epochs` epochs of `per_epoch`
    /// steps; in `(0, 1]` where `last` is above 0.
    pub fn share(&self, step: usize, per_epoch: usize, epochs: usize) -> f64 {
        let (per_epoch, steps) = (per_epoch.max(1), (per_epoch * epochs).max(1));
        let climbing = self.climb * steps as f64;
        if ((step + 1) as f64) < climbing {
            return (step + 1) as f64 / climbing;
        }
        let epoch = step / per_epoch;
        match self.fall {
            Fall::Constant => 1.0,
            Fall::MultiStep => {
                let passed = self.milestones.iter().filter(|milestone| epoch >= **milestone);
                self.factor.powi(passed.count() as i32)
            }
            Fall::Cosine => {
                let at = match self.pace {
                    Pace::Step => (step + 1) as f64 / steps as f64,
                    Pace::Epoch => epoch as f64 / epochs.max(1) as f64,
                };
                let t = ((at - self.climb) / (1.0 - self.climb).max(f64::EPSILON)).clamp(0.0, 1.0);
                self.last + (1.0 - self.last) * 0.5 * (1.0 + (PI * t).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_climbs_then_falls_and_is_never_zero() {
        let config = ScheduleConfig { climb: 0.1, ..ScheduleConfig::default() };
        let rates = (0..100).map(|step| config.share(step, 10, 10)).collect::<Vec<_>>();
        assert!(rates[..9].windows(2).all(|w| w[0] < w[1]));
        assert!(rates[9..].windows(2).all(|w| w[0] >= w[1]));
        assert!((rates[99] - 0.01).abs() < 1e-9 && rates[0] > 0.0);
    }

    #[test]
    fn milestones_multiply() {
        let config = ScheduleConfig {
            fall: Fall::MultiStep,
            climb: 0.0,
            milestones: vec![2, 3],
            ..ScheduleConfig::default()
        };
        let rates = [0, 19, 20, 29, 30, 99].map(|step| config.share(step, 10, 10));
        assert_eq!(rates.map(|rate| (rate * 1e6).round()), [1e6, 1e6, 1e5, 1e5, 1e4, 1e4]);
    }

    /// PyTorch's `CosineAnnealingLR(T_max=100, eta_min=1e-6)` at 1e-4, stepped per epoch.
    #[test]
    fn the_cosine_per_epoch_is_pytorchs() {
        let config = ScheduleConfig { pace: Pace::Epoch, climb: 0.0, ..ScheduleConfig::default() };
        for (epoch, expected) in [(0, 1e-4), (25, 8.550_178_566_873_411e-5), (50, 5.05e-5)] {
            let found = 1e-4 * config.share(epoch * 7 + 3, 7, 100);
            assert!((found - expected).abs() < 1e-12, "{epoch}: {found}");
        }
    }
}
