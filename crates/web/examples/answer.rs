//! The native program's probabilities, to hold the browser's against:
//!
//! ```sh
//! cargo run --release -p causal-clip-seg-web --example answer -- WEIGHTS PICTURE SENTENCE OUT.f32
//! ```

use causal_clip_seg::{Device, Segmenter};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    let [weights, picture, sentence, out] = arguments.as_slice() else {
        return Err("expected WEIGHTS PICTURE SENTENCE OUT.f32".into());
    };
    let segmenter = Segmenter::load(weights, &Device::flex())?;
    let mask = segmenter.segment(&seg_image::read_rgb(picture)?, sentence)?;
    let bytes = mask.probabilities.iter().flat_map(|p| p.to_le_bytes()).collect::<Vec<_>>();
    Ok(std::fs::write(out, bytes)?)
}
