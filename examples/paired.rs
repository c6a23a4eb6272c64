//! How two networks, or two tests of one, differ on the same cases:
//! `cargo run --release --example paired -- --a runs/a/test/cases.true.csv --b runs/b/test/cases.true.csv`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::Parser;
use examples::say;
use seg_metrics::{Bootstrap, Interval, Units};

/// How two networks, or two tests of one, differ on the same cases.
///
/// Takes the tables that `evaluate` and `score_masks` leave (cases.csv, cases.CONTROL.csv). Several
/// tables of a side, of several seeds for instance, are averaged case by case first. Cases are paired
/// by name; the 95 % interval is a bootstrap of whole groups where the tables name them.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// Tables of the one side
    #[arg(long, required = true, num_args = 1.., value_name = "CSV")]
    a: Vec<PathBuf>,
    /// Tables of the other
    #[arg(long, required = true, num_args = 1.., value_name = "CSV")]
    b: Vec<PathBuf>,
    /// Which columns; distances that are infinite on either side leave their pair out
    #[arg(long, value_delimiter = ',', default_value = "dice,iou,nsd")]
    columns: Vec<String>,
    /// Of the intervals
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> ExitCode {
    examples::exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    let [a, b] = [&args.a, &args.b].map(|files| Side::read(files, &args.columns));
    let (a, b) = (a?, b?);
    let common = a.cases.keys().filter(|case| b.cases.contains_key(*case)).collect::<Vec<_>>();
    ensure!(!common.is_empty(), "no case of --a is in --b");
    let left_out = a.cases.len() + b.cases.len() - 2 * common.len();
    if left_out > 0 {
        eprintln!("note: {left_out} cases are in one side alone");
    }
    let bootstrap = Bootstrap { seed: args.seed, ..Bootstrap::default() };
    say!("| score | pairs | a | b | a - b (95 % interval) |\n| --- | --- | --- | --- | --- |");
    for (place, column) in args.columns.iter().enumerate() {
        let mut units = Vec::new();
        let mut values = [Vec::new(), Vec::new()];
        for case in &common {
            let [of_a, of_b] = [&a, &b].map(|side| side.cases[*case].values[place]);
            if of_a.is_finite() && of_b.is_finite() {
                values[0].push(of_a);
                values[1].push(of_b);
                units.push(a.cases[*case].group.as_deref().unwrap_or(case));
            }
        }
        ensure!(!units.is_empty(), "`{column}`: no pair where both are finite");
        let [of_a, of_b] = &values;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let Interval { estimate, low, high, .. } =
            bootstrap.difference(of_a, of_b, &Units::groups(&units))?;
        say!(
            "| {column} | {} | {:.4} | {:.4} | {estimate:+.4} ({low:+.4} to {high:+.4}) |",
            units.len(),
            mean(of_a),
            mean(of_b)
        );
    }
    Ok(())
}

/// The cases that all of a side's tables have, their values averaged.
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
        let Some(first) = tables.next() else { bail!("no table") };
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
    let name = || file.display().to_string();
    let mut rows = csv::Reader::from_path(file).with_context(name)?;
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
            cell.parse().with_context(|| format!("{}: {column} is `{cell}`", place()))
        };
        let values = columns.iter().map(value).collect::<anyhow::Result<Vec<_>>>()?;
        let group = cells.get("group").filter(|group| !group.is_empty()).cloned();
        let case = cell("case")?.clone();
        ensure!(
            cases.insert(case.clone(), Row { group, values }).is_none(),
            "{}: the case `{case}` is there twice",
            place()
        );
    }
    ensure!(!cases.is_empty(), "{}: no case", file.display());
    Ok(cases)
}
