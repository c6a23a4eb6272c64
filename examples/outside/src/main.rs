use causal_clip_seg::{Device, SegError, Segmenter, read_rgb};

fn main() -> Result<(), SegError> {
    let segmenter = Segmenter::load("assets/demo/tiny.safetensors", &Device::flex())?;
    let image = read_rgb("assets/demo/chest.png")?; // or decode_rgb(&bytes, "upload")?
    let mask = segmenter.segment(&image, "Lesion in the upper right lung.")?;
    println!("{:.1} % of the picture", 100.0 * mask.coverage());
    mask.write_overlay(std::env::temp_dir().join("overlay.png"), &image, "upper right")
}
