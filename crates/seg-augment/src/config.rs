//! Settings: what may be changed, how often and how much.

use seg_sentences::Sides;
use serde::{Deserialize, Serialize};

use crate::error::AugmentError;

/// Settings of [`Augmentation::draw`](crate::Augmentation::draw). By default everything is off.
///
/// Rotation, shift and zoom leave the sentence as it is, so they must be small: otherwise a lesion
/// close to the border of "upper" and "middle" gets a wrong word. Keep `rotate` to 5 degrees,
/// `shift` to 0.025 and `zoom` to 0.07 where sentences name places.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentConfig {
    /// Probability of a flip that swaps left and right.
    pub flip_horizontal: f64,
    /// Probability of a flip that swaps top and bottom.
    pub flip_vertical: f64,
    /// Probability of one, two or three quarter turns, each as likely.
    pub quarter_turns: f64,
    /// Probability of `rotate`, `shift` and `zoom`, together.
    pub affine: f64,
    /// Largest angle, in degrees, either way; up to 45.
    pub rotate: f64,
    /// Largest shift along each axis, as a share of the side; up to 0.5.
    pub shift: f64,
    /// The scale lies between `1 / (1 + zoom)` and `1 + zoom`; up to 1.
    pub zoom: f64,
    /// Largest change of brightness, as a share of 255; up to 1.
    pub brightness: f64,
    /// Largest change of contrast, as a share; up to 1.
    pub contrast: f64,
    /// The exponent lies between `1 / (1 + gamma)` and `1 + gamma`; up to 4.
    pub gamma: f64,
    /// Standard deviation of the noise, as a share of 255; up to 1.
    pub noise: f64,
    /// Whose left and right the sentences name.
    pub sides: Sides,
}

impl AugmentConfig {
    /// Checks that every setting is within its range.
    ///
    /// # Errors
    ///
    /// Returns the first setting that is out of range, with the range.
    pub fn check(&self) -> Result<(), AugmentError> {
        let share = "expected a number between 0 and 1";
        let settings = [
            ("flip_horizontal", self.flip_horizontal, 1.0, share),
            ("flip_vertical", self.flip_vertical, 1.0, share),
            ("quarter_turns", self.quarter_turns, 1.0, share),
            ("affine", self.affine, 1.0, share),
            ("rotate", self.rotate, 45.0, "expected an angle between 0 and 45 degrees"),
            ("shift", self.shift, 0.5, "expected a number between 0 and 0.5"),
            ("zoom", self.zoom, 1.0, share),
            ("brightness", self.brightness, 1.0, share),
            ("contrast", self.contrast, 1.0, share),
            ("gamma", self.gamma, 4.0, "expected a number between 0 and 4"),
            ("noise", self.noise, 1.0, share),
        ];
        for (key, value, most, expected) in settings {
            if !(0.0..=most).contains(&value) {
                return Err(AugmentError::Setting { key, value, expected });
            }
        }
        if self.moves() && self.affine == 0.0 {
            let expected = "expected a number above 0, since rotate, shift or zoom is on";
            return Err(AugmentError::Setting { key: "affine", value: 0.0, expected });
        }
        Ok(())
    }

    /// Whether there is a rotation, shift or zoom to draw.
    pub(crate) fn moves(&self) -> bool {
        self.rotate > 0.0 || self.shift > 0.0 || self.zoom > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impossible_setting_is_named() {
        let refusal = |change: fn(&mut AugmentConfig)| {
            let mut config = AugmentConfig { affine: 0.5, ..AugmentConfig::default() };
            change(&mut config);
            config.check().map_err(|error| error.to_string())
        };
        let refused = |text: &str| Err(text.to_owned());
        assert_eq!(refusal(|_| ()), Ok(()));
        assert_eq!(
            refusal(|config| config.rotate = 46.0),
            refused("rotate is 46: expected an angle between 0 and 45 degrees")
        );
        assert_eq!(
            refusal(|config| config.zoom = f64::NAN),
            refused("zoom is NaN: expected a number between 0 and 1")
        );
        assert_eq!(
            refusal(|config| (config.shift, config.affine) = (0.1, 0.0)),
            refused("affine is 0: expected a number above 0, since rotate, shift or zoom is on")
        );
    }

    #[test]
    fn settings_are_read_by_name_and_unknown_ones_refused() {
        let config: AugmentConfig =
            serde_json::from_str(r#"{"flip_horizontal": 0.5, "sides": "patient"}"#).unwrap();
        let expected = AugmentConfig {
            flip_horizontal: 0.5,
            sides: Sides::Patient,
            ..AugmentConfig::default()
        };
        assert_eq!(config, expected);
        assert!(serde_json::from_str::<AugmentConfig>(r#"{"flip": 0.5}"#).is_err());
    }
}
