//! Times another implementation beside this one:
//! `cargo run --release -p benches --bin compare -- --peer "python3 benches/peers/pytorch.py"`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use benches::{
    Case, Comparison, Figures, Flags, Machine, Models, Part, Peer, Results, all_cases, answer,
    measure, run_again,
};
use causal_clip_seg_cli::{
    Console, DeviceArg, EXIT_CODES, exit_code, guarded, say, tune_allocator,
};
use clap::Parser;

/// What is compared unless cases are named.
const CASES: [&str; 5] =
    ["forward-224-b1", "forward-224-b8", "forward-416-b1", "train-224-b4", "two-player-224-b4"];
/// What people train on a CPU, with `--config small`.
const SMALL: &str = "train-96-b16";
/// What is compared with peers that tell how long their library's import takes.
const COLD_START: &str = "cold-start";

/// Times another implementation beside this one.
///
/// Ours and the peer run in turn, each in a process of its own, with the same number of threads
/// (RAYON_NUM_THREADS; the peer gets it as OMP_NUM_THREADS). A ratio above one means that ours is faster;
/// its spread is over the rounds. Weights and pictures are made up on both sides. In forward cases ours
/// computes what a mask needs, the causal branch.
///
/// A peer is a command, split at blanks. It gets --config, --size, --batch, --tokens, --runs and, in
/// training, --train or --two-player, and prints a line of JSON with median_s, min_s, max_s and
/// peak_rss_mb. Of several (--peer more than once) all run in turn, and the fastest is told at the end. In a command
/// {onnx} and {onnx-published} stand for a model of the case, which is written for it: with channels mixed before
/// enlarging, and in the paper's order. --every-peer PYTHON compares with all that benches/peers/ has: PyTorch as
/// it is and with only what a mask needs, eager and compiled, float32 and bfloat16, ONNX Runtime and OpenVINO; with a
/// --device other than flex PyTorch on CUDA, exact and in TF32.
///
/// The case cold-start runs only if it is named. Ours is the time from starting a process to its end, with
/// a mask made from weight and picture files; the peer's is its import alone, which it prints as import_s.
#[derive(Parser)]
#[command(name = "compare", after_help = EXIT_CODES, max_term_width = 100)]
struct Args {
    /// Another implementation's command; may be given more than once
    #[arg(long = "peer", value_name = "COMMAND", required_unless_present_any = ["every_peer", "one", "answer"])]
    peers: Vec<String>,
    /// Compare with every script in benches/peers, run by this Python
    #[arg(long, value_name = "PYTHON")]
    every_peer: Option<String>,
    /// Cases to compare: the default ones, train-96-b16 or cold-start
    #[arg(long = "case", value_name = "CASE", num_args = 1.., default_values = CASES)]
    cases: Vec<String>,
    /// How often both run in turn
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Counted runs in each round
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Sizes of the network: rn50, rn101, small or tiny, as far as the peer has them
    #[arg(long, default_value = "rn50")]
    config: String,
    /// Tokens in a sentence for the peer; ours skips the padding
    #[arg(long, default_value_t = 77, value_parser = clap::value_parser!(u32).range(2..=77))]
    tokens: u32,
    /// Print one JSON object on each line
    #[arg(long)]
    json: bool,
    /// Also append the JSON lines to a file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Run one case of ours in this process and print its figures
    #[arg(long, hide = true, value_name = "CASE")]
    one: Option<String>,
    /// Answer one sentence from the files of a folder: the case cold-start
    #[arg(long, hide = true, value_name = "FOLDER")]
    answer: Option<PathBuf>,
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
    let machine = Machine::here(args.device.name());
    if let Some(name) = &args.one {
        let case = case(name)?;
        tune_allocator();
        let (runs, words) = (args.runs as usize, args.tokens as usize);
        let device = args.device.open(Console::default())?;
        let figures = measure(&case, &args.config, words, runs, &device, &machine)?;
        say!("{}", serde_json::to_string(&figures)?);
        return Ok(());
    }
    let commands = args.commands();
    for command in &commands {
        Peer::parse(command)?;
    }
    let flags = Flags {
        config: args.config.clone(),
        tokens: args.tokens as usize,
        runs: args.runs as usize,
        threads: machine.threads,
    };
    let device = args.device.open(Console::default())?;
    let cases = args.cases.iter().map(|name| case(name)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut results = args.out.as_deref().map(Results::append_to).transpose()?;
    let models = Models::new(&args.config)?;
    for case in &cases {
        let fitting = commands.iter().filter(|command| fits(command, case, commands.len() > 1));
        let peers = fitting.map(|command| {
            Ok((command, Peer::parse(&models.fill(command, case.size, &device)?)?, Vec::new()))
        });
        let mut peers = peers.collect::<anyhow::Result<Vec<_>>>()?;
        for _ in 0..args.rounds {
            // Beside each peer a time of ours, so that no ratio spans the whole sitting.
            for (_, peer, rounds) in &mut peers {
                let ours = run_again::<Figures>(&["--one", &case.name])?;
                let theirs = peer.time(case, &flags).with_context(|| case.name.clone())?;
                rounds.push((ours, theirs));
            }
        }
        let mut found = Vec::new();
        for (command, peer, rounds) in &peers {
            let one = Comparison::from_rounds(rounds, command).context("there was no round")?;
            if let Some(results) = &mut results {
                results.add(&one)?;
            }
            match args.json {
                true => say!("{}", serde_json::to_string(&one)?),
                false => text_line(case, &one),
            }
            found.push((peer.is_bf16(), one));
        }
        if !args.json && found.len() > 1 {
            for (bf16, kind) in [(false, "float32"), (true, "bfloat16")] {
                let of_kind = found.iter().filter(|(is, _)| *is == bf16).map(|(_, one)| one);
                let fastest = of_kind.min_by(|a, b| a.ratio.total_cmp(&b.ratio));
                if let Some(one) = fastest {
                    say!(
                        "{}: fastest peer in {kind} {:.2}: {}",
                        one.case,
                        one.ratio,
                        one.peer_command
                    );
                }
            }
        }
    }
    Ok(())
}

/// What follows the Python in the commands of `--every-peer`.
const EVERY: [&str; 10] = [
    "pytorch.py",
    "pytorch.py --compile",
    "pytorch.py --lean",
    "pytorch.py --lean --compile",
    "pytorch.py --lean --compile --channels-last --bf16",
    "onnx.py --runtime onnxruntime --model {onnx-published}",
    "onnx.py --runtime openvino --model {onnx-published}",
    "onnx.py --runtime openvino --model {onnx-published} --bf16",
    "onnx.py --runtime openvino --model {onnx}",
    "onnx.py --runtime openvino --model {onnx} --bf16",
];

/// What follows it where `--device` is a GPU.
const ON_A_GPU: [&str; 4] = [
    "pytorch.py --device cuda",
    "pytorch.py --device cuda --lean",
    "pytorch.py --device cuda --tf32",
    "pytorch.py --device cuda --lean --tf32",
];

impl Args {
    fn commands(&self) -> Vec<String> {
        let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");
        let list: &[&str] = if self.device.name() == "flex" { &EVERY } else { &ON_A_GPU };
        let every = self.every_peer.iter().flat_map(|python| {
            list.iter().map(move |script| format!("{python} {scripts}/{script}"))
        });
        self.peers.iter().cloned().chain(every).collect()
    }
}

/// Whether a peer can do a case: exported networks and lean passes only answer. A peer that stands alone is asked
/// in any case, and says itself what it cannot do.
fn fits(command: &str, case: &Case, several: bool) -> bool {
    let answers = matches!(case.part, Part::Forward | Part::ForwardUnprepared);
    let only_answers = command.contains("{onnx") || command.contains("--lean");
    !several
        || answers
        || (!only_answers && (case.part != Part::ColdStart || !command.contains(" --")))
}

fn case(name: &str) -> anyhow::Result<Case> {
    let known = CASES.contains(&name) || [SMALL, COLD_START].contains(&name);
    ensure!(known, "--case {name}: expected one of {}, {SMALL}, {COLD_START}", CASES.join(", "));
    let found = all_cases().into_iter().find(|case| case.name == name);
    found.context("the case is not in the list of all")
}

fn text_line(case: &Case, found: &Comparison) {
    let megabytes = |mb: Option<f64>| mb.map_or_else(|| "-".to_owned(), |mb| format!("{mb:.0} MB"));
    let theirs = match case.part {
        Part::ColdStart => "its import alone".to_owned(),
        _ => megabytes(found.peer.peak_rss_mb),
    };
    let (low, high) = found.spread();
    say!(
        "{}: ours {:.3} s ({}), peer {:.3} s ({theirs}), peer / ours {:.2} ({low:.2} to {high:.2}) {}",
        found.case,
        found.ours.median_s,
        megabytes(found.ours.peak_rss_mb),
        found.peer.median_s,
        found.ratio,
        found.peer_command
    );
}
