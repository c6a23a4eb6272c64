//! Folders of masks: which belong together, and their scores.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use seg_image::{BinaryMask, write_mask};
use seg_report::{MaskPair, Missing, ReportError, ScoreOptions, Spacings, find_pairs, score_pairs};
use tempfile::TempDir;

/// Folders `p` and `r` of empty files.
fn folders(predictions: &[&str], references: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (part, names) in [("p", predictions), ("r", references)] {
        fs::create_dir(folder.path().join(part)).unwrap();
        for name in names {
            fs::write(folder.path().join(part).join(name), b"").unwrap();
        }
    }
    folder
}

fn pairs(folder: &TempDir, missing: Missing) -> Result<Vec<MaskPair>, String> {
    let found = find_pairs(&folder.path().join("p"), &folder.path().join("r"), missing);
    found.map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
}

#[test]
fn masks_are_paired_whatever_stands_around_their_names() {
    let folder = folders(
        &["a.mask.png", "a.overlay.png", "a.probability.png", "b.PNG", "c_mask.bmp", "scores.json"],
        &["mask_a.png", "b.tif", "c.jpg", ".hidden.png", "Thumbs.db"],
    );
    let found = pairs(&folder, Missing::Refuse).unwrap();
    let found = found
        .iter()
        .map(|pair| {
            let name = |file: &Path| file.file_name().unwrap().to_str().unwrap().to_owned();
            (&*pair.case, name(pair.prediction.as_ref().unwrap()), name(&pair.reference))
        })
        .collect::<Vec<_>>();
    let expected =
        [("a", "a.mask.png", "mask_a.png"), ("b", "b.PNG", "b.tif"), ("c", "c_mask.bmp", "c.jpg")];
    assert_eq!(found, expected.map(|(case, p, r)| (case, p.to_owned(), r.to_owned())));
}

#[test]
fn what_has_no_partner_is_named() {
    let folder = folders(&["a.png", "x.png"], &["a.png", "b.png", "c.png"]);
    let expected = "2 masks of r have no mask in p: b, c; 1 masks of p have no mask in r: x";
    assert_eq!(pairs(&folder, Missing::Refuse).unwrap_err(), expected);
    let expected = "1 masks of p have no mask in r: x";
    assert_eq!(pairs(&folder, Missing::CountAsEmpty).unwrap_err(), expected);

    let names = (0..8).map(|i| format!("{i}.png")).collect::<Vec<_>>();
    let names = names.iter().map(String::as_str).collect::<Vec<_>>();
    let message = pairs(&folders(&[], &names), Missing::Refuse).unwrap_err();
    assert_eq!(message, "8 masks of r have no mask in p: 0, 1, 2, 3, 4 and 3 more");
}

#[test]
fn folders_that_do_not_fit_are_refused() {
    let twice = folders(&["a.png", "mask_a.png"], &["a.png"]);
    let message = pairs(&twice, Missing::Refuse).unwrap_err();
    assert_eq!(message, "p/a.png and p/mask_a.png are both masks of `a`: keep one of them");
    let message = pairs(&folders(&["a.png"], &["notes.txt"]), Missing::Refuse).unwrap_err();
    assert_eq!(message, "r: found no mask; expected png, jpg, tif or bmp files");
    let nowhere = find_pairs(Path::new("/nowhere/p"), Path::new("/nowhere/r"), Missing::Refuse);
    assert!(matches!(nowhere, Err(ReportError::Read { .. })));
}

/// The left half of a square.
fn half(file: PathBuf, side: u32) {
    write_mask(&file, &BinaryMask::from_fn(side, side, |x, _| x < side / 2)).unwrap();
}

#[test]
fn pairs_are_scored_at_the_reference_s_size() {
    let folder = folders(&[], &[]);
    let at = |name: &str| folder.path().join(name);
    for name in ["a", "b", "c"] {
        half(at(&format!("r/{name}.png")), 8);
    }
    half(at("p/a.png"), 8);
    half(at("p/b.png"), 4);
    let found = pairs(&folder, Missing::CountAsEmpty).unwrap();
    let ticks = AtomicUsize::new(0);
    let tick = || {
        ticks.fetch_add(1, Ordering::Relaxed);
    };
    let options = ScoreOptions { spacing: [0.5, 2.0], ..ScoreOptions::default() };
    let scored = score_pairs(&found, &options, tick).unwrap();
    assert_eq!((scored.resized, scored.missing, ticks.into_inner()), (1, 1, 3));
    let dice = scored.cases.iter().map(|case| (&*case.case, case.scores.dice)).collect::<Vec<_>>();
    assert_eq!(dice, [("a", 1.0), ("b", 1.0), ("c", 0.0)]);
    assert_eq!(scored.cases[2].scores.hd95, f64::INFINITY);

    fs::write(at("p/b.png"), b"no picture").unwrap();
    let error = score_pairs(&found, &options, || {}).unwrap_err();
    assert!(matches!(&error, ReportError::Image { case, .. } if case == "b"), "{error}");
    let options = ScoreOptions { spacing: [0.0, 1.0], ..options };
    let error = score_pairs(&found, &options, || {}).unwrap_err();
    assert!(matches!(&error, ReportError::Compare { case, .. } if case == "a"), "{error}");
}

/// Rectangles of 4 x 4 that lie two rows apart: HD is twice the height of a row.
#[test]
fn each_picture_has_its_own_pixels() {
    let folder = folders(&[], &[]);
    let at = |name: &str| folder.path().join(name);
    for (name, top) in [("p/a", 0), ("r/a", 2), ("p/b", 0), ("r/b", 2)] {
        let inside = move |_, y| (top..top + 4).contains(&y);
        write_mask(&at(&format!("{name}.png")), &BinaryMask::from_fn(4, 8, inside)).unwrap();
    }
    let mut found = pairs(&folder, Missing::Refuse).unwrap();
    let table = at("sizes.csv");
    let read = |text: &str| {
        fs::write(&table, text).unwrap();
        let read = Spacings::read(&table);
        read.map_err(|e| e.to_string().replace(&format!("{}/", folder.path().display()), ""))
    };
    let sizes = read("\u{feff}columns, rows, case\n1,0.5,a.png\n1,3,mask_b\n9,9,other\n").unwrap();
    sizes.give(&mut found).unwrap();
    let scored = score_pairs(&found, &ScoreOptions::default(), || {}).unwrap();
    let hd = scored.cases.iter().map(|case| case.scores.hd).collect::<Vec<_>>();
    assert_eq!(hd, [1.0, 6.0]);

    let lacks = read("case,rows,columns\na,1,1\n").unwrap().give(&mut found).unwrap_err();
    assert!(lacks.to_string().ends_with("sizes.csv has no row for 1 of the cases: b"), "{lacks}");
    for (text, expected) in [
        (
            "case;rows;columns\na;1;1\n",
            "row 1: expected the columns case, rows, columns, found case;",
        ),
        ("case,rows,columns\na,1,1\nb,1,-1\n", "row 3: `-1` is not the size of a pixel"),
        ("case,rows,columns\na,1,NaN\n", "row 2: `NaN` is not"),
        ("case,rows,columns\na,1\n", "row 2: "),
        ("case,rows,columns\na,1,1\na.png,1,1\n", "row 3: a second row of `a`"),
    ] {
        let message = read(text).unwrap_err();
        assert!(message.starts_with(&format!("sizes.csv, {expected}")), "{message}");
    }
}

#[test]
fn grey_levels_have_means_over_thresholds() {
    let folder = folders(&[], &[]);
    let at = |name: &str| folder.path().join(name);
    half(at("r/a.png"), 4);
    // Inside 200, outside 100: at half of the 256 thresholds more than the reference is inside.
    let answer =
        image::GrayImage::from_fn(4, 4, |x, _| image::Luma([if x < 2 { 200 } else { 100 }]));
    answer.save(at("p/a.png")).unwrap();
    let found = pairs(&folder, Missing::Refuse).unwrap();
    let prediction = seg_image::MaskRule::Half.into();
    let options = ScoreOptions { prediction, grey: true, ..ScoreOptions::default() };
    let scores = score_pairs(&found, &options, || {}).unwrap().cases[0].scores;
    // Stretched to 255 and 0: exact at 255 thresholds, the whole picture at one.
    assert!((scores.thresholds.dice - (255.0 + 2.0 / 3.0) / 256.0).abs() < 1e-12);
    assert_eq!(scores.dice, 1.0);

    image::RgbImage::from_pixel(4, 4, image::Rgb([200, 100, 200])).save(at("p/a.png")).unwrap();
    let prediction = "#c864c8".parse::<seg_image::MaskRule>().unwrap().into();
    let colour = ScoreOptions { prediction, ..options };
    let error = score_pairs(&found, &colour, || {}).unwrap_err().to_string();
    assert!(
        error.contains("case `a`: ") && error.ends_with("has colours: give a grey picture"),
        "{error}"
    );
    half(at("p/a.png"), 8);
    let error = score_pairs(&found, &options, || {}).unwrap_err().to_string();
    assert!(error.contains("has another size than its reference"), "{error}");
}

/// BUSI has up to three files for a mask; a number behind anything else is a case of its own.
#[test]
fn a_mask_that_goes_on_is_one() {
    let folder = TempDir::new().unwrap();
    let half = |place: &str, left: bool| {
        let file = folder.path().join(place);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        write_mask(&file, &BinaryMask::from_fn(4, 4, |x, _| (x < 2) == left)).unwrap();
    };
    for name in ["a", "b_1", "c_mask_1"] {
        half(&format!("p/{name}.png"), true);
    }
    for name in ["a_mask", "b_1_mask", "c_mask_1"] {
        half(&format!("r/{name}.png"), true);
    }
    half("r/a_mask_1.png", false);
    half("r/a_mask_2.png", false);
    let pairs = find_pairs(&folder.path().join("p"), &folder.path().join("r"), Missing::Refuse);
    let pairs = pairs.unwrap();
    let found = pairs.iter().map(|pair| (&*pair.case, pair.further.reference.len()));
    assert_eq!(found.collect::<Vec<_>>(), [("a", 2), ("b_1", 0), ("c_mask_1", 0)]);
    let scored = score_pairs(&pairs, &ScoreOptions::default(), || {}).unwrap();
    let dice = scored.cases.iter().map(|case| case.scores.overlap.dice());
    assert_eq!(dice.collect::<Vec<_>>(), [2.0 / 3.0, 1.0, 1.0]);
}

#[test]
fn another_shape_is_no_prediction_of_this_reference() {
    let folder = TempDir::new().unwrap();
    let write = |place: &str, width, height| {
        let file = folder.path().join(place);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        write_mask(&file, &BinaryMask::from_fn(width, height, |x, _| x < 2)).unwrap();
    };
    let score = |found: (u32, u32), expected: (u32, u32)| {
        write("p/a.png", found.0, found.1);
        write("r/a.png", expected.0, expected.1);
        let pairs = find_pairs(&folder.path().join("p"), &folder.path().join("r"), Missing::Refuse);
        let scored = score_pairs(&pairs.unwrap(), &ScoreOptions::default(), || {});
        let path = format!("{}/", folder.path().display());
        scored.map(|scored| scored.resized).map_err(|error| error.to_string().replace(&path, ""))
    };
    let expected = "case `a`: p/a.png has 24 x 36 pixels, its reference r/a.png 36 x 24: another shape, \
                    so one of the two is transposed, cropped or of another picture";
    assert_eq!(score((24, 36), (36, 24)).unwrap_err(), expected);
    assert!(score((32, 32), (100, 80)).is_err());
    // 333 x 250 is 4 : 3 in whole pixels.
    assert_eq!((score((333, 250), (400, 300)), score((9, 9), (9, 9))), (Ok(1), Ok(0)));
}
