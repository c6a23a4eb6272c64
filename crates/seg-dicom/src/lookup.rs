//! Lookup tables (PS3.3, C.11.1 and C.11.2).

use dicom_dictionary_std::tags;

use crate::dataset::DataSet;
use crate::error::Problem;

/// A table of values.
#[derive(Debug)]
pub(crate) struct Lookup {
    /// The value that the first entry is for.
    first: f64,
    /// Not empty.
    entries: Vec<u16>,
    /// The largest value that an entry may have.
    top: f64,
}

impl Lookup {
    /// `signed` says whether the values looked up can be negative.
    pub(crate) fn read(item: &DataSet<'_>, signed: bool) -> Result<Self, Problem> {
        let tag = tags::LUT_DESCRIPTOR;
        let descriptor = item.bytes(tag).ok_or(Problem::Missing { tag })?;
        let descriptor = item.words(descriptor).collect::<Vec<_>>();
        let tag = tags::LUT_DATA;
        let data = item.bytes(tag).ok_or(Problem::Missing { tag })?;
        Self::new(item, &descriptor, data, signed).map_err(|why| Problem::Table { tag, why })
    }

    pub(crate) fn new(
        item: &DataSet<'_>,
        descriptor: &[u16],
        data: &[u8],
        signed: bool,
    ) -> Result<Self, String> {
        let [count, first, bits] = *descriptor else {
            return Err(format!("{} numbers describe it, expected 3", descriptor.len()));
        };
        let count = if count == 0 { 1 << 16 } else { usize::from(count) };
        let entries = if data.len() >= 2 * count {
            item.words(data).take(count).collect::<Vec<_>>()
        } else if data.len() >= count && data.len() <= count + 1 {
            data.iter().take(count).map(|byte| u16::from(*byte)).collect()
        } else {
            return Err(format!("{} bytes for {count} entries", data.len()));
        };
        // Some systems announce 16 bits and use 12 of them.
        let largest = entries.iter().copied().max().unwrap_or(0);
        let used = 16 - largest.leading_zeros() as u16;
        let bits = if (1..=16).contains(&bits) { bits.min(used.max(1)) } else { used.max(1) };
        let first = if signed { f64::from(first as i16) } else { f64::from(first) };
        Ok(Self { first, entries, top: f64::from((1u32 << bits) - 1) })
    }

    /// The entry for a value; that of the ends for values outside.
    pub(crate) fn entry(&self, x: f64) -> u16 {
        let last = self.entries.len() - 1;
        let place = (x.round() - self.first).clamp(0.0, last as f64) as usize;
        self.entries[place]
    }

    /// The brightness of a value, in 0 to 255.
    pub(crate) fn brightness(&self, x: f64) -> f64 {
        (f64::from(self.entry(x)) / self.top * 255.0).min(255.0)
    }
}
