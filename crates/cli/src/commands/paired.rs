//! `paired`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use causal_clip_seg_cli::Console;
use seg_metrics::{Bootstrap, Interval, Units};
use serde::Serialize;

/// Compares two networks, or two tests of one, on the same cases.
///
/// Reads the tables that `evaluate` and `score` leave (cases.csv, cases.CONTROL.csv) and prints the means
/// of both sides and their difference with a 95 % interval. Several tables for a side, from several seeds
/// for instance, are averaged case by case first. Cases are paired by name; the interval is a bootstrap
/// that resamples whole groups if the tables name them.
#[derive(clap::Args)]
#[command(after_help = "Example:
  causal-clip-seg paired --a runs/a/test/cases.true.csv --b runs/b/test/cases.true.csv")]
pub(crate) struct Paired {
    /// Tables of the first side
    #[arg(long, required = true, num_args = 1.., value_name = "CSV")]
    a: Vec<PathBuf>,
    /// Tables of the second side
    #[arg(long, required = true, num_args = 1.., value_name = "CSV")]
    b: Vec<PathBuf>,
    /// Columns to compare; a pair with an infinite distance on either side is left out, and the distance of two empty
    /// masks is 0
    #[arg(long, value_delimiter = ',', default_value = "dice,iou,nsd")]
    columns: Vec<String>,
    /// Seed of the confidence intervals' resampling
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// How both sides differ in a column.
#[derive(Serialize)]
struct Compared {
    score: String,
    pairs: usize,
    a: f64,
    b: f64,
    difference: f64,
    ci95: [f64; 2],
}

impl Paired {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        let [a, b] = [&self.a, &self.b].map(|files| Side::read(files, &self.columns));
        let sides = [a?, b?];
        let common = sides[0].cases.keys().filter(|case| sides[1].cases.contains_key(*case));
        let common = common.map(String::as_str).collect::<Vec<_>>();
        ensure!(!common.is_empty(), "--a and --b have no case in common");
        let left_out = sides[0].cases.len() + sides[1].cases.len() - 2 * common.len();
        if left_out > 0 {
            console.note(format!("{left_out} cases are on one side only and left out"));
        }
        let bootstrap = Bootstrap { seed: self.seed, ..Bootstrap::default() };
        let columns = self.columns.iter().enumerate();
        let rows = columns
            .map(|(place, column)| compare(&sides, &common, column, place, &bootstrap))
            .collect::<anyhow::Result<Vec<_>>>()?;
        console.result(&rows, || {
            let head = "| score | pairs | a | b | a - b (95 % interval) |\n| --- | --- | --- | --- | --- |\n";
            let row = |Compared { score, pairs, a, b, difference, ci95: [low, high] }: &Compared| {
                let interval = format!("{difference:+.4} ({low:+.4} to {high:+.4})");
                format!("| {score} | {pairs} | {a:.4} | {b:.4} | {interval} |\n")
            };
            head.to_owned() + &rows.iter().map(row).collect::<String>()
        })?;
        Ok(true)
    }
}

/// The column at `place` of both sides' rows.
fn compare(
    sides: &[Side; 2],
    common: &[&str],
    column: &str,
    place: usize,
    bootstrap: &Bootstrap,
) -> anyhow::Result<Compared> {
    let mut units = Vec::new();
    let mut values = [Vec::new(), Vec::new()];
    for case in common {
        let [a, b] = sides.each_ref().map(|side| &side.cases[*case]);
        let (of_a, of_b) = (a.values[place], b.values[place]);
        if of_a.is_finite() && of_b.is_finite() {
            values[0].push(of_a);
            values[1].push(of_b);
            units.push(a.group.as_deref().unwrap_or(case));
        }
    }
    ensure!(!units.is_empty(), "column `{column}`: no case has a finite value on both sides");
    let [a, b] = &values;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let Interval { estimate, low, high, .. } =
        bootstrap.difference(a, b, &Units::groups(&units))?;
    Ok(Compared {
        score: column.to_owned(),
        pairs: units.len(),
        a: mean(a),
        b: mean(b),
        difference: estimate,
        ci95: [low, high],
    })
}

/// The cases that all tables of a side have, their values averaged.
struct Side {
    cases: BTreeMap<String, Row>,
}

struct Row {
    group: Option<String>,
    values: Vec<f64>,
}

impl Side {
    fn read(files: &[PathBuf], columns: &[String]) -> anyhow::Result<Self> {
        let mut tables = files.iter().map(|file| table(file, columns));
        let Some(first) = tables.next() else { bail!("expected at least one table on each side") };
        let mut cases = first?;
        for other in tables {
            let other = other?;
            cases.retain(|case, _| other.contains_key(case));
            for (case, row) in &mut cases {
                row.values.iter_mut().zip(&other[case].values).for_each(|(sum, more)| *sum += more);
            }
        }
        let count = files.len() as f64;
        cases.values_mut().flat_map(|row| &mut row.values).for_each(|sum| *sum /= count);
        Ok(Self { cases })
    }
}

fn table(file: &Path, columns: &[String]) -> anyhow::Result<BTreeMap<String, Row>> {
    let mut rows =
        csv::Reader::from_path(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut cases = BTreeMap::new();
    for (line, row) in rows.deserialize::<BTreeMap<String, String>>().enumerate() {
        let place = || format!("{}, row {}", file.display(), line + 2);
        let cells = row.with_context(place)?;
        let cell = |column: &str| {
            let cell = cells.get(column);
            cell.with_context(|| format!("{}: no column `{column}`", file.display()))
        };
        let value = |column: &String| -> anyhow::Result<f64> {
            let cell = cell(column)?;
            let expected = || format!("{}: {column} is `{cell}`, expected a number", place());
            cell.parse().with_context(expected)
        };
        let values = columns.iter().map(value).collect::<anyhow::Result<Vec<_>>>()?;
        let group = cells.get("group").filter(|group| !group.is_empty()).cloned();
        let case = cell("case")?.clone();
        ensure!(
            cases.insert(case.clone(), Row { group, values }).is_none(),
            "{}: the case `{case}` appears twice",
            place()
        );
    }
    ensure!(!cases.is_empty(), "{}: no row below the header", file.display());
    Ok(cases)
}
