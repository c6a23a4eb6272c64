//! A set under every convention, and its scores beside published ones.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::fs;

use seg_metrics::{Bootstrap, Figure, Grid, Package, PublishedPair, Rule, Scores};
use seg_report::{
    ControlScores, ConventionTable, OwnScores, PackageTable, ReportHeader, ScoreReport, ScoredCase,
    describe_candidates, describe_pair, nearest_conventions,
};
use serde_json::{Value, json};
use tempfile::TempDir;

fn case(name: &str, prediction: [u8; 4], reference: [u8; 4]) -> ScoredCase {
    let (p, r) = (prediction.map(|v| v > 0), reference.map(|v| v > 0));
    let grid = |values| Grid::new(4, 1, values).unwrap();
    ScoredCase::new(name, Scores::between(&grid(&p), &grid(&r)).unwrap())
}

/// Half right, rightly silent, missed.
fn control() -> ControlScores {
    let cases = vec![
        case("a", [0, 1, 1, 0], [1, 1, 0, 0]),
        case("b", [0, 0, 0, 0], [0, 0, 0, 0]),
        case("c", [0, 0, 0, 0], [1, 1, 0, 0]),
    ];
    ControlScores::new("true", cases)
}

#[test]
fn the_table_and_its_file_have_every_convention() {
    let table = ConventionTable::from_control(&control()).unwrap();
    assert_eq!((table.cases, table.empty_references, table.empty_predictions), (3, 1, 2));
    let text = table.markdown();
    for part in [
        "3 cases, 1 empty references, 2 empty predictions, 1 with both empty",
        "| dice_per_image | 0.5000 | 0 | 0 | ",
        "| dice_lvit | 0.1667 | 0 | ",
        "| dice_per_image_non_empty | 0.2500 | 1 | ",
        // I, P, T: 1, 2, 4.
        "| dice_pooled | 0.3333 | 0 | 0 | of all pixels of all images together | LGMS, MMI-UNet, ",
        "| dice_both_empty_left_out | 0.2500 | 1 | 0 | ",
        "| hd_both_empty_left_out | inf | 1 | 1 | ",
        "| iou_pooled | 0.2000 | 0 | ",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let scores = control().cases.iter().map(|case| case.scores).collect::<Vec<_>>();
    let figures = Figure::all(&scores).unwrap();
    assert_eq!(text.lines().count(), 4 + figures.len());

    let folder = tempfile::tempdir().unwrap();
    table.write(folder.path()).unwrap();
    let json = fs::read(folder.path().join("conventions.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!((&json["cases"], &json["empty_references"]), (&json!(3), &json!(1)));
    for figure in figures {
        let found = &json["conventions"][figure.name];
        let finite = figure.value.filter(|value| value.is_finite());
        let value = found["value"].as_f64();
        let near = value.zip(finite).is_none_or(|(a, b)| (a - b).abs() < 1e-15);
        assert!(value.is_some() == finite.is_some() && near, "{}: {value:?}", figure.name);
        assert_eq!(
            (&found["used_by"], &found["left_out"]),
            (&json!(figure.used_by), &json!(figure.left_out))
        );
    }
}

#[test]
fn each_case_has_its_value_under_each_convention() {
    let folder = tempfile::tempdir().unwrap();
    ConventionTable::from_control(&control()).unwrap().write(folder.path()).unwrap();
    let mut table = csv::Reader::from_path(folder.path().join("conventions.csv")).unwrap();
    let header = table.headers().unwrap().clone();
    let rows = table.records().map(|row| row.unwrap()).collect::<Vec<_>>();
    let column = |name: &str| {
        let place = header.iter().position(|column| column == name).unwrap();
        rows.iter().map(|row| row[place].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(column("case"), ["a", "b", "c"]);
    assert_eq!(column("dice_per_image"), ["0.5", "1", "0"]);
    assert_eq!(column("dice_both_empty_left_out"), ["0.5", "", "0"]);
    assert_eq!(column("hd_both_empty_left_out"), ["1", "", "inf"]);
    assert_eq!(header.len(), 1 + Rule::all().len());
}

#[test]
fn a_package_prints_the_set_as_it_would() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str| {
        let package = Package::named(name).unwrap();
        let table = PackageTable::from_control(package, &control()).unwrap();
        table.write(folder.path()).unwrap();
        (table.markdown(), fs::read_to_string(folder.path().join(format!("{name}.csv"))).unwrap())
    };
    let (text, cases) = of("medpy-0.5.2");
    assert!(text.starts_with("As medpy-0.5.2 prints 3 cases. "), "{text}");
    assert!(text.contains("| dc | 0.500000 | 0 | 0 | 0 | dice_per_image | "), "{text}");
    assert!(
        text.contains("| hd95 | raises an error | 0 | 0 | 2 | hd95_pooled_filled | "),
        "{text}"
    );
    let rows = cases.lines().collect::<Vec<_>>();
    assert_eq!(rows[0], "case,dc,jc,hd,hd95,asd,assd");
    let error = "raises an error";
    assert_eq!(rows[2], format!("b,1,1,{error},{error},{error},{error}"));

    let (text, cases) = of("monai-1.6.1");
    assert!(text.contains("| HausdorffDistanceMetric() | inf | 1 | 1 | 0 | "), "{text}");
    assert!(
        cases.lines().nth(2).unwrap().starts_with("b,nan,1,nan,1,nan,nan,nan,nan,nan,"),
        "{cases}"
    );
    let json = fs::read(folder.path().join("monai-1.6.1.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    let hd = &json["figures"]["HausdorffDistanceMetric()"];
    assert_eq!((&hd["prints"], &hd["value"]), (&json!("inf"), &Value::Null));
}

/// Half of a published pair's masks are silent: each convention has its own Dice.
#[test]
fn the_nearest_convention_is_named() {
    let folder = tempfile::tempdir().unwrap();
    ConventionTable::from_control(&control()).unwrap().write(folder.path()).unwrap();
    let file = folder.path().join("conventions.json");
    // Both empty left out: Dice (1/2 + 0) / 2, IoU (1/3 + 0) / 2.
    let pair = PublishedPair::new("25.00".parse().unwrap(), "16.67".parse().unwrap()).unwrap();
    let found = nearest_conventions(&file, &pair).unwrap();
    assert_eq!((found[0].dice_convention, found[0].fits), ("dice_both_empty_left_out", true));
    let text = describe_candidates(&found, &pair);
    for part in [
        "| dice_both_empty_left_out | iou_both_empty_left_out | 25.00 | 16.67 | +0.00, +0.00 |",
        "fits to the last digit. Printed by: deepmind-0.1, nnunetv2-2.8.1, torchmetrics-1.9.0.",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(found.is_sorted_by(|a, b| a.away <= b.away));
    fs::write(&file, "{}").unwrap();
    let error = nearest_conventions(&file, &pair).unwrap_err().to_string();
    assert!(error.contains("no Dice and IoU by convention"), "{error}");
    fs::write(&file, "no").unwrap();
    assert!(nearest_conventions(&file, &pair).is_err());
}

#[test]
fn what_there_is_none_of_is_a_dash_and_null() {
    let silent = ControlScores::new("true", vec![case("b", [0; 4], [0; 4])]);
    let table = ConventionTable::from_control(&silent).unwrap();
    assert!(table.markdown().contains("| iou_per_image_non_empty | – | 1 | "));
    let json = serde_json::to_value(&table).unwrap();
    assert_eq!(json["conventions"]["iou_per_image_non_empty"]["value"], Value::Null);
    let error =
        ConventionTable::from_control(&ControlScores::new("fixed", Vec::new())).unwrap_err();
    assert!(error.to_string().starts_with("control `fixed`: "), "{error}");
}

/// A folder with the report of the control.
fn scored() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = Bootstrap { resamples: 200, ..Bootstrap::default() };
    let report =
        ScoreReport::from_controls(ReportHeader::new("test"), &[control()], bootstrap).unwrap();
    report.write(folder.path()).unwrap();
    folder
}

#[test]
fn a_written_report_is_read_back() {
    let folder = scored();
    let own = OwnScores::read(&folder.path().join("scores.json")).unwrap();
    assert_eq!((own.cases, own.split.as_str()), (3, "test"));
    assert!((own.per_image.dice.value - 0.5).abs() < 1e-12);
    assert!((own.per_image.iou.value - 4.0 / 9.0).abs() < 1e-12);
    assert!((own.pooled.dice.value - 1.0 / 3.0).abs() < 1e-12);
    assert!((own.pooled.iou.value - 0.2).abs() < 1e-12);
    let [low, high] = own.per_image.dice.ci95;
    assert!(low <= 0.5 && 0.5 <= high && low < high);

    let pair = PublishedPair::new("83.66".parse().unwrap(), "75.11".parse().unwrap()).unwrap();
    let text = describe_pair(&pair, Some(&own));
    assert!(text.contains("| ours, test, 3 cases | per image | 50.00 ("), "{text}");
    assert!(text.contains("| ours minus published, points | | -33.66 | -30.67 |"), "{text}");
}

#[test]
fn a_file_that_is_not_a_report_names_what_it_lacks() {
    let folder = scored();
    let file = folder.path().join("scores.json");
    let message = |content: &str| {
        fs::write(&file, content).unwrap();
        let message = OwnScores::read(&file).unwrap_err().to_string();
        message.replace(&format!("{}/", folder.path().display()), "")
    };
    let whole = fs::read_to_string(&file).unwrap();
    assert_eq!(
        message("| true |"),
        "scores.json is not valid JSON: give the scores.json of a scored set"
    );
    assert_eq!(
        message("{}"),
        "scores.json: `controls.true.cases` is missing or out of range: give the scores.json of a scored set"
    );
    let mut json: Value = serde_json::from_str(&whole).unwrap();
    json["controls"]["true"]["pooled"]["iou_ci95"] = json!([0.1]);
    assert!(message(&json.to_string()).contains("`controls.true.pooled.iou_ci95`"));
    json["controls"]["true"]["per_image"]["iou"]["mean"] = json!(76.9);
    assert!(message(&json.to_string()).contains("`controls.true.per_image.iou.mean`"));
    fs::remove_file(&file).unwrap();
    let message = OwnScores::read(&file).unwrap_err().to_string();
    assert!(message.starts_with("cannot read "), "{message}");
}
