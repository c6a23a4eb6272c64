//! How the files of pictures and masks are read.

use std::collections::BTreeMap;

use seg_data::{MaskOptions, MaskRule, PictureOptions, ReadOptions};
use trainer::READING_KEY;

/// How pictures are read, where it differs from what the weights say.
#[derive(clap::Args)]
pub(crate) struct PictureArgs {
    /// Bits that 16-bit pictures use, 9 to 16: 12 for a detector's 12 bits stored in 16 [default: as stored
    /// with the weights, else 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(9..=16))]
    bits: Option<u8>,
    /// Leave pictures as they are stored, whatever their EXIF tags say of their orientation
    #[arg(long)]
    ignore_orientation: bool,
}

/// How pictures and masks are read, where it differs from what the weights say.
#[derive(clap::Args)]
pub(crate) struct ReadArgs {
    /// Which values of a mask file are inside: auto (what has one reading; the rest is refused with its
    /// values), half (the upper half of the range), non_zero, alpha, a label such as 3, or a colour such
    /// as "#00ff00" [default: as stored with the weights, else auto]
    #[arg(long, visible_alias = "inside", value_name = "RULE")]
    mask_rule: Option<MaskRule>,
    /// A value of mask files whose pixels count nowhere, such as 255
    #[arg(long, value_name = "VALUE")]
    ignore: Option<u16>,
    #[command(flatten)]
    picture: PictureArgs,
}

/// What was stored with weights of how their set was read; the defaults if nothing was.
fn stored(metadata: &BTreeMap<String, String>) -> ReadOptions {
    let text = metadata.get(READING_KEY);
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

impl PictureArgs {
    /// What the flags say, else what the weights' metadata does.
    pub(crate) fn options(&self, metadata: &BTreeMap<String, String>) -> PictureOptions {
        let PictureOptions { bits, ignore_orientation } = stored(metadata).picture;
        PictureOptions {
            bits: self.bits.or(bits),
            ignore_orientation: self.ignore_orientation || ignore_orientation,
        }
    }
}

impl ReadArgs {
    /// What the flags say, else what the weights' metadata does.
    pub(crate) fn options(&self, metadata: &BTreeMap<String, String>) -> ReadOptions {
        let MaskOptions { rule, ignore } = stored(metadata).mask;
        let mask =
            MaskOptions { rule: self.mask_rule.unwrap_or(rule), ignore: self.ignore.or(ignore) };
        ReadOptions { mask, picture: self.picture.options(metadata) }
    }
}
