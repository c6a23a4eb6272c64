//! `score` and `convention`.

#![allow(clippy::unwrap_used)] // in helpers of tests

mod common;

use std::path::Path;

use common::{phantoms, run, success, text};

#[test]
fn masks_are_scored_under_every_convention_and_beside_published_ones() {
    let out = tempfile::tempdir().unwrap();
    let data = phantoms(out.path());
    let path = |name: &str| out.path().join(name).display().to_string();
    let (masks, table) = (Path::new(&data).join("masks").display().to_string(), path("table"));
    let scored = success("score", &[&masks, &masks, "--out", &table, "--all-conventions"]);
    for part in ["| true | ", "| dice_lvit | ", "| iou_pooled | 1.0000 | 0 | "] {
        assert!(scored.contains(part), "{part} is not in\n{scored}");
    }
    let conventions = std::fs::read_to_string(path("table/conventions.json")).unwrap();
    let conventions: serde_json::Value = serde_json::from_str(&conventions).unwrap();
    assert_eq!(conventions["conventions"]["dice_per_image"]["value"], 1.0);

    let monai = success("score", &[&masks, &masks, "--out", &table, "--as", "monai-1.6.1"]);
    assert!(monai.contains("| DiceMetric() | 1.000000 | "), "{monai}");
    assert!(Path::new(&path("table/monai-1.6.1.csv")).is_file());
    let refused = run("score", &[&masks, &masks, "--as", "monai"]);
    assert!(text(&refused.stderr).contains("unknown package `monai`: use deepmind-0.1, lvit, "));

    let conventions = path("table/conventions.json");
    let nearest = ["--dice", "100.00", "--iou", "100.00", "--conventions", &conventions];
    let nearest = success("convention", &nearest);
    assert!(nearest.contains("fits to the last digit. Printed by: "), "{nearest}");

    let scores = path("table/scores.json");
    let wrong = run("convention", &["--dice", "83.66", "--iou", "75.11", "--conventions", &scores]);
    assert!(
        text(&wrong.stderr).contains("no Dice and IoU by convention: give the conventions.json")
    );

    let arguments = ["--dice", "83.66", "--iou", "75.11"];
    let alone = success("convention", &arguments);
    assert!(alone.contains("is 85.79, Dice differs by -2.126 points"), "{alone}");
    assert!(alone.contains("Per image: ") && !alone.contains("ours"), "{alone}");
    let beside = success("convention", &[&arguments[..], &["--scores", &scores]].concat());
    assert!(beside.contains("| ours minus published, points | | +16.34 | +24.89 |"), "{beside}");
    let pooled = success("convention", &["--dice", "90.88", "--iou", "83.28"]);
    assert!(pooled.contains("Pooled: "), "{pooled}");

    let table = path("data/manifest.csv");
    for (arguments, expected) in [
        (&["--dice", "0.8366", "--iou", "0.7511"][..], "give them in percent, 83.66 and 75.11"),
        (&["--dice", "83,66", "--iou", "75.11"], "`83,66` is not a score"),
        (&["--dice", "101", "--iou", "75.11"], "give it in percent, 0 to 100"),
        (&["--dice", "83.66", "--iou", "75.11", "--scores", &table], "is not valid JSON"),
    ] {
        let output = run("convention", arguments);
        let message = text(&output.stderr);
        assert!(message.contains(expected) && !output.status.success(), "{message}");
    }
}

/// References of labels, predictions of 0 and 255: each folder is read by its own rule.
#[test]
fn a_folder_has_its_own_rule_and_a_picture_its_own_pixels() {
    let out = tempfile::tempdir().unwrap();
    let path = |name: &str| out.path().join(name).display().to_string();
    let save = |name: &str, value: fn(u32) -> u8| {
        std::fs::create_dir_all(out.path().join(name).parent().unwrap()).unwrap();
        let mask = image::GrayImage::from_fn(8, 4, |x, _| image::Luma([value(x)]));
        mask.save(out.path().join(name)).unwrap();
    };
    save("p/a.png", |x| if x < 4 { 255 } else { 0 });
    save("r/a.png", |x| [3, 3, 3, 3, 1, 1, 0, 2][x as usize]);
    let (p, r, table) = (path("p"), path("r"), path("table"));
    let by_label = ["--reference-rule", "3", "--prediction-rule", "half"];
    let by_label = [&[&*p, &r, "--out", &table], &by_label[..]].concat();
    let scored = success("score", &by_label);
    assert!(scored.contains("| true | 1 | 1.0000 ("), "{scored}");

    // A label that no reference has would make every silent prediction right.
    let refused = run("score", &[&p, &r, "--reference-rule", "9", "--prediction-rule", "half"]);
    let message = text(&refused.stderr);
    assert!(message.contains("no mask has a pixel of `9`"), "{message}");
    assert_eq!(refused.status.code(), Some(2));
    let refused = run("score", &[&p, &r, "--spacing", "0.5"]);
    assert!(text(&refused.stderr).contains("two numbers above 0 with a comma between"));

    let sizes = path("sizes.csv");
    std::fs::write(&sizes, "case,rows,columns\na,1,3\n").unwrap();
    save("r/a.png", |x| if (1..5).contains(&x) { 3 } else { 0 });
    let sized = [&by_label[..], &["--spacing-table", &sizes]].concat();
    let scored = success("score", &sized);
    assert!(scored.contains(" | 3.00 (0; 0) | "), "{scored}");
    std::fs::write(&sizes, "case,rows,columns\nb,1,3\n").unwrap();
    let refused = run("score", &sized);
    let message = text(&refused.stderr);
    assert!(
        !refused.status.success() && message.contains("has no row for 1 of the cases: a"),
        "{message}"
    );
}

/// The page that people cite has what the program prints.
#[test]
fn the_page_of_scores_is_what_is_printed() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = std::fs::read_to_string(docs.join("scores.md")).unwrap();
    let out = tempfile::tempdir().unwrap();
    let packages = seg_metrics::Package::all();
    for of in ["four", "ordinary"] {
        let part = |part: &str| docs.join("scores").join(of).join(part).display().to_string();
        let (prediction, reference) = (part("prediction"), part("reference"));
        let folder = out.path().join(of).display().to_string();
        let packages = packages.iter().map(|package| format!("--as={}", package.name));
        let packages = packages.collect::<Vec<_>>();
        let mut arguments = vec![&*prediction, &reference, "--out", &folder];
        arguments.extend(packages.iter().map(String::as_str));
        success("score", &arguments);
    }
    let cell = |text: &str| match text.parse::<f64>() {
        Ok(value) if value.is_nan() => "nan".to_owned(),
        Ok(value) if value.is_infinite() => "inf".to_owned(),
        Ok(value) => format!("{value:.4}"),
        Err(_) => "error".to_owned(),
    };
    let mut rows = 0;
    for package in packages {
        let figures = |of: &str| {
            let file = out.path().join(of).join(format!("{}.json", package.name));
            let json: serde_json::Value =
                serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            json["figures"].as_object().unwrap().clone()
        };
        let (four, ordinary) = (figures("four"), figures("ordinary"));
        let cases = out.path().join("four").join(format!("{}.csv", package.name));
        let mut cases = csv::Reader::from_path(cases).unwrap();
        let header = cases.headers().unwrap().clone();
        let cases = cases.records().map(|record| record.unwrap()).collect::<Vec<_>>();
        for (call, figure) in &four {
            let place = header.iter().position(|column| column == call);
            let of_case = |row: &csv::StringRecord| place.map_or(String::new(), |p| cell(&row[p]));
            let of_cases = cases.iter().map(of_case).collect::<Vec<_>>().join(" | ");
            let printed = |figure: &serde_json::Value| cell(figure["prints"].as_str().unwrap());
            let row = format!(
                "| {} | `{call}` | {of_cases} | {} | {} | `{}` |",
                package.name,
                printed(figure),
                printed(&ordinary[call]),
                figure["convention"].as_str().unwrap(),
            );
            assert!(page.contains(&row), "docs/scores.md lacks\n{row}");
            rows += 1;
        }
    }
    let in_page = page.lines().filter(|line| line.starts_with("| ") && line.ends_with("` |"));
    assert_eq!(in_page.count(), rows);
}
