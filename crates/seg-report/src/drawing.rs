//! How intervals were drawn.

use seg_metrics::Bootstrap;
use serde::Serialize;

/// How intervals were drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Drawing {
    /// How often.
    pub resamples: usize,
    /// Start of the random numbers.
    pub seed: u64,
    /// What is drawn whole: `groups` or `cases`.
    pub units: &'static str,
    /// How many units there are.
    pub n: usize,
}

impl Drawing {
    /// A bootstrap that draws `n` of the groups, or of the cases.
    pub(crate) fn new(bootstrap: &Bootstrap, grouped: bool, n: usize) -> Self {
        Self {
            resamples: bootstrap.resamples,
            seed: bootstrap.seed,
            units: if grouped { "groups" } else { "cases" },
            n,
        }
    }
}
