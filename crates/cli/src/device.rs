//! The flags that choose a device.

use causal_clip_seg::Device;
use causal_clip_seg::devices::{self, DeviceError};

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
    /// The name as it was given.
    pub fn name(&self) -> &str {
        &self.device
    }

    /// Opens the device; whether it is there is known before the first operation.
    ///
    /// # Errors
    ///
    /// If there is no such device; see [`devices::open`].
    pub fn open(&self) -> Result<Device, DeviceError> {
        devices::open(&self.device, self.software_adapter)
    }
}
