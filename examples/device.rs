//! The flag that chooses a device.

use burn::tensor::Device;
use causal_clip_seg::devices::{self, DeviceError};

/// `--device NAME`, for every program.
#[derive(Clone, Debug, clap::Args)]
pub struct DeviceArg {
    /// Where to compute: auto, flex, wgpu[:N], vulkan[:N] or cuda[:N], as far as compiled in; auto
    /// takes the first GPU there is, else flex
    #[arg(long, default_value = "flex", value_name = "DEVICE")]
    device: String,
    /// Accept a software adapter where a GPU was asked for (slow; for tests)
    #[arg(long)]
    software_adapter: bool,
}

impl DeviceArg {
    /// As it was asked for.
    pub fn name(&self) -> &str {
        &self.device
    }

    /// The device, found to be there before the first operation.
    ///
    /// # Errors
    ///
    /// If there is none of that name.
    pub fn open(&self) -> Result<Device, DeviceError> {
        devices::open(&self.device, self.software_adapter)
    }
}
