//! What the programs share: the choice of a device, memory, scores, and how a program ends.

/// `println!` that does not panic when the reader has left (`| head`).
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        // The work is worth finishing without a reader: a training, files.
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

mod device;
mod memory;
mod scores;

use std::process::ExitCode;

pub use causal_clip_seg::devices::DeviceError;
pub use device::DeviceArg;
pub use memory::tune_allocator;
pub use scores::{print_scores, progress, score_with_progress};

/// `--sides`: what left and right mean in a set's sentences.
///
/// # Errors
///
/// If there is no such meaning.
pub fn sides(name: &str) -> Result<trainer::config::Sides, String> {
    let known = serde_json::from_value(serde_json::Value::from(name));
    known.map_err(|_| "there are image, patient and fixed".to_owned())
}

/// Exit code of a program whose device is not there.
const NO_DEVICE: u8 = 2;

/// `true` is success; an error is printed on one line with its causes.
pub fn exit_code(result: anyhow::Result<bool>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            match error.is::<DeviceError>() {
                true => ExitCode::from(NO_DEVICE),
                false => ExitCode::FAILURE,
            }
        }
    }
}
