//! Lists the devices that the programs of this build can use:
//! `cargo run --release --example devices`

use examples::say;

fn main() {
    for device in causal_clip_seg::devices::list() {
        say!("{:10} {}", device.name, device.what);
    }
}
