//! Devices that other processes lend, on this machine. Run by `.ci/devices`: the feature is off by default.

#![allow(clippy::unwrap_used)] // in helpers of tests
#![cfg(all(unix, feature = "remote"))] // signals

mod common;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use causal_clip_seg::devices::remote::{self, Address, Token};
use common::{demo, failure, phantoms, program, run, short_training, success, text};

/// A server of the CPU, which ends with the test.
struct Server {
    child: Child,
    /// `remote:ws://127.0.0.1:PORT`
    device: String,
}

impl Server {
    fn start(token: &Path, listen: &str) -> Self {
        let mut child = program()
            .args(["lend", "--listen", listen, "--token-file"])
            .arg(token)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        // Its log is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.count());
        let device = first.split_once("--device ").unwrap().1.to_owned();
        Self { child, device }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with a token.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let (_, new) = Token::read_or_make(&token).unwrap();
    assert!(new);
    (folder, token)
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

fn bytes(folder: &str, file: &str) -> Vec<u8> {
    std::fs::read(Path::new(folder).join(file)).unwrap()
}

/// A training in the background.
fn spawn(arguments: &[&str]) -> Child {
    program()
        .arg("train")
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until a training has left a checkpoint.
fn first_checkpoint(child: &mut Child, run: &str) {
    let checkpoints = Path::new(run).join("checkpoints");
    let any = || std::fs::read_dir(&checkpoints).is_ok_and(|mut files| files.next().is_some());
    while !any() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The last line of a program that lost a device.
fn lost(output: &Output, device: &str) -> String {
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(!message.contains("panicked"), "{message}");
    let lines = message.lines().filter(|line| line.starts_with("error:")).collect::<Vec<_>>();
    assert_eq!(lines.len(), 1, "{message}");
    assert!(lines[0].starts_with(&format!("error: device `{device}` is lost: ")), "{message}");
    lines[0].to_owned()
}

#[test]
fn answers_of_a_lent_device_are_the_local_ones() {
    let (folder, token) = folder();
    let servers = [Server::start(&token, "127.0.0.1:0"), Server::start(&token, "127.0.0.1:0")];
    let token = token.display().to_string();
    let (here, there) = (path(folder.path(), "here"), path(folder.path(), "there"));
    let sentences = ["Left lung.", "Upper half of the right lung."];
    let ask = |out: &str, more: &[&str]| {
        let arguments = [&sentences[..], &["--out", out, "--probability"], more].concat();
        success("segment", &arguments);
    };
    ask(&here, &[]);
    ask(&there, &["--device", &servers[0].device, "--token-file", &token]);
    for kind in ["mask", "overlay", "probability"] {
        for number in 1..=2 {
            // But for rounding: the CPU has operations of its own that no lent device has.
            let name = format!("xray-1.{number}.{kind}.png");
            let [ours, lent] = [&here, &there].map(|folder| levels(folder, &name));
            assert!(ours.len() == lent.len(), "{name}");
            let apart = ours.iter().zip(&lent).filter(|(a, b)| a.abs_diff(**b) > 1).count();
            assert!(apart * 1000 <= ours.len(), "{name}: {apart} of {} differ", ours.len());
        }
    }
    // Many pictures on two devices: the same files and the same table, whoever answered.
    let table = path(folder.path(), "questions.csv");
    let mut rows = "image,text\n".to_owned();
    for picture in ["phantom-1.png", "phantom-2.png", "phantom-3.png"] {
        let picture = demo(picture);
        if Path::new(&picture).exists() {
            rows += &format!("{picture},Left lung.\n{picture},Right lung.\n");
        }
    }
    let data = phantoms(folder.path());
    for file in std::fs::read_dir(Path::new(&data).join("images")).into_iter().flatten().flatten() {
        rows += &format!("{},left lung\n", file.path().display());
    }
    assert!(rows.lines().count() > 3, "no pictures: {rows}");
    std::fs::write(&table, rows).unwrap();
    let devices = format!("{},{}", servers[0].device, servers[1].device);
    let answers = |name: &str, device: &str| {
        let out = path(folder.path(), name);
        let lent = ["--device", device, "--token-file", &token];
        success("segment", &[&["--jobs", &table, "-o", &out], &lent[..]].concat());
        text(&bytes(&out, "answers.csv"))
    };
    assert_eq!(answers("one", &servers[0].device), answers("both", &devices));
}

#[test]
fn trainings_on_lent_devices_end_with_the_same_bits() {
    let (folder, token) = folder();
    let servers = [Server::start(&token, "127.0.0.1:0"), Server::start(&token, "127.0.0.1:0")];
    let (token, data) = (token.display().to_string(), phantoms(folder.path()));
    let train = |name: &str, device: &str, exchange: &str| {
        let out = path(folder.path(), name);
        let mut arguments = short_training(&data, &out);
        arguments.extend(["--device", device, "--token-file", &token, "--exchange", exchange]);
        arguments.extend(["--set", "optimizer.ema=0.9", "--set", "optimizer.accumulate=2"]);
        success("train", &arguments);
        (bytes(&out, "last.safetensors"), first_loss(&out))
    };
    let [a, b] = servers.each_ref().map(|server| server.device.as_str());
    let both = format!("{a},{b}");
    let (alone, lent_loss) = train("lent", a, "host");
    assert!(alone == train("lent again", b, "host").0, "whichever it is");
    let (two, two_loss) = train("both", &both, "host");
    assert!(two == train("again", &both, "host").0, "through the client");
    assert!(two == train("direct", &both, "direct").0, "from server to server");
    // But for rounding what this machine gives, which has operations of its own.
    let near = |a: f64, b: f64| (a - b).abs() < 1e-4 * a.abs();
    let (_, here) = train("here", "flex", "host");
    assert!(near(here, lent_loss), "{here}, {lent_loss}");
    let (_, mixed) = train("mixed", &format!("flex,{b}"), "host");
    assert!(near(mixed, two_loss), "{mixed}, {two_loss}");
}

/// The loss of a run's first step.
fn first_loss(run: &str) -> f64 {
    let log = text(&bytes(run, "log.jsonl"));
    let step = log.lines().find(|line| line.contains("\"norm\"")).expect("a step");
    let step: serde_json::Value = serde_json::from_str(step).unwrap();
    step["causal"].as_f64().unwrap()
}

/// The values of a picture's channels.
fn levels(folder: &str, name: &str) -> Vec<u8> {
    image::load_from_memory(&bytes(folder, name)).unwrap().into_rgb8().into_raw()
}

#[test]
fn a_run_that_loses_a_device_goes_on_with_the_others() {
    let (folder, token) = folder();
    let servers = [Server::start(&token, "127.0.0.1:0"), Server::start(&token, "127.0.0.1:0")];
    let [first, mut second] = servers;
    let (token, data) = (token.display().to_string(), phantoms(folder.path()));
    let out = path(folder.path(), "run");
    let devices = format!("{},{}", first.device, second.device);
    let mut arguments = short_training(&data, &out);
    arguments.extend(["--device", &devices, "--token-file", &token]);
    arguments.extend(["--set", "training.epochs=4"]);
    let mut child = spawn(&arguments);
    first_checkpoint(&mut child, &out);
    second.kill();
    let line = lost(&child.wait_with_output().unwrap(), &second.device);
    let advice =
        format!("go on from the last checkpoint with: causal-clip-seg train --resume {out}");
    assert!(line.ends_with(&advice), "{line}");
    // Nobody is there any more: told at the start.
    let gone = ["--resume", &out, "--device", &devices, "--token-file", &token];
    let message = failure("train", &gone, 2);
    assert!(message.contains("nobody listens at") && message.contains("lend"), "{message}");

    let left = ["--resume", &out, "--device", &first.device, "--token-file", &token];
    let output = run("train", &left);
    let message = text(&output.stderr);
    assert!(output.status.success() && message.contains("the run began on"), "{message}");
    let log = text(&bytes(&out, "log.jsonl"));
    let change = log.lines().find(|line| line.contains("resumed_with")).unwrap();
    assert!(change.contains("devices") && change.contains(&first.device), "{change}");
    let steps = log.lines().filter(|line| line.contains("\"norm\"")).count();
    let last = log.lines().rfind(|line| line.contains("\"epoch\":4")).unwrap();
    assert!(last.contains(&format!("\"step\":{steps},")), "every step once: {steps}, {last}");
}

#[test]
fn a_server_that_freezes_ends_a_run() {
    let (folder, token) = folder();
    let server = Server::start(&token, "127.0.0.1:0");
    let (token, data) = (token.display().to_string(), phantoms(folder.path()));
    let out = path(folder.path(), "run");
    let lent = ["--device", &server.device, "--token-file", &token, "--remote-timeout", "2"];
    let mut arguments = short_training(&data, &out);
    arguments.extend(lent);
    arguments.extend(["--set", "training.epochs=400"]);
    let mut child = spawn(&arguments);
    first_checkpoint(&mut child, &out);
    server.signal("-STOP");
    let line = lost(&child.wait_with_output().unwrap(), &server.device);
    assert!(line.contains("its server has not answered for 2 s"), "{line}");
    server.signal("-CONT");
    let resumed = [&["--resume", &out], &lent[..]].concat();
    let mut child = spawn(&resumed);
    std::thread::sleep(Duration::from_secs(3));
    assert!(child.try_wait().unwrap().is_none(), "it does not go on");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_is_wrong_at_the_start_is_told_in_a_line() {
    let (folder, token) = folder();
    let mut server = Server::start(&token, "127.0.0.1:0");
    let right = token.display().to_string();
    let other = path(folder.path(), "other");
    Token::read_or_make(other.as_ref()).unwrap();
    let device = server.device.clone();
    let ask = |device: &str, more: &[&str]| {
        let out = path(folder.path(), "out");
        failure("segment", &[&["--device", device, "-o", &out], more].concat(), 2)
    };
    let told = |message: String, what: &str| {
        assert!(message.contains(what) && message.lines().count() == 1, "{message}");
    };
    told(ask(&device, &["--token-file", &other]), "the server refused the token");
    told(ask(&device, &[]), "no token: give the server's with --token-file");
    told(ask(&device, &["--token-file", "none"]), "cannot read none");
    let several = ["--token-file", &right, "--token-file", &other];
    told(ask(&device, &several), "--token-file is given 2 times for 1 lent devices");
    let high = format!("{device}/3");
    told(ask(&high, &["--token-file", &right]), "the server lends 1 device(s)");
    told(ask("remote:wss://gpu:1", &["--token-file", &right]), "through a tunnel");
    let two = format!("{device},flex");
    told(ask(&two, &["--token-file", &right]), "--device names 2 devices");
    // By the environment.
    let output = program()
        .args(["segment", "--device", &device, "-o", &path(folder.path(), "environment")])
        .env("CAUSAL_CLIP_SEG_TOKEN", std::fs::read_to_string(&token).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));

    server.signal("-STOP");
    let device_file = ["--token-file", &right, "--remote-timeout", "2"];
    told(ask(&device, &device_file), "takes connections but has not answered within 2 s");
    server.signal("-CONT");
    server.kill();
    told(ask(&device, &["--token-file", &right]), "nobody listens at");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = taken.local_addr().unwrap().to_string();
    let lend = |arguments: &[&str]| failure("lend", arguments, 2);
    let message = lend(&["--listen", &place, "--token-file", &right]);
    assert!(message.contains(&format!("cannot listen on {place}")), "{message}");
    let message = lend(&["--device", &device, "--token-file", &right]);
    assert!(message.contains("only devices of this machine are lent"), "{message}");
    std::fs::write(&other, "short").unwrap();
    let message = lend(&["--listen", "127.0.0.1:0", "--token-file", &other]);
    assert!(message.contains("a token of 5 characters"), "{message}");
}

/// Burn gives a dead session back to whoever opens the device again; what is opened here is alive.
#[test]
fn a_server_that_was_started_again_is_opened_again() {
    let (_folder, file) = folder();
    let token = Token::read(&file).unwrap();
    let mut server = Server::start(&file, "127.0.0.1:0");
    let address = Address::parse(&server.device).unwrap();
    let patience = Duration::from_secs(10);
    for _ in 0..3 {
        let device = remote::open(&address, &token, patience).unwrap();
        remote::check(&device, patience).unwrap();
        // A second time, while it lives, it is the same session.
        remote::check(&remote::open(&address, &token, patience).unwrap(), patience).unwrap();
        server.kill();
        remote::check(&device, patience).unwrap_err();
        let message = remote::open(&address, &token, patience).unwrap_err().to_string();
        assert!(message.contains("nobody listens"), "{message}");
        server = Server::start(&file, &address.place());
        remote::check(&device, patience).unwrap_err();
    }
}
