//! Turns a PyTorch checkpoint into a weight file:
//! `cargo run --release -p examples --example import_weights -- released.pth net.safetensors`
//!
//! Without arguments the demonstration network is prepared for inference alone.

use std::collections::BTreeMap;

use causal_clip_seg::config::Sides;
use causal_clip_seg::format::Precision;
use causal_clip_seg::{Checkpoint, Device, Segmenter};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let input = arguments.next().unwrap_or_else(|| "assets/demo/tiny.safetensors".to_owned());
    let default = std::env::temp_dir().join("imported.safetensors").display().to_string();
    let output = arguments.next().unwrap_or(default);
    let device = Device::flex();

    // Sizes follow from the tensors' shapes. What a checkpoint does not say, say here: it is stored with
    // the weights, and a `Segmenter` knows it from then on.
    let checkpoint = Checkpoint::open(&input)?;
    let mut config = checkpoint.config().clone();
    config.input.sides = Some(Sides::Image);
    // A MedEquiSeg training, for example:
    //   config.input.resize = Resize::Stretch;
    //   config.input.normalisation = Normalisation::None;
    //   config.input.word_len = 16;
    //   config.input.branch = Branch::Mean;

    // Strict: a tensor that is missing, has another shape or is not finite is an error.
    let (network, report) = checkpoint.with_config(config)?.load_reported(&device)?;
    println!("{report}");

    let notes = BTreeMap::from([("source".to_owned(), input)]);
    network.save_prepared(&output, Precision::F16, &notes)?;
    let segmenter = Segmenter::load(&output, &device)?;
    println!("input: {:?}\n-> {output}", segmenter.config().input);
    Ok(())
}
