//! What is measured, and how.
//!
//! `bench` times our own parts, `compare` ours and another implementation in turn. Every case runs
//! in a process of its own, so that the peak memory is that case's.
#![deny(missing_docs)]

mod case;
mod measure;
mod multiply_adds;
mod peer;
mod work;

pub use case::{Case, Part, all_cases, matches_glob};
pub use measure::{Figures, Machine, Measured, run_alone, time};
pub use multiply_adds::{MultiplyAdds, multiply_adds};
pub use peer::{Flags, Peer, PeerTime};
pub use work::measure;
