//! The clock, the memory, and what is printed.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::machine::Circumstances;

/// Seconds of some runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Seconds of the first run, which is not counted: with kernels compiled, and memory touched, for the first time.
    pub first_s: f64,
    /// In their order.
    pub seconds: Vec<f64>,
    /// Most memory that the process which ran them held; Linux only.
    pub peak_rss_mb: Option<f64>,
}

/// One line of output.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// Name of the case.
    pub case: String,
    /// Side of the pictures.
    pub size: usize,
    /// Pictures, sentences or files in a run.
    pub batch: usize,
    /// Median seconds of the runs.
    pub median_s: f64,
    /// Fewest seconds of the runs.
    pub min_s: f64,
    /// Most seconds of the runs.
    pub max_s: f64,
    /// Seconds of the first run, which is not counted; absent in files of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_s: Option<f64>,
    /// Counted runs; the first one is not.
    pub runs: usize,
    /// How much of the batch is done per second, by the median.
    pub per_second: f64,
    /// Multiply-adds of the published network in one run; `None` if the case computes nothing.
    pub multiply_adds: Option<u64>,
    /// Two operations for each multiply-add, by the median.
    pub gflops: Option<f64>,
    /// Most memory that the process held; Linux only.
    pub peak_rss_mb: Option<f64>,
    /// Where and when.
    #[serde(flatten)]
    pub circumstances: Circumstances,
}

/// Times `runs` runs after one that is not counted; each must be over when it returns.
///
/// # Errors
///
/// If a run fails.
pub fn time(runs: usize, mut run: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Measured> {
    let start = Instant::now();
    run()?;
    let first_s = start.elapsed().as_secs_f64();
    let mut seconds = Vec::with_capacity(runs);
    for _ in 0..runs.max(1) {
        let start = Instant::now();
        run()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    Ok(Measured { first_s, seconds, peak_rss_mb: peak_rss_mb() })
}

impl Measured {
    /// For an even number, the mean of the middle two.
    pub fn median(&self) -> f64 {
        median(&self.seconds)
    }

    /// Shortest run.
    pub fn min(&self) -> f64 {
        self.seconds.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// Longest run.
    pub fn max(&self) -> f64 {
        self.seconds.iter().copied().fold(0.0, f64::max)
    }
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    match values.as_slice() {
        [] => f64::NAN,
        values => (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0,
    }
}

/// Most memory that this process held so far, in MB of 2^20 bytes.
pub(crate) fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib = line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()?;
    Some(kib / 1024.0)
}

/// Runs this program again with its own arguments and `further` ones, and gives what it prints last.
///
/// # Errors
///
/// If it fails or prints something else.
pub fn run_again<T: DeserializeOwned>(further: &[&str]) -> anyhow::Result<T> {
    let program = std::env::current_exe().context("finding this program")?;
    let arguments = std::env::args().skip(1).chain(further.iter().map(|word| word.to_string()));
    let arguments = arguments.collect::<Vec<_>>();
    let output = Command::new(program)
        .args(&arguments)
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("starting this program again")?;
    ensure!(output.status.success(), "the run {}: {}", arguments.join(" "), output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line).context("reading the run's figures")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_run_is_not_counted() {
        let mut count = 0;
        let measured = time(3, || {
            count += 1;
            Ok(())
        });
        assert_eq!((measured.unwrap().seconds.len(), count), (3, 4));
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn memory_is_known_on_linux() {
        assert_eq!(peak_rss_mb().is_some_and(|mb| mb > 1.0), cfg!(target_os = "linux"));
    }
}
