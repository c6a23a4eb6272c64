//! What the values of a mask's file are, before anything is decided.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::mask_rule::Colour;

/// The pixels of a mask's file, row-major, as they are in the file.
#[derive(Clone, Debug)]
pub(crate) enum Values {
    /// One channel of 8 bits; grey pictures whose three channels are equal, too.
    Grey(Vec<u8>),
    /// One channel of 16 bits, or three equal ones.
    Deep(Vec<u16>),
    /// Three channels that differ somewhere, in 8 bits.
    Colour(Vec<Colour>),
}

/// How often each value of a file occurs.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// Values with how many pixels have them, smallest first.
    pub(crate) counts: Vec<(u16, u64)>,
}

impl Tally {
    pub(crate) fn grey(values: &[u8]) -> Self {
        let mut counts = [0u64; 256];
        values.iter().for_each(|value| counts[usize::from(*value)] += 1);
        Self { counts: (0..256).zip(counts).filter(|(_, count)| *count > 0).collect() }
    }

    pub(crate) fn deep(values: &[u16]) -> Self {
        let mut counts = vec![0u64; 1 << 16];
        values.iter().for_each(|value| counts[usize::from(*value)] += 1);
        Self { counts: (0..=u16::MAX).zip(counts).filter(|(_, count)| *count > 0).collect() }
    }

    pub(crate) fn largest(&self) -> u16 {
        self.counts.last().map_or(0, |(value, _)| *value)
    }

    /// `0 (87.0 %), 1 (10.2 %), 255 (2.8 %)`: the commonest values, and how many more there are.
    pub(crate) fn text(&self) -> String {
        let mut counts = self.counts.clone();
        counts.sort_by_key(|(value, count)| (std::cmp::Reverse(*count), *value));
        shares(counts.into_iter().map(|(value, count)| (value.to_string(), count)))
    }
}

/// The colours of a file with how many pixels have them, commonest first.
pub(crate) fn colours(values: &[Colour]) -> Vec<(Colour, u64)> {
    let mut counts = HashMap::new();
    for colour in values {
        *counts.entry(*colour).or_insert(0u64) += 1;
    }
    let mut counts = counts.into_iter().collect::<Vec<_>>();
    counts.sort_by_key(|(colour, count)| (std::cmp::Reverse(*count), *colour));
    counts
}

/// Names with their shares of all; of many the first few.
pub(crate) fn shares(counts: impl Iterator<Item = (String, u64)>) -> String {
    const MOST: usize = 6;
    let counts = counts.collect::<Vec<_>>();
    let all = counts.iter().map(|(_, count)| count).sum::<u64>().max(1);
    let named = |(name, count): &(String, u64)| {
        format!("{name} ({:.1} %)", 100.0 * *count as f64 / all as f64)
    };
    let mut text = counts.iter().take(MOST).map(named).collect::<Vec<_>>().join(", ");
    if let Some(more) = counts.len().checked_sub(MOST).filter(|more| *more > 0) {
        let _ = write!(text, " and {more} more"); // writing to a text cannot fail
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_with_their_shares() {
        let tally = Tally::grey(&[0, 0, 0, 255]);
        assert_eq!((tally.text().as_str(), tally.largest()), ("0 (75.0 %), 255 (25.0 %)", 255));
        let deep = Tally::deep(&(0..8).map(|v| v * 1000).collect::<Vec<_>>());
        assert!(deep.text().ends_with("5000 (12.5 %) and 2 more"), "{}", deep.text());
    }
}
