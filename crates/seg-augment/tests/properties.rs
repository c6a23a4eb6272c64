//! What holds for every sentence, picture and turn.

use proptest::prelude::*;
use proptest::sample::select;
use seg_augment::{AugmentConfig, Augmentation, Sides};
use seg_sentences::{Place, places};

const SIZE: usize = 32;

/// One place, in a family's words.
fn place(words: [&'static str; 3]) -> impl Strategy<Value = String> {
    let [upper, centre, lower] = words;
    let one = vec![
        "left".to_owned(),
        "right".to_owned(),
        upper.to_owned(),
        lower.to_owned(),
        centre.to_owned(),
        format!("{upper} left"),
        format!("{upper}-right"),
        format!("{lower} left"),
        format!("{lower} right"),
        format!("{centre} left"),
        format!("{centre} right"),
        format!("{upper} {centre}"),
        format!("{lower} {centre}"),
    ];
    select(one)
}

/// Sentences about places of the picture, in the wordings of BUSI and MoNuSeg.
fn pictures() -> impl Strategy<Value = String> {
    let list = |words| prop::collection::vec(place(words), 1..4);
    prop_oneof![
        list(["top", "center", "bottom"])
            .prop_map(|l| format!("Small tumors at the {} in the breast image.", l.join(", "))),
        list(["upper", "middle", "lower"])
            .prop_map(|l| format!("The nuclei density in the {} is high.", l.join(" and the "))),
    ]
}

/// Sentences about lungs, in the wordings of QaTa-COV19.
fn lungs() -> impl Strategy<Value = String> {
    let heights =
        ["all", "upper", "middle", "lower", "upper middle", "upper lower", "middle lower"];
    let heights = || select(heights.to_vec());
    let sides = || select(vec!["left", "right"]);
    (heights(), sides(), heights(), sides(), any::<bool>()).prop_map(|(a, s, b, t, capital)| {
        let first = if capital { "Infection, Left and" } else { "Bilateral infection," };
        format!("{first} {a} {s} lung and the {b} {t} lung.")
    })
}

fn sentences() -> impl Strategy<Value = String> {
    prop_oneof![pictures(), lungs()]
}

/// A mask with a disc at each place.
fn drawn_at(places: &[Place]) -> Vec<u8> {
    let mut mask = vec![0; SIZE * SIZE];
    for place in places {
        let centre = |at: i8| 15.5 + 10.0 * f32::from(at);
        for (at, value) in mask.iter_mut().enumerate() {
            let (x, y) =
                ((at % SIZE) as f32 - centre(place.x), (at / SIZE) as f32 - centre(place.y));
            if x * x + y * y < 9.0 {
                *value = 255;
            }
        }
    }
    mask
}

/// All small movements on, and all turns.
fn everything() -> AugmentConfig {
    AugmentConfig {
        flip_horizontal: 0.5,
        flip_vertical: 0.5,
        quarter_turns: 0.5,
        affine: 0.8,
        rotate: 5.0,
        shift: 0.025,
        zoom: 0.07,
        brightness: 0.1,
        contrast: 0.1,
        gamma: 0.2,
        noise: 0.02,
        sides: Sides::Image,
    }
}

proptest! {
    #[test]
    fn a_lesion_stays_where_the_sentence_says(sentence in sentences(), case: u64) {
        let mask = drawn_at(&places(&sentence));
        let augmentation = Augmentation::draw(&everything(), 0, 0, case, &sentence);
        let moved = augmentation.mask(&mask, SIZE);
        let named = drawn_at(&places(augmentation.sentence()));
        match augmentation.affine {
            None => prop_assert_eq!(&moved[..], &named[..]),
            Some(_) => {
                let count = |both: &dyn Fn((&u8, &u8)) -> bool| {
                    moved.iter().zip(&named).filter(|pair| both(*pair)).count() as f32
                };
                let common = count(&|(a, b)| *a == 255 && *b == 255);
                let dice = 2.0 * common
                    / (count(&|(a, _)| *a == 255) + count(&|(_, b)| *b == 255));
                prop_assert!(dice > 0.5, "Dice {}", dice);
            }
        }
    }

    #[test]
    fn picture_and_mask_move_together(
        mask in prop::collection::vec(select(vec![0_u8, 255]), SIZE * SIZE),
        case: u64,
    ) {
        let config = AugmentConfig {
            rotate: 45.0, shift: 0.3, zoom: 0.5,
            brightness: 0.0, contrast: 0.0, gamma: 0.0, noise: 0.0,
            ..everything()
        };
        let augmentation = Augmentation::draw(&config, 0, 0, case, "A lesion.");
        let picture = mask.iter().flat_map(|v| [*v; 3]).collect::<Vec<_>>();
        let moved = augmentation.mask(&mask, SIZE);
        let image = augmentation.image(&picture, SIZE);
        prop_assert!(moved.iter().all(|v| [0, 255].contains(v)));
        for (pixel, inside) in image.chunks(3).zip(&moved[..]) {
            // The nearest of four pixels has at least a quarter of the weight.
            let difference = pixel[0].abs_diff(*inside);
            let most = if augmentation.affine.is_some() { 192 } else { 0 };
            prop_assert!(difference <= most);
        }
    }

    #[test]
    fn a_case_is_changed_alike_whatever_came_before(seed: u64, epoch: u64, case: u64) {
        let draw = |case| Augmentation::draw(&everything(), seed, epoch, case, "at the left");
        let picture = (0..SIZE * SIZE * 3).map(|v| (v % 251) as u8).collect::<Vec<_>>();
        let first = draw(case);
        draw(case.wrapping_add(1)).image(&picture, SIZE);
        let second = draw(case);
        prop_assert_eq!(&first, &second);
        prop_assert_eq!(first.image(&picture, SIZE), second.image(&picture, SIZE));
    }
}
