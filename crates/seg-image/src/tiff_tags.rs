//! What a TIFF file says of itself beside its pixels.

use std::io::{Read, Seek};

use tiff::decoder::Decoder;
use tiff::tags::{PhotometricInterpretation, Tag};

/// What a TIFF file says of itself beside its pixels.
#[derive(Clone, Debug, Default)]
pub(crate) struct TiffTags {
    /// Pages, as far as they were counted.
    pub(crate) pages: usize,
    /// Whether white is stored as 0.
    pub(crate) white_is_zero: bool,
    /// Bits of a sample.
    bits: u16,
    /// `SampleFormat`: 1 for unsigned, 2 for signed, 3 for floating point.
    kind: u16,
}

/// More pages are not counted.
const MOST_PAGES: usize = 1000;

impl TiffTags {
    /// Nothing is known of a file that cannot be read: decoding it will say why.
    pub(crate) fn read(content: impl Read + Seek) -> Self {
        let mut tags = Self::default();
        let Ok(mut decoder) = Decoder::new(content) else { return tags };
        let mut first = |tag| {
            let values = decoder.find_tag_unsigned_vec::<u16>(tag).ok().flatten()?;
            values.first().copied()
        };
        let white = PhotometricInterpretation::WhiteIsZero.to_u16();
        tags.white_is_zero = first(Tag::PhotometricInterpretation) == Some(white);
        tags.bits = first(Tag::BitsPerSample).unwrap_or(1);
        tags.kind = first(Tag::SampleFormat).unwrap_or(1);
        tags.pages = 1;
        while tags.pages < MOST_PAGES && decoder.more_images() && decoder.next_image().is_ok() {
            tags.pages += 1;
        }
        tags
    }

    /// The kind of samples, if it is one that is not read.
    pub(crate) fn unsupported(&self) -> Option<String> {
        let kind = match self.kind {
            2 => "signed",
            3 => "floating-point",
            _ if self.bits > 16 => "unsigned",
            _ => return None,
        };
        Some(format!("a TIFF of {}-bit {kind} samples", self.bits))
    }
}
