//! Panics, as errors on one line.
//!
//! Backends of GPUs panic where memory or the device is lost, and not on the thread that asked.

use std::any::Any;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The backend gave up while it computed.
#[derive(Debug, thiserror::Error)]
#[error("the device failed: {what} ({package}){advice}")]
pub struct DeviceFailure {
    what: String,
    package: String,
    advice: String,
}

/// Where a panic came from, and its message.
#[derive(Clone, Debug)]
struct Panic {
    file: String,
    line: u32,
    message: String,
}

/// Panics of this process that may be why it ends.
#[derive(Debug)]
struct Seen {
    /// The first of a backend: later ones, of those who waited for it, are its consequences.
    backend: Option<Panic>,
    /// The first of our own, else the last of a package's: earlier ones were dealt with, such as a decoder's,
    /// which only make a file unreadable.
    other: Option<Panic>,
}

static SEEN: Mutex<Seen> = Mutex::new(Seen { backend: None, other: None });

/// Pictures of a batch, in training.
static BATCH: AtomicUsize = AtomicUsize::new(0);

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
            let mut seen = seen();
            let why = seen.backend.take().or_else(|| seen.other.take());
            Err(error_of(why.unwrap_or_else(|| Panic {
                file: String::new(),
                line: 0,
                message: text(&*payload),
            })))
        }
    }
}

/// Has an error of a device that runs out of memory name the batch of a training, and what may be done about it.
pub fn train_in_batches_of(pictures: usize) {
    BATCH.store(pictures, Ordering::Relaxed);
}

/// Forgets a panic that was dealt with, such as that of a device which was tried.
pub fn forget_panics() {
    seen().backend = None;
}

fn seen() -> MutexGuard<'static, Seen> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note(info: &PanicHookInfo<'_>) {
    let (file, line) = info.location().map_or(("", 0), |place| (place.file(), place.line()));
    let panic = Panic { file: file.to_owned(), line, message: text(info.payload()) };
    let mut seen = seen();
    match backend_of(&panic.file) {
        Some(_) => drop(seen.backend.get_or_insert(panic)),
        None if seen.other.as_ref().is_none_or(|other| is_of_a_package(&other.file)) => {
            seen.other = Some(panic);
        }
        None => (),
    }
}

/// Whether a source file is one of the packages that cargo fetched.
fn is_of_a_package(file: &str) -> bool {
    file.split(['/', '\\']).any(|part| part == "registry")
}

/// The backend's package that a source file belongs to.
fn backend_of(file: &str) -> Option<&str> {
    file.split(['/', '\\']).find(|part| {
        BACKENDS.iter().any(|start| part.starts_with(start)) && part.ends_with(char::is_numeric)
    })
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or("no message").to_owned()
}

fn error_of(Panic { file, line, message }: Panic) -> anyhow::Error {
    let Some(package) = backend_of(&file) else {
        return anyhow::anyhow!(
            "a fault of this program at {file}:{line}: {message}; please report it with the command line"
        );
    };
    let advice = advice(&message, BATCH.load(Ordering::Relaxed));
    DeviceFailure { advice, what: message, package: package.to_owned() }.into()
}

/// What may help, by what the message is about; `batch` is 0 but in training.
fn advice(message: &str, batch: usize) -> String {
    let message = message.to_lowercase().replace(' ', "");
    let about = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if about(&["outofmemory", "notenoughmemory", "memoryexhausted", "oom"]) {
        match batch {
            0 => "; its memory is too small for this: take smaller pictures, or fewer at once"
                .to_owned(),
            batch => format!(
                "; its memory is too small for training.batch = {batch}: in the run's recipe.toml divide it by a \
                 number and multiply optimizer.accumulate by the same one, or set training.checkpointing = true, and \
                 `train --resume` goes on from the last checkpoint with the same steps"
            ),
        }
    } else if about(&["devicelost", "lostdevice", "deviceislost", "parentdevice"]) {
        let what = "; the driver has given the device up: start again, and `train --resume` goes on from the last \
                    checkpoint";
        what.to_owned()
    } else {
        "; `train --resume` goes on from the last checkpoint".to_owned()
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
    fn a_batch_that_is_too_large_is_named_with_what_a_resumption_may_change() {
        assert!(advice("out of memory", 0).ends_with("or fewer at once"));
        let said = advice("OutOfMemory { size: 12 }", 8);
        for part in ["training.batch = 8:", "optimizer.accumulate", "--resume"] {
            assert!(said.contains(part), "{said}");
        }
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
