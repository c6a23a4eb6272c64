//! The programs as a user starts them, on the smallest network.

#![allow(clippy::unwrap_used)] // in helpers of tests
#![cfg(unix)] // the stand-in for a peer is a shell script

use std::path::PathBuf;
use std::process::{Command, Output};

use benches::Figures;

fn run(name: &str, arguments: &[&str]) -> Output {
    let mut program = std::env::current_exe().unwrap();
    program.pop(); // this test
    program.pop(); // deps
    Command::new(program.join("examples").join(name)).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A command that ends with `code` after printing `line`.
fn peer(folder: &tempfile::TempDir, name: &str, line: &str, code: i32) -> String {
    let file: PathBuf = folder.path().join(name);
    std::fs::write(&file, format!("echo '{line}'\necho told >&2\nexit {code}\n")).unwrap();
    format!("sh {}", file.display())
}

#[test]
fn bench_prints_a_line_of_figures_for_each_case() {
    let cases = ["--case", "t*-b1", "--case", "tokenizer", "--case", "data", "--case", "load"];
    let output =
        run("bench", &[&["--config", "tiny", "--runs", "2", "--json"], &cases[..]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = text(&output.stdout);
    let figures = lines.lines().map(|line| serde_json::from_str::<Figures>(line).unwrap());
    let figures = figures.collect::<Vec<_>>();
    let names = figures.iter().map(|figures| figures.case.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["tokenizer", "load", "data", "text-tower-b1"]);
    for figures in &figures {
        assert!(0.0 < figures.min_s && figures.min_s <= figures.median_s, "{figures:?}");
        assert!(figures.median_s <= figures.max_s && figures.runs == 2, "{figures:?}");
    }
    let output = run("bench", &["--case", "nothing"]);
    assert_eq!(text(&output.stderr), "error: no case is called nothing (--list)\n");
}

#[test]
fn compare_gives_the_peers_time_over_ours() {
    let folder = tempfile::tempdir().unwrap();
    let line = r#"{"median_s": 1000, "min_s": 900, "max_s": 1100, "peak_rss_mb": 5}"#;
    let command = peer(&folder, "peer.sh", line, 0);
    let flags = ["--config", "tiny", "--runs", "1", "--rounds", "2", "--json"];
    let kept = folder.path().join("kept.jsonl");
    let case = ["--case", "forward-224-b1", "--peer", &command, "--out", kept.to_str().unwrap()];
    let output = run("compare", &[&flags[..], &case].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(std::fs::read(&kept).unwrap(), output.stdout);
    let found: serde_json::Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    assert_eq!(found["peer_command"], command.as_str());
    assert!(found["machine"]["cores"].as_u64().is_some_and(|cores| cores > 0), "{found}");
    let memory = found["ours"]["peak_rss_mb"].as_f64().map(|ours| 5.0 / ours);
    assert_eq!(found["memory_ratio"].as_f64(), memory);
    assert_eq!(found["case"], "forward-224-b1");
    assert_eq!(found["peer"]["median_s"], 1000.0);
    assert_eq!(found["ratios"].as_array().unwrap().len(), 2);
    let ratio = found["ratio"].as_f64().unwrap() * found["ours"]["median_s"].as_f64().unwrap();
    assert!((500.0..2000.0).contains(&ratio), "{found}");

    let failing = peer(&folder, "failing.sh", "", 7);
    let case = ["--case", "forward-224-b1", "--peer", &failing];
    let output = run("compare", &[&flags[..], &case].concat());
    let message = text(&output.stderr);
    assert!(!output.status.success());
    assert!(message.contains("the peer failed (exit status: 7)"), "{message}");
    assert!(message.contains("told"), "{message}");
}

#[test]
fn a_cold_start_stands_beside_the_peers_import() {
    let folder = tempfile::tempdir().unwrap();
    let times = r#""median_s": 1000, "min_s": 900, "max_s": 1100"#;
    let command = peer(&folder, "peer.sh", &format!(r#"{{{times}, "import_s": 2000}}"#), 0);
    let flags = ["--config", "tiny", "--runs", "1", "--rounds", "1", "--case", "cold-start"];
    let output = run("compare", &[&flags[..], &["--peer", &command]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let line = text(&output.stdout);
    assert!(line.contains("peer 2000.000 s (its import alone)"), "{line}");

    let silent = peer(&folder, "silent.sh", &format!("{{{times}}}"), 0);
    let output = run("compare", &[&flags[..], &["--peer", &silent]].concat());
    let message = text(&output.stderr);
    assert!(!output.status.success());
    assert!(message.contains("the peer printed no import_s, which cold-start needs"), "{message}");
}
