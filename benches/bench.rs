//! Times the parts of the network, the data and the programs:
//! `cargo run --release -p benches --bin bench -- --case 'forward*'`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use benches::{
    Case, Figures, Machine, Results, all_cases, answer, matches_glob, measure, run_again,
    write_prepared,
};
use causal_clip_seg_cli::{
    Console, DeviceArg, EXIT_CODES, exit_code, guarded, say, tune_allocator,
};
use clap::Parser;

/// Times the parts of the network, the data and the programs.
///
/// Each case runs in a process of its own: one run that is not counted, then --runs counted ones, each
/// timed until the device is done. Weights and pictures are made up; the sentences have 22 tokens.
/// Multiply-adds are the published network's for sentences of --tokens, whatever form computes them.
/// RAYON_NUM_THREADS sets the threads of the CPU backend.
#[derive(Parser)]
#[command(name = "bench", after_help = EXIT_CODES, max_term_width = 100)]
struct Args {
    /// Cases by name, * for anything; may be given several times [default: all]
    #[arg(long = "case", value_name = "GLOB")]
    cases: Vec<String>,
    /// Counted runs for each case
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Sizes of the network: rn50, rn101, small or tiny
    #[arg(long, default_value = "rn50")]
    config: String,
    /// Tokens in the count of multiply-adds, and the most in a sentence
    #[arg(long, default_value_t = 77, value_parser = clap::value_parser!(u32).range(2..=77))]
    tokens: u32,
    /// Print one JSON object on each line
    #[arg(long)]
    json: bool,
    /// Also append the JSON lines to a file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Run all cases in this process: on a GPU kernels are then compiled once for all of them. The peak memory is
    /// then that of all cases so far
    #[arg(long)]
    in_one_process: bool,
    /// Print the names of the cases and stop
    #[arg(long)]
    list: bool,
    /// Run one case in this process and print its figures
    #[arg(long, hide = true, value_name = "CASE")]
    one: Option<String>,
    /// Answer one sentence from the files of a folder: the case cold-start
    #[arg(long, hide = true, value_name = "FOLDER")]
    answer: Option<PathBuf>,
    /// Write a network for the case load into a folder
    #[arg(long, hide = true, value_name = "FOLDER")]
    write: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArg,
}

fn main() -> ExitCode {
    exit_code(guarded(|| run(Args::parse()).map(|()| true)))
}

fn run(args: Args) -> anyhow::Result<()> {
    if let Some(folder) = &args.answer {
        tune_allocator();
        say!(
            "{}",
            serde_json::to_string(&answer(folder, &args.device.open(Console::default())?)?)?
        );
        return Ok(());
    }
    if let Some(folder) = &args.write {
        write_prepared(folder, &args.config, &args.device.open(Console::default())?)?;
        say!("null");
        return Ok(());
    }
    let cases = all_cases();
    if args.list {
        cases.iter().for_each(|case| say!("{}", case.name));
        return Ok(());
    }
    if let Some(name) = &args.one {
        let case = cases.iter().find(|case| case.name == *name).context("no case of that name")?;
        return one(&args, case);
    }
    if args.in_one_process {
        tune_allocator();
    }
    // Before the first process: a device that is not there is told once.
    args.device.open(Console::default())?;
    let chosen = |case: &&Case| {
        args.cases.is_empty() || args.cases.iter().any(|glob| matches_glob(glob, &case.name))
    };
    let chosen = cases.iter().filter(chosen).collect::<Vec<_>>();
    ensure!(!chosen.is_empty(), "no case is called {}; --list prints all", args.cases.join(" or "));
    let mut results = args.out.as_deref().map(Results::append_to).transpose()?;
    if !args.json {
        say!(
            "{:<26}{:>12}{:>12}{:>12}{:>12}{:>11}{:>10}",
            "case",
            "first s",
            "median s",
            "min s",
            "max s",
            "GFLOP/s",
            "peak MB"
        );
    }
    for case in chosen {
        let figures = match args.in_one_process {
            true => figures_of(&args, case)?,
            // The flags of this process, and the case.
            false => run_again::<Figures>(&["--one", &case.name])?,
        };
        if let Some(results) = &mut results {
            results.add(&figures)?;
        }
        match args.json {
            true => say!("{}", serde_json::to_string(&figures)?),
            false => table_row(&figures),
        }
    }
    Ok(())
}

fn one(args: &Args, case: &Case) -> anyhow::Result<()> {
    tune_allocator();
    say!("{}", serde_json::to_string(&figures_of(args, case)?)?);
    Ok(())
}

fn figures_of(args: &Args, case: &Case) -> anyhow::Result<Figures> {
    let (machine, device) =
        (Machine::here(args.device.name()), args.device.open(Console::default())?);
    measure(case, &args.config, args.tokens as usize, args.runs as usize, &device, &machine)
}

fn table_row(figures: &Figures) {
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.0}"));
    say!(
        "{:<26}{:>12}{:>12.4}{:>12.4}{:>12.4}{:>11}{:>10}",
        figures.case,
        figures.first_s.map_or_else(|| "-".to_owned(), |s| format!("{s:.4}")),
        figures.median_s,
        figures.min_s,
        figures.max_s,
        number(figures.gflops),
        number(figures.peak_rss_mb)
    );
}
