//! Settings of a training.

use serde::{Deserialize, Serialize};

use crate::error::TrainError;

/// Weights of the parts of the loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossConfig {
    /// Of the binary cross-entropy.
    pub bce: f64,
    /// Of the soft Dice loss.
    pub dice: f64,
}

impl Default for LossConfig {
    /// MedEquiSeg's; the paper does not say. CRIS has cross-entropy alone.
    fn default() -> Self {
        Self { bce: 0.5, dice: 0.5 }
    }
}

/// How the two players take turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Player 1 steps, the network answers anew, player 2 steps.
    #[default]
    Alternating,
    /// One answer, both step on it: about half the work.
    Simultaneous,
    /// No game: everything minimises the causal branch's loss.
    Off,
}

impl std::str::FromStr for Order {
    type Err = TrainError;

    fn from_str(name: &str) -> Result<Self, TrainError> {
        match name {
            "alternating" => Ok(Self::Alternating),
            "simultaneous" => Ok(Self::Simultaneous),
            "off" => Ok(Self::Off),
            _ => Err(TrainError::Config {
                field: "order",
                value: format!("`{name}`"),
                expected: "there are `alternating`, `simultaneous` and `off`",
            }),
        }
    }
}

/// Settings of a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Of the order of cases, their jitter and the initial weights.
    pub seed: u64,
    /// Times that every training case is seen.
    pub epochs: usize,
    /// Cases in a step.
    pub batch: usize,
    /// Highest learning rate of both players.
    pub learning_rate: f64,
    /// Of AdamW, decoupled.
    pub weight_decay: f64,
    /// Share of all steps over which the rate climbs to its highest value; a cosine follows.
    pub climb: f64,
    /// Turns of the players.
    pub order: Order,
    /// Share of the epochs with the gates held open and the causal branch alone. CIRL: 5 epochs.
    pub warm_up: f64,
    /// How much the gates mind the confounding branch's loss: `w` of `L_causal - w L_confounding`.
    pub adversary: f64,
    /// The loss of a branch.
    pub loss: LossConfig,
    /// Largest change of brightness and contrast, as a share.
    pub jitter: f32,
    /// Share of the sentences that are shown among random words, so that a text tower which starts
    /// from random weights learns to pass over words it does not know. 0 with CLIP's weights.
    pub fillers: f64,
    /// Validation cases scored after each epoch, from the first on; the best network is kept.
    pub validation_cases: usize,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            epochs: 10,
            batch: 8,
            learning_rate: 1e-3,
            weight_decay: 1e-2,
            climb: 0.05,
            order: Order::Alternating,
            warm_up: 0.2,
            adversary: 1.0,
            loss: LossConfig::default(),
            jitter: 0.1,
            fillers: 0.0,
            validation_cases: 300,
        }
    }
}

impl TrainConfig {
    /// Whether a training can have these settings.
    ///
    /// # Errors
    ///
    /// The first setting that is impossible, with what it may be.
    pub fn check(&self) -> Result<(), TrainError> {
        let whole = [("epochs", self.epochs), ("batch", self.batch)];
        for (field, value) in whole {
            if value == 0 {
                let expected = "it must be at least 1";
                return Err(TrainError::Config { field, value: value.to_string(), expected });
            }
        }
        let shares = [
            ("climb", self.climb),
            ("warm_up", self.warm_up),
            ("jitter", f64::from(self.jitter)),
            ("fillers", self.fillers),
        ];
        for (field, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                let expected = "it must lie between 0 and 1";
                return Err(TrainError::Config { field, value: value.to_string(), expected });
            }
        }
        let positive = [
            ("learning_rate", self.learning_rate),
            ("loss.bce + loss.dice", self.loss.bce + self.loss.dice),
        ];
        for (field, value) in positive {
            if !(value > 0.0 && value.is_finite()) {
                let expected = "it must be a number above 0";
                return Err(TrainError::Config { field, value: value.to_string(), expected });
            }
        }
        let not_negative = [
            ("weight_decay", self.weight_decay),
            ("adversary", self.adversary),
            ("loss.bce", self.loss.bce),
            ("loss.dice", self.loss.dice),
        ];
        for (field, value) in not_negative {
            if !(value >= 0.0 && value.is_finite()) {
                let expected = "it must be a number not below 0";
                return Err(TrainError::Config { field, value: value.to_string(), expected });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impossible_setting_is_named() {
        let config = TrainConfig { learning_rate: f64::NAN, ..TrainConfig::default() };
        let message = config.check().unwrap_err().to_string();
        assert_eq!(message, "learning_rate is NaN: it must be a number above 0");
        TrainConfig::default().check().unwrap();
    }
}
