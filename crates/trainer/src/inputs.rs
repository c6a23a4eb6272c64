//! The pictures and masks that a run began with, in short: whether they are still the same.

use std::collections::BTreeMap;
use std::path::Path;

use seeded::mix64;
use seg_data::Case;
use serde::{Deserialize, Serialize};

use crate::samples::Look;

/// A short hash of each picture and mask as the network gets it, by its path in the set.
///
/// A file that is saved anew with the same pixels is the same; one that is not, is another, even where
/// its size and time are not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inputs(BTreeMap<String, String>);

impl Inputs {
    /// Takes the cases that were read.
    pub(crate) fn add<'a>(&mut self, folder: &Path, read: impl Iterator<Item = (&'a Case, Look)>) {
        let path = |file: &Path| {
            let parts = file.strip_prefix(folder).unwrap_or(file).iter();
            parts.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
        };
        for (case, look) in read {
            self.0.insert(path(&case.image), format!("{:016x}", look.picture));
            let masks = case.masks.iter().map(|mask| path(mask)).collect::<Vec<_>>();
            if !masks.is_empty() {
                self.0.insert(masks.join(";"), format!("{:016x}", look.mask));
            }
        }
    }

    /// The first file that is not what it was; one that is new or gone counts.
    pub(crate) fn first_other<'a>(&'a self, began: &'a Self) -> Option<&'a str> {
        let names = self.0.keys().chain(began.0.keys());
        let other = |name: &&String| self.0.get(*name) != began.0.get(*name);
        names.filter(other).map(String::as_str).min()
    }
}

/// A hash of bytes, in four lanes of eight: a training's start must not wait for it.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    /// Odd, with its bits spread: the golden ratio's.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |lane: u64, word: u64| (lane ^ word).wrapping_mul(FACTOR).rotate_left(29);
    let (blocks, rest) = bytes.as_chunks::<32>();
    let mut lanes = [1, 2, 3, 4];
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = step(*lane, u64::from_le_bytes(*word));
        }
    }
    let whole = lanes.into_iter().fold(bytes.len() as u64, |sum, lane| mix64(sum ^ lane));
    rest.iter().fold(whole, |sum, byte| mix64(sum ^ u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_and_the_length_count() {
        let hashes =
            [&b""[..], b"a", b"a\0", b"b", b"12345678a", b"12345678b", b"a12345678"].map(hash);
        for (at, one) in hashes.iter().enumerate() {
            assert!(hashes[at + 1..].iter().all(|other| other != one), "{at}");
        }
    }

    #[test]
    fn the_first_other_file_is_named() {
        let inputs = |files: &[(&str, &str)]| {
            Inputs(files.iter().map(|(name, hash)| ((*name).into(), (*hash).into())).collect())
        };
        let began = inputs(&[("a", "1"), ("b", "2"), ("c", "3")]);
        assert_eq!(began.first_other(&began), None);
        assert_eq!(inputs(&[("a", "1"), ("b", "9"), ("c", "8")]).first_other(&began), Some("b"));
        assert_eq!(inputs(&[("a", "1"), ("b", "2")]).first_other(&began), Some("c"));
    }
}
