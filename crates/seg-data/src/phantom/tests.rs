use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn config(size: u32) -> PhantomConfig {
    PhantomConfig { size, ..PhantomConfig::default() }
}

/// The mean column and row of a mask.
fn centre(mask: &BinaryMask) -> [f64; 2] {
    let inside = mask.values.iter().enumerate().filter(|(_, inside)| **inside);
    let sum = inside
        .fold([0; 2], |[x, y], (i, _)| [x + i % mask.width as usize, y + i / mask.width as usize]);
    sum.map(|sum| sum as f64 / mask.area() as f64)
}

/// FNV-1a of the picture, each sentence and each mask.
fn hash(made: &Phantom) -> u64 {
    let queries = made.queries.iter().flat_map(|query| {
        query.sentence.bytes().chain(query.mask.values.iter().map(|inside| u8::from(*inside)))
    });
    made.image.as_raw().iter().copied().chain(queries).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Whoever changes how phantoms are drawn changes this number, and every set made from a seed.
#[test]
fn a_seed_and_an_index_give_one_phantom() {
    let made = phantom(&config(96), 3);
    assert_eq!(made, phantom(&config(96), 3));
    assert_ne!(made, phantom(&config(96), 4));
    assert_ne!(made, phantom(&PhantomConfig { seed: 1, ..config(96) }, 3));
    assert_eq!(hash(&made), 0x884d_c13e_365c_852d, "{:#x}", hash(&made));
}

#[test]
fn a_sentence_about_one_side_means_that_side() {
    for index in 0..60 {
        let made = phantom(&config(64), index);
        let lungs = fields(&Chest::new(&mut Stream::new(0, index, 0)), 64);
        for PhantomQuery { sentence, mask } in &made.queries {
            let names =
                |side: &str| sentence.split(|c: char| !c.is_alphabetic()).any(|word| word == side);
            let within = |lung: &BinaryMask| {
                mask.values.iter().zip(&lung.values).all(|(inside, lung)| !inside || *lung)
            };
            assert!(within(&lungs[0].union(&lungs[1])), "{sentence}");
            for (side, lung) in ["left", "right"].into_iter().zip(&lungs) {
                let other = if side == "left" { "right" } else { "left" };
                if names(side) && !names(other) {
                    assert!(within(lung), "{index}: {sentence}");
                    assert_eq!(centre(mask)[0] < 32.0, side == "left", "{index}: {sentence}");
                }
            }
        }
    }
}

/// The zone that a sentence names holds the centre of each lesion meant, read from the masks alone.
#[test]
fn a_lesion_is_in_the_third_that_it_says() {
    for index in 0..60 {
        let made = phantom(&config(64), index);
        let lungs = fields(&Chest::new(&mut Stream::new(0, index, 0)), 64);
        for finding in &made.findings {
            let lung = lungs[finding.side as usize].bounding_box().unwrap();
            let (top, bottom) = (f64::from(lung.top), f64::from(lung.bottom + 1));
            let share = (centre(&finding.mask)[1] + 0.5 - top) / (bottom - top);
            assert_eq!((3.0 * share) as usize, finding.zone as usize, "{index}: {finding:?}");
        }
    }
}

#[test]
fn sentences_differ_and_mostly_mean_different_things() {
    let (mut sentences, mut masks) = (0, 0);
    for index in 0..60 {
        let made = phantom(&config(64), index);
        let texts = made.queries.iter().map(|query| &query.sentence).collect::<HashSet<_>>();
        assert_eq!(texts.len(), made.queries.len(), "{index}");
        sentences += made.queries.len();
        let means = made.queries.iter().map(|query| &query.mask.values).collect::<HashSet<_>>();
        masks += means.len();
    }
    assert!(masks * 10 > sentences * 7, "{masks} masks for {sentences} sentences");
}

#[test]
fn places_kinds_and_sizes_are_balanced() {
    let findings = (0..400).flat_map(|index| phantom(&config(32), index).findings);
    let findings = findings.collect::<Vec<_>>();
    let share = |is: &dyn Fn(&PhantomLesion) -> bool| {
        findings.iter().filter(|finding| is(finding)).count() as f64 / findings.len() as f64
    };
    let near = |share: f64, expected: f64| (share - expected).abs() < 0.08;
    assert!(near(share(&|finding| finding.side == Side::Left), 0.5));
    for zone in Zone::ALL {
        assert!(near(share(&|finding| finding.zone == zone), 1.0 / 3.0), "{zone:?}");
    }
    let large = share(&|finding| finding.extent == Extent::Large);
    let nodules = share(&|finding| finding.kind == Kind::Nodule);
    assert!((0.35..0.6).contains(&large) && (0.25..0.5).contains(&nodules), "{large} {nodules}");
}

#[test]
fn thirds_make_up_their_lung() {
    let made = phantom(&PhantomConfig { sentences: 0, thirds: true, ..config(64) }, 3);
    let (lungs, thirds) = made.queries.split_at(3);
    assert_eq!(thirds.len(), 6);
    for (lung, thirds) in lungs.iter().zip(thirds.chunks(3)) {
        let areas = thirds.iter().map(|third| third.mask.area()).collect::<Vec<_>>();
        let union = thirds[0].mask.union(&thirds[1].mask).union(&thirds[2].mask);
        assert_eq!((union, areas.iter().sum()), (lung.mask.clone(), lung.mask.area()));
        let tops = thirds.iter().map(|third| centre(&third.mask)[1]).collect::<Vec<_>>();
        assert!(tops.is_sorted(), "{tops:?}");
        assert!(thirds[0].sentence.contains("upper") && thirds[2].sentence.contains("lower"));
    }
}

/// Neighbours share a lung three times in four, not once in two, and sides stay balanced.
#[test]
fn crowded_lesions_share_a_lung_but_not_a_third() {
    let made = |crowded| {
        let config = PhantomConfig { crowded, ..config(32) };
        (0..300).map(|index| phantom(&config, index).findings).collect::<Vec<_>>()
    };
    let shares = |pictures: &[Vec<PhantomLesion>]| {
        let pairs = pictures.iter().flat_map(|findings| findings.windows(2)).collect::<Vec<_>>();
        let share = |is: &dyn Fn(&[PhantomLesion]) -> bool| {
            pairs.iter().filter(|pair| is(pair)).count() as f64 / pairs.len() as f64
        };
        let height = share(&|pair| pair[0].side == pair[1].side && pair[0].zone != pair[1].zone);
        (height, share(&|pair| pair[0].side == Side::Left))
    };
    let ((plain, _), (crowded, left)) = (shares(&made(false)), shares(&made(true)));
    assert!(plain < 0.4 && crowded > 0.6, "{plain} {crowded}");
    assert!((0.42..0.58).contains(&left), "{left}");
}

#[test]
fn absent_sentences_have_empty_masks_and_change_no_other() {
    let mut empty = 0;
    for index in 0..30 {
        let plain = phantom(&config(64), index);
        let made = phantom(&PhantomConfig { absent: true, ..config(64) }, index);
        let (same, added) = made.queries.split_at(plain.queries.len());
        assert_eq!((made.image, same), (plain.image, &plain.queries[..]));
        assert!(added.iter().all(|query| query.mask.area() == 0));
        assert!(added.iter().all(|query| same.iter().all(|s| s.sentence != query.sentence)));
        empty += added.len();
    }
    assert!(empty > 40, "{empty}");
}

#[test]
fn unusable_configurations_are_refused() {
    let message = |config: &PhantomConfig| config.check().unwrap_err().to_string();
    assert_eq!(message(&config(31)), "size is 31 pixels, expected 32 to 4096");
    let mute = PhantomConfig { sentences: 0, lungs: false, ..config(64) };
    assert!(message(&mute).starts_with("there would be no sentences"));
    assert_eq!(phantom(&config(0), 0).image.dimensions(), (32, 32));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_size_and_seed_gives_a_phantom(size in 32..=512u32, seed: u64, index: u64) {
        let made = phantom(&PhantomConfig { seed, ..config(size) }, index);
        prop_assert_eq!(made.image.dimensions(), (size, size));
        prop_assert!((1..=4).contains(&made.findings.len()));
        for PhantomQuery { sentence, mask } in &made.queries {
            prop_assert_eq!((mask.width, mask.height), (size, size));
            prop_assert!(mask.area() > 0, "{}", sentence);
        }
        for (i, finding) in made.findings.iter().enumerate() {
            for other in &made.findings[..i] {
                let mut pixels = finding.mask.values.iter().zip(&other.mask.values);
                prop_assert!(!pixels.any(|(a, b)| *a && *b));
            }
        }
    }

    #[test]
    fn the_smallest_pictures_are_drawn_too(seed: u64, index: u64) {
        let made = phantom(&PhantomConfig { seed, ..config(32) }, index);
        prop_assert!(made.queries.iter().all(|query| query.mask.area() > 0));
    }
}
