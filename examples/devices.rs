//! Lists the devices that the programs of this build can use:
//! `cargo run --release --example devices`

fn main() {
    for device in examples::devices() {
        println!("{:10} {}", device.name, device.what);
    }
}
