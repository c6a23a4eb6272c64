//! The published sets, where they lie beside the checkout, against what is known of them.
//!
//! The numbers are those of the sets' own description, which other code computed.
#![allow(clippy::unwrap_used)] // also in what the tests share

use std::path::PathBuf;

use seg_data::{Dataset, Layout, OpenOptions, Split};
use seg_inspect::facts::{Closeness, GroupSource, Laterality, Safety};
use seg_inspect::{InspectOptions, Inspection};

/// Nothing where the set is not there.
fn inspect(name: &str, options: &OpenOptions) -> Option<Inspection> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    let set = folder.is_dir().then(|| Dataset::open_with(&folder, options).unwrap())?;
    let tokens = |sentence: &str| sentence.split_whitespace().count() + 2;
    Some(Inspection::run(&set, &InspectOptions::new(&tokens)).unwrap())
}

/// The mean mask areas in percent, to two decimals.
fn areas(found: &Inspection) -> Vec<String> {
    let areas = found.splits.iter().filter_map(|split| split.mean_area);
    areas.map(|area| format!("{:.2}", 100.0 * area)).collect()
}

fn pairs(found: &Inspection, closeness: Closeness) -> usize {
    let pairs = found.duplicates.pairs.iter().filter(|pair| pair.closeness == closeness);
    pairs.map(|pair| pair.pairs).sum()
}

#[test]
fn qata_covid19() {
    let Some(found) = inspect("qata-covid19", &OpenOptions::default()) else { return };
    assert!(found.can_train());
    assert_eq!(found.splits.iter().map(|split| split.cases).collect::<Vec<_>>(), [3000, 1429, 500]);
    assert_eq!(areas(&found), ["12.21", "11.89", "12.80"]);
    assert!(found.splits.iter().all(|split| split.empty + split.full == 0));
    assert_eq!((found.sentences.all.distinct, found.masks.values.len()), (262, 2));

    let groups = &found.groups;
    assert_eq!((groups.pairs.len(), groups.pairs[0].groups, groups.shared.len()), (1, 339, 339));
    assert_eq!((groups.affected[0].cases, groups.affected[0].known), (544, 832));
    assert_eq!((groups.affected[1].cases, groups.without), (0, 597 + 1217));

    assert_eq!((pairs(&found, Closeness::Exact), pairs(&found, Closeness::Near)), (0, 4));
    let near = found.duplicates.groups.iter().filter(|g| g.closeness == Closeness::Near);
    assert!(near.into_iter().all(|group| !group.across));

    // 1002 sentences with "left" or "right" spelt out, 972 on the picture's side, and one
    // "leflung".
    let sides = &found.sides.plain;
    assert_eq!((sides.measured, sides.on_image_side), (1003, 973));
    assert_eq!((sides.convention, found.sides.disagreements.len()), (Laterality::Image, 30));
    assert!(found.augmentation.recipe.contains("flip_horizontal = 0.5"));
    assert!(found.augmentation.recipe.contains("sides = \"image\""));

    let slips = found.misspellings.iter().map(|slip| slip.word.as_str()).collect::<Vec<_>>();
    let known = "alll lowerl leflung mddle rightlung midddle lowerright oneinfected thrr";
    assert!(known.split(' ').all(|slip| slips.contains(&slip)), "{slips:?}");
    assert_eq!(slips.len(), 25, "{slips:?}");
}

#[test]
fn qata_covid19_without_its_manifest() {
    let options = OpenOptions { layout: Some(Layout::Lvit), ..OpenOptions::default() };
    let Some(found) = inspect("qata-covid19", &options) else { return };
    assert!(
        matches!(&found.groups.source, GroupSource::Detected(pattern) if pattern.starts_with("sub-"))
    );
    assert_eq!((found.groups.pairs[0].groups, found.groups.affected[0].cases), (339, 544));
}

#[test]
fn monuseg() {
    let Some(found) = inspect("monuseg", &OpenOptions::default()) else { return };
    assert!(found.can_train());
    assert_eq!(found.pictures.colour, 44);
    let areas = found.splits.iter().filter_map(|split| split.mean_area).zip([28.3, 25.4, 20.7]);
    assert!(areas.into_iter().all(|(area, known)| (100.0 * area - known).abs() < 0.06));
    assert_eq!((found.sides.plain.measured, found.sides.plain.on_image_side), (16, 16));
    assert_eq!((found.sentences.all.distinct, found.groups.shared.len()), (11, 0));
    assert_eq!(found.duplicates.groups, []);
}

#[test]
fn busi() {
    let Some(found) = inspect("busi", &OpenOptions::default()) else { return };
    assert!(found.can_train());
    assert_eq!(found.splits.iter().map(|split| split.empty).collect::<Vec<_>>(), [31, 2, 3]);
    assert_eq!(found.sentences.all.distinct, 99);
    assert_eq!((found.sides.plain.measured, found.sides.plain.on_image_side), (77, 70));
    let upper = found.sides.heights.upper.unwrap();
    assert_eq!(format!("{upper:.2}"), "0.26");

    let groups = &found.duplicates.groups;
    // Nine that were found on the pictures at their full size, and malignant (14) = malignant
    // (123), which are a pair at this size only: one lesion, outlined and described twice.
    assert_eq!(groups.len(), 9 + 1);
    assert!(groups.iter().all(|group| (2..=3).contains(&group.pictures.len())));
    let (train, test) = (Split::Train.to_string(), Split::Test.to_string());
    let across = groups.iter().filter(|group| {
        let has = |split: &String| group.pictures.iter().any(|p| p.row.split == *split);
        has(&train) && has(&test)
    });
    assert_eq!(across.count(), 5);
    let mixed = groups.iter().filter(|group| {
        let has = |class: &str| group.pictures.iter().any(|p| p.row.image.contains(class));
        has("/benign") && has("/malignant")
    });
    assert_eq!(mixed.count(), 1);
}

#[test]
fn cxr_regions() {
    let Some(found) = inspect("cxr-regions", &OpenOptions::default()) else { return };
    assert!(found.can_train());
    assert_eq!(found.splits.iter().map(|split| split.pictures).collect::<Vec<_>>(), [160, 30, 50]);
    let distinct = found.sentences.splits.iter().map(|split| split.distinct);
    assert_eq!(distinct.collect::<Vec<_>>(), [21, 28, 28]);
    assert_eq!((found.sides.plain.share, found.sides.plain.convention), (1.0, Laterality::Image));
    let patients = &found.sides.patients;
    assert_eq!((patients.share, patients.convention), (0.0, Laterality::Patient));
    assert_eq!(found.augmentation.changes[0].safe, Safety::No);
    assert_eq!((found.duplicates.groups.len(), found.misspellings.len()), (0, 0));
    assert_eq!(found.duplicates.several_sentences, 240);
}
