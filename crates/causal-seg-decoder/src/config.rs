//! Sizes of the decoder.

use serde::{Deserialize, Serialize};

/// Sizes of a [`Decoder`](crate::Decoder).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecoderConfig {
    /// Channels `d` of c3, of every gate and of the aggregated maps: a multiple of 4.
    pub features: usize,
    /// Channels of c4.
    pub c4: usize,
    /// Channels of c5. If these are not `features`, an adapter stands in front of the neck.
    pub c5: usize,
    /// Length of the sentence's state.
    pub state: usize,
}

/// A configuration that no decoder can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum DecoderConfigError {
    /// A value outside its range.
    #[error("{field} is {value}: it must be between 1 and {high}")]
    Range { field: &'static str, value: usize, high: usize },
    /// CARAFE works on a quarter of the channels, a projector on half.
    #[error("features is {value}: it must be a multiple of 4")]
    Features { value: usize },
}

impl DecoderConfig {
    /// Whether a decoder of these sizes can be made.
    ///
    /// # Errors
    ///
    /// The first field whose value is impossible.
    pub fn check(&self) -> Result<(), DecoderConfigError> {
        const HIGH: usize = 1 << 16;
        let fields =
            [("features", self.features), ("c4", self.c4), ("c5", self.c5), ("state", self.state)];
        for (field, value) in fields {
            if !(1..=HIGH).contains(&value) {
                return Err(DecoderConfigError::Range { field, value, high: HIGH });
            }
        }
        if !self.features.is_multiple_of(4) {
            return Err(DecoderConfigError::Features { value: self.features });
        }
        Ok(())
    }

    /// Whether c5 is brought to `features` channels first.
    pub fn has_adapter(&self) -> bool {
        self.c5 != self.features
    }
}
