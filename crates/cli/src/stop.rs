//! Ctrl-C as a wish, not as an end.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

/// Set by the first Ctrl-C (or SIGTERM).
static STOP: AtomicBool = AtomicBool::new(false);

/// Exit code of a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// From now on the first Ctrl-C sets the flag that is returned, so that the work can be left in order;
/// the second ends the program at once. `unit` names what is finished first: "step", "picture".
///
/// # Errors
///
/// If the system does not let the signal be caught.
pub fn stop_on_ctrl_c(unit: &'static str) -> anyhow::Result<&'static AtomicBool> {
    ctrlc::set_handler(move || {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
        eprintln!("\nstopping after this {unit}; press Ctrl-C again to stop at once");
    })
    .context("listening for Ctrl-C")?;
    Ok(&STOP)
}
