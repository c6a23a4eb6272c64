//! Any picture and any text: a mask of the picture's size, or an error.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::sync::OnceLock;

use causal_clip_seg::config::InputConfig;
use causal_clip_seg::{CausalClipSegConfig, Device, RgbImage, Segmenter};
use proptest::prelude::*;

fn segmenter() -> &'static Segmenter {
    static SHARED: OnceLock<Segmenter> = OnceLock::new();
    SHARED.get_or_init(|| {
        let tiny = CausalClipSegConfig::tiny();
        let input = InputConfig { size: 32, ..tiny.input.clone() };
        let network = CausalClipSegConfig { input, ..tiny }.init(&Device::flex()).unwrap();
        Segmenter::new(network.with_random_weights(1, |_| true)).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_picture_and_any_text_give_a_mask_of_the_pictures_size(
        width in 0u32..70,
        height in 0u32..70,
        colour in any::<[u8; 3]>(),
        sentence in any::<String>(),
    ) {
        let picture = RgbImage::from_pixel(width, height, seg_image::Rgb(colour));
        match segmenter().segment(&picture, &sentence) {
            Ok(mask) => {
                prop_assert_eq!((mask.width, mask.height), (width, height));
                prop_assert_eq!(mask.probabilities.len(), (width * height) as usize);
                prop_assert!(mask.probabilities.iter().all(|p| (0.0..=1.0).contains(p)));
            }
            Err(error) => prop_assert!(width == 0 || height == 0, "{error}"),
        }
    }
}
