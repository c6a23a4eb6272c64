//! Segments a picture by a sentence:
//! `cargo run --release -p examples --example segment -- net.safetensors x.png "left lung"`

use causal_clip_seg::{Device, Segmenter, read_rgb};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |default: &str| arguments.next().unwrap_or_else(|| default.to_owned());
    let weights = next("assets/chest/network.safetensors");
    let picture = next("assets/chest/xray-1.jpg");
    let sentence = next("The upper half of the patient's left lung.");

    // The CPU; `devices::open("auto", false)` takes a GPU if there is one and its feature is on.
    let device = Device::flex();
    let segmenter = Segmenter::load(&weights, &device)?;
    let image = read_rgb(&picture)?;
    let mask = segmenter.segment(&image, &sentence)?;

    println!("{sentence} {:.1} % of the picture", 100.0 * mask.coverage());
    if let Some(found) = mask.binary().bounding_box() {
        println!(
            "columns {} to {}, rows {} to {}",
            found.left, found.right, found.top, found.bottom
        );
    }
    // A radiologist's left is the patient's; most published sets mean the image's.
    match segmenter.sides() {
        Some(sides) => println!("{}", sides.explanation()),
        None => println!("the weights do not say whose left they mean"),
    }

    let folder = std::env::temp_dir();
    mask.write_png(folder.join("mask.png"))?;
    mask.write_overlay(folder.join("overlay.png"), &image, &sentence)?;
    println!("-> {}", folder.join("overlay.png").display());
    Ok(())
}
