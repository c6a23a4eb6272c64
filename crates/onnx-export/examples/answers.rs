//! Writes a network as ONNX and, beside it, inputs with this library's own logits, for another runtime to be held to:
//! `cargo run --release -p causal-clip-seg-onnx-export --example answers -- WEIGHTS FOLDER PICTURE...`

use std::path::Path;

use causal_clip_seg::burn::tensor::{Tensor, TensorData};
use causal_clip_seg::parts::{Tokenizer, network_pixels, token_tensor};
use causal_clip_seg::{Checkpoint, Device, read_rgb};
use onnx_export::{OnnxOptions, write_onnx};

/// Their lengths differ, so that the number of words is free indeed.
const SENTENCES: [&str; 4] = [
    "left lung",
    "The upper third of the right lung.",
    "Bilateral pulmonary infection, two infected areas, upper left lung and lower right lung.",
    "no finding",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(weights), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("expected WEIGHTS FOLDER PICTURE...".into());
    };
    let (folder, device) = (Path::new(&folder), Device::flex());
    let checkpoint = Checkpoint::fetch(&weights)?;
    for (name, mixed_first) in [("fast", true), ("plain", false)] {
        let options = OnnxOptions { mixed_first, ..OnnxOptions::default() };
        write_onnx(&checkpoint, options, &device, folder.join(format!("{name}.onnx")))?;
    }
    let network = checkpoint.prepare(&device)?;
    let input = &network.config().input;
    let tokenizer = Tokenizer::clip();
    let mut cases = Vec::new();
    for (i, picture) in arguments.enumerate() {
        let sentence = SENTENCES[i % SENTENCES.len()];
        let pixels = network_pixels(&read_rgb(&picture)?, input)?;
        let batch = tokenizer.encode_batch(&[sentence], input.word_len)?;
        let shape = [1, 3, input.size, input.size];
        let x = Tensor::<4>::from_data(TensorData::new(pixels.clone(), shape), &device);
        let logits = network.forward_causal(x, token_tensor(&batch, &device)).into_data();
        save(&folder.join(format!("{i}.pixels")), &pixels)?;
        save(&folder.join(format!("{i}.logits")), &logits.try_to_vec::<f32>()?)?;
        let words = batch.ids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
        cases.push(format!("{i} {} {words}", input.size));
    }
    std::fs::write(folder.join("cases.txt"), cases.join("\n"))?;
    Ok(())
}

fn save(path: &Path, values: &[f32]) -> std::io::Result<()> {
    std::fs::write(path, values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}
