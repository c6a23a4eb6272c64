//! Which values of a mask's file are inside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which values of a mask's file are inside.
///
/// In text `auto`, `half`, `non_zero`, `alpha`, a label id such as `3` (or `equals=3`), or a colour
/// such as `#00ff00`; in TOML and JSON `"auto"`, `"half"`, `"non_zero"`, `"alpha"`, `{ equals = 3 }`,
/// `{ colour = "#00ff00" }`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskRule {
    /// What the values of the whole file say: 0 and 255, 0 and 1, soft borders and JPEG's noise
    /// around black and white, one value or one colour on a background. A file that has two readings
    /// is refused, with its values.
    #[default]
    Auto,
    /// The upper half of the range: 128 to 255, or 32768 to 65535 of 16 bits.
    #[serde(alias = "at_least_half")]
    Half,
    /// Everything that is not 0: files of 0 and 1, or of label ids.
    NonZero,
    /// One label id; in a file with a palette, the colour of that place in it.
    Equals(u16),
    /// One colour.
    Colour(Colour),
    /// What is at least half opaque.
    Alpha,
}

/// A colour of red, green and blue, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour(pub [u8; 3]);

/// How a mask's file is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MaskOptions {
    /// Which values are inside.
    pub rule: MaskRule,
    /// A value whose pixels count nowhere; in a file with a palette, a place in it.
    pub ignore: Option<u16>,
}

impl From<MaskRule> for MaskOptions {
    fn from(rule: MaskRule) -> Self {
        Self { rule, ignore: None }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

impl TryFrom<String> for Colour {
    type Error = UnknownMaskRule;

    fn try_from(text: String) -> Result<Self, UnknownMaskRule> {
        text.parse()
    }
}

impl FromStr for Colour {
    type Err = UnknownMaskRule;

    fn from_str(text: &str) -> Result<Self, UnknownMaskRule> {
        let unknown = || UnknownMaskRule(text.to_owned());
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let number = u32::from_str_radix(digits.ok_or_else(unknown)?, 16).map_err(|_| unknown())?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl fmt::Display for MaskRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Half => f.write_str("half"),
            Self::NonZero => f.write_str("non_zero"),
            Self::Equals(id) => write!(f, "{id}"),
            Self::Colour(colour) => write!(f, "{colour}"),
            Self::Alpha => f.write_str("alpha"),
        }
    }
}

/// The text is not the name of a [`MaskRule`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown mask rule `{0}`: expected auto, half, non_zero, alpha, a label id from 0 to 65535, or a \
     colour such as #00ff00"
)]
pub struct UnknownMaskRule(pub String);

impl FromStr for MaskRule {
    type Err = UnknownMaskRule;

    fn from_str(name: &str) -> Result<Self, UnknownMaskRule> {
        match name {
            "auto" => Ok(Self::Auto),
            "half" | "at_least_half" => Ok(Self::Half),
            "non_zero" | "any" => Ok(Self::NonZero),
            "alpha" => Ok(Self::Alpha),
            colour if colour.starts_with('#') => colour.parse().map(Self::Colour),
            id => {
                let id = id.strip_prefix("equals=").unwrap_or(id);
                id.parse().map(Self::Equals).map_err(|_| UnknownMaskRule(name.to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: [MaskRule; 6] = [
        MaskRule::Auto,
        MaskRule::Half,
        MaskRule::NonZero,
        MaskRule::Equals(300),
        MaskRule::Colour(Colour([0, 255, 16])),
        MaskRule::Alpha,
    ];

    #[test]
    fn a_rule_has_a_text() {
        let text = serde_json::to_string(&RULES).unwrap();
        let expected =
            r##"["auto","half","non_zero",{"equals":300},{"colour":"#00ff10"},"alpha"]"##;
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<[MaskRule; 6]>(&text).unwrap(), RULES);
        // As recipes of earlier versions have it.
        assert_eq!(serde_json::from_str::<MaskRule>(r#""at_least_half""#).unwrap(), MaskRule::Half);
    }

    #[test]
    fn a_rule_is_read_as_it_is_written() {
        for rule in RULES {
            assert_eq!(rule.to_string().parse(), Ok(rule));
        }
        assert_eq!("equals=3".parse(), Ok(MaskRule::Equals(3)));
        for wrong in ["65536", "#00ff0", "#00ff0g", "#é0000", "green", ""] {
            let error = wrong.parse::<MaskRule>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("unknown mask rule `{wrong}`")), "{error}");
        }
    }
}
