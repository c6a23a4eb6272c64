//! The flags that choose a device.

use causal_clip_seg::Device;
use causal_clip_seg::devices::{self, DeviceError};

use crate::console::Console;
use crate::failure::forget_panics;
use crate::kernels::tell_of_kernels;

/// `--device NAME`, the same in every program.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Device")]
pub struct DeviceArg {
    /// Where to compute: auto (the first GPU, else the CPU), flex (the CPU), wgpu[:N], vulkan[:N] or
    /// cuda[:N]; GPU backends have to be compiled in
    #[arg(long, default_value = "flex", value_name = "DEVICE")]
    device: String,
    /// Accept a software adapter in place of a GPU (slow; meant for tests)
    #[arg(long)]
    software_adapter: bool,
}

impl DeviceArg {
    /// The device of that name.
    pub fn new(name: &str, software_adapter: bool) -> Self {
        Self { device: name.to_owned(), software_adapter }
    }

    /// The name as it was given.
    pub fn name(&self) -> &str {
        &self.device
    }

    /// Opens the device; whether it is there and calculates is known before the first operation. What `auto`
    /// has taken is told as a note.
    ///
    /// # Errors
    ///
    /// If there is no such device; see [`devices::open`].
    pub fn open(&self, console: Console) -> Result<Device, DeviceError> {
        tell_of_kernels(console);
        let opened = devices::choose(&self.device, self.software_adapter);
        // A device that was tried and failed is an error already.
        forget_panics();
        let opened = opened?;
        if self.device == "auto" {
            let why = match opened.passed_over.as_slice() {
                [] => "the first GPU that was found".to_owned(),
                reasons => format!("no GPU can be used: {}", reasons.join("; ")),
            };
            console.note(format!("computing on {} ({}): {why}", opened.name, opened.what));
        }
        Ok(opened.device)
    }
}
