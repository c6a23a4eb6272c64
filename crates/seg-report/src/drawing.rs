//! How intervals were drawn.

use seg_metrics::Bootstrap;
use serde::Serialize;

/// How intervals were drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Drawing {
    /// The number of resamples.
    pub resamples: usize,
    /// Seed of the random numbers.
    pub seed: u64,
    /// What is drawn: `groups` or `cases`.
    pub units: &'static str,
    /// How many units there are.
    pub n: usize,
}

impl Drawing {
    /// The settings of a bootstrap that draws from `n` groups or cases.
    pub(crate) fn new(bootstrap: &Bootstrap, grouped: bool, n: usize) -> Self {
        Self {
            resamples: bootstrap.resamples,
            seed: bootstrap.seed,
            units: if grouped { "groups" } else { "cases" },
            n,
        }
    }
}
