//! The flags that choose a device.

use causal_clip_seg::Device;
use causal_clip_seg::devices;

use crate::console::Console;
use crate::exit::UsageError;
use crate::failure::forget_panics;
use crate::kernels::tell_of_kernels;

/// `--device NAME`, the same in every program.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Device")]
pub struct DeviceArg {
    /// Where to compute: auto (the first GPU, else the CPU), flex (the CPU), wgpu[:N], vulkan[:N], cuda[:N],
    /// or remote:ws://HOST:PORT[/N], which another machine lends (`lend`); all but flex have to be compiled
    /// in. Several, with commas between, share the work of `train`, `evaluate` and `segment --jobs`
    #[arg(long, default_value = "flex", value_name = "DEVICE")]
    device: String,
    /// Accept a software adapter in place of a GPU (slow; meant for tests)
    #[arg(long)]
    software_adapter: bool,
    #[cfg(feature = "remote")]
    #[command(flatten)]
    borrowed: crate::borrowed::BorrowedArgs,
}

impl DeviceArg {
    /// The device of that name.
    pub fn new(name: &str, software_adapter: bool) -> Self {
        Self {
            device: name.to_owned(),
            software_adapter,
            #[cfg(feature = "remote")]
            borrowed: Default::default(),
        }
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
    /// If there is no such device, see [`devices::open`], or several were given.
    pub fn open(&self, console: Console) -> anyhow::Result<Device> {
        match self.device.split(',').count() {
            1 => self.open_one(&self.device, 0, console),
            several => {
                let what = format!(
                    "--device names {several} devices; only `train`, `evaluate` and `segment --jobs` \
                     share their work between several"
                );
                Err(UsageError(what).into())
            }
        }
    }

    /// Opens all devices that are named, in their order. One may be named twice: it is then given two
    /// shares at once.
    ///
    /// # Errors
    ///
    /// If there is no such device; see [`devices::open`].
    pub fn open_all(&self, console: Console) -> anyhow::Result<Vec<Device>> {
        let mut lent = 0;
        let names = self.device.split(',').map(str::trim);
        names
            .map(|name| {
                let place = lent;
                lent += usize::from(name.starts_with("remote:"));
                self.open_one(name, place, console)
            })
            .collect()
    }

    /// Opens one device; `lent` lent ones were named before it.
    fn open_one(&self, name: &str, lent: usize, console: Console) -> anyhow::Result<Device> {
        #[cfg(feature = "remote")]
        if name.starts_with("remote:") {
            return self.borrowed.open(name, lent, self.lent());
        }
        let _ = lent;
        tell_of_kernels(console);
        let opened = devices::choose(name, self.software_adapter);
        // A device that was tried and failed is an error already.
        forget_panics();
        let opened = opened?;
        if name == "auto" {
            let why = match opened.passed_over.as_slice() {
                [] => "the first GPU that was found".to_owned(),
                reasons => format!("no GPU can be used: {}", reasons.join("; ")),
            };
            console.note(format!("computing on {} ({}): {why}", opened.name, opened.what));
        }
        Ok(opened.device)
    }

    /// How many of the devices are lent by another machine.
    #[cfg(feature = "remote")]
    fn lent(&self) -> usize {
        self.device.split(',').filter(|name| name.trim().starts_with("remote:")).count()
    }
}
