//! Tables and folders as people have them: what is read with a note, and what is refused.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use proptest::prelude::*;
use seg_data::{DataNote, Dataset, NoteKind, Split, read_questions};
use seg_image::{BinaryMask, RgbImage, write_mask, write_rgb};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn picture(file: &Path) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    write_rgb(file, &RgbImage::new(4, 4)).unwrap();
}

fn mask(file: &Path) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    write_mask(file, &BinaryMask::from_fn(4, 4, |x, _| x < 2)).unwrap();
}

/// A folder of pictures `pN.png` and masks `mN.png` with this manifest.
fn set(name: &str, table: &[u8]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for i in 0..3 {
        picture(&folder.path().join(format!("p{i}.png")));
        mask(&folder.path().join(format!("m{i}.png")));
    }
    fs::write(folder.path().join(name), table).unwrap();
    folder
}

/// The sentences of train, or why the set is refused; its own path left out.
fn read(folder: &TempDir) -> Result<Vec<String>, String> {
    let set = Dataset::open(folder.path());
    let set =
        set.map_err(|e| e.to_string().replace(&format!("{}/", folder.path().display()), ""))?;
    Ok(set.cases(Split::Train).iter().map(|case| case.sentence.clone()).collect())
}

fn notes(folder: &TempDir) -> Vec<(NoteKind, usize, String)> {
    let set = Dataset::open(folder.path()).unwrap();
    let path = format!("{}/", folder.path().display());
    let told = |note: &DataNote| (note.kind, note.count, note.example.replace(&path, ""));
    set.notes().iter().map(told).collect()
}

#[test]
fn separators_and_encodings_are_found() {
    let rows = "image;mask;text;split\r\np0.png;m0.png;Läsion, links;train\r\n\r\n";
    let utf16 = |bytes: fn(u16) -> [u8; 2]| {
        std::iter::once(0xfeff).chain(rows.encode_utf16()).flat_map(bytes).collect::<Vec<u8>>()
    };
    for (name, table, noted) in [
        ("manifest.csv", rows.as_bytes().to_vec(), 0),
        ("manifest.tsv", format!("\u{feff}{rows}").into_bytes(), 0),
        ("Manifest.CSV", rows.replace(';', "\t").into_bytes(), 0),
        ("manifest.csv", format!("sep=|\n{}", rows.replace(';', "|")).into_bytes(), 0),
        ("manifest.csv", utf16(u16::to_le_bytes), 1),
        ("manifest.tsv", utf16(u16::to_be_bytes), 1),
    ] {
        let folder = set(name, &table);
        assert_eq!(read(&folder), Ok(vec!["Läsion, links".to_owned()]), "{name}");
        assert_eq!(notes(&folder).len(), noted);
    }
    for (bytes, found) in [
        (
            &b"image,mask,text,split\np0.png,m0.png,L\xe9sion,train\n"[..],
            "0xe9 after `png,m0.png,L`",
        ),
        (b"image,mask,text,split\np0.png,m0.png,\x93spot\x94,train\n", "0x93 after `.png,m0.png,`"),
    ] {
        let expected =
            format!("manifest.csv, row 2: byte {found} is not UTF-8; save the table as CSV UTF-8");
        assert_eq!(read(&set("manifest.csv", bytes)), Err(expected));
    }
}

#[test]
fn masks_that_are_no_files_say_how_to_make_files() {
    let json = |mask: &str| {
        let row = format!(r#"{{"image":"p0.png","mask":{mask},"text":"x","split":"train"}}"#);
        set("manifest.jsonl", row.as_bytes())
    };
    let csv = |mask: &str| {
        let row = format!("image;mask;text;split\np0.png;\"{mask}\";x;train\n");
        set("manifest.csv", row.as_bytes())
    };
    for (folder, found) in [
        (json(r#"{"size":[4,4],"counts":"abc"}"#), "runs of pixels (RLE)"),
        (json("[[1,2,3,4,5,6]]"), "a list of polygons"),
        (json(r#"[{"x":1,"y":2}]"#), "a list of polygons"),
        (json("[1,2,3,4]"), "a list of polygons"),
        (csv("[[1,2,3,4,5,6]]"), "a list of polygons"),
        (csv("{'size': [4, 4], 'counts': 'abc'}"), "runs of pixels (RLE)"),
        (csv("1 3 10 5"), "runs of pixels (RLE)"),
    ] {
        let message = read(&folder).unwrap_err();
        assert!(message.contains(&format!("the mask is {found}, expected a file")), "{message}");
        assert!(message.contains("annToMask"), "{message}");
    }
    assert!(read(&json("[3]")).unwrap_err().contains("expected a list of strings"));
    let same = read(&set("manifest.csv", b"image,mask,text,split\np0.png,p0.png,x,train\n"));
    assert!(same.unwrap_err().contains("row 2: the mask is the picture itself, p0.png"));
}

#[test]
fn names_are_found_where_one_file_fits() {
    let table =
        b"IMAGE,Ground_Truth,Caption,Split\nP0.PNG,m0.png,x,TRAIN\nP1.png,.\\M1.png,y,Train\n";
    let folder = set("manifest.csv", table);
    assert_eq!(read(&folder).unwrap(), ["x", "y"]);
    let expected = [
        (NoteKind::Capitals, 3, "`P0.PNG` for p0.png".to_owned()),
        (NoteKind::BackSlashes, 1, ".\\M1.png".to_owned()),
    ];
    assert_eq!(notes(&folder), expected);
    // Linux tells them apart: nobody knows which is meant.
    picture(&folder.path().join("P0.png"));
    let message = read(&folder).unwrap_err();
    assert!(message.contains("P0.png, p0.png differ from it in capital letters only"), "{message}");
}

#[test]
fn columns_that_could_be_meant_are_noted() {
    let table = b"image,mask,text,caption,patiant,split\np0.png,m0.png,x,y,7,train\n";
    let folder = set("manifest.csv", table);
    let kinds = notes(&folder).into_iter().map(|note| note.0).collect::<Vec<_>>();
    assert_eq!((read(&folder).unwrap(), kinds.len()), (vec!["x".to_owned()], 2));
    assert!(kinds.contains(&NoteKind::OtherColumn) && kinds.contains(&NoteKind::NearColumn));
    let twice = b"image,mask,text,split,Text\np0.png,m0.png,x,train,y\n";
    assert!(
        read(&set("manifest.csv", twice)).unwrap_err().contains("column `text` is there twice")
    );
    let keys = br#"{"image":"p0.png","mask":null,"text":"x","Text":"y","split":"train"}"#;
    let message = read(&set("manifest.jsonl", keys)).unwrap_err();
    assert_eq!(
        message,
        "manifest.jsonl, row 1: keys `text` and `Text` are one: remove or rename one"
    );
    let keys = br#"{"image":"p0.png","image":"p1.png","mask":null,"text":"x","split":"train"}"#;
    assert!(
        read(&set("manifest.jsonl", keys))
            .unwrap_err()
            .contains("keys `image` and `image` are one")
    );
    let bare =
        read(&set("manifest.csv", b"p0.png,m0.png,x,train\np1.png,m1.png,y,val\n")).unwrap_err();
    assert!(bare.ends_with("; the first row must name the columns"), "{bare}");
    let error = read(&set("manifest.csv", b"image,mask,text,split\np0.png,m0.png,#NAME?,train\n"));
    assert!(error.unwrap_err().contains("column `text` is `#NAME?`, which is no text"));
}

#[test]
fn what_stands_beside_is_noted() {
    let table = b"image,mask,text,split\np0.png,a_mask.png,x,train\np1.png,a_mask.png,y,train\n";
    let folder = set("manifest.csv", table);
    mask(&folder.path().join("a_mask.png"));
    mask(&folder.path().join("a_mask_1.png"));
    fs::write(folder.path().join("manifest.jsonl"), b"").unwrap();
    let expected = [
        (NoteKind::OtherTable, 1, "manifest.jsonl; manifest.csv is read".to_owned()),
        (NoteKind::Unnamed, 1, "a_mask_1.png".to_owned()),
        (NoteKind::SharedMask, 1, "a_mask.png".to_owned()),
    ];
    assert_eq!(notes(&folder), expected);
    // A folder too deep.
    let outer = TempDir::new().unwrap();
    fs::create_dir(outer.path().join("__MACOSX")).unwrap();
    fs::rename(folder.path(), outer.path().join("inner")).unwrap();
    let message = read(&outer).unwrap_err();
    assert!(message.ends_with("; there is one in inner"), "{message}");
}

/// A cell of a workbook.
enum Cell<'a> {
    Text(&'a str),
    Number(f64),
    /// Days since 1900 in Excel's count.
    Date(u32),
    Error(&'a str),
}

/// A workbook with one sheet.
fn workbook(file: &Path, rows: &[[Cell<'_>; 2]]) {
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let cell = |cell: &Cell<'_>| match cell {
        Cell::Text(text) => format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>"),
        Cell::Number(number) => format!("<c><v>{number}</v></c>"),
        Cell::Date(days) => format!("<c s=\"1\"><v>{days}</v></c>"),
        Cell::Error(error) => format!("<c t=\"e\"><v>{error}</v></c>"),
    };
    let row = |row: &[Cell<'_>; 2]| format!("<row>{}{}</row>", cell(&row[0]), cell(&row[1]));
    let rows = rows.iter().map(row).collect::<String>();
    let relations = |relations: &[(&str, &str)]| {
        let relation = |(kind, target): &(&str, &str)| {
            format!("<Relationship Id=\"{kind}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
        };
        let all = relations.iter().map(relation).collect::<String>();
        format!("<Relationships xmlns=\"{PACKAGE}/relationships\">{all}</Relationships>")
    };
    let parts = [
        ("[Content_Types].xml", format!("<Types xmlns=\"{PACKAGE}/content-types\"/>")),
        ("_rels/.rels", relations(&[("officeDocument", "xl/workbook.xml")])),
        (
            "xl/_rels/workbook.xml.rels",
            relations(&[("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")]),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>\
                 <sheet name=\"S\" sheetId=\"1\" r:id=\"worksheet\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                "<styleSheet xmlns=\"{MAIN}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/>\
                 </cellXfs></styleSheet>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>"),
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

/// LViT's training folder with pictures of these names, their masks, and a workbook of these cells.
fn lvit(part: &str, names: &[&str], cells: Vec<Cell<'_>>) -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in names {
        picture(&folder.path().join(format!("{part}/img/{name}.png")));
        mask(&folder.path().join(format!("{part}/labelcol/{name}.png")));
    }
    let mut rows = vec![[Cell::Text("Image"), Cell::Text("Description")]];
    rows.extend(cells.into_iter().map(|cell| [cell, Cell::Text("left")]));
    workbook(&folder.path().join(part).join("Train_text.xlsx"), &rows);
    folder
}

#[test]
fn numbers_and_dates_are_taken_where_one_file_fits() {
    // 43891 is 2020-03-01, 43832 2020-01-02.
    let folder = lvit(
        "Train_Folder",
        &["001", "7", "2020-03-01", "1-2", "mask_x"],
        vec![
            Cell::Number(1.0),
            Cell::Number(7.0),
            Cell::Date(43891),
            Cell::Date(43832),
            Cell::Text("MASK_X.PNG"),
        ],
    );
    assert_eq!(read(&folder).unwrap().len(), 5);
    let found = notes(&folder).into_iter().map(|(kind, count, _)| (kind, count));
    let expected = [(NoteKind::Capitals, 1), (NoteKind::Numbers, 2), (NoteKind::Dates, 2)];
    assert_eq!(found.collect::<Vec<_>>(), expected);
    let advice = "spreadsheets change names that look like numbers or dates; format the column as text \
                  and write the names again";
    for (names, cell, found) in [
        (&["01", "001"][..], Cell::Number(1.0), "the number 1, and 2 files fit (001, 01 ..)"),
        (&["x"], Cell::Number(1.0), "the number 1, and no file fits"),
        (
            &["1-2", "2020-01-02"],
            Cell::Date(43832),
            "the date 2020-01-02, and 2 files fit (1-2, 2020-01-02 ..)",
        ),
        (&["2020-03-02"], Cell::Date(43891), "the date 2020-03-01, and no file fits"),
    ] {
        let folder = lvit("Train_Folder", names, vec![cell]);
        let place = "Train_Folder/Train_text.xlsx, row 2: column `Image` is ";
        let expected = format!("{place}{found} in Train_Folder/img: {advice}");
        assert_eq!(read(&folder).unwrap_err(), expected);
    }
    let error = lvit("Train_Folder", &["x"], vec![Cell::Error("#NAME?")]);
    assert!(read(&error).unwrap_err().contains("column `Image` is `#NAME?`, which is no text"));
}

#[test]
fn stray_files_are_passed_over() {
    let folder = lvit("train_folder", &["a", "b"], vec![Cell::Text("a.png"), Cell::Text("b.png")]);
    let img = folder.path().join("train_folder/img");
    for name in ["desktop.ini", "Thumbs.db", ".DS_Store", "._a.png", "a.txt", "notes.txt"] {
        fs::write(img.join(name), b"").unwrap();
    }
    fs::create_dir(img.join("__MACOSX")).unwrap();
    fs::create_dir(folder.path().join("dev_folder")).unwrap();
    assert_eq!(read(&folder).unwrap().len(), 2);
    let kinds = notes(&folder).into_iter().map(|(kind, count, _)| (kind, count));
    assert_eq!(kinds.collect::<Vec<_>>(), [(NoteKind::OtherPart, 1), (NoteKind::Stray, 2)]);
    fs::create_dir(folder.path().join("Training_Folder")).unwrap();
    let expected =
        "Training_Folder and train_folder are the same part of the set: keep one of them";
    assert_eq!(read(&folder).unwrap_err(), expected);
}

#[test]
fn parts_are_called_as_people_call_them() {
    for part in ["train_folder", "TRAIN_FOLDER", "Training Folder"] {
        let folder = lvit(part, &["a"], vec![Cell::Text("a")]);
        assert_eq!(read(&folder).unwrap(), ["left"], "{part}");
    }
    let folder = lvit("Train_Folder", &["a"], vec![Cell::Text("a")]);
    fs::rename(
        folder.path().join("Train_Folder/labelcol"),
        folder.path().join("Train_Folder/label"),
    )
    .unwrap();
    let message = read(&folder).unwrap_err();
    assert_eq!(message, "Train_Folder: found no folder labelcol; there are img, label");
}

#[test]
fn further_masks_are_united_unless_a_row_has_them() {
    let folder = lvit("Train_Folder", &["a"], vec![Cell::Text("a")]);
    let labels = folder.path().join("Train_Folder/labelcol");
    fs::rename(labels.join("a.png"), labels.join("a_mask.png")).unwrap();
    for name in ["a_mask_1.png", "a_mask_2.png", "a_mask_x.png"] {
        mask(&labels.join(name));
    }
    let set = Dataset::open(folder.path()).unwrap();
    assert_eq!(set.cases(Split::Train)[0].masks.len(), 3);
    assert_eq!(notes(&folder)[0].0, NoteKind::United);
}

#[test]
fn questions_are_read_as_tolerantly() {
    let folder = set("jobs.csv", b"Image;Prompt\nP0.png;left, lower\nimg\\none.png;x\n");
    let table = read_questions(&folder.path().join("jobs.csv")).unwrap();
    assert_eq!(table.rows[0].as_ref().unwrap().sentence, "left, lower");
    assert!(table.rows[1].as_ref().unwrap_err().to_string().contains("row 3: image"));
    assert_eq!(table.notes[0].kind, NoteKind::Capitals);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_bytes_as_a_table_give_a_value_or_an_error(
        mut bytes in prop::collection::vec(any::<u8>(), 0..80),
        name in prop::sample::select(vec!["manifest.csv", "manifest.jsonl", "manifest.xlsx"]),
        start in prop::sample::select(vec![&b""[..], b"image,mask,text,split\n", b"{\"image\":", b"\xff\xfe"]),
    ) {
        bytes.splice(..0, start.iter().copied());
        let folder = set(name, &bytes);
        let _ = read(&folder);
        let _ = read_questions(&folder.path().join(name));
    }
}
