//! How a program ends.

use std::process::ExitCode;

use causal_clip_seg::devices::DeviceError;
use trainer::TrainError;

use crate::failure::DeviceFailure;

/// The rule of all programs, for their `--help`.
pub const EXIT_CODES: &str = "Exit codes: 0 done (also when stopped with Ctrl-C in a way that can be \
continued), 1 an error or a negative finding, 2 the device was not found, failed or was lost, or the command \
line is wrong.";

/// A command line that is wrong in a way that only the program can see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// The device was not found, failed or was lost, or the command line is wrong: the code that clap ends with, too.
pub(crate) const NOT_STARTED: u8 = 2;

/// The exit code of a program's result. `Ok(false)` is a negative finding: the program did its work and
/// the answer is no. An error is printed on one line with its causes.
pub fn exit_code(result: anyhow::Result<bool>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Whatever failed, a device that is gone is why.
            #[cfg(feature = "remote")]
            if let Some(line) = crate::borrowed::loss() {
                eprintln!("{line}");
                return ExitCode::from(NOT_STARTED);
            }
            eprintln!("error: {error:#}");
            let lost = matches!(error.downcast_ref(), Some(TrainError::Device { .. }));
            let outside = lost || error.is::<DeviceError>() || error.is::<DeviceFailure>();
            match outside || error.is::<UsageError>() {
                true => ExitCode::from(NOT_STARTED),
                false => ExitCode::FAILURE,
            }
        }
    }
}
