//! What is seen while a GPU's kernels are compiled.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use causal_clip_seg::devices::kernels;
use log::{LevelFilter, Log, Metadata, Record};

use crate::console::Console;

/// Silence between two lines.
const PAUSE: Duration = Duration::from_secs(5);

/// As docs/devices.md has it counted; a training needs more.
const NEEDED: &str = match cfg!(feature = "autotune") {
    true => "several hundred for a first answer",
    false => "some 150 for a first answer",
};

/// Has kernels kept in their folder, and tells about those that are compiled, on standard error. Call it before a
/// device is opened; later calls change nothing.
pub(crate) fn tell_of_kernels(console: Console) {
    let folder = kernels::folder();
    if !kernels::configure(folder.as_deref()) {
        return;
    }
    let kept = match folder {
        Some(folder) => format!("once: they are kept in {}", folder.display()),
        None => "in every process; a build with the feature `persistence` keeps them".to_owned(),
    };
    let told = Told { console, kept, compiled: Mutex::new(None) };
    if log::set_logger(Box::leak(Box::new(told))).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}

/// Kernels compiled since the process began.
pub fn kernels_compiled() -> usize {
    COMPILED.load(Ordering::Relaxed)
}

static COMPILED: AtomicUsize = AtomicUsize::new(0);

/// The listener of the backend's log.
struct Told {
    console: Console,
    kept: String,
    compiled: Mutex<Option<Since>>,
}

struct Since {
    first: Instant,
    line: Instant,
}

impl Log for Told {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.target() == kernels::COMPILED
    }

    fn log(&self, record: &Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let count = COMPILED.fetch_add(1, Ordering::Relaxed) + 1;
        let Ok(mut since) = self.compiled.lock() else { return };
        let now = Instant::now();
        match since.as_mut() {
            None => {
                let kept = &self.kept;
                self.console.note(format!("compiling kernels for this device, {NEEDED}, {kept}"));
                *since = Some(Since { first: now, line: now });
            }
            Some(since) if now - since.line >= PAUSE => {
                let seconds = (now - since.first).as_secs();
                self.console.note(format!("{count} kernels compiled, {seconds} s"));
                since.line = now;
            }
            Some(_) => (),
        }
    }

    fn flush(&self) {}
}
