//! What the system's allocator does with freed memory.

/// Of glibc's allocator: nothing is mapped apart, and nothing at the end of the heap is given back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEEP: [(&str, &str); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", "4294967296"), // 4 GiB
    ("MALLOC_TRIM_THRESHOLD_", "1099511627776"),
];

/// Makes this process keep the memory that it frees, where the allocator is glibc's: for trainings.
///
/// A training step allocates the same large blocks as the one before. By default each goes back to
/// the system when it is freed, and comes anew with every page to be cleared: a third of the time of
/// an `rn50` step on two cores. glibc reads these settings from the environment when a program
/// starts, so this starts the program again, in its place: the same process, arguments and files.
/// To be called first of all. A forward pass gains nothing.
///
/// Whoever sets one of the variables has the last word; elsewhere nothing happens.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use std::os::unix::process::CommandExt;

        if KEEP.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
            return;
        }
        let Ok(program) = std::env::current_exe() else { return };
        let mut arguments = std::env::args_os();
        let mut again = std::process::Command::new(program);
        if let Some(name) = arguments.next() {
            again.arg0(name);
        }
        // It only comes back if it failed; then the program goes on as it is, only slower.
        let _ = again.args(arguments).envs(KEEP).exec();
    }
}
