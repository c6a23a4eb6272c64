//! Times another implementation beside this one:
//! `cargo run --release --example compare -- --peer "python3 benches/peers/pytorch.py"`

use std::process::ExitCode;

use anyhow::{Context, ensure};
use benches::{Case, Figures, Flags, Machine, Peer, PeerTime, all_cases, measure, run_alone};
use clap::Parser;
use examples::{DeviceArg, say};
use serde_json::json;

/// What is compared.
const CASES: [&str; 5] =
    ["forward-224-b1", "forward-224-b8", "forward-416-b1", "train-224-b4", "two-player-224-b4"];

/// Times another implementation beside this one.
///
/// Ours and the peer run in turn, each in a process of its own, with the same number of threads
/// (RAYON_NUM_THREADS; the peer gets it as OMP_NUM_THREADS). A ratio above one says that ours is
/// faster; its spread is over the rounds. Weights and pictures are made up on both sides. In
/// forward cases ours computes what a mask needs, the causal branch.
///
/// A peer is a command, words between blanks. It is given --config, --size, --batch, --tokens,
/// --runs and in training --train or --two-player, and prints a line of JSON with median_s, min_s,
/// max_s and peak_rss_mb.
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// The other implementation's command
    #[arg(long, value_name = "COMMAND", required_unless_present = "one")]
    peer: Option<String>,
    /// Cases to compare
    #[arg(long = "case", value_name = "CASE", num_args = 1.., default_values = CASES)]
    cases: Vec<String>,
    /// Times that both run in turn
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Counted runs in each round
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Sizes of the network: rn50, rn101 or tiny, as far as the peer has them
    #[arg(long, default_value = "rn50")]
    config: String,
    /// Tokens of a sentence for the peer; ours leaves out what stands behind its end
    #[arg(long, default_value_t = 77, value_parser = clap::value_parser!(u32).range(2..=77))]
    tokens: u32,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Run one case of ours in this process and print its figures
    #[arg(long, hide = true, value_name = "CASE")]
    one: Option<String>,
    #[command(flatten)]
    device: DeviceArg,
}

fn main() -> ExitCode {
    examples::exit_code(run(Args::parse()).map(|()| true))
}

fn run(args: Args) -> anyhow::Result<()> {
    let machine = Machine::here(args.device.name());
    if let Some(name) = &args.one {
        let (runs, words) = (args.runs as usize, args.tokens as usize);
        let device = args.device.open()?;
        let figures = measure(&case(name)?, &args.config, words, runs, &device, &machine)?;
        say!("{}", serde_json::to_string(&figures)?);
        return Ok(());
    }
    let peer = Peer::parse(args.peer.as_deref().unwrap_or_default())?;
    let flags = Flags {
        config: args.config.clone(),
        tokens: args.tokens as usize,
        runs: args.runs as usize,
        threads: machine.threads,
    };
    args.device.open()?;
    let cases = args.cases.iter().map(|name| case(name)).collect::<anyhow::Result<Vec<_>>>()?;
    for case in &cases {
        let mut rounds = Vec::new();
        for _ in 0..args.rounds {
            let mut again = std::env::args().skip(1).collect::<Vec<_>>();
            again.extend(["--one".to_owned(), case.name.clone()]);
            let ours = run_alone(&again)?;
            let theirs = peer.time(case, &flags).with_context(|| case.name.clone())?;
            rounds.push((ours, theirs));
        }
        report(case, &args, &machine, &rounds)?;
    }
    Ok(())
}

fn case(name: &str) -> anyhow::Result<Case> {
    ensure!(CASES.contains(&name), "--case {name}: there are {}", CASES.join(", "));
    let found = all_cases().into_iter().find(|case| case.name == name);
    found.context("the case is not in the list of all")
}

fn report(
    case: &Case,
    args: &Args,
    machine: &Machine,
    rounds: &[(Figures, PeerTime)],
) -> anyhow::Result<()> {
    let mut ratios =
        rounds.iter().map(|(ours, peer)| peer.median_s / ours.median_s).collect::<Vec<_>>();
    let in_order = ratios.clone();
    ratios.sort_by(f64::total_cmp);
    let ratio = (ratios[(ratios.len() - 1) / 2] + ratios[ratios.len() / 2]) / 2.0;
    let ours = rounds.iter().map(|(ours, _)| PeerTime {
        median_s: ours.median_s,
        min_s: ours.min_s,
        max_s: ours.max_s,
        peak_rss_mb: ours.peak_rss_mb,
    });
    let ours = together(&ours.collect::<Vec<_>>());
    let peer = together(&rounds.iter().map(|(_, peer)| peer.clone()).collect::<Vec<_>>());
    if args.json {
        let line = json!({
            "case": case.name, "config": args.config, "threads": machine.threads,
            "device": machine.device, "rounds": rounds.len(), "runs": args.runs,
            "ours": ours, "peer": peer, "ratio": ratio, "ratios": in_order,
            "commit": rounds[0].0.commit, "version": rounds[0].0.version,
        });
        say!("{line}");
        return Ok(());
    }
    let megabytes = |mb: Option<f64>| mb.map_or_else(|| "-".to_owned(), |mb| format!("{mb:.0} MB"));
    say!(
        "{}: ours {:.3} s ({}), peer {:.3} s ({}), peer / ours {ratio:.2} ({:.2} to {:.2})",
        case.name,
        ours.median_s,
        megabytes(ours.peak_rss_mb),
        peer.median_s,
        megabytes(peer.peak_rss_mb),
        ratios[0],
        ratios[ratios.len() - 1]
    );
    Ok(())
}

/// Rounds as one: the median of medians, the extremes of extremes, the highest peak.
fn together(rounds: &[PeerTime]) -> PeerTime {
    let mut medians = rounds.iter().map(|round| round.median_s).collect::<Vec<_>>();
    medians.sort_by(f64::total_cmp);
    PeerTime {
        median_s: (medians[(medians.len() - 1) / 2] + medians[medians.len() / 2]) / 2.0,
        min_s: rounds.iter().map(|round| round.min_s).fold(f64::INFINITY, f64::min),
        max_s: rounds.iter().map(|round| round.max_s).fold(0.0, f64::max),
        peak_rss_mb: rounds.iter().filter_map(|round| round.peak_rss_mb).reduce(f64::max),
    }
}
