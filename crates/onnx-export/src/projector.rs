//! The projector: a map and a sentence's state to logits, in the paper's order or with less arithmetic.

use causal_clip_seg::format::FoldedTensor;
use vision_layers::bilinear_matrix;

use crate::error::OnnxError;
use crate::graph::{Graph, Value, text};

const PROJECTOR: &str = "proj";

/// `map: [batch, features, cells, cells]`, `state: [batch, embed_dim]` to `[batch, 1, 16 cells, 16 cells]`.
///
/// With `mixed_first` channels are mixed before a map is enlarged, and the 1x1 convolution is folded into the
/// sentence's kernel: the same in exact arithmetic, for a sixth of the multiply-adds.
pub(crate) fn projector(
    graph: &mut Graph,
    map: &Value,
    state: &Value,
    cells: usize,
    mixed_first: bool,
) -> Result<Value, OnnxError> {
    let side = 16 * cells as i64;
    let mut x = map.clone();
    for (layer, cells) in [(1, cells), (3, 4 * cells)] {
        let weight = graph.take(&format!("{PROJECTOR}.vis.{layer}.0.weight"))?;
        let shift = graph.take(&format!("{PROJECTOR}.vis.{layer}.1.bias"))?;
        x = match mixed_first {
            true => conv_then_enlarge(graph, &x, &weight, &shift, cells),
            false => {
                let large = enlarge(graph, &x);
                graph.conv_of(&large, &weight, &shift.data, 1)
            }
        };
        x = graph.relu(&x);
    }
    let kernel = graph.linear(state, &format!("{PROJECTOR}.txt"))?; // [batch, 9 channels + 1]
    let (weight, bias) = (format!("{PROJECTOR}.vis.4.weight"), format!("{PROJECTOR}.vis.4.bias"));
    let offset = graph.slice(&kernel, &[[-1, i64::MAX, 1]]);
    let taps = graph.slice(&kernel, &[[0, -1, 1]]);
    let channels = graph.shape_of(&weight)?[0] as i64;
    let taps = graph.reshape(&taps, &[0, channels, 9]);
    let taps = graph.transpose(&taps, &[0, 2, 1]); // [batch, 9, channels]
    let products = if mixed_first {
        let weight = graph.take(&weight)?;
        let weight = graph.constant(&weight.name, &[channels as usize; 2], &weight.data);
        let bias = graph.take(&bias)?;
        let bias = graph.constant(&bias.name, &[channels as usize, 1], &bias.data);
        let mixed = graph.matmul(&taps, &weight);
        let flat = graph.reshape(&x, &[0, 0, -1]);
        let products = graph.matmul(&mixed, &flat);
        // Before the shifts, so that it is zero outside of the map as the rest.
        let shift = graph.matmul(&taps, &bias);
        graph.add(&products, &shift)
    } else {
        let x = graph.conv(&x, &weight, &[&bias], 1)?;
        let flat = graph.reshape(&x, &[0, 0, -1]);
        graph.matmul(&taps, &flat)
    };
    let products = graph.reshape(&products, &[0, 9, side, side]);
    let padded = graph.pad(&products);
    let mut sum = graph.reshape(&offset, &[0, 1, 1, 1]);
    for tap in 0..9 {
        let (dy, dx) = (tap / 3, tap % 3);
        let cuts = [[tap, tap + 1, 1], [dy, dy + side, 2], [dx, dx + side, 3]];
        let part = graph.slice(&padded, &cuts);
        sum = graph.add(&sum, &part);
    }
    Ok(sum)
}

/// Four times as large on both sides, bilinear, corners not aligned.
fn enlarge(graph: &mut Graph, x: &Value) -> Value {
    let scales = graph.constants("scales", &[4], &[1.0, 1.0, 4.0, 4.0]);
    let attributes =
        vec![text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel")];
    graph.op("Resize", &[x, &String::new(), &scales], attributes)
}

/// A 3x3 convolution of the map four times enlarged, computed on the small map: nine 1x1 products, each
/// enlarged and shifted by its tap.
fn conv_then_enlarge(
    graph: &mut Graph,
    x: &Value,
    weight: &FoldedTensor,
    shift: &FoldedTensor,
    cells: usize,
) -> Value {
    let [outputs, inputs] = [weight.shape[0], weight.shape[1]];
    // [dx, output, dy, input]
    let taps = (0..3).flat_map(|dx| {
        (0..outputs).flat_map(move |o| {
            (0..3)
                .flat_map(move |dy| (0..inputs).map(move |i| ((o * inputs + i) * 3 + dy) * 3 + dx))
        })
    });
    let data = taps.map(|place| weight.data[place]).collect();
    let shape = vec![9 * outputs, inputs, 1, 1];
    let mixed = FoldedTensor { name: weight.name.clone(), shape, data };
    let y = graph.conv_of(x, &mixed, &vec![0.0; 9 * outputs], 1);

    let (small, large, outputs) = (cells as i64, 4 * cells as i64, outputs as i64);
    let matrix = shifted_rows(cells); // [4 cells, 3 cells]
    let rows = graph.constants("rows", &[4 * cells, 3 * cells], &matrix);
    let turned = (0..3 * cells).flat_map(|i| (0..4 * cells).map(move |j| j * 3 * cells + i));
    let turned = turned.map(|place| matrix[place]).collect::<Vec<_>>();
    let columns = graph.constants("columns", &[3 * cells, 4 * cells], &turned);

    let y = graph.reshape(&y, &[0, 3 * outputs, 3 * small, small]);
    let y = graph.matmul(&rows, &y); // [batch, 3 outputs, 4 cells, cells]
    let y = graph.reshape(&y, &[0, 3, outputs, large, small]);
    let y = graph.transpose(&y, &[0, 2, 3, 1, 4]);
    let y = graph.reshape(&y, &[0, outputs, large, 3 * small]);
    let y = graph.matmul(&y, &columns);
    // Flat: OpenVINO 2026.4 takes a shift of each map behind a product for one of its last axis, and gives up.
    let y = graph.reshape(&y, &[0, outputs, -1]);
    let shift = graph.constant(&shift.name, &[1, outputs as usize, 1], &shift.data);
    let y = graph.add(&y, &shift);
    graph.reshape(&y, &[0, outputs, large, large])
}

/// Row `Y` of the large map from the rows of three small ones, one for each tap `dy`: that of row `Y + dy - 1`
/// enlarged, and nothing from outside.
fn shifted_rows(cells: usize) -> Vec<f32> {
    let enlarge = bilinear_matrix(cells, 4 * cells);
    let mut matrix = vec![0.0; 4 * cells * 3 * cells];
    for (to, row) in matrix.chunks_exact_mut(3 * cells).enumerate() {
        for (dy, part) in row.chunks_exact_mut(cells).enumerate() {
            let from = (to + dy).checked_sub(1).filter(|from| *from < 4 * cells);
            if let Some(from) = from {
                part.copy_from_slice(&enlarge[from * cells..][..cells]);
            }
        }
    }
    matrix
}
