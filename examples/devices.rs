//! Lists the devices that the programs of this build can use:
//! `cargo run --release --example devices`

use examples::say;

fn main() {
    for device in examples::devices() {
        say!("{:10} {}", device.name, device.what);
    }
}
