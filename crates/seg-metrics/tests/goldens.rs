//! Scores of stored pairs of masks against those of independent packages (scipy's exact distance
//! transform, checked with MONAI and by comparing all pairs of pixels).

use std::path::Path;

use seg_metrics::{Grid, Scores, SetScores};

/// Largest difference of a score; both sides compute in f64.
const ALLOWED: f64 = 1e-9;

type Failure = Box<dyn std::error::Error>;

/// A case with its scores and the expected ones by column.
struct Case {
    name: String,
    scores: Scores,
    expected: Vec<(String, f64)>,
}

fn cases() -> Result<Vec<Case>, Failure> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut table = csv::Reader::from_path(folder.join("expected.csv"))?;
    let header = table.headers()?.clone();
    let mut cases = Vec::new();
    for record in table.records() {
        let record = record?;
        let name = record[0].to_owned();
        let mask = |kind: &str| image::open(folder.join(kind).join(format!("{name}.png")));
        let (p, r) = (mask("pred")?.into_luma8(), mask("ref")?.into_luma8());
        let [inside_p, inside_r] = [&p, &r].map(|m| m.iter().map(|v| *v > 0).collect::<Vec<_>>());
        let scores = Scores::between(
            &Grid::new(p.width() as usize, p.height() as usize, &inside_p)?,
            &Grid::new(r.width() as usize, r.height() as usize, &inside_r)?,
        )?;
        let mut expected = Vec::new();
        for (column, value) in header.iter().zip(&record).skip(1) {
            expected.push((column.to_owned(), value.parse()?));
        }
        cases.push(Case { name, scores, expected });
    }
    Ok(cases)
}

#[test]
fn scores_agree_with_the_stored_ones() -> Result<(), Failure> {
    let cases = cases()?;
    assert_eq!(cases.len(), 60);
    for Case { name, scores, expected } in &cases {
        assert_eq!(expected.len(), 7);
        for (column, expected) in expected {
            let found = scores.get(column).ok_or("no such column")?;
            let same = found == *expected || (found - expected).abs() <= ALLOWED;
            assert!(same, "{name}: {column} is {found}, expected {expected}");
        }
        assert!(scores.hd >= scores.hd95, "{name}");
    }
    Ok(())
}

#[test]
fn the_report_counts_every_case() -> Result<(), Failure> {
    let cases = cases()?;
    let expected = |case: &Case, column: &str| {
        case.expected.iter().find(|(name, _)| name == column).map_or(f64::NAN, |(_, value)| *value)
    };
    let infinite = cases.iter().filter(|case| expected(case, "hd95") == f64::INFINITY).count();
    let dice = cases.iter().map(|case| expected(case, "dice")).sum::<f64>() / 60.0;
    let report = SetScores::from_cases(&cases.iter().map(|case| case.scores).collect::<Vec<_>>())?;
    assert!(infinite > 0);
    assert_eq!((report.all.hd95.finite, report.all.hd95.infinite), (60 - infinite, infinite));
    assert_eq!(report.non_empty.map_or(0, |some| some.cases) + report.empty_references, 60);
    assert!((report.all.dice.mean - dice).abs() <= ALLOWED);
    Ok(())
}
