//! Where and when something was measured.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
    /// Of this process: the CPU backend takes `RAYON_NUM_THREADS`, else every processor.
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

/// The repository's commit, where there is one.
pub(crate) fn commit() -> Option<String> {
    let folder = env!("CARGO_MANIFEST_DIR");
    let git = Command::new("git").args(["-C", folder, "rev-parse", "--short", "HEAD"]).output();
    let output = git.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Now, in UTC: `2025-03-19T08:30:00Z`.
pub(crate) fn utc_now() -> String {
    iso(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs())
}

/// Of seconds since 1970.
fn iso(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March, so that the day that comes and goes is a year's last; eras of 400 years
    // are all of one length (H. Hinnant, "chrono-compatible low-level date algorithms").
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = 400 * era + year + next;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected by `date -u -d @SECONDS`.
    #[test]
    fn dates() {
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(iso(seconds), date);
        }
    }

    #[test]
    fn processors_have_names() {
        let text = "processor\t: 0\nmodel name\t: Some(R)  CPU @ 2.50GHz\nmodel\t: 3\n";
        assert_eq!(cpu_name(text).as_deref(), Some("Some(R) CPU @ 2.50GHz"));
        assert_eq!(cpu_name("Hardware\t: board"), None);
    }
}
