//! The stored values of a frame, decoded.

use std::borrow::Cow;

/// The stored values of a frame, row by row, the values of a pixel side by side.
pub(crate) enum Samples<'a> {
    Eight(Cow<'a, [u8]>),
    /// Words as they lie in the file.
    Sixteen {
        bytes: Cow<'a, [u8]>,
        big_endian: bool,
    },
    Words(Vec<u16>),
}

impl Samples<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Eight(bytes) => bytes.len(),
            Self::Sixteen { bytes, .. } => bytes.len() / 2,
            Self::Words(words) => words.len(),
        }
    }

    /// Calls `each` with every value, in order.
    pub(crate) fn for_each(&self, mut each: impl FnMut(u16)) {
        match self {
            Self::Eight(bytes) => bytes.iter().for_each(|byte| each(u16::from(*byte))),
            Self::Sixteen { bytes, big_endian: false } => {
                bytes.as_chunks().0.iter().for_each(|pair| each(u16::from_le_bytes(*pair)));
            }
            Self::Sixteen { bytes, big_endian: true } => {
                bytes.as_chunks().0.iter().for_each(|pair| each(u16::from_be_bytes(*pair)));
            }
            Self::Words(words) => words.iter().for_each(|word| each(*word)),
        }
    }
}
