//! `devices`

use causal_clip_seg::devices;
use causal_clip_seg_cli::Console;
use serde_json::json;

/// Lists the devices that this build can compute on.
///
/// Each line starts with the name that --device takes. A backend without a device on this machine, or
/// one that is not compiled in, is listed with the reason. GPU backends are features of the build:
/// `cargo install --path crates/cli --features cuda` (or wgpu, or vulkan).
#[derive(clap::Args)]
#[command(after_help = "Example:\n  causal-clip-seg devices")]
pub(crate) struct Devices {}

impl Devices {
    pub(crate) fn run(self, console: Console) -> anyhow::Result<bool> {
        let listed = devices::list();
        let rows = listed.iter().map(
            |device| json!({ "name": device.name, "what": device.what, "usable": device.usable }),
        );
        console.result(&rows.collect::<Vec<_>>(), || {
            let lines = listed.iter().map(|device| format!("{:10} {}\n", device.name, device.what));
            lines.collect()
        })?;
        Ok(true)
    }
}
