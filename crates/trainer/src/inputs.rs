//! The pictures and masks that a run began with, in short: whether they are still the same.

use std::collections::BTreeMap;
use std::path::Path;

use seeded::mix64;
use seg_data::Case;
use serde::{Deserialize, Serialize};

use crate::batch::Look;

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

/// A hash of bytes, eight at a time: a training's start must not wait for it.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let start = mix64(bytes.len() as u64);
    bytes.chunks(8).fold(start, |sum, part| {
        let mut word = [0; 8];
        word[..part.len()].copy_from_slice(part);
        mix64(sum ^ u64::from_le_bytes(word))
    })
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
