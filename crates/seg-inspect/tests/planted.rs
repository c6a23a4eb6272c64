//! Sets with faults that were put there, and whether all of them are found.
#![allow(clippy::unwrap_used)] // also in what the tests share

mod planted_set;

use std::fs;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use seg_data::{Dataset, MaskRule, OpenOptions, ReadOptions};
use seg_image::{BinaryMask, Rgb, RgbImage, write_gray8, write_mask, write_rgb};
use seg_inspect::facts::{Closeness, GroupSource};
use seg_inspect::{InspectOptions, Inspection, Level};

use planted_set::{
    LOWER_RIGHT, SIDE, Set, UPPER_LEFT, block_mask, finding, picture, places, sound, tokens,
};

#[test]
fn a_sound_set_has_no_error_and_no_warning() {
    let found = sound().inspect();
    assert!(found.can_train());
    let bad = found.findings.iter().filter(|finding| finding.level < Level::Note);
    assert_eq!(bad.map(|finding| finding.code).collect::<Vec<_>>(), Vec::<&str>::new());
    assert_eq!(found.splits.iter().map(|split| split.cases).collect::<Vec<_>>(), [6, 3, 3]);
    assert_eq!((found.pictures.grey, found.pictures.colour), (12, 0));
    assert_eq!(found.masks.values.iter().map(|value| value.value).collect::<Vec<_>>(), [0, 255]);
    assert!(found.summary().contains("can be trained on"));
}

#[test]
fn copies_are_found_however_they_were_saved() {
    let mut set = sound();
    let base = picture("sound0"); // train
    write_rgb(&set.file("copy.png"), &base).unwrap();
    let brighter =
        RgbImage::from_fn(SIDE, SIDE, |x, y| Rgb(base.get_pixel(x, y).0.map(|v| v + 25)));
    write_rgb(&set.file("brighter.png"), &brighter).unwrap();
    let mut jpeg = Vec::new();
    let second = picture("sound1"); // train
    JpegEncoder::new_with_quality(&mut jpeg, 60).encode_image(&second).unwrap();
    fs::write(set.file("again.jpg"), jpeg).unwrap();
    write_mask(&set.file("far.png"), &block_mask(LOWER_RIGHT)).unwrap();
    set.row("copy.png", "far.png", "One nodule at the upper left.", "test", "a");
    set.row("brighter.png", "sound0_mask.png", "One nodule at the upper left.", "train", "b");
    set.row("again.jpg", "sound1_mask.png", "One nodule at the lower right.", "val", "c");

    let found = set.inspect();
    assert!(found.can_train(), "a leak is a warning");
    let groups = found.duplicates.groups.iter().map(|group| {
        let pictures = group.pictures.iter().map(|picture| picture.row.image.as_str());
        (group.closeness, group.across, pictures.collect::<Vec<_>>())
    });
    let expected = [
        (Closeness::Exact, true, vec!["sound0.png", "brighter.png", "copy.png"]),
        (Closeness::Near, true, vec!["sound1.png", "again.jpg"]),
    ];
    assert_eq!(groups.collect::<Vec<_>>(), expected);
    let conflicts = &found.duplicates.groups[0].conflicts;
    assert!(conflicts.iter().all(|conflict| conflict.dice == 0.0 && !conflict.one_empty));
    let row = &conflicts[0].second;
    assert_eq!((row.image.as_str(), row.row, row.split.as_str()), ("copy.png", 14, "test"));
    assert_eq!(finding(&found, "exact_duplicate").unwrap().level, Level::Warning);
    assert_eq!(places(&found, "conflict").len(), 2, "with both copies of the picture in train");
}

#[test]
fn an_empty_mask_contradicts_one_that_is_not() {
    let mut set = sound();
    write_rgb(&set.file("copy.png"), &picture("sound0")).unwrap();
    set.row("copy.png", "", "No nodule.", "train", "a");
    let found = set.inspect();
    // Another sentence of the same split: one picture, several sentences.
    assert_eq!((found.duplicates.groups.len(), found.duplicates.several_sentences), (0, 1));
    assert_eq!(places(&found, "empty_mask"), ["manifest.csv, row 14 (copy.png)"]);
    set.table = set.table.replace("\"No nodule.\",train", "\"No nodule.\",test");
    let found = set.inspect();
    assert!(found.duplicates.groups[0].conflicts[0].one_empty);
}

#[test]
fn one_picture_with_several_sentences_is_no_duplicate() {
    let mut set = sound();
    set.row("sound0.png", "sound1_mask.png", "Another thing.", "train", "sound0");
    set.row("sound1.png", "sound0_mask.png", "One nodule at the lower right.", "train", "sound1");
    set.row("sound4.png", "sound4_mask.png", "One nodule at the upper left.", "train", "sound4");
    set.row("sound5.png", "sound5_mask.png", "Elsewhere.", "test", "sound5");
    let found = set.inspect();
    assert_eq!(found.duplicates.groups, []);
    assert_eq!(found.duplicates.several_sentences, 2);
    let contradiction = &found.duplicates.contradictions;
    assert_eq!((contradiction.len(), contradiction[0].second.row), (1, 15));
    assert_eq!(places(&found, "repeated"), ["manifest.csv, row 16 (sound4.png)"]);
    assert_eq!(places(&found, "shared_picture"), ["sound5.png"]);
}

#[test]
fn patients_in_two_splits_are_named_and_counted() {
    let mut set = sound();
    set.case("x", UPPER_LEFT, "One nodule at the upper left.", "val", "sound0");
    set.case("y", UPPER_LEFT, "One nodule at the upper left.", "val", "sound0");
    set.case("z", UPPER_LEFT, "One nodule at the upper left.", "test", "");
    let found = set.inspect();
    assert_eq!(found.groups.source, GroupSource::Set);
    assert_eq!(places(&found, "shared_group"), ["sound0: 1 train, 2 val"]);
    let pair = &found.groups.pairs;
    assert_eq!((pair.len(), &pair[0].splits[1], pair[0].groups), (1, &"val".to_owned(), 1));
    let affected = &found.groups.affected;
    assert_eq!((affected[0].cases, affected[0].known), (2, 5));
    assert_eq!((affected[1].cases, affected[1].known, found.groups.without), (0, 3, 1));
}

#[test]
fn without_groups_patients_are_read_from_names() {
    let mut set = Set::new();
    for (i, split) in ["train", "val", "test"].into_iter().enumerate() {
        let name = format!("sub-S{}_view{i}", [7, 7, 8][i]);
        set.case(&name, UPPER_LEFT, "One nodule.", split, "");
    }
    let found = set.inspect();
    assert!(
        matches!(&found.groups.source, GroupSource::Detected(pattern) if pattern.starts_with("sub-"))
    );
    assert_eq!(places(&found, "shared_group"), ["sub-S7: 1 train, 1 val"]);
    assert!(finding(&found, "detected_group").is_some());
}

#[test]
fn all_broken_files_are_listed_and_stop_training() {
    let mut set = sound();
    fs::write(set.file("sound0.png"), "no picture").unwrap();
    fs::write(set.file("sound3_mask.png"), b"\x89PNG\r\n\x1a\n").unwrap();
    write_gray8(&set.file("sound5_mask.png"), 4, 4, vec![255; 16]).unwrap();
    let labels = (0..SIDE * SIDE).map(|at| (at / SIDE / 32) as u8).collect();
    write_gray8(&set.file("sound6_mask.png"), SIDE, SIDE, labels).unwrap();
    set.row("sound0.png", "sound1_mask.png", "Another.", "train", "sound0");
    let found = set.inspect();
    assert!(!found.can_train());
    let unreadable = places(&found, "unreadable");
    assert_eq!(unreadable.len(), 2, "each file once: {unreadable:?}");
    assert!(
        unreadable[0].starts_with("manifest.csv, row 2: sound0.png: not a PNG"),
        "{unreadable:?}"
    );
    assert!(unreadable[1].starts_with("manifest.csv, row 5: sound3_mask.png"), "{unreadable:?}");
    let expected =
        "manifest.csv, row 7: sound5.png is 96 x 96 pixels, its mask sound5_mask.png 4 x 4";
    assert_eq!(places(&found, "mask_size"), [expected]);
    let rule = places(&found, "mask_rule");
    assert!(rule[0].starts_with("manifest.csv, row 8: sound6_mask.png"), "{rule:?}");
    assert!(found.summary().contains("cannot be trained on"));
    assert!(found.html().contains("Training would fail"));
}

#[test]
fn masks_that_teach_nothing_stop_training() {
    let mut set = Set::new();
    for i in 0..3 {
        set.case(&format!("a{i}"), [0, 0, 0, 0], "One nodule.", "train", "");
    }
    let codes = |found: &Inspection| {
        let errors = found.findings.iter().filter(|finding| finding.level == Level::Error);
        errors.map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&set.inspect()), ["all_empty"]);
    // As many label ids as there are: everything is inside.
    for i in 0..3 {
        let values = vec![1; (SIDE * SIDE) as usize];
        write_gray8(&set.file(&format!("a{i}_mask.png")), SIDE, SIDE, values).unwrap();
    }
    let reading = ReadOptions { mask: MaskRule::NonZero.into(), ..ReadOptions::default() };
    let any = OpenOptions { reading, ..OpenOptions::default() };
    let found = set.inspect_with(&any);
    assert_eq!(codes(&found), ["all_full"]);
    assert_eq!(places(&found, "full_mask").len(), 3);
    set.table = set.table.replace(",train,", ",test,");
    assert_eq!(codes(&set.inspect_with(&any)), ["no_train"]);
}

#[test]
fn values_between_inside_and_outside_are_flagged() {
    let set = sound();
    const VALUES: [u8; 10] = [0, 2, 3, 5, 6, 248, 250, 251, 254, 255];
    let values = (0..SIDE * SIDE).map(|i| VALUES[i as usize / 7 % 10]).collect();
    write_gray8(&set.file("sound2_mask.png"), SIDE, SIDE, values).unwrap();
    let found = set.inspect();
    assert_eq!(places(&found, "blurred_mask"), ["sound2_mask.png"]);
    assert_eq!(
        found.masks.values.iter().map(|value| value.value).collect::<Vec<_>>(),
        VALUES.map(u16::from)
    );
}

#[test]
fn typing_errors_are_listed_with_row_and_suggestion() {
    let mut set = Set::new();
    for i in 0..30 {
        set.case(&format!("a{i}"), UPPER_LEFT, "One infected area, upper left lung.", "train", "");
    }
    set.case("b", UPPER_LEFT, "One infectd area, uper leflung.", "train", "");
    let found = set.inspect();
    let slips = found.misspellings.iter().map(|slip| (slip.word.as_str(), slip.meant.as_str()));
    let expected = [("infectd", "infected"), ("leflung", "left lung"), ("uper", "upper")];
    assert_eq!(slips.collect::<Vec<_>>(), expected);
    let places = places(&found, "misspelling");
    assert_eq!(places[1], "manifest.csv, row 32 (b.png): `leflung` for `left lung`");
}

/// Sentences that mean one side or the other, and what is measured of them.
#[test]
fn long_and_known_sentences_are_counted() {
    let mut set = sound();
    let long = "word ".repeat(20);
    set.case("long", UPPER_LEFT, &long, "test", "long");
    let found = set.inspect();
    let cut = found.sentences.all.cut.iter().map(|cut| (cut.word_len, cut.cases));
    assert_eq!(cut.collect::<Vec<_>>(), [(16, 1), (17, 1), (22, 0), (24, 0), (77, 0)]);
    let test = &found.sentences.splits[2];
    assert_eq!((test.distinct, test.in_train), (2, Some(0.75)));
    assert_eq!(found.sentences.longest.as_ref().unwrap().1.image, "long.png");
    assert_eq!(found.sentences.commonest[0].cases, 6);
}

#[test]
fn the_page_escapes_what_the_set_says_and_needs_no_other_file() {
    let mut set = sound();
    set.case("evil", UPPER_LEFT, "<script>alert(1)</script> & co", "train", "evil");
    let page = set.inspect().html();
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
    for other in ["http://", "https://", "href=", "url("] {
        assert!(!page.contains(other), "{other}");
    }
    assert!(page.contains("data:image/jpeg;base64,/9j/"));
    assert!(page.len() < 5 << 20);
}

#[test]
fn every_case_ticks_once() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let mut set = sound();
    set.row("sound0.png", "sound0_mask.png", "Another.", "train", "sound0");
    fs::write(set.file("manifest.csv"), &set.table).unwrap();
    let ticks = AtomicUsize::new(0);
    let tick = || {
        ticks.fetch_add(1, Ordering::Relaxed);
    };
    let set = Dataset::open(Path::new(set.folder.path())).unwrap();
    let options = InspectOptions { tick: &tick, ..InspectOptions::new(&tokens) };
    Inspection::run(&set, &options).unwrap();
    assert_eq!(ticks.into_inner(), 13);
}

#[test]
fn a_mask_of_another_area_is_found() {
    let mut set = sound();
    set.case("turned", UPPER_LEFT, "One nodule at the upper left.", "train", "turned");
    let inverted = BinaryMask::from_fn(SIDE, SIDE, |x, y| !((5..40).contains(&x) && y < 40));
    write_mask(&set.file("turned_mask.png"), &inverted).unwrap();
    let found = set.inspect();
    let places = places(&found, "mask_area");
    assert_eq!(places, ["manifest.csv, row 14 (turned.png): 84.8 %"]);
    assert!(finding(&found, "mask_area").unwrap().message.contains("(median 1"), "{places:?}");
    // A speck among large masks; masks of all sizes are far from nothing.
    let mut speck = sound();
    speck.case("speck", [5, 5, 6, 6], "One nodule at the upper left.", "train", "speck");
    assert!(finding(&speck.inspect(), "mask_area").is_some());
    let mut all = Set::new();
    for i in 0..12u32 {
        all.case(&format!("a{i}"), [1, 1, 3 + 7 * i, 3 + 7 * i], "A nodule.", "train", "");
    }
    assert!(finding(&all.inspect(), "mask_area").is_none());
}

#[test]
fn a_sentence_that_names_what_is_not_there_is_found() {
    let mut set = sound();
    write_rgb(&set.file("e.png"), &picture("e")).unwrap();
    write_rgb(&set.file("f.png"), &picture("f")).unwrap();
    set.row("e.png", "", "One nodule at the upper right.", "train", "e");
    set.row("f.png", "", "No nodule.", "train", "f");
    let found = set.inspect();
    let places = places(&found, "named_but_empty");
    let expected = "manifest.csv, row 14 (e.png): One nodule at the upper right.";
    // "right" stands with masks at the lower right.
    assert_eq!(places, [expected]);
}

#[test]
fn a_val_split_without_a_target_cannot_choose_an_epoch() {
    let mut set = Set::new();
    for i in 0..6 {
        set.case(&format!("t{i}"), UPPER_LEFT, "A nodule.", "train", "");
        write_rgb(&set.file(&format!("v{i}.png")), &picture(&format!("v{i}"))).unwrap();
        set.row(&format!("v{i}.png"), "", "A nodule.", "val", "");
    }
    let found = set.inspect();
    assert!(!found.can_train() && finding(&found, "all_empty_val").is_some());
}

#[test]
fn what_the_reader_noted_is_a_finding() {
    let mut set = sound();
    set.table = set.table.replace("sound0.png", "SOUND0.PNG").replace("patient", "patiant");
    let found = set.inspect();
    assert_eq!(finding(&found, "near_column").unwrap().level, Level::Warning);
    assert!(finding(&found, "reading").unwrap().message.contains("`SOUND0.PNG` for sound0.png"));
}

/// A JPEG of this picture with an EXIF orientation.
fn tagged_jpeg(picture: &RgbImage, orientation: u8) -> Vec<u8> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 90).encode_image(picture).unwrap();
    let tiff =
        [b'I', b'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    let body = [&b"Exif\0\0"[..], &tiff, &[0; 4]].concat();
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &body, &jpeg[2..]].concat()
}

#[test]
fn a_picture_that_a_tag_turns_is_found() {
    let mut set = sound();
    for (name, tag) in [("half", 3), ("mirrored", 2), ("plain", 1)] {
        fs::write(set.file(&format!("{name}.jpg")), tagged_jpeg(&picture(name), tag)).unwrap();
        let mask = format!("{name}_mask.png");
        write_mask(&set.file(&mask), &block_mask(UPPER_LEFT)).unwrap();
        set.row(&format!("{name}.jpg"), &mask, "One nodule at the upper left.", "train", name);
    }
    assert_eq!(places(&set.inspect(), "turned_alone"), ["half.jpg", "mirrored.jpg"]);
}
