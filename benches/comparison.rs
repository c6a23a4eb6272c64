//! Ours and a peer's times of one case, side by side.

use serde::{Deserialize, Serialize};

use crate::machine::Circumstances;
use crate::measure::{Figures, median};
use crate::peer::PeerTime;

/// One line of `compare`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// Name of the case.
    pub case: String,
    /// Times that both ran in turn.
    pub rounds: usize,
    /// Counted runs in each round.
    pub runs: usize,
    /// The median of the rounds' medians, the extremes of all runs, the highest peak.
    pub ours: PeerTime,
    /// The peer's: the median of the rounds' medians, the extremes of all runs, the highest peak.
    pub peer: PeerTime,
    /// The peer's command, as it was given.
    pub peer_command: String,
    /// Peer's seconds over ours: the median of the rounds' ratios.
    pub ratio: f64,
    /// The ratio of each round, in their order.
    pub ratios: Vec<f64>,
    /// Peer's peak memory over ours, if both are known.
    pub memory_ratio: Option<f64>,
    /// Where and when.
    #[serde(flatten)]
    pub circumstances: Circumstances,
}

impl Comparison {
    /// The comparison over all rounds of a case; `None` without a round.
    pub fn from_rounds(rounds: &[(Figures, PeerTime)], command: &str) -> Option<Self> {
        let (last, _) = rounds.last()?;
        let ratios = rounds.iter().map(|(ours, peer)| peer.median_s / ours.median_s);
        let ratios = ratios.collect::<Vec<_>>();
        let ours = together(rounds.iter().map(|(ours, _)| PeerTime {
            median_s: ours.median_s,
            min_s: ours.min_s,
            max_s: ours.max_s,
            peak_rss_mb: ours.peak_rss_mb,
            import_s: None,
        }));
        let peer = together(rounds.iter().map(|(_, peer)| peer.clone()));
        Some(Self {
            case: last.case.clone(),
            rounds: rounds.len(),
            runs: last.runs,
            memory_ratio: peer.peak_rss_mb.zip(ours.peak_rss_mb).map(|(peer, ours)| peer / ours),
            ours,
            peer,
            peer_command: command.to_owned(),
            ratio: median(&ratios),
            ratios,
            circumstances: last.circumstances.clone(),
        })
    }

    /// The lowest and the highest ratio.
    pub fn spread(&self) -> (f64, f64) {
        let low = self.ratios.iter().copied().fold(f64::INFINITY, f64::min);
        (low, self.ratios.iter().copied().fold(0.0, f64::max))
    }
}

/// Rounds as one: the median of medians, the extremes of extremes, the highest peak.
fn together(rounds: impl Iterator<Item = PeerTime>) -> PeerTime {
    let rounds = rounds.collect::<Vec<_>>();
    let all = |value: fn(&PeerTime) -> f64| rounds.iter().map(value);
    let imports = rounds.iter().filter_map(|round| round.import_s).collect::<Vec<_>>();
    PeerTime {
        median_s: median(&all(|round| round.median_s).collect::<Vec<_>>()),
        min_s: all(|round| round.min_s).fold(f64::INFINITY, f64::min),
        max_s: all(|round| round.max_s).fold(0.0, f64::max),
        peak_rss_mb: rounds.iter().filter_map(|round| round.peak_rss_mb).reduce(f64::max),
        import_s: (!imports.is_empty()).then(|| median(&imports)),
    }
}
