use causal_clip_seg::{Device, SegError, Segmenter, read_rgb};

fn main() -> Result<(), SegError> {
    let segmenter = Segmenter::load("assets/chest/network.safetensors", &Device::flex())?;
    let image = read_rgb("assets/chest/xray-1.jpg")?; // or decode_rgb(&bytes, "upload")?
    let mask = segmenter.segment(&image, "The upper half of the patient's left lung.")?;
    println!("{:.1} % of the picture", 100.0 * mask.coverage());
    mask.write_overlay(std::env::temp_dir().join("overlay.png"), &image, "upper left")
}
