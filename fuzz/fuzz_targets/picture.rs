//! Any bytes as a picture and as a mask: a value or an error.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use seg_image::{MaskOptions, MaskRule, PictureOptions, decode_mask, decode_picture};

fuzz_target!(|bytes: &[u8]| {
    let name = Path::new("x");
    for bits in [None, Some(12)] {
        let options = PictureOptions { bits, ignore_orientation: bits.is_some() };
        if let Ok(picture) = decode_picture(bytes, name, options) {
            assert!(picture.image.width() > 0 && picture.image.height() > 0);
        }
    }
    for rule in [MaskRule::Auto, MaskRule::Half, MaskRule::NonZero, MaskRule::Alpha] {
        let options = MaskOptions { rule, ignore: Some(255) };
        if let Ok(read) = decode_mask(bytes, name, options) {
            let (width, height) = (read.mask.width as usize, read.mask.height as usize);
            assert_eq!(read.mask.values.len(), width * height);
        }
    }
});
