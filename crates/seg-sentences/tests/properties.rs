//! What holds for every sentence and turn.

use proptest::prelude::*;
use proptest::sample::select;
use seg_sentences::{Place, Sides, Turn, places, rewrite};

fn turns() -> impl Strategy<Value = Turn> {
    select(&Turn::ALL[..])
}

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

fn sorted(mut places: Vec<Place>) -> Vec<Place> {
    places.sort();
    places
}

proptest! {
    #[test]
    fn a_turn_and_its_inverse_give_the_sentence_back(sentence in sentences(), turn in turns()) {
        if let Ok(turned) = rewrite(&sentence, turn, Sides::Image) {
            let back = rewrite(&turned, turn.inverse(), Sides::Image);
            prop_assert_eq!(back.as_deref(), Ok(&*sentence));
        }
    }

    #[test]
    fn sentences_about_pictures_follow_every_turn(sentence in pictures(), turn in turns()) {
        prop_assert!(rewrite(&sentence, turn, Sides::Image).is_ok());
    }

    #[test]
    fn rewritings_compose_as_turns_do(
        sentence in sentences(),
        first in turns(),
        second in turns(),
    ) {
        let both = rewrite(&sentence, first.then(second), Sides::Image);
        if let Ok(once) = rewrite(&sentence, first, Sides::Image)
            && let Ok(twice) = rewrite(&once, second, Sides::Image)
        {
            prop_assert_eq!(both.as_deref(), Ok(&*twice));
        }
    }

    #[test]
    fn places_of_the_rewritten_sentence_are_the_turned_places(
        sentence in sentences(),
        turn in turns(),
    ) {
        if let Ok(turned) = rewrite(&sentence, turn, Sides::Image) {
            let expected = places(&sentence).into_iter().map(|place| turn.place(place)).collect();
            prop_assert_eq!(sorted(places(&turned)), sorted(expected));
        }
    }

    #[test]
    fn any_text_gives_a_sentence_or_a_veto(text: String, turn in turns()) {
        let _ = rewrite(&text, turn, Sides::Image);
        let _ = places(&text);
    }
}
