//! What is measured, and how.
//!
//! `bench` times our own parts, `compare` ours and another implementation in turn; `bench_report`
//! makes tables and pictures of what they wrote. Every case runs in a process of its own, so that
//! the peak memory is that case's.
#![deny(missing_docs)]

mod case;
mod cold_start;
mod comparison;
mod machine;
mod measure;
mod model;
mod multiply_adds;
mod peer;
mod pictures;
mod report;
mod results;
mod tables;
mod work;

pub use case::{Case, Part, all_cases, matches_glob};
pub use cold_start::{Answered, answer, write_prepared};
pub use comparison::Comparison;
pub use machine::{Circumstances, Machine, Processor};
pub use measure::{Figures, Measured, run_again, time};
pub use model::Models;
pub use multiply_adds::{MultiplyAdds, multiply_adds};
pub use peer::{Flags, Peer, PeerTime};
pub use report::report;
pub use results::{PeerStages, Results};
pub use work::measure;
