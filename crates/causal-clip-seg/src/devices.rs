//! What to compute on, by a name such as `flex`, `auto` or `cuda:1`.
//!
//! A backend takes part as far as the crate's feature of the same name is on: `flex` (the default),
//! `wgpu`, `vulkan`, `cuda`, and `remote` for devices that other machines lend.
//!
//! ```
//! use causal_clip_seg::devices;
//!
//! let device = devices::open("flex", false)?;
//! for listed in devices::list() {
//!     println!("{:10} {}", listed.name, listed.what);
//! }
//! # let _ = device;
//! # Ok::<(), devices::DeviceError>(())
//! ```

#[cfg(feature = "remote")]
pub mod remote;

use burn::tensor::Device;

/// Why a device could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // of the fields: the message explains them
pub enum DeviceError {
    /// The name of no backend.
    #[error(
        "device `{0}`: expected auto, flex, wgpu[:N], vulkan[:N], cuda[:N] or remote:ws://HOST:PORT[/N]"
    )]
    Unknown(String),
    /// The program was built without that backend.
    #[error("device `{name}`: not compiled in (build with `--features {feature}`)")]
    NotBuilt { name: String, feature: &'static str },
    /// The machine has no such device.
    #[error("device `{name}`: not found on this machine ({why})")]
    Absent { name: String, why: String },
    /// A GPU was asked for, and only a program that imitates one was found.
    #[error(
        "device `{name}`: `{adapter}` is a software adapter, not a GPU, and slower than flex; to use \
         it anyway, allow software adapters (--software-adapter)"
    )]
    Software { name: String, adapter: String },
    /// A device of another machine.
    #[cfg(feature = "remote")]
    #[error(transparent)]
    Remote(#[from] remote::RemoteError),
}

/// A device of this machine under the name that [`open`] takes, or a backend that has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// For example `wgpu:0`.
    pub name: String,
    /// The adapter's name, or the reason why the backend cannot be used.
    pub what: String,
    /// Whether [`open`] succeeds with this name (software adapters allowed).
    pub usable: bool,
}

/// Opens a device: `flex`, `wgpu[:N]`, `vulkan[:N]`, `cuda[:N]`, or `auto`, which is the first GPU
/// found, else `flex`. `remote:ws://HOST:PORT[/N]` is a device that another machine lends, with the token in
/// the environment variable `CAUSAL_CLIP_SEG_TOKEN`.
///
/// Whether the device is there is found out now, not at the first operation. Software adapters, which
/// imitate a GPU on the CPU, are refused unless `allow_software` is set.
///
/// # Errors
///
/// If the name is not one of these, its backend is not compiled in, or the machine has no such device.
pub fn open(name: &str, allow_software: bool) -> Result<Device, DeviceError> {
    if name == "auto" {
        let gpus = ["cuda", "vulkan", "wgpu"];
        let found = gpus.iter().find_map(|name| open_gpu(name, name, 0, false).ok());
        return found.map_or_else(|| flex(name), Ok);
    }
    if name.starts_with("remote:") {
        return open_remote(name);
    }
    let (kind, index) = match name.split_once(':') {
        None => (name, 0),
        Some((kind, index)) => {
            (kind, index.parse().map_err(|_| DeviceError::Unknown(name.to_owned()))?)
        }
    };
    match kind {
        "flex" if index == 0 => flex(name),
        "wgpu" | "vulkan" | "cuda" => open_gpu(kind, name, index, allow_software),
        _ => Err(DeviceError::Unknown(name.to_owned())),
    }
}

/// Every device that this build can use on this machine, and why a backend has none.
pub fn list() -> Vec<Listed> {
    let mut listed = Vec::new();
    if flex("flex").is_ok() {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let what = format!("CPU, {threads} threads");
        listed.push(Listed { name: "flex".to_owned(), what, usable: true });
    }
    for kind in ["wgpu", "vulkan", "cuda"] {
        for index in 0.. {
            let name = format!("{kind}:{index}");
            match open_gpu(kind, &name, index, true) {
                Ok(device) => {
                    listed.push(Listed { name, what: adapter(&device), usable: true });
                }
                Err(error) => {
                    if index == 0 {
                        let (name, what) = (kind.to_owned(), error.to_string());
                        listed.push(Listed { name, what, usable: false });
                    }
                    break;
                }
            }
        }
    }
    listed
}

#[cfg(feature = "flex")]
fn flex(_: &str) -> Result<Device, DeviceError> {
    Ok(Device::flex())
}

#[cfg(not(feature = "flex"))]
fn flex(name: &str) -> Result<Device, DeviceError> {
    Err(DeviceError::NotBuilt { name: name.to_owned(), feature: "flex" })
}

#[cfg(feature = "remote")]
fn open_remote(name: &str) -> Result<Device, DeviceError> {
    let address = remote::Address::parse(name)?;
    let token = remote::Token::from_environment()?;
    let token = token.ok_or_else(|| remote::RemoteError::NoToken { device: name.to_owned() })?;
    Ok(remote::open(&address, &token, remote::PATIENCE)?)
}

#[cfg(not(feature = "remote"))]
fn open_remote(name: &str) -> Result<Device, DeviceError> {
    Err(DeviceError::NotBuilt { name: name.to_owned(), feature: "remote" })
}

fn open_gpu(kind: &str, name: &str, index: usize, software: bool) -> Result<Device, DeviceError> {
    match kind {
        "cuda" => cuda::open(name, index),
        "vulkan" => wgpu::open_vulkan(name, index, software),
        _ => wgpu::open(name, index, software),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_no_backend_is_refused_with_the_names_there_are() {
        for name in ["tpu", "cuda:x", "flex:1", ""] {
            let message = open(name, false).unwrap_err().to_string();
            let expected =
                "expected auto, flex, wgpu[:N], vulkan[:N], cuda[:N] or remote:ws://HOST:PORT[/N]";
            assert_eq!(message, format!("device `{name}`: {expected}"));
        }
    }

    #[cfg(feature = "flex")]
    #[test]
    fn the_cpu_is_always_there() {
        assert!(open("flex", false).is_ok() && open("auto", false).is_ok());
        let listed = list();
        assert!(listed[0].name == "flex" && listed[0].usable, "{listed:?}");
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_backend_that_is_not_compiled_in_names_its_feature() {
        let message = open("cuda:0", false).unwrap_err().to_string();
        assert_eq!(message, "device `cuda:0`: not compiled in (build with `--features cuda`)");
    }
}
