//! Sentences of published sets, and what they say after a turn.

use seg_sentences::{Sides, Turn, Veto, rewrite};

/// As it is, after a horizontal flip, after a vertical flip.
const FLIPS: [[&str; 3]; 19] = [
    // QaTa-COV19, in its three wordings
    [
        "Bilateral pulmonary infection, two infected areas, upper left lung and lower right lung.",
        "Bilateral pulmonary infection, two infected areas, upper right lung and lower left lung.",
        "Bilateral pulmonary infection, two infected areas, lower left lung and upper right lung.",
    ],
    [
        "Bilateral pulmonary infection involving two regions with involvement of all left lung and the middle lower right lung",
        "Bilateral pulmonary infection involving two regions with involvement of all right lung and the middle lower left lung",
        "Bilateral pulmonary infection involving two regions with involvement of all left lung and the upper middle right lung",
    ],
    [
        "bilateral pulmonary infection, five infected areas, upper middle lower left lung and upper lower right lung.",
        "bilateral pulmonary infection, five infected areas, upper middle lower right lung and upper lower left lung.",
        "bilateral pulmonary infection, five infected areas, upper middle lower left lung and upper lower right lung.",
    ],
    [
        "Bilateral pulmonary infection,two infected areas,all left and lower right lung.",
        "Bilateral pulmonary infection,two infected areas,all right and lower left lung.",
        "Bilateral pulmonary infection,two infected areas,all left and upper right lung.",
    ],
    // Its typing errors
    [
        "Unilateral pulmonary infection, one infected area, middle lower leflung.",
        "Unilateral pulmonary infection, one infected area, middle lower right lung.",
        "Unilateral pulmonary infection, one infected area, upper middle leflung.",
    ],
    ["lower rightlung.", "lower left lung.", "upper rightlung."],
    ["the lowerright lung", "the lower left lung", "the upper right lung"],
    ["upperlower left lung", "upperlower right lung", "upperlower left lung"],
    ["middlelower left lung", "middlelower right lung", "upper middle left lung"],
    [
        "all leff lung and alll right lung",
        "all right lung and alll left lung",
        "all leff lung and alll right lung",
    ],
    [
        "upper middle lowerl right lung",
        "upper middle lowerl left lung",
        "upper middle lowerl right lung",
    ],
    ["middle lower l right lung", "middle lower l left lung", "upper middle l right lung"],
    ["the higher left lung", "the higher right lung", "the lower left lung"],
    // BUSI
    [
        "Two small oval-shaped benign tumors at the top, top left in the breast ultrasound image.",
        "Two small oval-shaped benign tumors at the top, top right in the breast ultrasound image.",
        "Two small oval-shaped benign tumors at the bottom, bottom left in the breast ultrasound image.",
    ],
    [
        "No tumor in the breast ultrasound image.",
        "No tumor in the breast ultrasound image.",
        "No tumor in the breast ultrasound image.",
    ],
    // MoNuSeg
    [
        "The nuclei density in the upper right is high.",
        "The nuclei density in the upper left is high.",
        "The nuclei density in the lower right is high.",
    ],
    [
        "The nuclei density is higher around.",
        "The nuclei density is higher around.",
        "The nuclei density is higher around.",
    ],
    // cxr-regions
    [
        "In this chest X-ray, find the lower half of the left-hand lung as seen in the picture.",
        "In this chest X-ray, find the lower half of the right-hand lung as seen in the picture.",
        "In this chest X-ray, find the upper half of the left-hand lung as seen in the picture.",
    ],
    // Phantoms
    [
        "The lesions in the upper third of the left lung and the lower third of the right lung.",
        "The lesions in the upper third of the right lung and the lower third of the left lung.",
        "The lesions in the lower third of the left lung and the upper third of the right lung.",
    ],
];

/// As it is, after a counterclockwise and after a clockwise quarter turn.
const QUARTERS: [[&str; 3]; 10] = [
    [
        "Two medium circle-shaped malignant tumors at the right, left in the breast ultrasound image.",
        "Two medium circle-shaped malignant tumors at the top, bottom in the breast ultrasound image.",
        "Two medium circle-shaped malignant tumors at the bottom, top in the breast ultrasound image.",
    ],
    [
        "Two medium star-shaped malignant tumors at the top, top left in the breast ultrasound image.",
        "Two medium star-shaped malignant tumors at the left, bottom left in the breast ultrasound image.",
        "Two medium star-shaped malignant tumors at the right, top right in the breast ultrasound image.",
    ],
    [
        "Three large circle-shaped malignant tumors at the center, top, top in the breast ultrasound image.",
        "Three large circle-shaped malignant tumors at the center, left, left in the breast ultrasound image.",
        "Three large circle-shaped malignant tumors at the center, right, right in the breast ultrasound image.",
    ],
    [
        "The nuclei density in the upper right is high.",
        "The nuclei density in the upper left is high.",
        "The nuclei density in the lower right is high.",
    ],
    [
        "The nuclei density in the left is high.",
        "The nuclei density in the lower is high.",
        "The nuclei density in the upper is high.",
    ],
    ["Polyp at the center left.", "Polyp at the bottom center.", "Polyp at the top center."],
    ["Polyp at the left center.", "Polyp at the center bottom.", "Polyp at the center top."],
    ["Upper-LEFT, Right", "Lower-LEFT, Upper", "Upper-RIGHT, Lower"],
    ["The leftmost lesion", "The lowermost lesion", "The uppermost lesion"],
    ["upperleft and lowerl", "lower left and right", "upper right and left"],
];

#[test]
fn sentences_follow_flips() {
    for [sentence, horizontal, vertical] in FLIPS {
        let say = |turn| rewrite(sentence, turn, Sides::Image);
        assert_eq!(say(Turn::FLIP_HORIZONTAL).as_deref(), Ok(horizontal));
        assert_eq!(say(Turn::FLIP_VERTICAL).as_deref(), Ok(vertical));
        assert_eq!(say(Turn::IDENTITY).as_deref(), Ok(sentence));
        assert_eq!(
            rewrite(sentence, Turn::FLIP_HORIZONTAL, Sides::Patient).as_deref(),
            Ok(horizontal)
        );
    }
}

#[test]
fn sentences_follow_quarter_turns() {
    for [sentence, left, right] in QUARTERS {
        let say = |turn| rewrite(sentence, turn, Sides::Image);
        assert_eq!(say(Turn::QUARTER).as_deref(), Ok(left));
        assert_eq!(say(Turn::QUARTER.inverse()).as_deref(), Ok(right));
    }
}

#[test]
fn what_has_no_words_is_refused_by_its_word() {
    let anatomy = |word: &str| Veto::Anatomy { word: word.to_owned() };
    let orientation = |word: &str| Veto::Orientation { word: word.to_owned() };
    let phrase = |words: &str| Veto::Phrase { words: words.to_owned() };
    let unclear = |word: &str| Veto::Unclear { word: word.to_owned() };
    let quarter = [
        ("The upper left lung.", anatomy("lung")),
        ("lower rightlung", anatomy("lung")),
        ("The left kidney", anatomy("kidney")),
        ("Upper outer quadrant", orientation("outer")),
        ("Bilateral pulmonary infection", orientation("bilateral")),
        ("A lesion wider than tall at the top", orientation("wider")),
        ("On both sides of the image", orientation("sides")),
        ("A left-sided mass", orientation("sided")),
        ("A nodule to the left of another", phrase("to the left")),
        ("the upper lower left", phrase("upper lower left")),
        ("superior lesion", phrase("superior")),
    ];
    for (sentence, veto) in quarter {
        assert_eq!(rewrite(sentence, Turn::QUARTER, Sides::Image), Err(veto));
    }
    let vertical = [
        ("Right costophrenic angle", orientation("costophrenic")),
        ("Apical opacity", orientation("apical")),
        ("A nodule above the left one", orientation("above")),
        ("lower oriented", orientation("oriented")),
        ("A cyst on top of another", phrase("on top of")),
        ("lwoer left lung", unclear("lwoer")),
        ("The patient's right lung", Veto::Patient { word: "right".to_owned() }),
    ];
    for (sentence, veto) in vertical {
        assert_eq!(rewrite(sentence, Turn::FLIP_VERTICAL, Sides::Image), Err(veto));
    }
    let horizontal = [
        ("The right middle lobe", anatomy("middle lobe")),
        ("Opacity in the lingula", orientation("lingula")),
        ("Arrow pointing clockwise", orientation("clockwise")),
        ("L lung", orientation("l")),
    ];
    for (sentence, veto) in horizontal {
        assert_eq!(rewrite(sentence, Turn::FLIP_HORIZONTAL, Sides::Image), Err(veto));
    }
}

#[test]
fn sides_of_the_patient_and_fixed_sentences_do_not_turn() {
    let patient = |sentence, turn| rewrite(sentence, turn, Sides::Patient);
    for turn in [Turn::FLIP_VERTICAL, Turn::HALF, Turn::QUARTER] {
        let veto = Veto::Patient { word: "upper left".to_owned() };
        assert_eq!(patient("An upper left nodule", turn), Err(veto));
        assert_eq!(patient("Both lungs.", turn).as_deref(), Ok("Both lungs."));
    }
    for turn in Turn::ALL.into_iter().skip(1) {
        assert_eq!(rewrite("Both lungs.", turn, Sides::Fixed), Err(Veto::Fixed));
    }
    assert_eq!(rewrite("left", Turn::IDENTITY, Sides::Fixed).as_deref(), Ok("left"));
}

#[test]
fn a_misspelt_word_that_turns_comes_back_clean() {
    let cases = [
        ("lower leflung.", "lower left lung."),
        ("lowerright lung.", "lower right lung."),
        ("Lowerl leff lung.", "Lower left lung."),
        ("mddle lower Rightlung", "middle lower Right lung"),
    ];
    for (typed, clean) in cases {
        let half = |sentence| rewrite(sentence, Turn::HALF, Sides::Image);
        assert_eq!(half(&half(typed).unwrap()).as_deref(), Ok(clean));
    }
}

#[test]
fn a_veto_says_what_stands_in_the_way() {
    let veto = rewrite("The upper left lung.", Turn::QUARTER, Sides::Image).unwrap_err();
    let expected =
        "`lung` is a part of the body, and there are no words for its sides after this turn";
    assert_eq!(veto.to_string(), expected);
}
