//! The one place where a backend is chosen.

use burn::tensor::Device;

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

/// A device that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// A name of no backend.
    #[error("--device {0}: expected auto, flex, wgpu[:N], vulkan[:N] or cuda[:N]")]
    Unknown(String),
    /// The program was built without that backend.
    #[error("--device {name}: not compiled in (build with `--features {feature}`)")]
    NotBuilt { name: String, feature: &'static str },
    /// The machine has no such device.
    #[error("--device {name}: no such device on this machine ({why})")]
    Absent { name: String, why: String },
    /// A CPU in a GPU's clothes.
    #[error(
        "--device {name}: `{adapter}` is a software adapter, not a GPU; --device flex is faster, \
         --software-adapter takes it all the same"
    )]
    Software { name: String, adapter: String },
}

/// One device of this machine, as `--device` takes it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// `wgpu:0`
    pub name: String,
    /// What it is: an adapter's name, or why it cannot be used.
    pub what: String,
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
        if self.device == "auto" {
            let gpus = ["cuda", "vulkan", "wgpu"];
            let found = gpus.iter().find_map(|name| open_gpu(name, name, 0, false).ok());
            return found.map_or_else(|| flex("auto"), Ok);
        }
        let (kind, index) = match self.device.split_once(':') {
            None => (self.device.as_str(), 0),
            Some((kind, index)) => {
                let index = index.parse().map_err(|_| DeviceError::Unknown(self.device.clone()))?;
                (kind, index)
            }
        };
        match kind {
            "flex" if index == 0 => flex(&self.device),
            "wgpu" | "vulkan" | "cuda" => {
                open_gpu(kind, &self.device, index, self.software_adapter)
            }
            _ => Err(DeviceError::Unknown(self.device.clone())),
        }
    }
}

#[cfg(feature = "flex")]
fn flex(_: &str) -> Result<Device, DeviceError> {
    Ok(Device::flex())
}

#[cfg(not(feature = "flex"))]
fn flex(name: &str) -> Result<Device, DeviceError> {
    Err(DeviceError::NotBuilt { name: name.to_owned(), feature: "flex" })
}

fn open_gpu(kind: &str, name: &str, index: usize, software: bool) -> Result<Device, DeviceError> {
    match kind {
        "cuda" => cuda::open(name, index),
        "vulkan" => wgpu::open_vulkan(name, index, software),
        _ => wgpu::open(name, index, software),
    }
}

/// Every device that the programs of this build can use.
pub fn devices() -> Vec<Listed> {
    let mut listed = Vec::new();
    if let Ok(_device) = flex("flex") {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        listed.push(Listed { name: "flex".to_owned(), what: format!("CPU, {threads} threads") });
    }
    for kind in ["wgpu", "vulkan", "cuda"] {
        for index in 0.. {
            let name = format!("{kind}:{index}");
            match open_gpu(kind, &name, index, true) {
                Ok(device) => listed.push(Listed { name, what: adapter(&device) }),
                Err(error) if index == 0 => {
                    listed.push(Listed { name: kind.to_owned(), what: error.to_string() });
                    break;
                }
                Err(_) => break,
            }
        }
    }
    listed
}

#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn adapter(device: &Device) -> String {
    device.identity().map_or_else(|| "unnamed".to_owned(), |identity| identity.name)
}

#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
fn adapter(_: &Device) -> String {
    String::new()
}

#[cfg(feature = "wgpu")]
mod wgpu {
    use burn::tensor::{Device, DeviceKind};

    use super::{DeviceError, adapter};

    /// Software adapters by what they call themselves.
    const SOFTWARE: [&str; 3] = ["llvmpipe", "swiftshader", "basic render"];

    pub(super) fn open(name: &str, index: usize, software: bool) -> Result<Device, DeviceError> {
        let kinds = [DeviceKind::DiscreteGpu(index), DeviceKind::IntegratedGpu(index)];
        let first = (index == 0).then_some(DeviceKind::DefaultDevice);
        let cpu = (index == 0 && software).then_some(DeviceKind::Cpu);
        let mut why = "no adapter".to_owned();
        for kind in first.into_iter().chain(kinds).chain(cpu) {
            match Device::wgpu_options().device_kind(kind).init() {
                Ok(device) => return hardware(name, device, software),
                // The message ends with everything that is known of every adapter.
                Err(error) => why = until(&error.to_string(), ", adapters [").to_owned(),
            }
        }
        Err(DeviceError::Absent { name: name.to_owned(), why })
    }

    fn until<'a>(text: &'a str, end: &str) -> &'a str {
        text.split_once(end).map_or(text, |(start, _)| start)
    }

    fn hardware(name: &str, device: Device, software: bool) -> Result<Device, DeviceError> {
        let adapter = adapter(&device);
        let lower = adapter.to_lowercase();
        if !software && SOFTWARE.iter().any(|s| lower.contains(s)) {
            return Err(DeviceError::Software { name: name.to_owned(), adapter });
        }
        Ok(device)
    }

    #[cfg(feature = "vulkan")]
    pub(super) fn open_vulkan(
        name: &str,
        index: usize,
        software: bool,
    ) -> Result<Device, DeviceError> {
        open(name, index, software)
    }

    #[cfg(not(feature = "vulkan"))]
    pub(super) fn open_vulkan(name: &str, _: usize, _: bool) -> Result<Device, DeviceError> {
        Err(DeviceError::NotBuilt { name: name.to_owned(), feature: "vulkan" })
    }
}

#[cfg(not(feature = "wgpu"))]
mod wgpu {
    use super::{Device, DeviceError};

    pub(super) fn open(name: &str, _: usize, _: bool) -> Result<Device, DeviceError> {
        Err(DeviceError::NotBuilt { name: name.to_owned(), feature: "wgpu" })
    }

    pub(super) fn open_vulkan(name: &str, _: usize, _: bool) -> Result<Device, DeviceError> {
        Err(DeviceError::NotBuilt { name: name.to_owned(), feature: "vulkan" })
    }
}

#[cfg(feature = "cuda")]
mod cuda {
    use std::path::Path;

    use super::{Device, DeviceError};

    /// Without a driver the runtime panics at its first use, so the driver's device file is looked
    /// for first: `/dev/nvidiaN` on Linux, `/dev/dxg` under WSL.
    pub(super) fn open(name: &str, index: usize) -> Result<Device, DeviceError> {
        let there = [format!("/dev/nvidia{index}"), "/dev/dxg".to_owned()];
        if cfg!(target_os = "linux") && !there.iter().any(|file| Path::new(file).exists()) {
            let why = format!("no NVIDIA driver: neither {} nor {} exists", there[0], there[1]);
            return Err(DeviceError::Absent { name: name.to_owned(), why });
        }
        Ok(Device::cuda(index))
    }
}

#[cfg(not(feature = "cuda"))]
mod cuda {
    use super::{Device, DeviceError};

    pub(super) fn open(name: &str, _: usize) -> Result<Device, DeviceError> {
        Err(DeviceError::NotBuilt { name: name.to_owned(), feature: "cuda" })
    }
}
