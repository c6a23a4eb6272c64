//! Where and when something was measured.

use std::process::Command;

use serde::{Deserialize, Serialize};

/// Where a case ran.
#[derive(Clone, Debug)]
pub struct Machine {
    /// As it was asked for.
    pub device: String,
    /// Threads of the CPU backend.
    pub threads: usize,
    /// What it ran on.
    pub processor: Processor,
}

/// The processor of a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processor {
    /// Its name; Linux only.
    pub cpu: Option<String>,
    /// Cores that this process may use.
    pub cores: usize,
}

impl Machine {
    /// The machine as this process sees it: the CPU backend takes `RAYON_NUM_THREADS`, else every processor.
    pub fn here(device: &str) -> Self {
        let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.parse().ok());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = asked.filter(|threads| *threads > 0).unwrap_or(cores);
        let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = Processor { cpu: cpu_name(&text), cores };
        Self { device: device.to_owned(), threads, processor }
    }
}

fn cpu_name(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"))?;
    let words = line.split_once(':')?.1.split_whitespace();
    Some(words.collect::<Vec<_>>().join(" "))
}

/// The commit of the checkout when this runs; `None` outside of one.
fn commit() -> Option<String> {
    let folder = env!("CARGO_MANIFEST_DIR");
    let git = Command::new("git").args(["-C", folder, "rev-parse", "--short", "HEAD"]).output();
    let output = git.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What results of all kinds say of their making.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Circumstances {
    /// Name of the network's sizes.
    pub config: String,
    /// Our device, as it was asked for.
    pub device: String,
    /// Threads of the CPU backend, and of a peer.
    pub threads: usize,
    /// When it ended: `2025-03-19T08:30:00Z`.
    pub date: String,
    /// What it ran on.
    pub machine: Processor,
    /// The repository's commit; `None` outside of a checkout.
    pub commit: Option<String>,
    /// The package's version.
    pub version: String,
}

impl Circumstances {
    /// The circumstances of what ends now.
    pub(crate) fn now(config: &str, machine: &Machine) -> Self {
        Self {
            config: config.to_owned(),
            device: machine.device.clone(),
            threads: machine.threads,
            date: chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            machine: machine.processor.clone(),
            commit: commit(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_have_names() {
        let text = "processor\t: 0\nmodel name\t: Some(R)  CPU @ 2.50GHz\nmodel\t: 3\n";
        assert_eq!(cpu_name(text).as_deref(), Some("Some(R) CPU @ 2.50GHz"));
        assert_eq!(cpu_name("Hardware\t: board"), None);
    }
}
