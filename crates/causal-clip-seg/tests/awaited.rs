//! Answers that are awaited are those that are not.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use causal_clip_seg::config::InputConfig;
use causal_clip_seg::{CausalClipSegConfig, Device, RgbImage, SegError, Segmenter};
use seg_image::Rgb;

fn segmenter(tile: Option<u32>) -> Segmenter {
    let device = Device::flex();
    let input = InputConfig { size: 64, tile, ..CausalClipSegConfig::tiny().input };
    let config = CausalClipSegConfig { input, ..CausalClipSegConfig::tiny() };
    Segmenter::new(config.init(&device).unwrap().with_random_weights(3, |_| true)).unwrap()
}

fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 7 + y) as u8, (x + y * 3) as u8, (x * y % 251) as u8])
    })
}

/// On the CPU nothing is waited for.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the CPU has to be waited for"),
    }
}

#[test]
fn an_awaited_answer_is_the_other_one_whole_and_by_tiles() {
    for (tile, tiles) in [(None, 0), (Some(64), 6), (Some(256), 1)] {
        // Each its own, so that none finds what the other one kept.
        let (waits, awaits) = (segmenter(tile), segmenter(tile));
        for sentence in ["upper left", "upper left", "lower right"] {
            let image = picture(150, 100);
            let expected = waits.segment(&image, sentence).unwrap();
            let mut told = Vec::new();
            let progress = |done, all| told.push((done, all));
            let found = at_once(awaits.segment_async(&image, sentence, progress)).unwrap();
            if tiles < 2 {
                assert_eq!(found, expected, "{tile:?} {sentence}");
            }
            // Tiles are computed one by one or several at once, which changes the order of some sums.
            let both = found.probabilities.iter().zip(&expected.probabilities);
            let worst = both.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-6, "{worst} {tile:?} {sentence}");
            assert_eq!(told, (1..=tiles).map(|done| (done, tiles)).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_picture_without_pixels_is_refused() {
    for tile in [None, Some(64)] {
        let answer = segmenter(tile);
        let answer = at_once(answer.segment_async(&picture(5, 0), "lung", |_, _| ())).unwrap_err();
        assert!(matches!(answer, SegError::Pixels(_)), "{answer}");
    }
}
