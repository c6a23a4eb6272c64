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

pub mod kernels;
#[cfg(feature = "remote")]
pub mod remote;
#[cfg(any(feature = "wgpu", feature = "cuda", test))]
mod trial;

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
    /// The device is there, and its first calculation failed.
    #[error(
        "device `{name}` ({adapter}) is there and cannot be used: {why}; try another driver, or another backend"
    )]
    Unusable { name: String, adapter: String, why: String },
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

/// A device that was opened, and what it turned out to be.
#[derive(Clone, Debug)]
pub struct Opened {
    /// To compute on.
    pub device: Device,
    /// For example `vulkan:0`, also where `auto` was asked for.
    pub name: String,
    /// The adapter's name, or the CPU's threads.
    pub what: String,
    /// For `auto` that found no GPU: each backend with the reason why not.
    pub passed_over: Vec<String>,
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
/// Whether the device is there and calculates is found out now, not at the first operation. Software adapters,
/// which imitate a GPU on the CPU, are refused unless `allow_software` is set.
///
/// # Errors
///
/// If the name is not one of these, its backend is not compiled in, the machine has no such device, or its
/// first calculation fails or is wrong.
pub fn open(name: &str, allow_software: bool) -> Result<Device, DeviceError> {
    Ok(choose(name, allow_software)?.device)
}

/// As [`open`], and tells what was opened, which `auto` leaves open.
///
/// # Errors
///
/// As for [`open`].
pub fn choose(name: &str, allow_software: bool) -> Result<Opened, DeviceError> {
    if name == "auto" {
        let mut passed_over = Vec::new();
        for kind in ["cuda", "vulkan", "wgpu"] {
            match open_gpu(kind, kind, 0, false) {
                Ok(device) => return Ok(gpu(&format!("{kind}:0"), device)),
                Err(error) => passed_over.push(error.to_string()),
            }
        }
        return Ok(Opened { passed_over, ..cpu(name)? });
    }
    if name.starts_with("remote:") {
        let (device, what) = (open_remote(name)?, "a device that another machine lends".to_owned());
        return Ok(Opened { device, name: name.to_owned(), what, passed_over: Vec::new() });
    }
    let (kind, index) = match name.split_once(':') {
        None => (name, 0),
        Some((kind, index)) => {
            (kind, index.parse().map_err(|_| DeviceError::Unknown(name.to_owned()))?)
        }
    };
    match kind {
        "flex" if index == 0 => cpu(name),
        "wgpu" | "vulkan" | "cuda" => {
            let device = open_gpu(kind, name, index, allow_software)?;
            Ok(gpu(&format!("{kind}:{index}"), device))
        }
        _ => Err(DeviceError::Unknown(name.to_owned())),
    }
}

fn gpu(name: &str, device: Device) -> Opened {
    let what = adapter(&device);
    Opened { device, name: name.to_owned(), what, passed_over: Vec::new() }
}

fn cpu(name: &str) -> Result<Opened, DeviceError> {
    let device = flex(name)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (name, what) = ("flex".to_owned(), format!("CPU, {threads} threads"));
    Ok(Opened { device, name, what, passed_over: Vec::new() })
}

/// Every device that this build can use on this machine, and why a backend has none.
pub fn list() -> Vec<Listed> {
    let mut listed = Vec::new();
    if let Ok(Opened { name, what, .. }) = cpu("flex") {
        listed.push(Listed { name, what, usable: true });
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

    use super::{DeviceError, adapter, trial};

    /// Software adapters by what they call themselves.
    const SOFTWARE: [&str; 3] = ["llvmpipe", "swiftshader", "basic render"];

    pub(super) fn open(name: &str, index: usize, software: bool) -> Result<Device, DeviceError> {
        let kinds = [DeviceKind::DiscreteGpu(index), DeviceKind::IntegratedGpu(index)];
        let first = (index == 0).then_some(DeviceKind::DefaultDevice);
        let cpu = (index == 0 && software).then_some(DeviceKind::Cpu);
        let mut why = "no adapter".to_owned();
        for kind in first.into_iter().chain(kinds).chain(cpu) {
            match Device::wgpu_options().device_kind(kind).init() {
                Ok(device) => return tested(name, hardware(name, device, software)?, software),
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
        if !software && is_software(&adapter) {
            return Err(DeviceError::Software { name: name.to_owned(), adapter });
        }
        Ok(device)
    }

    fn is_software(adapter: &str) -> bool {
        let lower = adapter.to_lowercase();
        SOFTWARE.iter().any(|s| lower.contains(s))
    }

    /// Software adapters have been seen to multiply wrongly and add rightly: SwiftShader with SPIR-V.
    fn tested(name: &str, device: Device, software: bool) -> Result<Device, DeviceError> {
        let adapter = adapter(&device);
        let imitated = software && is_software(&adapter);
        trial::tried(|| device, imitated).map_err(|why| DeviceError::Unusable {
            name: name.to_owned(),
            adapter,
            why,
        })
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
    use burn::tensor::DeviceType;

    use super::{Device, DeviceError, trial};

    /// Counted first: an index that the driver does not have is a panic in the runtime. The driver counts what
    /// it shows to this process, also under WSL.
    pub(super) fn open(name: &str, index: usize) -> Result<Device, DeviceError> {
        let devices = Device::enumerate(DeviceType::Cuda).into_iter().count();
        if index >= devices {
            let visible = std::env::var("CUDA_VISIBLE_DEVICES");
            let why = match (devices, visible) {
                (_, Ok(visible)) => format!(
                    "the driver shows {devices} NVIDIA GPUs; CUDA_VISIBLE_DEVICES is set to `{visible}`"
                ),
                (0, Err(_)) => "no NVIDIA driver, or no GPU that it knows".to_owned(),
                (_, Err(_)) => format!("the driver shows {devices} NVIDIA GPUs, counted from 0"),
            };
            return Err(DeviceError::Absent { name: name.to_owned(), why });
        }
        let device = trial::tried(|| Device::cuda(index), false).map_err(|why| {
            let adapter = "an NVIDIA GPU".to_owned();
            DeviceError::Unusable { name: name.to_owned(), adapter, why }
        })?;
        Ok(device)
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
        // What `auto` has taken is told, and why nothing else.
        let taken = choose("auto", false).unwrap();
        assert!(taken.name != "auto" && !taken.what.is_empty(), "{taken:?}");
        if taken.name == "flex" {
            assert_eq!(taken.passed_over.len(), 3, "{taken:?}");
        }
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
