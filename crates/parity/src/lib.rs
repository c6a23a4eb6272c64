//! Holds every stage to golden vectors that other code computed.
//!
//! A folder of vectors names its own cases; their weights and inputs follow from names by a rule,
//! so the vectors are small. Truth is a float64 run; each tensor has a floor, which is how far
//! PyTorch's float32 run lies from the truth. A tensor agrees when its largest difference is at
//! most [`FLOORS`] floors and its sum is as near.
#![deny(missing_docs)]

mod case;
mod files;
mod forward;
mod ops;
pub mod rule;
mod run;
mod training;

pub use case::{Case, ParityError, Row, Stage};
pub use forward::network;
pub use run::{Selection, case_names, run_case};

/// How many floors a tensor may be away from the truth.
pub const FLOORS: f64 = 20.0;
