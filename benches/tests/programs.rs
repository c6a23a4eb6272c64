//! The programs as a user starts them, on the smallest network.

#![allow(clippy::unwrap_used)] // in helpers of tests
#![cfg(unix)] // the stand-in for a peer is a shell script

use std::path::PathBuf;
use std::process::{Command, Output};

use benches::Figures;

fn run(name: &str, arguments: &[&str]) -> Output {
    let program = match name {
        "bench" => env!("CARGO_BIN_EXE_bench"),
        "compare" => env!("CARGO_BIN_EXE_compare"),
        "bench_report" => env!("CARGO_BIN_EXE_bench_report"),
        _ => env!("CARGO_BIN_EXE_plant_confounder"),
    };
    Command::new(program).args(arguments).output().unwrap()
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
    assert_eq!(text(&output.stderr), "error: no case is called nothing; --list prints all\n");
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
    // Numbers lose a last place on their way through the text.
    let memory = found["ours"]["peak_rss_mb"].as_f64().map(|ours| 5.0 / ours);
    let apart = memory.zip(found["memory_ratio"].as_f64()).map(|(a, b)| (a / b - 1.0).abs());
    assert!(apart.is_none_or(|apart| apart < 1e-12), "{found}");
    assert_eq!(found["case"], "forward-224-b1");
    assert_eq!(found["peer"]["median_s"], 1000.0);
    // One run a round: the two ratios are the peer's time over each, and the ratio is their middle.
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let mut ratios = found["ratios"].as_array().unwrap().iter().map(number).collect::<Vec<_>>();
    ratios.sort_by(f64::total_cmp);
    let slow_and_fast = [&found["ours"]["max_s"], &found["ours"]["min_s"]].map(number);
    let expected = slow_and_fast.map(|ours| 1000.0 / ours);
    let middle = (expected[0] + expected[1]) / 2.0;
    assert_eq!(ratios.len(), 2);
    ratios.push(number(&found["ratio"]));
    let pairs = ratios.iter().zip([expected[0], expected[1], middle]);
    assert!(pairs.into_iter().all(|(a, b)| (a / b - 1.0).abs() < 1e-9), "{found}");

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

#[test]
fn results_become_tables_and_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().join("results");
    std::fs::create_dir(&results).unwrap();
    let figures = |case: &str, size: usize, median_s: f64| {
        serde_json::json!({
            "case": case, "config": "tiny", "size": size, "batch": 1, "device": "flex", "threads": 2,
            "median_s": median_s, "min_s": 0.1, "max_s": 3.0, "runs": 5, "per_second": 1.0,
            "multiply_adds": 500_000_000, "gflops": 1.0 / median_s, "peak_rss_mb": size,
            "date": "2025-03-19T08:30:00Z", "machine": { "cpu": "A CPU", "cores": 2 },
            "commit": "abc1234", "version": "0.1.0",
        })
    };
    let time = |seconds: f64| serde_json::json!({ "median_s": seconds, "min_s": 1, "max_s": 9, "peak_rss_mb": 100 });
    let mut comparison = figures("forward-224-b1", 224, 1.0);
    comparison["rounds"] = 2.into();
    comparison["ours"] = time(2.0);
    comparison["peer"] = time(8.0);
    comparison["peer_command"] = "python3 peer.py".into();
    comparison["ratio"] = 4.0.into();
    comparison["ratios"] = vec![3.5, 4.5].into();
    let mut faster = comparison.clone();
    faster["peer"] = time(4.0);
    faster["peer_command"] = "python3 benches/peers/onnx.py --runtime openvino".into();
    faster["ratio"] = 2.0.into();
    let peer = serde_json::json!({
        "peer": "pytorch", "config": "tiny", "size": 224, "batch": 1, "threads": 2,
        "stages": { "image_tower": 0.4, "text_tower": 0.3, "neck": 0.2, "projectors": 2.0 },
    });
    let lines = [
        figures("matmul", 224, 0.1),
        figures("image-tower-224-b1", 224, 0.2),
        figures("neck-224-b1", 224, 0.4),
        figures("forward-224-b1", 224, 1.0),
        figures("forward-448-b1", 448, 4.0),
        comparison,
        faster,
        peer,
    ];
    let lines = lines.map(|line| line.to_string()).join("\n");
    std::fs::write(results.join("a.jsonl"), &lines).unwrap();
    let flags = ["--folder", folder.path().to_str().unwrap()];

    let readme = folder.path().join("README.md");
    std::fs::write(&readme, "no markers").unwrap();
    let message = text(&run("bench_report", &flags).stderr);
    assert!(message.contains("README.md: expected `<!-- results"), "{message}");
    assert!(!results.join("stages.png").exists());

    let frame =
        "before\n<!-- results: written by bench_report -->\n<!-- end of results -->\nafter\n";
    std::fs::write(&readme, frame).unwrap();
    let output = run("bench_report", &flags);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let written = std::fs::read_to_string(&readme).unwrap();
    for part in [
        "Device flex, 2 threads, A CPU with 2 cores; 2025-03-19; commit abc1234; `tiny`, a.jsonl",
        "| forward-224-b1 | python3 peer.py | 2.000 | 8.000 | 4.00 (3.50 to 4.50) | 100 | 100 |\n\
         | forward-224-b1 | onnx.py --runtime openvino | 2.000 | 4.000 | 2.00 (3.50 to 4.50) | 100 | 100 |\n",
        "| image-tower-224-b1 | 0.200 | 0.100 | 3.000 | 0.5 | 5 | 50 % | 224 |\n",
        "| 448 | 4.000 | 0.100 | 3.000 | 0 | 2 % | 448 | 1.52 |\n",
        "](results/stages.png)",
        "](results/sizes.png)",
    ] {
        assert!(written.contains(part), "{part}\n{written}");
    }
    assert!(written.starts_with("before\n") && written.ends_with("-->\nafter\n"), "{written}");
    for name in ["stages.png", "sizes.png"] {
        let picture = causal_clip_seg::read_rgb(results.join(name)).unwrap();
        for color in [[0, 114, 178], [213, 94, 0]] {
            assert!(picture.pixels().any(|pixel| pixel.0 == color), "{name} {color:?}");
        }
    }

    std::fs::write(results.join("b.jsonl"), format!("{lines}\n{{\"case\": \"load\"}}\n")).unwrap();
    let message = text(&run("bench_report", &flags).stderr);
    assert!(message.contains("b.jsonl: line 9: missing field `size`"), "{message}");
    assert_eq!(std::fs::read_to_string(&readme).unwrap(), written);
}

#[test]
fn a_planted_mark_changes_sides_between_both_sets() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (data, planted) = (path("data"), path("planted"));
    let config = seg_data::phantom::PhantomConfig::default();
    seg_data::phantom::write_phantoms(data.as_ref(), &config, [3, 2, 2], || {}).unwrap();
    let output = run("plant_confounder", &["--data", &data, "--out", &planted]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 2, "{}", text(&output.stdout));
    let again = run("plant_confounder", &["--data", &data, "--out", &planted]);
    assert!(text(&again.stderr).contains("there is a set already"));
    let [aligned, flipped] = ["aligned", "flipped"].map(|set| format!("{planted}/{set}"));
    // The same cases by the same names, so that `paired` can hold one against the other.
    let rows = |set: &str| std::fs::read_to_string(format!("{set}/manifest.csv")).unwrap();
    assert!(rows(&flipped).lines().all(|row| rows(&aligned).contains(row)));
}
