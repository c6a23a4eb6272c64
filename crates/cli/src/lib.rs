//! What command-line programs around CausalCLIPSeg share: the choice of a device, the allocator's
//! settings, notes and progress, Ctrl-C, and how a program ends.
//!
//! The program itself is `causal-clip-seg`; benchmarks and the parity run are built on this library
//! too, so that all of them have the same flags and the same exit codes.
#![deny(missing_docs)]

/// `println!` that does not panic when the reader has left (`| head`).
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        // The work is worth finishing without a reader: a training, files.
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

#[cfg(feature = "remote")]
mod borrowed;
mod console;
mod device;
mod exit;
mod failure;
mod hash;
mod kernels;
mod memory;
mod stop;

#[cfg(feature = "remote")]
pub use borrowed::advise_if_lost;
pub use console::Console;
pub use device::DeviceArg;
pub use exit::{EXIT_CODES, UsageError, exit_code};
pub use failure::{DeviceFailure, guarded, train_in_batches_of};
pub use hash::{sha256, sha256_of};
pub use kernels::kernels_compiled;
pub use memory::tune_allocator;
pub use stop::stop_on_ctrl_c;

/// Says how to go on if a device of another machine is lost; this build borrows none.
#[cfg(not(feature = "remote"))]
pub fn advise_if_lost(_: String) {}
