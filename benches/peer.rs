//! Another implementation, as a command.

use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::case::{Case, Part};

/// A command that takes [`Flags`] and prints a line of JSON with at least the keys of
/// [`PeerTime`].
#[derive(Clone, Debug)]
pub struct Peer {
    program: String,
    arguments: Vec<String>,
}

/// What a peer is asked to time.
#[derive(Clone, Debug)]
pub struct Flags {
    /// `rn50`
    pub config: String,
    /// Tokens of a sentence.
    pub tokens: usize,
    /// Counted runs.
    pub runs: usize,
    /// Given as `OMP_NUM_THREADS`.
    pub threads: usize,
}

/// What a peer prints; it may print more keys, and lines before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerTime {
    /// Median seconds of the runs.
    pub median_s: f64,
    /// Fewest seconds of the runs.
    pub min_s: f64,
    /// Most seconds of the runs.
    pub max_s: f64,
    /// Most memory that the process held.
    pub peak_rss_mb: Option<f64>,
    /// Seconds for importing its library, which `cold-start` takes for the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import_s: Option<f64>,
}

impl Peer {
    /// A peer from a command line: words between blanks.
    ///
    /// # Errors
    ///
    /// If there is no word.
    pub fn parse(command: &str) -> anyhow::Result<Self> {
        let mut words = command.split_whitespace().map(str::to_owned);
        let program = words.next().context("--peer is empty: expected a command")?;
        Ok(Self { program, arguments: words.collect() })
    }

    /// Whether its command says that it computes in bfloat16.
    pub fn is_bf16(&self) -> bool {
        self.arguments.iter().any(|word| word == "--bf16")
    }

    /// Lets it time a case.
    ///
    /// # Errors
    ///
    /// If it cannot be started, fails, or prints no time.
    pub fn time(&self, case: &Case, flags: &Flags) -> anyhow::Result<PeerTime> {
        let arguments = self.arguments(case, flags);
        let line = format!("{} {}", self.program, arguments.join(" "));
        let output = Command::new(&self.program)
            .args(&arguments)
            .env("OMP_NUM_THREADS", flags.threads.to_string())
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("the peer `{}` cannot be started", self.program))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            bail!("the peer failed ({}): {line}\n{}", output.status, said.trim_end());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let found = text.lines().rev().find_map(|line| serde_json::from_str::<PeerTime>(line).ok());
        let Some(time) = found else {
            bail!(
                "the peer printed no line of JSON with median_s, min_s and max_s: {line}\n{}{}",
                text,
                said.trim_end()
            );
        };
        ensure!(time.median_s > 0.0, "the peer's median_s is {}: {line}", time.median_s);
        if case.part != Part::ColdStart {
            return Ok(time);
        }
        let Some(import_s) = time.import_s else {
            bail!("the peer printed no import_s, which {} needs: {line}", case.name);
        };
        ensure!(import_s > 0.0, "the peer's import_s is {import_s}: {line}");
        // The memory was held later, by the answer.
        let all = PeerTime { median_s: import_s, min_s: import_s, max_s: import_s, ..time };
        Ok(PeerTime { peak_rss_mb: None, ..all })
    }

    fn arguments(&self, case: &Case, flags: &Flags) -> Vec<String> {
        let pairs = [
            ("--config", flags.config.clone()),
            ("--size", case.size.to_string()),
            ("--batch", case.batch.to_string()),
            ("--tokens", flags.tokens.to_string()),
            ("--runs", flags.runs.to_string()),
        ];
        let pairs = pairs.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]);
        let mut arguments = self.arguments.clone();
        arguments.extend(pairs);
        match case.part {
            Part::Train => arguments.push("--train".to_owned()),
            Part::TwoPlayer => arguments.push("--two-player".to_owned()),
            _ => {}
        }
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case() -> Case {
        Case { name: "two-player-64-b2".to_owned(), part: Part::TwoPlayer, size: 64, batch: 2 }
    }

    fn asked(script: &str) -> anyhow::Result<PeerTime> {
        asked_for(&case(), script)
    }

    fn asked_for(case: &Case, script: &str) -> anyhow::Result<PeerTime> {
        // The flags stand behind the script, as its arguments.
        let mut peer = Peer::parse("sh -c")?;
        peer.arguments.extend([script.to_owned(), "peer".to_owned()]);
        let flags = Flags { config: "tiny".to_owned(), tokens: 20, runs: 3, threads: 2 };
        peer.time(case, &flags)
    }

    #[test]
    #[cfg(unix)]
    fn a_peer_is_asked_and_read() {
        let script = r#"
            expected="--config tiny --size 64 --batch 2 --tokens 20 --runs 3 --two-player"
            [ "$*" = "$expected" ] || { echo "asked: $*" >&2; exit 1; }
            echo "loading"
            echo '{"median_s": 0.5, "min_s": 0.4, "max_s": 1, "peak_rss_mb": 12.5, "more": []}'
            echo "bye""#;
        let expected = PeerTime {
            median_s: 0.5,
            min_s: 0.4,
            max_s: 1.0,
            peak_rss_mb: Some(12.5),
            import_s: None,
        };
        assert_eq!(asked(script).unwrap(), expected);
    }

    #[test]
    #[cfg(unix)]
    fn a_cold_start_is_the_peers_import() {
        let case =
            Case { name: "cold-start".to_owned(), part: Part::ColdStart, size: 64, batch: 1 };
        let times = r#""median_s": 0.5, "min_s": 0.4, "max_s": 1, "peak_rss_mb": 12.5"#;
        let found = asked_for(&case, &format!(r#"echo '{{{times}, "import_s": 3.5}}'"#)).unwrap();
        assert_eq!((found.median_s, found.max_s, found.peak_rss_mb), (3.5, 3.5, None));
        let error = asked_for(&case, &format!("echo '{{{times}}}'")).unwrap_err().to_string();
        let expected = "the peer printed no import_s, which cold-start needs: sh -c";
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    #[cfg(unix)]
    fn what_a_peer_does_wrong_is_told() {
        let message = |script| format!("{:#}", asked(script).unwrap_err());
        let failed = message("echo 'no module named torch' >&2; exit 3");
        assert!(failed.starts_with("the peer failed (exit status: 3): sh -c"), "{failed}");
        assert!(failed.ends_with("\nno module named torch"), "{failed}");
        let silent = message("echo hello");
        assert!(silent.starts_with("the peer printed no line of JSON"), "{silent}");
        let idle = message(r#"echo '{"median_s": 0, "min_s": 0, "max_s": 0}'"#);
        assert!(idle.starts_with("the peer's median_s is 0"), "{idle}");
        let missing = Peer::parse("no-such-program-here --flag").unwrap();
        let flags = Flags { config: "tiny".to_owned(), tokens: 20, runs: 3, threads: 2 };
        let error = format!("{:#}", missing.time(&case(), &flags).unwrap_err());
        assert!(error.starts_with("the peer `no-such-program-here` cannot be started"), "{error}");
        assert!(Peer::parse(" ").is_err());
    }
}
