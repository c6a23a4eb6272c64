//! `segment`: pictures from the command line, and many from a table.

#![allow(clippy::unwrap_used)] // in helpers of tests

mod common;

use std::path::{Path, PathBuf};

use common::{demo, failure, json, phantoms, program, run, success, text};

#[test]
fn the_networks_that_ship_segment_their_own_pictures() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().display().to_string();
    for (network, name) in
        [(None, "xray-1"), (Some("chest"), "xray-1"), (Some("phantom"), "phantom")]
    {
        let weights = network.map_or(vec![], |network| vec!["--weights", network]);
        let arguments = [&weights[..], &["--out", &folder, "--probability"]].concat();
        let printed = success("segment", &arguments);
        assert!(printed.contains("% of the picture"), "{printed}");
        for kind in ["mask", "overlay", "probability"] {
            let file = out.path().join(format!("{name}.{kind}.png"));
            std::fs::remove_file(&file).unwrap_or_else(|_| panic!("{}", file.display()));
        }
    }
}

/// Both meanings of left, on a real X-ray: a bare one is the patient's.
#[test]
fn left_is_the_patients_unless_the_image_is_named() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().display().to_string();
    let asked = [
        ("Left lung.", true),
        ("The patient's left lung.", true),
        ("The lung on the left side of the image.", false),
        ("Right lung.", false),
        ("The patient's right lung.", false),
        ("The lung on the right side of the image.", true),
    ];
    let sentences = asked.map(|(sentence, _)| sentence);
    for file in ["xray-1.jpg", "xray-2.jpg", "xray-3.jpg"] {
        let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/chest").join(file);
        let picture = picture.display().to_string();
        let arguments = [&["-i", &picture, "--out", &folder][..], &sentences].concat();
        let told = json("segment", &arguments);
        for (number, (sentence, on_the_right)) in asked.into_iter().enumerate() {
            let found = &told["answers"][number]["bounding_box"];
            let [left, right] = ["left", "right"].map(|side| found[side].as_f64().unwrap());
            assert_eq!((left + right) / 2.0 > 128.0, on_the_right, "{file}, {sentence} {found}");
        }
    }
}

#[test]
fn it_says_whose_left_is_meant() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().display().to_string();
    let printed = success("segment", &["--out", &folder, "left lung"]);
    assert!(printed.contains("\"left\" means the patient's left"), "{printed}");
    let phantom = ["--weights", "phantom", "--out", &folder, "left lung"];
    let printed = success("segment", &phantom);
    assert!(printed.contains("\"left\" means the left side of the image"), "{printed}");
    let told = json("segment", &phantom);
    assert_eq!(told["sides"], "image", "{told}");
    assert!(told["left_and_right"].as_str().unwrap().contains("left side of the image"), "{told}");
    assert!(told["answers"][0]["area_share"].as_f64().unwrap() > 0.0, "{told}");
    assert!(success("segment", &["--help"]).contains("A radiologist means"));
}

#[test]
fn a_file_that_is_no_picture_is_named() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("x").display().to_string();
    let message = failure("segment", &["-i", &demo("README.md"), "--out", &folder, "left"], 1);
    assert!(message.contains("README.md") && message.lines().count() == 1, "{message}");
    let message = failure("segment", &["-w", &demo("chest.png"), "left"], 1);
    assert!(message.contains("chest.png") && message.lines().count() == 1, "{message}");
    let message = failure("segment", &["-w", &folder.replace("/x", ""), "left"], 1);
    assert!(message.contains("found no best.safetensors in this folder"), "{message}");
}

/// A table of questions and the folder of their answers.
struct Jobs {
    out: tempfile::TempDir,
    table: String,
    answers: String,
}

impl Jobs {
    /// Everything that a few phantoms are asked, in a table of their folder.
    fn new() -> Self {
        let out = tempfile::tempdir().unwrap();
        let data = phantoms(out.path());
        let answers = out.path().join("answers").display().to_string();
        Self { table: format!("{data}/manifest.csv"), answers, out }
    }

    fn arguments(&self) -> Vec<&str> {
        vec!["--jobs", &self.table, "--out", &self.answers]
    }

    /// The rows of the table of answers, sorted.
    fn rows(&self) -> Vec<String> {
        let table = std::fs::read_to_string(self.file("answers.csv")).unwrap();
        let mut rows = table.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        rows.sort();
        rows
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::new(&self.answers).join(name)
    }
}

#[test]
fn a_table_of_questions_is_answered_once() {
    let jobs = Jobs::new();
    let told = json("segment", &jobs.arguments());
    let rows = told["rows"].as_u64().unwrap();
    assert_eq!((told["answered"].as_u64(), jobs.rows().len() as u64), (Some(rows), rows));
    let header = std::fs::read_to_string(jobs.file("answers.csv")).unwrap();
    let header = header.lines().next().unwrap().to_owned();
    assert_eq!(
        header,
        "image,sentence,mask,area_share,left,top,right,bottom,presence,present,sentence_cut"
    );
    let mut table = csv::Reader::from_path(jobs.file("answers.csv")).unwrap();
    for row in table.records() {
        assert!(jobs.file(&row.unwrap()[2]).is_file());
    }

    // Again, and with one mask gone.
    let expected = jobs.rows();
    assert_eq!(json("segment", &jobs.arguments())["answered"], 0);
    std::fs::remove_file(jobs.file("masks/0001.png")).unwrap();
    assert_eq!(json("segment", &jobs.arguments())["answered"], 1);
    assert_eq!(jobs.rows(), expected);
    let message = failure("segment", &[&jobs.arguments()[..], &["--threshold", "0.4"]].concat(), 1);
    assert!(message.contains("choose another folder with --out"), "{message}");
}

#[test]
fn a_bad_row_is_named_and_the_others_are_answered() {
    let mut jobs = Jobs::new();
    let data = Path::new(&jobs.table).parent().unwrap().to_owned();
    std::fs::write(data.join("broken.png"), b"no picture").unwrap();
    jobs.table = data.join("jobs.jsonl").display().to_string();
    let lines = [
        r#"{"image": "images/0000.png", "text": "left lung"}"#,
        r#"{"image": "images/nowhere.png", "text": "left lung"}"#,
        r#"{"image": "broken.png", "text": "left lung"}"#,
        r#"{"image": "images/0001.png", "text": 7}"#,
        r#"{"image": "images/0001.png", "text": "right lung"}"#,
    ];
    std::fs::write(&jobs.table, lines.join("\n")).unwrap();
    let output = run("segment", &jobs.arguments());
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    for (row, expected) in [(2, "does not exist"), (3, "broken.png"), (4, "expected a string")] {
        let named = |line: &str| line.contains(&format!("jobs.jsonl, row {row}: "));
        let line = errors.lines().find(|line| named(line));
        assert!(line.is_some_and(|line| line.contains(expected)), "{row}: {errors}");
    }
    assert_eq!(jobs.rows().len(), 2);
    let columns = data.join("columns.csv");
    std::fs::write(&columns, "scan,text\na.png,left\n").unwrap();
    let message = failure("segment", &["--jobs", columns.to_str().unwrap()], 1);
    assert!(message.contains("columns.csv: column `image` is missing"), "{message}");
}

/// Stopped with Ctrl-C or killed at any moment, the same command goes on and ends with the same answers.
#[cfg(unix)]
#[test]
fn a_stopped_run_answers_the_rest() {
    let jobs = Jobs::new();
    let whole = Jobs { answers: format!("{}-whole", jobs.answers), ..Jobs::new() };
    let whole = Jobs { table: jobs.table.clone(), ..whole };
    success("segment", &whole.arguments());
    for signal in ["-INT", "-KILL", "-INT"] {
        let mut child = program()
            .arg("segment")
            .args(jobs.arguments())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let begun = std::fs::metadata(jobs.file("answers.csv")).map_or(0, |file| file.len());
        while child.try_wait().unwrap().is_none() {
            let now = std::fs::metadata(jobs.file("answers.csv")).map_or(0, |file| file.len());
            if now > begun.max(100) {
                let pid = child.id().to_string();
                std::process::Command::new("kill").args([signal, &pid]).status().unwrap();
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let status = child.wait().unwrap();
        assert!(signal == "-KILL" || status.success(), "{status}");
    }
    success("segment", &jobs.arguments());
    let without_names = |rows: Vec<String>| {
        let rows = rows.into_iter().map(|row| row.split("masks/").next().unwrap().to_owned());
        rows.collect::<Vec<_>>()
    };
    assert_eq!(without_names(jobs.rows()), without_names(whole.rows()));
    assert!(jobs.out.path().exists());
}
