//! What is measured, and how.
//!
//! `bench` times our own parts, `compare` ours and another implementation in turn. Every case runs
//! in a process of its own, so that the peak memory is that case's.
#![deny(missing_docs)]

mod case;
mod cold_start;
mod comparison;
mod machine;
mod measure;
mod multiply_adds;
mod peer;
mod results;
mod work;

pub use case::{Case, Part, all_cases, matches_glob};
pub use cold_start::{Answered, answer};
pub use comparison::Comparison;
pub use machine::{Machine, Processor};
pub use measure::{Figures, Measured, run_again, time};
pub use multiply_adds::{MultiplyAdds, multiply_adds};
pub use peer::{Flags, Peer, PeerTime};
pub use results::Results;
pub use work::measure;
