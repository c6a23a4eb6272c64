//! What is written of hand-made cases.

#![allow(clippy::unwrap_used)] // in helpers of tests

use std::fs;

use seg_metrics::{Bootstrap, Grid, Scores, Units};
use seg_report::{
    CaseColumns, ControlScores, ReportError, ReportHeader, ScoreReport, ScoredCase, write_cases,
};
use serde_json::{Value, json};

const BOOTSTRAP: Bootstrap = Bootstrap { resamples: 300, level: 0.95, seed: 5 };

fn scores(prediction: [u8; 4], reference: [u8; 4]) -> Scores {
    let (p, r) = (prediction.map(|v| v > 0), reference.map(|v| v > 0));
    Scores::between(&Grid::new(4, 1, &p).unwrap(), &Grid::new(4, 1, &r).unwrap()).unwrap()
}

fn case(name: &str, prediction: [u8; 4], reference: [u8; 4]) -> ScoredCase {
    ScoredCase::new(name, scores(prediction, reference))
}

/// `true`: right, half right, rightly silent. `shuffled`: half right, missed, and one that is
/// only here.
fn controls() -> [ControlScores; 2] {
    let own = vec![
        case("a", [1, 1, 0, 0], [1, 1, 0, 0]),
        case("b", [0, 1, 1, 0], [1, 1, 0, 0]),
        case("c", [0, 0, 0, 0], [0, 0, 0, 0]),
    ];
    let other = vec![
        case("d", [1, 1, 1, 1], [1, 1, 1, 1]),
        case("b", [0, 0, 0, 0], [1, 1, 0, 0]),
        case("a", [0, 1, 1, 0], [1, 1, 0, 0]),
    ];
    [ControlScores::new("true", own), ControlScores::new("shuffled", other)]
}

fn report(controls: &[ControlScores]) -> ScoreReport {
    ScoreReport::from_controls(ReportHeader::new("test"), controls, BOOTSTRAP).unwrap()
}

fn json(report: &ScoreReport) -> Value {
    let folder = tempfile::tempdir().unwrap();
    report.write(folder.path()).unwrap();
    serde_json::from_slice(&fs::read(folder.path().join("scores.json")).unwrap()).unwrap()
}

fn near(found: &Value, expected: f64) -> bool {
    found.as_f64().is_some_and(|found| (found - expected).abs() < 1e-12)
}

#[test]
fn the_json_has_its_keys_and_means() {
    let mut header = ReportHeader::new("test");
    header.weights_sha256 = Some("ab12".to_owned());
    header.run.insert("command".to_owned(), json!("evaluate"));
    let json = json(&ScoreReport::from_controls(header, &controls(), BOOTSTRAP).unwrap());
    assert_eq!((&json["cases"], &json["split"]), (&json!(3), &json!("test")));
    assert_eq!((&json["weights_sha256"], &json["threshold"]), (&json!("ab12"), &json!(0.5)));
    assert_eq!(json["run"]["command"], "evaluate");
    assert!(json["resize"].as_str().unwrap().ends_with("(mode B)"));
    assert_eq!(json["bootstrap"], json!({"resamples": 300, "seed": 5, "units": "cases", "n": 3}));

    let own = &json["controls"]["true"];
    for score in Scores::COLUMNS {
        let found = &own["per_image"][score];
        assert_eq!(found.as_object().unwrap().len(), 2, "{score}");
        assert_eq!(found["ci95"].as_array().unwrap().len(), 2, "{score}");
    }
    // Dice 1, 1/2, 1; counts 2 of 2 and 2, 1 of 2 and 2, nothing.
    assert!(near(&own["per_image"]["dice"]["mean"], 2.5 / 3.0));
    assert!(near(&own["per_image"]["iou"]["mean"], (2.0 + 1.0 / 3.0) / 3.0));
    assert!(near(&own["pooled"]["dice"], 0.75) && near(&own["pooled"]["iou"], 0.6));
    assert_eq!(own["pooled"]["dice_ci95"].as_array().unwrap().len(), 2);
    assert!(near(&own["sd"]["dice"], (1.0f64 / 12.0).sqrt()));
    assert_eq!((&own["empty_references"], &own["specificity"]), (&json!(1), &json!(1.0)));
    assert!(near(&own["precision_at"]["0.5"], 2.0 / 3.0));
    assert!(near(&own["non_empty"]["per_image"]["dice"]["mean"], 0.75));
    assert_eq!(own["non_empty"]["cases"], 2);
    assert_eq!(own["infinite"], json!({"hd": 0, "hd95": 0, "assd": 0}));
    // HD 0, 1 and, of nothing and nothing, 0.
    assert!(near(&own["per_image"]["hd"]["mean"], 1.0 / 3.0));
    assert_eq!((&own["filled"]["hd"]["mean"], &own["both_empty"]), (&json!(0.5), &json!(1)));
    assert_eq!(own["filled"]["hd95"]["ci95"].as_array().unwrap().len(), 2);
}

/// Silence where there is nothing to find is right and has no distance.
#[test]
fn a_silent_network_has_no_distance() {
    let silent = [case("a", [0; 4], [0; 4]), case("b", [0; 4], [1; 4])];
    let report = report(&[ControlScores::new("true", silent.to_vec())]);
    let json = json(&report);
    let own = &json["controls"]["true"];
    assert_eq!(own["per_image"]["hd95"]["mean"], 0.0);
    assert_eq!(own["filled"]["hd95"], json!({"mean": null, "ci95": null}));
    assert!(report.markdown().contains(" | – (1; 1) | "), "{}", report.markdown());
    assert!(report.convention.contains("`both_empty`"));
}

#[test]
fn distances_are_means_over_finite_cases_beside_the_count_of_the_others() {
    let json = json(&report(&controls()));
    let shuffled = &json["controls"]["shuffled"];
    assert_eq!(shuffled["infinite"], json!({"hd": 1, "hd95": 1, "assd": 1}));
    assert_eq!(shuffled["per_image"]["hd"]["mean"], 0.5); // 0 and 1
    assert_eq!(shuffled["specificity"], Value::Null);

    let missed = [ControlScores::new("true", vec![case("a", [0; 4], [1; 4])])];
    let json = self::json(&report(&missed));
    let own = &json["controls"]["true"];
    assert_eq!(own["per_image"]["hd95"], json!({"mean": null, "ci95": null}));
    assert_eq!((&own["infinite"]["hd95"], &own["sd"]["dice"]), (&json!(1), &Value::Null));
    assert_eq!(json["differences"], json!({}));
}

#[test]
fn differences_are_paired_by_name() {
    let json = json(&report(&controls()));
    let difference = &json["differences"]["true-shuffled"];
    // a: 1 - 1/2, b: 1/2 - 0; c and d have no partner.
    let dice = &difference["dice"];
    assert_eq!(dice, &json!({"mean": 0.5, "ci95": [0.5, 0.5], "pairs": 2}));
    // IoU 1 - 1/3 and 1/3 - 0.
    let iou = &difference["iou"];
    assert!(near(&iou["mean"], 0.5));
    assert!(near(&iou["ci95"][0], 1.0 / 3.0) && near(&iou["ci95"][1], 2.0 / 3.0));
    assert_eq!(difference["hd95_filled"]["pairs"], 1);
    // b has no distance in `shuffled`: a alone, 0 - 1.
    assert_eq!(difference["hd"], json!({"mean": -1.0, "ci95": [-1.0, -1.0], "pairs": 1}));

    let [own, mut other] = controls();
    other.cases.retain(|case| case.case == "d");
    let json = self::json(&report(&[own, other]));
    let none = json!({"mean": null, "ci95": null, "pairs": 0});
    assert_eq!(json["differences"]["true-shuffled"]["dice"], none);
}

#[test]
fn a_control_is_compared_with_the_true_one_wherever_it_stands() {
    let [own, other] = controls();
    let names = |controls: &[ControlScores]| {
        let found = report(controls).differences;
        found.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[other.clone(), own.clone()]), ["true-shuffled"]);
    let plain = ControlScores { name: "plain".to_owned(), ..own };
    assert_eq!(names(&[other, plain]), ["shuffled-plain"]);
}

#[test]
fn intervals_are_the_bootstrap_s_and_draw_groups_whole() {
    let [mut own, _] = controls();
    let dice = own.cases.iter().map(|case| case.scores.dice).collect::<Vec<_>>();
    let interval = |own: &ControlScores| {
        let found = report(std::slice::from_ref(own));
        let dice = *found.controls.get("true").unwrap().all.per_image.get("dice").unwrap();
        (dice.ci95.unwrap(), found.bootstrap.units, found.bootstrap.n)
    };
    let alone = BOOTSTRAP.mean(&dice, &Units::cases(3)).unwrap();
    assert_eq!(interval(&own), ([alone.low, alone.high], "cases", 3));
    assert_eq!(report(std::slice::from_ref(&own)), report(std::slice::from_ref(&own)));

    // A case of no known patient is a unit by itself.
    own.cases[0].group = Some("p".to_owned());
    own.cases[2].group = Some("p".to_owned());
    let grouped = BOOTSTRAP.mean(&dice, &Units::groups(&["p", "b", "p"])).unwrap();
    assert_eq!(interval(&own), ([grouped.low, grouped.high], "groups", 2));
}

#[test]
fn the_tables_have_a_row_for_each_case() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let mut controls = controls();
    controls[1].cases[1].sentence = Some("left, lower".to_owned());
    controls[1].cases[1].group = Some("7".to_owned());
    let found = report(&controls);
    found.write_cases(folder.path(), &controls).unwrap();
    let table = read("cases.shuffled.csv");
    let lines = table.lines().collect::<Vec<_>>();
    assert_eq!(lines[0], "case,dice,iou,precision,recall,nsd,hd95,assd,group,sentence");
    assert_eq!(lines[1], "d,1,1,1,1,1,0,0,,");
    assert_eq!(lines[2], "b,0,0,0,0,0,inf,inf,7,\"left, lower\"");
    assert!(folder.path().join("cases.true.csv").exists());

    found.write_cases(folder.path(), &controls[..1]).unwrap();
    let table = read("cases.csv");
    let lines = table.lines().collect::<Vec<_>>();
    assert_eq!(lines[0], "case,dice,iou,precision,recall,nsd,hd95,assd");
    assert_eq!((lines.len(), lines[1]), (4, "a,1,1,1,1,1,0,0"));

    let nowhere = folder.path().join("none/cases.csv");
    let error = write_cases(&nowhere, &controls[0].cases, CaseColumns::Scores).unwrap_err();
    assert!(matches!(error, ReportError::Write(_)), "{error}");
}

#[test]
fn the_markdown_has_a_row_for_each_control_and_difference() {
    let text = report(&controls()).markdown();
    for part in [
        "# Scores on test: 3 cases",
        "threshold 0.5.",
        "within 2 of the other",
        "Intervals: 300 resamples of 3 cases, seed 5.",
        "| true | 3 | 0.8333 (0.5000 to 1.0000) | 0.7778 | 0.8333 | 0.8333 | 1.0000 | 0.47 (0; 1) | \
         0.7500 | 0.6000 |",
        "| true-shuffled | 2 | +0.5000 (+0.5000 to +0.5000) | +0.5000 |",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn what_cannot_be_told_apart_is_refused() {
    let message = |controls: &[ControlScores]| {
        let refused = ScoreReport::from_controls(ReportHeader::new("test"), controls, BOOTSTRAP);
        refused.unwrap_err().to_string()
    };
    let [own, _] = controls();
    assert!(message(&[]).starts_with("there is no control"));
    assert_eq!(
        message(&[own.clone(), own.clone()]),
        "two controls are named `true`: give each its own name"
    );
    let named = |name: &str| ControlScores { name: name.to_owned(), ..own.clone() };
    assert!(message(&[named("../x")]).contains("name is `../x`: use letters"));
    let empty = ControlScores::new("fixed", Vec::new());
    assert!(message(&[own.clone(), empty]).starts_with("control `fixed`: "));
    let mut twice = own.clone();
    twice.cases[2].case = "a".to_owned();
    assert!(message(&[twice]).contains("two cases are named `a`"));
    let mut broken = own;
    broken.cases[1].scores.dice = f64::NAN;
    assert!(
        message(&[broken])
            .starts_with("control `true`: cannot compute the mean and interval of dice")
    );
}
