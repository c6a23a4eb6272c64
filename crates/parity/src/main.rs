//! Holds every stage of the network to golden vectors that other code computed:
//! `cargo run --release -p parity -- --goldens crates/parity/vectors`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use causal_clip_seg::parts::ProjectorForm;
use causal_clip_seg_cli::{Console, DeviceArg, EXIT_CODES, exit_code, guarded, say};
use clap::Parser;
use parity::{FLOORS, Row, Selection, case_names, run_case};

/// Holds every stage of the network to golden vectors that other code computed.
///
/// Prints for each stage the largest difference from the float64 truth, the floor (how far PyTorch's own
/// float32 run is from the truth), their ratio, and how far the sum is off as a share of what is allowed.
/// Ends with exit code 1 if a stage is more than 20 floors away.
#[derive(Parser)]
#[command(name = "parity", after_help = EXIT_CODES, max_term_width = 100)]
struct Args {
    /// Folder of vectors: NAME.json beside NAME.safetensors, tokens.json, preproc.json, metrics/
    #[arg(long, value_name = "DIR")]
    goldens: PathBuf,
    /// Run only these cases [default: all in the folder]
    #[arg(long = "case", num_args = 1..)]
    cases: Vec<String>,
    /// Form of the projectors: fast, plain, or both in turn
    #[arg(long, default_value = "both", value_parser = ["fast", "plain", "both"])]
    form: String,
    /// How many floors a stage may be away; only backends whose rounding is known to be coarser need
    /// more than the default
    #[arg(long, default_value_t = FLOORS)]
    floors: f64,
    /// Print only each case's worst stage and the stages that do not agree
    #[arg(long)]
    summary: bool,
    /// Print one JSON object for each stage instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArg,
}

fn main() -> ExitCode {
    exit_code(guarded(|| run(&Args::parse())))
}

fn run(args: &Args) -> anyhow::Result<bool> {
    let device = args.device.open(Console::default())?;
    let names = match args.cases.is_empty() {
        true => case_names(&args.goldens).context("cannot list the cases")?,
        false => args.cases.clone(),
    };
    let forms: &[(&str, ProjectorForm)] = match args.form.as_str() {
        "fast" => &[("fast", ProjectorForm::Fast)],
        "plain" => &[("plain", ProjectorForm::Plain)],
        _ => &[("fast", ProjectorForm::Fast), ("plain", ProjectorForm::Plain)],
    };
    let (mut stages, mut failed) = (0, 0);
    for name in &names {
        // The files' cases have no projector.
        let one = ["tokens", "preproc", "metrics"].contains(&name.as_str())
            || name.contains("clip")
            || name.contains("train");
        for (label, form) in &forms[..if one { 1 } else { forms.len() }] {
            let started = Instant::now();
            let mut rows = run_case(&args.goldens, name, Selection { form: *form }, &device)
                .with_context(|| format!("case {name}"))?;
            if args.floors != FLOORS {
                let near = |row: &Row| row.ratio <= args.floors && row.sum <= args.floors / FLOORS;
                rows.iter_mut().for_each(|row| row.agrees = near(row));
            }
            stages += rows.len();
            failed += rows.iter().filter(|row| !row.agrees).count();
            let title = if one { name.clone() } else { format!("{name} ({label})") };
            match args.json {
                true => print_json(&rows, label)?,
                false => print_table(&title, &rows, args.summary, started.elapsed().as_secs_f64()),
            }
        }
    }
    if !args.json {
        say!("\n{stages} stages, {failed} beyond {} floors", args.floors);
    }
    Ok(failed == 0)
}

fn print_json(rows: &[Row], form: &str) -> anyhow::Result<()> {
    for row in rows {
        let mut object = serde_json::to_value(row)?;
        object["form"] = form.into();
        say!("{object}");
    }
    Ok(())
}

fn print_table(title: &str, rows: &[Row], summary: bool, seconds: f64) {
    say!("{title}: {} stages in {seconds:.1} s", rows.len());
    let worst = rows.iter().max_by(|a, b| a.ratio.total_cmp(&b.ratio));
    let shown = rows
        .iter()
        .filter(|row| !summary || !row.agrees || worst.is_some_and(|w| w.stage == row.stage));
    for row in shown {
        say!(
            "  {:4} {:44} worst {:9.2e}  floor {:9.2e}  ratio {:6.2}  sum {:5.2}",
            if row.agrees { "ok" } else { "FAIL" },
            row.stage,
            row.worst,
            row.floor,
            row.ratio,
            row.sum,
        );
    }
}
