//! Groups, splits made anew, and what else is asked of a whole set.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use seg_data::{Case, DataError, Dataset, MaskRule, OpenOptions, ReadOptions, Split, check, load};
use seg_image::{BinaryMask, RgbImage, write_gray8, write_mask, write_rgb};
use tempfile::TempDir;

/// A folder of one picture for each name in `rows`, which are `name,split,group`.
fn set(rows: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_mask(&folder.path().join("m.png"), &BinaryMask::from_fn(2, 2, |x, _| x == 0)).unwrap();
    write(folder.path(), rows);
    folder
}

fn write(folder: &Path, rows: &[&str]) {
    let mut content = "image,split,group,mask,text\n".to_owned();
    for row in rows {
        let name = row.split(',').next().unwrap();
        write_rgb(&folder.join(name), &RgbImage::new(2, 2)).unwrap();
        content += &format!("{row},m.png,x\n");
    }
    fs::write(folder.join("manifest.csv"), content).unwrap();
}

fn open(folder: &TempDir, pattern: &str) -> Dataset {
    let group_pattern = Some(pattern.to_owned()).filter(|pattern| !pattern.is_empty());
    let options = OpenOptions { group_pattern, ..OpenOptions::default() };
    Dataset::open_with(folder.path(), &options).unwrap()
}

fn all(set: &Dataset) -> Vec<&Case> {
    Split::ALL.into_iter().flat_map(|split| set.cases(split)).collect()
}

#[test]
fn a_pattern_names_groups() {
    let rows =
        ["sub-S07_a.png,train,", "sub-S07_b.png,train,q", "covid_1.png,train,", "c.png,train,p"];
    let folder = set(&rows);
    let groups = |pattern| {
        let set = open(&folder, pattern);
        let groups = all(&set).into_iter().map(|case| case.group.clone().unwrap_or_default());
        groups.collect::<Vec<_>>()
    };
    assert_eq!(groups(""), ["", "q", "", "p"]);
    assert_eq!(groups(r"sub-S\d+"), ["sub-S07", "sub-S07", "", "p"]);
    assert_eq!(groups(r"sub-S(\d+)"), ["07", "07", "", "p"]);
    let options = OpenOptions { group_pattern: Some("(".to_owned()), ..OpenOptions::default() };
    let error = Dataset::open_with(folder.path(), &options).unwrap_err().to_string();
    assert_eq!(error, "the group pattern `(` is not a valid regular expression");
}

#[test]
fn groups_in_two_splits_are_told() {
    let rows = [
        "a.png,train,1",
        "b.png,val,1",
        "c.png,train,2",
        "d.png,test,",
        "d.png,val,",
        "e.png,val,1",
    ];
    let shared = open(&set(&rows), "").shared_groups();
    let found = shared.iter().map(|group| (&*group.name, &group.cases)).collect::<Vec<_>>();
    let of_1 = BTreeMap::from([(Split::Train, 1), (Split::Val, 2)]);
    let of_d = BTreeMap::from([(Split::Val, 1), (Split::Test, 1)]);
    assert_eq!(found, [("1", &of_1), ("d.png", &of_d)]);
}

/// 60 patients of one to five pictures, 40 pictures of no known patient with two sentences each.
fn many() -> Vec<String> {
    let patients =
        (0..60).flat_map(|i| (0..1 + i % 5).map(move |k| format!("p{i}_{k}.png,val,p{i}")));
    let alone = (0..40).flat_map(|i| [format!("x{i}.png,val,"), format!("x{i}.png,val,")]);
    patients.chain(alone).collect()
}

fn splits(set: &Dataset) -> BTreeMap<String, BTreeSet<Split>> {
    let mut splits = BTreeMap::<_, BTreeSet<_>>::new();
    for case in all(set) {
        splits.entry(case.id.clone()).or_default().insert(case.split);
    }
    splits
}

#[test]
fn whole_groups_are_dealt_close_to_the_shares() {
    let rows = many();
    let mut rows = rows.iter().map(String::as_str).collect::<Vec<_>>();
    let folder = set(&rows);
    let original = open(&folder, "");
    let dealt = original.resplit([0.7, 0.1, 0.2], 3);
    assert!(dealt.shared_groups().is_empty());
    let counts = Split::ALL.map(|split| dealt.cases(split).len());
    let total = rows.len();
    assert_eq!(counts.iter().sum::<usize>(), total);
    for (count, share) in counts.into_iter().zip([0.7, 0.1, 0.2]) {
        let wanted = share * total as f64;
        assert!((count as f64 - wanted).abs() <= 5.0, "{counts:?}"); // two half groups of five
    }
    assert_eq!(original.cases(Split::Val).len(), total, "the set itself stays");

    assert_eq!(splits(&dealt), splits(&original.resplit([0.7, 0.1, 0.2], 3)));
    assert_ne!(splits(&dealt), splits(&original.resplit([0.7, 0.1, 0.2], 4)));
    // Shares are relative, and neither the rows' order nor the folder's place matter.
    assert_eq!(splits(&dealt), splits(&original.resplit([7.0, 1.0, 2.0], 3)));
    rows.reverse();
    assert_eq!(splits(&dealt), splits(&open(&set(&rows), "").resplit([0.7, 0.1, 0.2], 3)));
}

#[test]
fn odd_shares_lose_no_case() {
    let rows = many();
    let folder = set(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let original = open(&folder, "");
    let counts = |shares| {
        let dealt = original.resplit(shares, 0);
        Split::ALL.map(|split| dealt.cases(split).len())
    };
    let total = rows.len();
    for shares in [[0.0; 3], [f64::NAN, -1.0, 0.0], [1.0, 0.0, 0.0]] {
        assert_eq!(counts(shares), [total, 0, 0]);
    }
    assert_eq!(counts([0.0, 1.0, 0.0]), [0, total, 0]);
    let [train, val, test] = counts([f64::INFINITY, f64::INFINITY, 0.0]);
    assert_eq!((train + val, test), (total, 0));
    assert!(train.abs_diff(val) <= 5);
}

/// A picture's rows of two groups join these; a group's name that is a picture's path joins
/// nothing.
#[test]
fn groups_that_share_a_picture_stay_together() {
    let rows = [
        "a.png,train,1",
        "b.png,train,1",
        "b.png,train,2",
        "c.png,train,2",
        "d.png,train,e.png",
        "e.png,val,",
    ];
    let folder = set(&rows);
    let original = open(&folder, "");
    assert!(original.shared_groups().is_empty());
    for seed in 0..20 {
        let splits = splits(&original.resplit([1.0, 1.0, 1.0], seed));
        assert_eq!(splits.len(), 5);
        assert!(splits["a"] == splits["b"] && splits["b"] == splits["c"], "{splits:?}");
    }
}

#[test]
fn a_changed_table_has_another_hash() {
    let folder = set(&["a.png,train,"]);
    let set = open(&folder, "");
    let first = set.table_hashes().unwrap();
    assert_eq!(first.keys().collect::<Vec<_>>(), ["manifest.csv"]);
    assert_eq!(first["manifest.csv"].len(), 64);
    write(folder.path(), &["a.png,val,"]);
    assert_ne!(set.table_hashes().unwrap(), first);
    fs::remove_file(folder.path().join("manifest.csv")).unwrap();
    assert!(matches!(set.table_hashes(), Err(DataError::Read { .. })));
    // Of the empty text, as FIPS 180 has it.
    let table = folder.path().join("manifest.csv");
    fs::write(&table, b"").unwrap();
    let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(set.table_hashes().unwrap()["manifest.csv"], expected);
}

#[test]
fn a_check_tells_the_first_broken_row() {
    let names = (0..30).map(|i| format!("{i}.png,train,")).collect::<Vec<_>>();
    let mut rows = names.iter().map(String::as_str).collect::<Vec<_>>();
    rows.push("0.png,val,");
    let folder = set(&rows);
    let set = open(&folder, "");
    let ticks = AtomicUsize::new(0);
    let tick = || {
        ticks.fetch_add(1, Ordering::Relaxed);
    };
    let all = Split::ALL.into_iter().flat_map(|split| set.cases(split)).collect::<Vec<_>>();
    check(&all, tick).unwrap();
    assert_eq!(ticks.into_inner(), 31);
    for broken in [29, 17, 4] {
        fs::write(folder.path().join(format!("{broken}.png")), b"\x89PNG\r\n\x1a\n").unwrap();
        let error = check(&all, || {}).unwrap_err();
        assert!(
            matches!(&error, DataError::Image { origin, .. } if origin.row == broken + 2),
            "{error}"
        );
    }
    write_rgb(&folder.path().join("3.png"), &RgbImage::new(3, 2)).unwrap();
    let error = check(&all, || {}).unwrap_err();
    assert!(matches!(&error, DataError::Size { origin, .. } if origin.row == 5), "{error}");
}

#[test]
fn a_mask_rule_goes_with_the_set() {
    let folder = set(&["a.png,train,"]);
    write_gray8(&folder.path().join("m.png"), 2, 2, vec![0, 1, 2, 2]).unwrap();
    let area = |rule: MaskRule| {
        let reading = ReadOptions { mask: rule.into(), ..ReadOptions::default() };
        let options = OpenOptions { reading, ..OpenOptions::default() };
        let set = Dataset::open_with(folder.path(), &options).unwrap();
        load(set.cases(Split::Train)[0]).map(|sample| sample.mask.area())
    };
    assert_eq!((area(MaskRule::NonZero).unwrap(), area(MaskRule::Equals(2)).unwrap()), (3, 2));
    let error = area(MaskRule::Half).unwrap_err();
    assert!(matches!(error, DataError::Image { .. }), "{error}");
}

/// Rows are chosen by any column; the files of the others need not be there.
#[test]
fn rows_are_chosen_by_their_columns() {
    let folder = tempfile::tempdir().unwrap();
    let picture = image::RgbImage::new(2, 2);
    picture.save(folder.path().join("a.png")).unwrap();
    let csv = "image,mask,text,split,class,age\na.png,,x,train,Normal,3\n\
               b.png,,x,train,COVID-19,3\na.png,,y,train,Normal,\n";
    let json = "{\"image\":\"a.png\",\"mask\":null,\"text\":\"x\",\"split\":\"train\",\"class\":\"Normal\",\"age\":3}\n\
                {\"image\":\"b.png\",\"mask\":null,\"text\":\"x\",\"split\":\"train\",\"class\":\"COVID-19\",\"age\":3}\n\
                {\"image\":\"a.png\",\"mask\":null,\"text\":\"y\",\"split\":\"train\",\"class\":\"Normal\"}\n";
    for (name, table) in [("manifest.csv", csv), ("manifest.jsonl", json)] {
        std::fs::write(folder.path().join(name), table).unwrap();
        let open = |filter: &str| {
            let filters =
                filter.split(' ').map(|text| text.parse::<seg_data::RowFilter>().unwrap());
            let rows = filters.fold(seg_data::RowFilter::default(), |all, one| all.and(one));
            let options = OpenOptions { rows, ..OpenOptions::default() };
            let prefix = format!("{}/", folder.path().display());
            match Dataset::open_with(folder.path(), &options) {
                Ok(set) => Ok(set.cases(Split::Train).len()),
                Err(error) => Err(error.to_string().replace(&prefix, "")),
            }
        };
        assert_eq!(open("class=Normal"), Ok(2));
        assert_eq!(open("Class=Normal age=3"), Ok(1));
        assert_eq!(open("age="), Ok(1));
        let unknown = format!(
            "{name}: no row has `normal` in the column `class`; there are `COVID-19`, `Normal`"
        );
        assert_eq!(open("class=normal"), Err(unknown));
        let none = format!("{name}: no row is chosen by age= class=COVID-19");
        assert_eq!(open("class=COVID-19 age="), Err(none));
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("manifest.csv"), csv).unwrap();
    let rows = "klass=Normal".parse().unwrap();
    let error = Dataset::open_with(folder.path(), &OpenOptions { rows, ..OpenOptions::default() });
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("column `klass`, by which rows are to be chosen, is missing"),
        "{error}"
    );
}
