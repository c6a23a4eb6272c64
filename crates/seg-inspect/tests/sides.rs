//! What left means in a set, and which mirrors are safe.
#![allow(clippy::unwrap_used)] // also in what the tests share

mod planted_set;

use seg_inspect::facts::{Laterality, Safety};
use seg_inspect::{Inspection, Level};

use planted_set::{LOWER_RIGHT, Set, UPPER_LEFT, finding};

fn convention(words: [&str; 2], mirrored: impl Fn(usize) -> bool) -> Inspection {
    let mut set = Set::new();
    for i in 0..20 {
        let block = if (i % 2 == 0) != mirrored(i) { UPPER_LEFT } else { [60, 5, 90, 40] };
        set.case(&format!("a{i}"), block, words[i % 2], "train", "");
    }
    set.inspect()
}

#[test]
fn the_side_convention_is_measured() {
    let plain = ["A nodule on the left.", "A nodule on the right."];
    let image = convention(plain, |_| false);
    assert_eq!(image.sides.plain.convention, Laterality::Image);
    assert!(image.augmentation.recipe.contains("sides = \"image\""));
    assert_eq!(image.augmentation.changes[0].safe, Safety::WithWords);
    let patient = convention(plain, |_| true);
    assert_eq!(patient.sides.plain.convention, Laterality::Patient);
    assert!(patient.augmentation.recipe.contains("sides = \"patient\""));
    let mixed = convention(plain, |i| i % 4 < 2);
    assert_eq!(mixed.sides.plain.convention, Laterality::Mixed);
    assert_eq!(finding(&mixed, "side_convention").unwrap().level, Level::Warning);
    assert_eq!(mixed.augmentation.changes[0].safe, Safety::No);
    let noisy = convention(plain, |i| i == 4);
    let wrong = &noisy.sides.disagreements;
    assert_eq!((wrong.len(), wrong[0].row.row, wrong[0].wrong), (1, 6, 1.0));
    // No side is named, and both sentences stand for either side.
    let none = convention(["A nodule.", "A large nodule."], |i| i % 4 < 2);
    assert_eq!(none.sides.plain.convention, Laterality::NotMeasurable);
    assert_eq!(none.augmentation.changes[0].safe, Safety::Yes);
}

#[test]
fn the_patients_sides_are_told_from_the_pictures() {
    let theirs = ["The patient's right lung.", "The patient's left lung."];
    let found = convention(theirs, |_| false);
    assert_eq!((found.sides.plain.measured, found.sides.patients.measured), (0, 20));
    assert_eq!(found.sides.patients.convention, Laterality::Patient);
    let both = ["The patient's right lung, on the left of the image.", "The lung on the right."];
    let found = convention(both, |_| false);
    assert_eq!(found.sides.plain.on_image_side, 20);
    assert_eq!((found.sides.patients.measured, found.sides.patients.on_image_side), (10, 0));
    assert!(found.augmentation.recipe.contains("sides = \"fixed\""));
    assert!(!found.augmentation.recipe.contains("flip"));
}

#[test]
fn heights_turn_with_the_picture_where_no_side_is_named() {
    let mut set = Set::new();
    let (upper_right, lower_left) = ([60, 5, 90, 40], [5, 60, 40, 90]);
    for i in 0..24 {
        let (block, text) = [
            (UPPER_LEFT, "At the top."),
            (LOWER_RIGHT, "At the bottom."),
            (upper_right, "At the top."),
            (lower_left, "At the bottom."),
        ][i % 4];
        set.case(&format!("a{i}"), block, text, "train", "");
    }
    let found = set.inspect();
    assert_eq!(found.sides.heights.ordered, Some(1.0));
    let safe = found.augmentation.changes.iter().map(|advice| advice.safe).take(3);
    assert_eq!(safe.collect::<Vec<_>>(), [Safety::Yes, Safety::WithWords, Safety::WithWords]);
    assert!(found.augmentation.recipe.contains("flip_vertical = 0.5"));
}

#[test]
fn no_mirror_is_safe_because_no_side_word_is_known() {
    for (words, word) in [
        (["Infiltrat im linken Unterfeld.", "Infiltrat im rechten Unterfeld."], "linken"),
        (["Opacity in the LLL.", "Opacity in the RLL."], "lll"),
        (["Foyer \u{e0} gauche.", "Foyer \u{e0} droite."], "droite"),
    ] {
        let found = convention(words, |_| false);
        let flip = &found.augmentation.changes[0];
        let expected = format!("\"{word}\" goes with the mask's side in 20 of 20 cases");
        assert_eq!((flip.safe, &flip.reason), (Safety::No, &expected));
        assert!(!found.augmentation.recipe.contains("flip"));
        assert_eq!(finding(&found, "unknown_side").unwrap().level, Level::Warning);
        let known = finding(&found, "unknown_language").is_none();
        assert_eq!(known, word == "lll");
    }
    // One sentence for all, and all on one side: it may name that side.
    let one = convention(["Herd."; 2], |i| i % 2 == 1);
    assert!(one.augmentation.changes[0].reason.contains("20 of 20 masks lie at one end"));
    assert_eq!(one.augmentation.changes[0].safe, Safety::No);
    // One sentence for either side says none.
    let either = convention(["Herd."; 2], |_| false);
    assert_eq!(either.augmentation.changes[0].safe, Safety::Yes);
    // Some sentences in words that are known do not speak for the others.
    let words = ["A nodule on the left.", "A nodule on the right.", "Herd links.", "Herd rechts."];
    let mut set = Set::new();
    for i in 0..40 {
        let block = if i % 2 == 0 { UPPER_LEFT } else { [60, 5, 90, 40] };
        set.case(&format!("a{i}"), block, words[i % 4], "train", "");
    }
    assert_eq!(set.inspect().augmentation.changes[0].safe, Safety::No);
}
