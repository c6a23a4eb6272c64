//! What the system's allocator does with large blocks.

/// Makes glibc's allocator take large blocks in pages of 2 MiB and keep what is freed.
///
/// A network's passes allocate and free blocks of many megabytes. The system provides each of them page
/// by page, 4 KiB at a time, and zeroed; large pages make eight pictures at once a seventh faster. Kept
/// blocks need not be provided again: with both, an `rn50` training step on two cores takes two thirds
/// of the time, and reading a weight file and answering once takes half, for a twentieth more memory.
///
/// glibc reads such settings from the environment when a program starts, so this starts the program
/// again in its own place: the same process, arguments and files. Call it before any work, and only
/// once the arguments are known to be right. It does nothing if `GLIBC_TUNABLES` or a `MALLOC_` variable
/// is set already, or on another C library.
pub fn tune_allocator() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use std::os::unix::process::CommandExt;

        const NAME: &str = "GLIBC_TUNABLES";
        let set = |(name, _): (std::ffi::OsString, _)| {
            name == NAME || name.as_encoded_bytes().starts_with(b"MALLOC_")
        };
        if std::env::vars_os().any(set) {
            return;
        }
        let Ok(program) = std::env::current_exe() else { return };
        // Large pages; no block mapped on its own (4 GiB), no memory at the heap's end given back (1 TiB), one
        // heap for all threads, so that one's freed blocks are another's.
        const TUNABLES: &str = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967296:\
                                glibc.malloc.trim_threshold=1099511627776:glibc.malloc.arena_max=1";
        let mut arguments = std::env::args_os();
        let mut again = std::process::Command::new(program);
        if let Some(name) = arguments.next() {
            again.arg0(name);
        }
        // This only returns if it failed; the program then goes on, only slower.
        let _ = again.args(arguments).env(NAME, TUNABLES).exec();
    }
}
