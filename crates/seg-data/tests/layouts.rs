//! Both layouts as folders: what is read of them, and what is said of broken ones.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use seg_data::{DataError, Dataset, Split, load};
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
            "manifest.csv: no column `text`; the columns are image, mask, split",
        ),
        (header, "manifest.csv: no row below the header"),
        ("a.png,m/a.png,,train\n", "manifest.csv, row 3: column `text` is empty"),
        ("b.png,m/a.png,left,train\n", "manifest.csv, row 3: there is no image b.png"),
        ("a.png,m,left,train\n", "manifest.csv, row 3: there is no mask m"),
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
    for content in
        [format!("{header}{good}a.png,left\n").as_bytes(), b"image,mask,text,split\n\xff"]
    {
        let message = refusal(&manifest(content));
        assert_eq!(message, "manifest.csv: not a table of comma-separated values in UTF-8");
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
    assert!(message.contains("row 2: ") && message.contains("a.png is 8x8, its mask"), "{message}");
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
    assert!(train[1].mask.ends_with("labelcol/mask_sub-S1 (2).png"));
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
        (&[HEADER], format!("{table}: no row below the header")),
        (
            &[HEADER, one],
            format!("Train_Folder/img/sub-S1 (2).png: no row of {table} has a sentence for it"),
        ),
        (
            &[HEADER, one, two, &["mask_covid_9.png", "x", "left"]],
            format!("{table}, row 4: there is no image Train_Folder/img/covid_9"),
        ),
        (
            &[HEADER, one, &["mask_sub-S1 (2).png", "x"]],
            format!("{table}, row 3: column `Description` is empty"),
        ),
        (
            &[&["Image", "Text"], one],
            format!("{table}: no column `Description`; the columns are Image, Text"),
        ),
    ];
    for (rows, expected) in cases {
        assert_eq!(refusal(&lvit(rows)), expected);
    }

    let folder = lvit(&[HEADER, one, two]);
    fs::remove_file(folder.path().join("Train_Folder/labelcol/mask_covid_1.png")).unwrap();
    let expected = format!("{table}, row 2: there is no mask Train_Folder/labelcol/covid_1");
    assert_eq!(refusal(&folder), expected);
    fs::write(folder.path().join(table), b"PK\x03\x04 no workbook").unwrap();
    assert_eq!(refusal(&folder), format!("{table}: not an Excel workbook (.xlsx)"));
}

#[test]
fn a_folder_of_neither_layout_says_what_was_looked_for() {
    let folder = TempDir::new().unwrap();
    let message = Dataset::open(folder.path()).unwrap_err().to_string();
    assert!(message.ends_with("Train_Folder, Val_Folder or Test_Folder"), "{message}");
}
