//! The neck's causal side: three levels, gates and their aggregation.

use crate::error::OnnxError;
use crate::graph::{Graph, Value};
use crate::image::Levels;

const NECK: &str = "neck_ad";

/// The causal map `[batch, features, cells, cells]`, `cells` a sixteenth of the picture's side.
pub(crate) fn neck(
    graph: &mut Graph,
    levels: Levels,
    has_adapter: bool,
    cells: usize,
) -> Result<Value, OnnxError> {
    let mut c5 = levels.c5;
    if has_adapter {
        c5 = graph.conv(&c5, "v5_proj.0.weight", &["v5_proj.1.bias"], 1)?;
        c5 = graph.relu(&c5);
    }
    let mut c4 = levels.c4;
    for name in ["f2_v_proj", "f4_proj4"] {
        let (weight, shift) = (format!("{NECK}.{name}.0.weight"), format!("{NECK}.{name}.1.bias"));
        c4 = graph.conv(&c4, &weight, &[&shift], 1)?;
        c4 = graph.relu(&c4);
    }
    let levels = [graph.avg_pool(&levels.c3, 2), c4, carafe(graph, &c5, cells / 2)?];
    let mut kept = Vec::new();
    for (i, level) in levels.iter().enumerate() {
        let gate = gate(graph, level, &format!("{NECK}.masker{}", i + 3), cells)?;
        kept.push(graph.mul(level, &gate));
    }
    let kept = graph.concat(&kept, 1);
    let (weight, shift) = (format!("{NECK}.aggr.0.weight"), format!("{NECK}.aggr.1.bias"));
    let map = graph.conv(&kept, &weight, &[&shift], 1)?;
    Ok(graph.relu(&map))
}

/// Each cell becomes four, each a mean of the nine around it with weights made from the map (CARAFE).
fn carafe(graph: &mut Graph, x: &Value, side: usize) -> Result<Value, OnnxError> {
    let conv = |graph: &mut Graph, x: &Value, name: &str| {
        let name = format!("{NECK}.carafe.{name}");
        graph.conv(x, &format!("{name}.weight"), &[&format!("{name}.bias")], 1)
    };
    let side = side as i64;
    let weights = conv(graph, x, "down")?;
    let weights = conv(graph, &weights, "encoder")?;
    let weights = graph.reshape(&weights, &[0, 9, 4, side * side]);
    let weights = graph.softmax(&weights, 1);
    let padded = graph.pad(x);
    let mut parts = Vec::new();
    for tap in 0..9 {
        let (dy, dx) = (tap / 3, tap % 3);
        let neighbour = graph.slice(&padded, &[[dy, dy + side, 2], [dx, dx + side, 3]]);
        let neighbour = graph.reshape(&neighbour, &[0, 1, -1, side * side]);
        let weight = graph.slice(&weights, &[[tap, tap + 1, 1]]);
        let weight = graph.reshape(&weight, &[0, 4, 1, side * side]);
        parts.push(graph.mul(&neighbour, &weight)); // [batch, 4 phases, channels, cells]
    }
    let phases = graph.op("Sum", &parts.iter().collect::<Vec<_>>(), vec![]);
    let phases = graph.reshape(&phases, &[0, 2, 2, -1, side, side]);
    let y = graph.transpose(&phases, &[0, 3, 4, 1, 5, 2]);
    let y = graph.reshape(&y, &[0, -1, 2 * side, 2 * side]);
    conv(graph, &y, "out")
}

/// How much of each channel, at each cell, is causal: in `(0, 1)`.
fn gate(graph: &mut Graph, level: &Value, name: &str, side: usize) -> Result<Value, OnnxError> {
    let x = coord_conv(graph, level, &format!("{name}.coordconv.conv1"), side)?;
    let (weight, shift) = (format!("{name}.conv2.0.weight"), format!("{name}.conv2.1.bias"));
    let x = graph.conv(&x, &weight, &[&shift], 1)?;
    let x = graph.relu(&x);
    let x = coord_conv(graph, &x, &format!("{name}.coordconv2.conv1"), side)?;
    let shifts = [format!("{name}.conv.bias"), format!("{name}.bn.bias")];
    let x = graph.conv(&x, &format!("{name}.conv.weight"), &[&shifts[0], &shifts[1]], 1)?;
    Ok(graph.op("Sigmoid", &[&x], vec![]))
}

/// A convolution over a map and the coordinates of its cells, whose share depends on the map's side alone.
fn coord_conv(graph: &mut Graph, x: &Value, name: &str, side: usize) -> Result<Value, OnnxError> {
    let mut weight = graph.take(&format!("{name}.0.weight"))?;
    let shift = graph.take(&format!("{name}.1.bias"))?;
    let [outputs, inputs] = [weight.shape[0], weight.shape[1]];
    let mut share = vec![0.0; outputs * side * side];
    let place = |i: usize| -1.0 + 2.0 * i as f32 / (side - 1).max(1) as f32;
    for (output, map) in share.chunks_exact_mut(side * side).enumerate() {
        let of = |channel: usize| &weight.data[(output * inputs + channel) * 9..][..9];
        let [xs, ys] = [of(inputs - 2), of(inputs - 1)];
        for (cell, sum) in map.iter_mut().enumerate() {
            *sum = shift.data[output];
            for tap in 0..9 {
                let row = (cell / side + tap / 3).checked_sub(1).filter(|row| *row < side);
                let column = (cell % side + tap % 3).checked_sub(1).filter(|column| *column < side);
                if let (Some(row), Some(column)) = (row, column) {
                    *sum += xs[tap] * place(column) + ys[tap] * place(row);
                }
            }
        }
    }
    let kernels = weight.data.chunks_exact(inputs * 9);
    weight.data = kernels.flat_map(|kernel| &kernel[..(inputs - 2) * 9]).copied().collect();
    weight.shape[1] = inputs - 2;
    let share = graph.constant(&format!("{name}.places"), &[1, outputs, side, side], &share);
    let y = graph.conv_of(x, &weight, &vec![0.0; outputs], 1);
    let y = graph.add(&y, &share);
    Ok(graph.relu(&y))
}
