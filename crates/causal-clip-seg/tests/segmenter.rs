//! The door for people: odd pictures, odd sentences, many at once.

#![allow(clippy::unwrap_used)] // in helpers of tests

use causal_clip_seg::config::{Branch, InputConfig, Resize, Sides};
use causal_clip_seg::{CausalClipSegConfig, Device, RgbImage, SegError, Segmenter};
use seg_image::Rgb;

fn segmenter(input: InputConfig) -> Segmenter {
    let device = Device::flex();
    let config = CausalClipSegConfig { input, ..CausalClipSegConfig::tiny() };
    let network = config.init(&device).unwrap().with_random_weights(3, |_| true);
    Segmenter::new(network).unwrap()
}

fn small(resize: Resize) -> InputConfig {
    InputConfig { size: 64, resize, ..CausalClipSegConfig::tiny().input }
}

/// A picture whose every pixel differs a little.
fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 7 + y) as u8, (x + y * 3) as u8, (x * y % 251) as u8])
    })
}

#[test]
fn every_size_of_picture_gives_a_mask_of_that_size() {
    for resize in [Resize::Letterbox, Resize::Stretch] {
        let segmenter = segmenter(small(resize));
        for (width, height) in [(1, 1), (1, 200), (64, 64), (97, 61), (20_000, 20)] {
            let mask = segmenter.segment(&picture(width, height), "left lung").unwrap();
            assert_eq!((mask.width, mask.height), (width, height));
            assert_eq!(mask.probabilities.len(), (width * height) as usize);
            assert!(mask.probabilities.iter().all(|p| (0.0..=1.0).contains(p)));
            assert_eq!(mask.binary().area(), mask.area());
        }
    }
}

#[test]
fn a_picture_without_pixels_is_refused() {
    let error = segmenter(small(Resize::Stretch)).segment(&picture(0, 5), "lung").unwrap_err();
    assert!(matches!(error, SegError::Pixels(_)), "{error}");
}

#[test]
fn any_sentence_is_read_and_a_cut_one_says_so() {
    let segmenter = segmenter(small(Resize::Stretch));
    let long = "the opacity in the lower left lung and ".repeat(5_000);
    for (sentence, cut) in [("", false), (" \n\t", false), ("左下肺 🫁 \0", false), (&*long, true)]
    {
        let mask = segmenter.segment(&picture(40, 30), sentence).unwrap();
        assert_eq!(mask.sentence_cut, cut, "{}", sentence.chars().take(20).collect::<String>());
    }
}

#[test]
fn the_sentence_decides() {
    let segmenter = segmenter(small(Resize::Stretch));
    let image = picture(50, 50);
    let [left, right] = ["the left lung", "both kidneys are seen"]
        .map(|sentence| segmenter.segment(&image, sentence).unwrap().probabilities);
    assert_ne!(left, right);
}

#[test]
fn many_at_once_are_each_as_alone() {
    for branch in [Branch::Causal, Branch::Mean] {
        let segmenter = segmenter(InputConfig { branch, ..small(Resize::Letterbox) });
        let pictures = [picture(33, 80), picture(64, 64), picture(120, 17)];
        let sentences = ["left", "a far longer sentence about the right lung", ""];
        let queries = pictures.iter().zip(sentences).collect::<Vec<_>>();
        let together = segmenter.segment_many(&queries).unwrap();
        for ((image, sentence), together) in queries.into_iter().zip(together) {
            let alone = segmenter.segment(image, sentence).unwrap();
            let pairs = alone.probabilities.iter().zip(&together.probabilities);
            let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-5, "{sentence}: {worst}");
        }
    }
    assert!(segmenter(small(Resize::Stretch)).segment_many(&[]).unwrap().is_empty());
}

#[test]
fn an_impossible_input_is_named() {
    let wrong = InputConfig { threshold: 1.5, ..small(Resize::Stretch) };
    let error = segmenter(small(Resize::Stretch)).with_input(wrong).unwrap_err();
    assert_eq!(error.to_string(), "input.threshold is 1.5: it must lie between 0 and 1");
}

#[test]
fn sentences_about_one_picture_are_each_as_alone() {
    let pictures = [picture(33, 80), picture(64, 64), picture(33, 80)];
    // At this size two pictures or sentences are computed at once.
    let input = InputConfig { size: 384, ..small(Resize::Stretch) };
    let segmenter = segmenter(input);
    let sentences = ["left", "the right lung", "", "left", "both lungs"];
    let queries = (0..12).map(|i| (&pictures[i % 3], sentences[i % 5])).collect::<Vec<_>>();
    let together = segmenter.segment_many(&queries).unwrap();
    for (place, ((image, sentence), together)) in queries.into_iter().zip(&together).enumerate() {
        let alone = segmenter.segment(image, sentence).unwrap();
        assert_eq!((together.width, together.height), image.dimensions(), "{place}");
        let pairs = alone.probabilities.iter().zip(&together.probabilities);
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{place} {sentence}: {worst}");
    }
}

#[test]
fn a_segmenter_is_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Segmenter>();

    let segmenter = segmenter(small(Resize::Letterbox));
    let pictures = (0..4u32)
        .map(|at| RgbImage::from_fn(40 + at, 30, |x, y| Rgb([(x * at) as u8, (y * 7) as u8, 90])))
        .collect::<Vec<_>>();
    let sentences = ["left lung", "right lung", "left lung", "two areas"];
    let ask = |at: usize| segmenter.segment(&pictures[at], sentences[at]).unwrap();
    let together = std::thread::scope(|scope| {
        let threads = (0..4).map(|at| scope.spawn(move || [ask(at), ask(at)]));
        let threads = threads.collect::<Vec<_>>();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    // Another one, so that nothing is remembered of the sentences.
    let alone = self::segmenter(small(Resize::Letterbox));
    for (at, answers) in together.iter().enumerate() {
        let expected = alone.segment(&pictures[at], sentences[at]).unwrap();
        assert!(answers.iter().all(|answer| *answer == expected), "{at}");
    }
}

#[test]
fn options_are_checked() {
    let device = Device::flex();
    let config = CausalClipSegConfig::tiny();
    let network = config.init(&device).unwrap();
    let segmenter = || Segmenter::new(network.clone()).unwrap();
    assert_eq!(segmenter().sides(), None);
    let stated = InputConfig { sides: Some(Sides::Stated), ..config.input.clone() };
    assert_eq!(segmenter().with_input(stated).unwrap().sides(), Some(Sides::Stated));
    assert_eq!(segmenter().with_threshold(0.35).unwrap().config().input.threshold, 0.35);
    let message = segmenter().with_threshold(1.0).unwrap_err().to_string();
    assert_eq!(message, "input.threshold is 1: it must lie between 0 and 1");
    let message = segmenter().with_presence(Some(1.5)).unwrap_err().to_string();
    assert_eq!(message, "input.presence is 1.5: it must lie in 0 to 1");
    segmenter().with_branch(Branch::Mean).unwrap();
}
