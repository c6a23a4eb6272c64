//! Every layout as a folder: what is read of it, and what is said of broken ones.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use seg_data::{DataError, Dataset, Layout, OpenOptions, Split, distinct_names, load};
use seg_image::{BinaryMask, RgbImage, write_mask, write_rgb};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn picture(file: &Path, side: u32) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    write_rgb(file, &RgbImage::from_pixel(side, side, seg_image::Rgb([9, 8, 7]))).unwrap();
}

fn mask(file: &Path, side: u32) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    write_mask(file, &BinaryMask::from_fn(side, side, |x, _| x < 2)).unwrap();
}

/// A folder with `manifest.csv` of this content and one pair, `a.png` and `m/a.png`.
fn manifest(content: &[u8]) -> TempDir {
    let folder = TempDir::new().unwrap();
    picture(&folder.path().join("a.png"), 8);
    mask(&folder.path().join("m/a.png"), 8);
    fs::write(folder.path().join("manifest.csv"), content).unwrap();
    folder
}

/// Why the folder is refused, its own path left out.
fn refusal(folder: &TempDir) -> String {
    let error = Dataset::open(folder.path()).unwrap_err();
    error.to_string().replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn a_manifest_is_read_with_its_lines() {
    let content = "\u{feff}image,mask,text,split,patient\n\
                   a.png,m/a.png,\" left,\nlower \",train,7\n\
                   a.png,m/a.png,right,valid,\n";
    let folder = manifest(content.as_bytes());
    let set = Dataset::open(folder.path()).unwrap();
    let (train, val) = (set.cases(Split::Train), set.cases(Split::Val));
    assert_eq!((train.len(), val.len(), set.cases(Split::Test).len()), (1, 1, 0));
    assert_eq!((&*train[0].sentence, &*train[0].id), ("left,\nlower", "a"));
    assert_eq!((train[0].origin.row, val[0].origin.row), (2, 4));
    let sample = load(train[0]).unwrap();
    assert_eq!((sample.image.get_pixel(0, 0).0, sample.mask.area()), ([9, 8, 7], 16));
}

#[test]
fn a_broken_manifest_names_file_and_row() {
    let header = "image,mask,text,split\n";
    let good = "a.png,m/a.png,left,train\n";
    let cases = [
        (
            "image,mask,split\n",
            "manifest.csv: column `text` is missing; the columns are image, mask, split",
        ),
        (header, "manifest.csv: there are no rows below the header"),
        ("a.png,m/a.png,,train\n", "manifest.csv, row 3: column `text` is empty"),
        ("b.png,m/a.png,left,train\n", "manifest.csv, row 3: image b.png does not exist"),
        (
            "a.png,m,left,train\n",
            "manifest.csv, row 3: mask m does not exist; it is a folder, expected a file",
        ),
        (
            "a.png,m/a.png,left,dev\n",
            "manifest.csv, row 3: split is `dev`, expected train, val or test",
        ),
    ];
    for (lines, expected) in cases {
        let is_header = lines.starts_with("image");
        let content = if is_header { lines.to_owned() } else { format!("{header}{good}{lines}") };
        assert_eq!(refusal(&manifest(content.as_bytes())), expected);
    }
    for (content, expected) in [
        (
            format!("{header}{good}a.png,left\n").as_bytes(),
            "row 3: found 2, expected 4 values as in the header (comma between them): put a text with \
             the separator in it in quotation marks",
        ),
        (
            b"image,mask,text,split\n\xff",
            "row 2: byte 0xff after `` is not UTF-8; save the table as CSV UTF-8",
        ),
    ] {
        assert_eq!(refusal(&manifest(content)), format!("manifest.csv, {expected}"));
    }
}

#[test]
fn a_mask_of_another_size_names_both() {
    let folder = manifest(b"image,mask,text,split\na.png,m/b.png,left,train\n");
    mask(&folder.path().join("m/b.png"), 9);
    let set = Dataset::open(folder.path()).unwrap();
    let error = load(set.cases(Split::Train)[0]).unwrap_err();
    assert!(matches!(error, DataError::Size { .. }));
    let message = error.to_string();
    assert!(
        message.contains("row 2: ") && message.contains("a.png has 8 x 8 pixels, its mask"),
        "{message}"
    );
    fs::write(folder.path().join("m/b.png"), b"no picture").unwrap();
    let error = load(set.cases(Split::Train)[0]).unwrap_err();
    assert!(matches!(error, DataError::Image { .. }), "{error}");
}

/// A workbook with one sheet of these cells, written as text inside the sheet.
fn workbook(file: &Path, rows: &[&[&str]]) {
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relation = |kind: &str, target: &str| {
        format!(
            "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" \
             Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/></Relationships>"
        )
    };
    let cells = |row: &[&str]| {
        row.iter().map(|text| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>")).collect()
    };
    let rows = rows.iter().map(|row| {
        let cells: String = cells(row);
        format!("<row>{cells}</row>")
    });
    let parts = [
        ("[Content_Types].xml", format!("<Types xmlns=\"{PACKAGE}/content-types\"/>")),
        ("_rels/.rels", relation("officeDocument", "xl/workbook.xml")),
        ("xl/_rels/workbook.xml.rels", relation("worksheet", "worksheets/sheet1.xml")),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>\
                 <sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!(
                "<worksheet xmlns=\"{MAIN}\"><sheetData>{}</sheetData></worksheet>",
                rows.collect::<String>()
            ),
        ),
    ];
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in parts {
        zip.start_file(name, stored).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, zip.finish().unwrap().into_inner()).unwrap();
}

/// LViT folders: QaTa's names in Train, MoNuSeg's in Val.
fn lvit(train: &[&[&str]]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let (train_part, val) = (folder.path().join("Train_Folder"), folder.path().join("Val_Folder"));
    for name in ["covid_1", "sub-S1 (2)"] {
        picture(&train_part.join(format!("img/{name}.png")), 8);
        mask(&train_part.join(format!("labelcol/mask_{name}.png")), 8);
    }
    workbook(&train_part.join("Train_text.xlsx"), train);
    picture(&val.join("img/TCGA.1.png"), 8);
    mask(&val.join("labelcol/TCGA.1.png"), 8);
    workbook(&val.join("Val_text.xlsx"), &[&["Image", "Description"], &["TCGA.1.tif", "dense"]]);
    folder
}

const HEADER: &[&str] = &["Image", "File", "Description"];

#[test]
fn the_lvit_layout_pairs_by_name() {
    let rows: &[&[&str]] = &[
        HEADER,
        &["mask_covid_1.png", "covid_1.jpg", "all left lung\n"],
        &["mask_sub-S1 (2).png", "sub-S1 (2).jpg", "right lung"],
    ];
    let folder = lvit(rows);
    let set = Dataset::open(folder.path()).unwrap();
    let train = set.cases(Split::Train);
    let read = train.iter().map(|case| (&*case.id, &*case.sentence)).collect::<Vec<_>>();
    assert_eq!(read, [("covid_1", "all left lung"), ("sub-S1 (2)", "right lung")]);
    assert!(train[1].masks[0].ends_with("labelcol/mask_sub-S1 (2).png"));
    let val = set.cases(Split::Val);
    assert_eq!((&*val[0].id, val[0].origin.row), ("TCGA.1", 2));
    load(val[0]).unwrap();
}

#[test]
fn what_does_not_pair_is_named() {
    let one: &[&str] = &["mask_covid_1.png", "x", "left"];
    let two: &[&str] = &["mask_sub-S1 (2).png", "x", "right"];
    let table = "Train_Folder/Train_text.xlsx";
    let cases: [(&[&[&str]], String); 5] = [
        (&[HEADER], format!("{table}: there are no rows below the header")),
        (
            &[HEADER, one],
            format!("Train_Folder/img/sub-S1 (2).png: {table} has no row for this picture"),
        ),
        (
            &[HEADER, one, two, &["mask_covid_9.png", "x", "left"]],
            format!("{table}, row 4: image Train_Folder/img/covid_9 does not exist"),
        ),
        (
            &[HEADER, one, &["mask_sub-S1 (2).png", "x"]],
            format!("{table}, row 3: column `Description` is empty"),
        ),
        (
            &[&["Image", "Words"], one],
            format!("{table}: column `Description` is missing; the columns are Image, Words"),
        ),
    ];
    for (rows, expected) in cases {
        assert_eq!(refusal(&lvit(rows)), expected);
    }

    let folder = lvit(&[HEADER, one, two]);
    fs::remove_file(folder.path().join("Train_Folder/labelcol/mask_covid_1.png")).unwrap();
    let expected = format!("{table}, row 2: mask Train_Folder/labelcol/covid_1 does not exist");
    assert_eq!(refusal(&folder), expected);
    fs::write(folder.path().join(table), b"PK\x03\x04 no workbook").unwrap();
    assert_eq!(refusal(&folder), format!("{table}: not an Excel workbook (.xlsx)"));
}

/// A folder with a manifest of this name and content, `a.png`, `b.png` and masks of either: left
/// and right two columns.
fn manifest_named(name: &str, content: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["a.png", "b.png"] {
        picture(&at(name), 8);
    }
    mask(&at("m/left.png"), 8);
    mask(&at("m/with;sign.png"), 8);
    write_mask(&at("m/right.png"), &BinaryMask::from_fn(8, 8, |x, _| x >= 6)).unwrap();
    fs::write(at(name), content).unwrap();
    folder
}

/// Mask areas of the training cases.
fn areas(folder: &TempDir) -> Vec<usize> {
    let set = Dataset::open(folder.path()).unwrap();
    set.cases(Split::Train).iter().map(|case| load(case).unwrap().mask.area()).collect()
}

#[test]
fn masks_of_a_row_are_united_and_none_is_an_empty_mask() {
    let rows = [
        "a.png\tm/left.png\tone\ttrain\t7",
        "a.png\tm/left.png ; m/right.png;\ttwo\ttrain\t",
        "b.png\t\tnone\ttrain\t8",
        "b.png\tm/with;sign.png\tits own name\ttrain\t8",
    ];
    let content = format!("image\tmask\tCaption\tsplit\tpatient\n{}\n", rows.join("\n"));
    let folder = manifest_named("manifest.tsv", &content);
    assert_eq!(areas(&folder), [16, 32, 0, 16]);
    let set = Dataset::open(folder.path()).unwrap();
    let train = set.cases(Split::Train);
    let groups = train.iter().map(|case| case.group.as_deref()).collect::<Vec<_>>();
    assert_eq!(groups, [Some("7"), None, Some("8"), Some("8")]);
    assert_eq!((set.layout(), train[1].masks.len()), (Layout::Manifest, 2));
    assert_eq!(distinct_names(&train), ["a", "a#2", "b", "b#2"]);

    let broken = manifest_named("manifest.csv", "image,mask,text,split\na.png,;,x,train\n");
    assert_eq!(refusal(&broken), "manifest.csv, row 2: mask ; does not exist");
    let broken = manifest_named("manifest.tsv", "image\tmask\na.png\n");
    let expected = "manifest.tsv, row 2: found 1, expected 2 values as in the header (tab between them): \
                    put a text with the separator in it in quotation marks";
    assert_eq!(refusal(&broken), expected);
}

#[test]
fn json_lines_are_read() {
    let lines = [
        r#"{"image": "a.png", "mask": ["m/left.png", "m/right.png"], "text": "x", "split": "train"}"#,
        "",
        r#"{"image": "../SET/b.png", "mask": null, "sentence": " y ", "split": "train", "subject": 12}"#,
        r#"{"image": "a.png", "mask": "m/left.png;m/right.png", "text": "z", "split": "train"}"#,
    ];
    let folder = manifest_named("manifest.jsonl", "");
    let name = folder.path().file_name().unwrap().to_str().unwrap().to_owned();
    let content = format!("\u{feff}{}\r\n", lines.join("\r\n").replace("SET", &name));
    fs::write(folder.path().join("manifest.jsonl"), content).unwrap();
    assert_eq!(areas(&folder), [32, 0, 32]);
    let set = Dataset::open(folder.path()).unwrap();
    let train = set.cases(Split::Train);
    assert_eq!((train[1].group.as_deref(), &*train[1].sentence), (Some("12"), "y"));
    assert_eq!((train[1].origin.row, train[2].origin.row), (3, 4));
}

#[test]
fn a_broken_json_line_is_named() {
    let good = r#"{"image": "a.png", "mask": null, "text": "x", "split": "train"}"#;
    let cases = [
        (r#"{"image": "a.png""#, "row 2: not a JSON object"),
        ("[1]", "row 2: not a JSON object"),
        (
            r#"{"image": "a.png", "mask": 3, "text": "x", "split": "train"}"#,
            "row 2: key `mask` is 3, expected a string, a list of strings or null",
        ),
        (
            r#"{"image": "a.png", "mask": [3], "text": "x", "split": "train"}"#,
            "row 2: key `mask` is 3, expected a list of strings",
        ),
        (
            r#"{"image": "a.png", "mask": null, "caption": [], "split": "train"}"#,
            "row 2: key `caption` is [], expected a string",
        ),
        (
            r#"{"image": "a.png", "text": "x", "split": "train"}"#,
            "row 2: key `mask` is missing; the keys are image, text, split",
        ),
        (
            r#"{"mask": null, "imag": "a", "text": "x", "split": "train"}"#,
            "row 2: key `image` is missing; the keys are mask, imag, text, split; is `imag` meant?",
        ),
        (
            r#"{"image": "no.png", "mask": null, "text": "x", "split": "train"}"#,
            "row 2: image no.png does not exist",
        ),
    ];
    for (line, expected) in cases {
        let folder = manifest_named("manifest.jsonl", &format!("{good}\n{line}\n"));
        assert_eq!(refusal(&folder), format!("manifest.jsonl, {expected}"));
    }
    let folder = manifest_named("manifest.jsonl", "\n");
    assert_eq!(refusal(&folder), "manifest.jsonl: there are no rows below the header");
    fs::write(folder.path().join("manifest.jsonl"), b"{\"image\": \"\xff\"}").unwrap();
    let expected = "manifest.jsonl, row 1: byte 0xff after `{\"image\": \"` is not UTF-8; save the table \
                    as CSV UTF-8";
    assert_eq!(refusal(&folder), expected);
}

/// LGMS folders: five training pictures and one of the test.
fn lgms(train: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (part, names) in [("Train", &["1", "2", "3", "4", "5"][..]), ("Test", &["9"])] {
        for name in names {
            picture(&folder.path().join(format!("{part}/Images/{name}.png")), 8);
            mask(&folder.path().join(format!("{part}/GTs/mask_{name}.png")), 8);
        }
    }
    fs::create_dir(folder.path().join("prompt")).unwrap();
    let write = |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
    write("prompt/train.csv", &format!("Image,Description\n{train}"));
    write("prompt/test.csv", "Image,Description\nmask_9.png,\"left, lower\"\n");
    folder
}

#[test]
fn the_lgms_layout_validates_on_the_last_fifth() {
    let folder = lgms("mask_3.png,c\n1.png,a\nmask_2.png,b\n4.png,d\n5.png,e\n,\n");
    let set = Dataset::open(folder.path()).unwrap();
    let read = |split| {
        let cases = set.cases(split);
        cases.iter().map(|case| format!("{} {}", case.id, case.sentence)).collect::<Vec<_>>()
    };
    assert_eq!(read(Split::Train), ["3 c", "1 a", "2 b", "4 d"]);
    assert_eq!(
        (read(Split::Val), read(Split::Test)),
        (vec!["5 e".into()], vec!["9 left, lower".into()])
    );
    assert_eq!(set.layout(), Layout::Lgms);
    for split in Split::ALL {
        seg_data::check(&set.cases(split), || {}).unwrap();
    }

    let table = "prompt/train.csv";
    let folder = lgms("1.png,a\n2.png,b\n3.png,c\n4.png,d\n");
    let expected = format!("Train/Images/5.png: {table} has no row for this picture");
    assert_eq!(refusal(&folder), expected);
    let folder = lgms("1.png,a\n7.png,b\n");
    assert_eq!(refusal(&folder), format!("{table}, row 3: image Train/Images/7 does not exist"));
    assert_eq!(refusal(&lgms("")), format!("{table}: there are no rows below the header"));
}

/// MedCLIPSeg folders: one picture in Train and Test, the sheet's columns in another order.
fn medclipseg(test_table: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (part, name) in [("Train", "benign (1)"), ("Test", "2.b")] {
        let part = folder.path().join(format!("{part}_Folder"));
        picture(&part.join(format!("img/{name}.png")), 8);
        mask(&part.join(format!("label/{name}_mask.png")), 8);
    }
    let prompts = folder.path().join("Prompts_Folder");
    let rows: &[&[&str]] = &[
        &["Ground Truth", "Image", "Description"],
        &["benign (1)_mask.png", "benign (1).png", "One tumor.\n"],
    ];
    workbook(&prompts.join("Train_text.xlsx"), rows);
    let rows = "Image,Description,Ground Truth\n2.b.jpg,Two,2.b_mask.jpg\n";
    fs::write(prompts.join("Test_text.csv"), rows).unwrap();
    if let Some(rows) = test_table.strip_prefix("original:") {
        fs::write(prompts.join("Test_text_original.csv"), rows).unwrap();
    }
    folder
}

#[test]
fn the_medclipseg_layout_has_its_tables_apart() {
    let folder = medclipseg("");
    let set = Dataset::open(folder.path()).unwrap();
    let (train, test) = (set.cases(Split::Train), set.cases(Split::Test));
    assert_eq!((&*train[0].id, &*train[0].sentence), ("benign (1)", "One tumor."));
    assert_eq!((&*test[0].id, &*test[0].sentence), ("2.b", "Two"));
    assert!(test[0].masks[0].ends_with("label/2.b_mask.png"));
    assert_eq!((set.layout(), set.cases(Split::Val).len()), (Layout::MedClipSeg, 0));
    for split in Split::ALL {
        seg_data::check(&set.cases(split), || {}).unwrap();
    }
    let tables = set.table_hashes().unwrap().into_keys().collect::<Vec<_>>();
    assert_eq!(tables, ["Prompts_Folder/Test_text.csv", "Prompts_Folder/Train_text.xlsx"]);

    let folder = medclipseg("original:Image,Description,Ground Truth\n2.b,Plain,none.png\n");
    let table = "Prompts_Folder/Test_text_original.csv";
    let expected = format!("{table}, row 2: mask Test_Folder/label/none does not exist");
    assert_eq!(refusal(&folder), expected);
    let folder = medclipseg("original:Image,Description\n2.b,Plain\n");
    let expected =
        format!("{table}: column `Ground Truth` is missing; the columns are Image, Description");
    assert_eq!(refusal(&folder), expected);
    fs::remove_file(folder.path().join("Prompts_Folder/Train_text.xlsx")).unwrap();
    let expected =
        "Prompts_Folder: found no table of sentences; looked for Train_text.xlsx, Train_text.csv";
    assert_eq!(refusal(&folder), expected);
}

#[test]
fn two_files_of_one_name_are_refused() {
    let folder = lgms("1.png,a\n");
    picture(&folder.path().join("Train/Images/x.png"), 8);
    fs::copy(folder.path().join("Train/Images/x.png"), folder.path().join("Train/Images/x.bmp"))
        .unwrap();
    let expected =
        "Train/Images/x.bmp and Train/Images/x.png differ in their ending only: keep one of them";
    assert_eq!(refusal(&folder), expected);
}

#[test]
fn a_manifest_comes_first_unless_another_layout_is_asked_for() {
    let folder = medclipseg("");
    let content = "image,mask,text,split\nTrain_Folder/img/benign (1).png,,x,val\n";
    fs::write(folder.path().join("manifest.csv"), content).unwrap();
    assert_eq!(Dataset::open(folder.path()).unwrap().layout(), Layout::Manifest);
    let with = |layout| {
        let options = OpenOptions { layout: Some(layout), ..OpenOptions::default() };
        Dataset::open_with(folder.path(), &options)
    };
    assert_eq!(with(Layout::MedClipSeg).unwrap().cases(Split::Train).len(), 1);
    let message = with(Layout::Lgms).unwrap_err().to_string();
    assert!(
        message.ends_with("looked for prompt/train.csv or prompt/test.csv (LGMS)"),
        "{message}"
    );
}

#[test]
fn a_folder_of_no_layout_says_what_was_looked_for() {
    let folder = TempDir::new().unwrap();
    let message = Dataset::open(folder.path()).unwrap_err().to_string();
    for sought in ["manifest.jsonl", "Prompts_Folder", "Test_Folder (LViT)", "prompt/train.csv"] {
        assert!(message.contains(sought), "{message}");
    }
}
