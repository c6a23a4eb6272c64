//! Whose left and right the sentences of a set name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whose left and right the sentences of a set name.
///
/// In text `image`, `patient` or `fixed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// "Left" is the left of the image.
    #[default]
    Image,
    /// "Left" is the patient's left, the right of the image. A mirrored radiograph looks like one
    /// of the other side, so a horizontal flip swaps the words here too; any other turn of a
    /// sentence with a side or height is vetoed.
    Patient,
    /// Sentences must not be turned: for sets that name both sides, or anatomy.
    Fixed,
}

impl Sides {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Image, Self::Patient, Self::Fixed];
}

impl fmt::Display for Sides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "image",
            Self::Patient => "patient",
            Self::Fixed => "fixed",
        })
    }
}

/// The text is not the name of a [`Sides`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown sides `{0}`: expected image, patient or fixed")]
pub struct UnknownSides(pub String);

impl FromStr for Sides {
    type Err = UnknownSides;

    fn from_str(name: &str) -> Result<Self, UnknownSides> {
        let known = Self::ALL.into_iter().find(|sides| sides.to_string() == name);
        known.ok_or_else(|| UnknownSides(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_read_as_they_are_written() {
        for sides in Sides::ALL {
            assert_eq!(sides.to_string().parse(), Ok(sides));
            assert_eq!(serde_json::to_string(&sides).unwrap(), format!("\"{sides}\""));
        }
        let error = "left".parse::<Sides>().unwrap_err().to_string();
        assert_eq!(error, "unknown sides `left`: expected image, patient or fixed");
    }
}
