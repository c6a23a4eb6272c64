//! The image tower: pixels to three maps.

use causal_clip_seg::config::ImageTowerConfig;
use vision_layers::bicubic_matrix;

use crate::error::OnnxError;
use crate::graph::{Graph, Value};

/// Maps at an eighth, a sixteenth and a thirty-second of the picture's side.
pub(crate) struct Levels {
    pub c3: Value,
    pub c4: Value,
    pub c5: Value,
}

const TOWER: &str = "backbone.visual";

/// `pixels: [batch, 3, size, size]`, normalised.
pub(crate) fn image_tower(
    graph: &mut Graph,
    config: &ImageTowerConfig,
    pixels: &Value,
    size: usize,
) -> Result<Levels, OnnxError> {
    let mut x = pixels.clone();
    for (i, stride) in [(1, 2), (2, 1), (3, 1)] {
        x = graph.conv(
            &x,
            &format!("{TOWER}.conv{i}.weight"),
            &[&format!("{TOWER}.bn{i}.bias")],
            stride,
        )?;
        x = graph.relu(&x);
    }
    x = graph.avg_pool(&x, 2);
    let mut layers = Vec::new();
    let mut inputs = config.width;
    for (i, count) in config.blocks.iter().enumerate() {
        let outputs = 4 * (config.width << i);
        for block in 0..*count {
            let stride = if i > 0 && block == 0 { 2 } else { 1 };
            let name = format!("{TOWER}.layer{}.{block}", i + 1);
            x = bottleneck(graph, &x, &name, stride, stride > 1 || inputs != outputs)?;
            inputs = outputs;
        }
        layers.push(x.clone());
    }
    let c5 = attention(graph, config, &x, size / 32)?;
    Ok(Levels { c3: layers[1].clone(), c4: layers[2].clone(), c5 })
}

fn bottleneck(
    graph: &mut Graph,
    x: &Value,
    name: &str,
    stride: i64,
    shortcut: bool,
) -> Result<Value, OnnxError> {
    let conv = |graph: &mut Graph, x: &Value, i: usize| {
        graph.conv(x, &format!("{name}.conv{i}.weight"), &[&format!("{name}.bn{i}.bias")], 1)
    };
    let pooled = |graph: &mut Graph, x: &Value| match stride {
        1 => x.clone(),
        stride => graph.avg_pool(x, stride),
    };
    let mut y = x.clone();
    for i in [1, 2] {
        y = conv(graph, &y, i)?;
        y = graph.relu(&y);
    }
    y = pooled(graph, &y);
    y = conv(graph, &y, 3)?;
    let mut x = x.clone();
    if shortcut {
        x = pooled(graph, &x);
        let [weight, shift] = ["downsample.0.weight", "downsample.1.bias"];
        x = graph.conv(&x, &format!("{name}.{weight}"), &[&format!("{name}.{shift}")], 1)?;
    }
    let sum = graph.add(&y, &x);
    Ok(graph.relu(&sum))
}

/// The dense head over a map of `side` by `side` cells.
fn attention(
    graph: &mut Graph,
    config: &ImageTowerConfig,
    x: &Value,
    side: usize,
) -> Result<Value, OnnxError> {
    const POOL: &str = "backbone.visual.attnpool";
    let channels = 32 * config.width;
    let (heads, per_head) = (config.heads as i64, (channels / config.heads) as i64);
    let table = graph.take(&format!("{POOL}.positional_embedding"))?;
    let places = positions(&table.data, channels, config.image_size / 32, side);
    let places = graph.constant(&table.name, &[1, side * side, channels], &places);

    let cells = graph.reshape(x, &[0, 0, -1]);
    let cells = graph.transpose(&cells, &[0, 2, 1]); // [batch, cells, channels]
    let tokens = graph.add(&cells, &places);
    let split = |graph: &mut Graph, x: &Value, order: &[i64]| {
        let x = graph.reshape(x, &[0, 0, heads, per_head]);
        graph.transpose(&x, order)
    };
    let q = graph.linear(&tokens, &format!("{POOL}.q_proj"))?;
    let scale = graph.number((per_head as f64).powf(-0.5));
    let q = graph.mul(&q, &scale);
    let k = graph.linear(&tokens, &format!("{POOL}.k_proj"))?;
    let v = graph.linear(&tokens, &format!("{POOL}.v_proj"))?;
    let q = split(graph, &q, &[0, 2, 1, 3]);
    let k = split(graph, &k, &[0, 2, 3, 1]);
    let v = split(graph, &v, &[0, 2, 1, 3]);
    let scores = graph.matmul(&q, &k);
    let weights = graph.softmax(&scores, 3);
    let y = graph.matmul(&weights, &v);
    let y = graph.transpose(&y, &[0, 2, 1, 3]);
    let y = graph.reshape(&y, &[0, 0, channels as i64]);
    let y = graph.linear(&y, &format!("{POOL}.c_proj"))?;
    let y = graph.transpose(&y, &[0, 2, 1]);
    let y = graph.reshape(&y, &[0, 0, side as i64, side as i64]);

    // The shortcut takes the cells without their positions.
    let [weight, shift] =
        ["connect.0.weight", "connect.1.bias"].map(|part| format!("{POOL}.{part}"));
    let x = graph.conv(x, &weight, &[&shift], 1)?;
    let sum = graph.add(&y, &x);
    Ok(graph.relu(&sum))
}

/// The table's grid, enlarged to `side` by `side`: `[side * side, channels]`. Its first row, the pooled head's,
/// is left out.
fn positions(table: &[f32], channels: usize, grid: usize, side: usize) -> Vec<f32> {
    let cells = &table[channels..];
    if side == grid {
        return cells.to_vec();
    }
    let matrix = bicubic_matrix(grid, side); // [side, grid]
    let mut rows = vec![0.0; side * grid * channels];
    for (to, row) in rows.chunks_exact_mut(grid * channels).enumerate() {
        for from in 0..grid {
            let weight = matrix[to * grid + from];
            let source = &cells[from * grid * channels..][..grid * channels];
            row.iter_mut().zip(source).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    let mut places = vec![0.0; side * side * channels];
    for (i, place) in places.chunks_exact_mut(channels).enumerate() {
        let (row, to) = (i / side, i % side);
        for from in 0..grid {
            let weight = matrix[to * grid + from];
            let source = &rows[(row * grid + from) * channels..][..channels];
            place.iter_mut().zip(source).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    places
}
