//! Panics, as errors on one line.
//!
//! Backends of GPUs panic where memory or the device is lost, and not on the thread that asked.

use std::any::Any;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The backend gave up while it computed.
#[derive(Debug, thiserror::Error)]
#[error("the device failed: {what} ({package}){advice}")]
pub struct DeviceFailure {
    what: String,
    package: String,
    advice: &'static str,
}

/// Where a panic came from, and its message.
#[derive(Clone, Debug)]
struct Panic {
    file: String,
    line: u32,
    message: String,
}

/// The first panic of this process; later ones are its consequences.
static FIRST: OnceLock<Mutex<Option<Panic>>> = OnceLock::new();

/// Starts of the packages' names that compute or drive a device.
const BACKENDS: [&str; 6] = ["burn-", "cubecl-", "cubek-", "wgpu-", "cudarc-", "gemm-"];

/// Runs a program's work. A panic in it, on whichever thread, prints nothing and is an error: of the device
/// ([`DeviceFailure`]) if it comes from a backend's package, else a fault of this program.
///
/// With `RUST_BACKTRACE` set panics are printed as well.
///
/// # Errors
///
/// Those of the work, and its panics.
pub fn guarded(work: impl FnOnce() -> anyhow::Result<bool>) -> anyhow::Result<bool> {
    if std::env::var_os("RUST_BACKTRACE").is_none_or(|value| value == "0") {
        set_hook(Box::new(note));
    } else {
        let usual = std::panic::take_hook();
        set_hook(Box::new(move |info| {
            note(info);
            usual(info);
        }));
    }
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result,
        Err(payload) => {
            let first = first().lock().unwrap_or_else(PoisonError::into_inner).take();
            Err(error_of(first.unwrap_or_else(|| Panic {
                file: String::new(),
                line: 0,
                message: text(&*payload),
            })))
        }
    }
}

/// Forgets a panic that was dealt with, such as that of a device which was tried.
pub fn forget_panics() {
    *first().lock().unwrap_or_else(PoisonError::into_inner) = None;
}

fn first() -> &'static Mutex<Option<Panic>> {
    FIRST.get_or_init(Mutex::default)
}

fn note(info: &PanicHookInfo<'_>) {
    let mut first = first().lock().unwrap_or_else(PoisonError::into_inner);
    if first.is_none() {
        let (file, line) = info.location().map_or(("", 0), |place| (place.file(), place.line()));
        *first = Some(Panic { file: file.to_owned(), line, message: text(info.payload()) });
    }
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or("no message").to_owned()
}

fn error_of(Panic { file, line, message }: Panic) -> anyhow::Error {
    let package = file.split(['/', '\\']).find(|part| {
        BACKENDS.iter().any(|start| part.starts_with(start)) && part.ends_with(char::is_numeric)
    });
    let Some(package) = package else {
        return anyhow::anyhow!(
            "a fault of this program at {file}:{line}: {message}; please report it with the command line"
        );
    };
    DeviceFailure { advice: advice(&message), what: message, package: package.to_owned() }.into()
}

/// What may help, by what the message is about.
fn advice(message: &str) -> &'static str {
    let message = message.to_lowercase().replace(' ', "");
    let about = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if about(&["outofmemory", "notenoughmemory", "memoryexhausted", "oom"]) {
        "; its memory is too small for this: take smaller pictures or batches. In training, a smaller training.batch \
         with optimizer.accumulate as many times more makes the same step; a run that has begun may be resumed with \
         training.checkpointing = true, which needs less"
    } else if about(&["devicelost", "lostdevice", "deviceislost", "parentdevice"]) {
        "; the driver has given the device up: start again, and `train --resume` goes on from the last checkpoint"
    } else {
        "; `train --resume` goes on from the last checkpoint"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(file: &str, message: &str) -> String {
        let panic = Panic { file: file.to_owned(), line: 7, message: message.to_owned() };
        error_of(panic).to_string()
    }

    #[test]
    fn a_backends_panic_is_the_devices_failure() {
        let file = "/somewhere/registry/cubecl-runtime-0.11.3/src/client.rs";
        let message = told(file, "OutOfMemory { size: 12 }");
        let expected =
            "the device failed: OutOfMemory { size: 12 } (cubecl-runtime-0.11.3); its memory";
        assert!(message.starts_with(expected), "{message}");
        let message = told(file, "Device lost");
        assert!(message.contains("the driver has given the device up"), "{message}");
    }

    #[test]
    fn a_panic_of_ours_is_a_fault_that_names_its_place() {
        let message = told("crates/trainer/src/run.rs", "an invariant");
        let expected = "a fault of this program at crates/trainer/src/run.rs:7: an invariant";
        assert!(message.starts_with(expected), "{message}");
    }

    #[test]
    fn a_panic_of_another_thread_is_told_by_its_own_message() {
        let result = guarded(|| {
            let other = std::thread::spawn(|| panic!("what went wrong\nmore of it"));
            other.join().map_err(|_| ()).unwrap();
            Ok(true)
        });
        let message = result.unwrap_err().to_string();
        assert!(message.contains("what went wrong;"), "{message}");
    }
}
