//! The projector for inference: what stands before the sentence is computed once for all sentences
//! about a picture, and the large map exists one tile at a time.

use std::ops::Range;
use std::sync::Arc;

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor, TensorData};
use vision_layers::{
    ConvNormRelu, ENLARGED, PerSize, add_taps, enlarge_lines_relu, joined, rectified,
    scale_and_shift, shifted_enlargements,
};

use crate::projector::{Projector, SentenceKernel};

/// A [`Projector`] for inference.
#[derive(Debug)]
pub(crate) struct FoldedProjector {
    first: EnlargedConv,
    second: EnlargedConv,
    /// `[c, c]`
    mix: Tensor<2>,
    /// `[c, 1]`
    mix_bias: Tensor<2>,
    text: Linear,
}

/// Fourfold enlargement, 3x3 convolution, batch norm, ReLU.
#[derive(Debug)]
struct EnlargedConv {
    /// `[outputs, 9, inputs + 1]`: the last column is the norm's shift, at the middle tap alone: an
    /// enlarged constant is that constant.
    taps: Tensor<3>,
    tiles: PerSize<Arc<Tiles>>,
}

/// How a map is cut, `[rows, columns]`.
#[derive(Debug)]
struct Tiles {
    rows: Vec<Tile>,
    columns: Vec<Tile>,
}

/// One piece of an axis. Its matrix has a fixed size, where the whole axis' grows with it and is
/// mostly zero.
#[derive(Clone, Debug)]
struct Tile {
    /// Cells of the small map that are read: one more on each side, as far as there is one.
    from: Range<usize>,
    /// `[4 cells, 3 from.len()]`: rows and columns of [`shifted_enlargements`].
    matrix: Tensor<2>,
}

/// Cells of the small map in a tile, at most.
const TILE: usize = 14;

/// Lines of the small map whose enlargements exist at once.
const LINES: usize = 8;

/// Most numbers in the channel mixings that exist at once; of larger maps a part of the channels
/// after another, each of which reads the whole small map anew.
const MIXED_AT_ONCE: usize = 8 << 20;

impl FoldedProjector {
    pub(crate) fn new(projector: Projector) -> Self {
        let mix = projector.mix.weight.val();
        let [c, ..] = mix.dims();
        let bias = projector.mix.bias.as_ref().map(|bias| bias.val());
        Self {
            first: EnlargedConv::new(projector.conv1),
            second: EnlargedConv::new(projector.conv2),
            mix_bias: bias.unwrap_or_else(|| Tensor::zeros([c], &mix.device())).reshape([c, 1]),
            mix: mix.reshape([c, c]),
            // What was to be read when it is first used is read now.
            text: projector.text.valid(),
        }
    }

    /// The logits of several sentences about one picture.
    ///
    /// # Shapes
    ///
    /// - `map`: `[1, d, h, w]`
    /// - `states`: `[sentences, state]`
    /// - output: `[sentences, 1, 16 h, 16 w]`
    pub(crate) fn forward(&self, map: Tensor<4>, states: Tensor<2>) -> Tensor<4> {
        let SentenceKernel { kernel, offset } = SentenceKernel::new(&self.text, states);
        let [sentences, c, ..] = kernel.dims();
        let kernel = kernel.reshape([sentences, c, 9]).swap_dims(1, 2).reshape([sentences * 9, c]);
        // The 1x1 convolution goes into the kernels; its bias counts for the taps that fall inside
        // the map, so it is added before the padding.
        let merged = kernel.clone().matmul(self.mix.clone()); // [(sentence, tap), c]
        let border = kernel.matmul(self.mix_bias.clone());

        let x = self.first.map(map); // [d, 4 h, 4 w]
        let p = self.second.products(x, merged); // [(sentence, tap), 16 h, 16 w]
        let [_, height, width] = p.dims();
        let p = p.reshape([sentences, 9, height, width]);
        add_taps(p, border.reshape([sentences * 9]), offset)
    }
}

impl EnlargedConv {
    fn new(layer: ConvNormRelu) -> Self {
        let (scale, shift) = scale_and_shift(&layer.norm);
        let weight = layer.conv.weight.val();
        let [outputs, inputs, ..] = weight.dims();
        let taps = weight * scale.reshape([outputs, 1, 1, 1]);
        let taps = taps.permute([0, 2, 3, 1]).reshape([outputs, 9, inputs]);
        let middle = [(0, 0), (4, 4), (0, 0)];
        let shift = shift.reshape([outputs, 1, 1]).pad(middle, PadMode::Constant(0.0));
        Self { taps: Tensor::cat(vec![taps, shift], 2), tiles: PerSize::default() }
    }

    /// `x [1, inputs, h, w]` -> `[outputs, 4 h, 4 w]`
    fn map(&self, x: Tensor<4>) -> Tensor<3> {
        let [_, inputs, h, w] = x.dims();
        let [outputs, ..] = self.taps.dims();
        let z = self.mixed(with_ones(x.reshape([inputs, h * w])), 0..outputs, [h, w]);
        match enlarge_lines_relu(&z, 0..h) {
            Some(whole) => whole,
            None => {
                self.tiles(h, w, &z.device()).whole(|rows, columns| enlarged(&z, rows, columns))
            }
        }
    }

    /// What `weight [n, outputs]` makes of every cell of the layer's map, which is never there as a
    /// whole: `x [inputs, h, w]` -> `[n, 4 h, 4 w]`
    fn products(&self, x: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
        let [inputs, h, w] = x.dims();
        let x = with_ones(x.reshape([inputs, h * w]));
        let [outputs, ..] = self.taps.dims();
        let [n, _] = weight.dims();
        let mut sum: Option<Tensor<3>> = None;
        let at_once = (MIXED_AT_ONCE / (9 * h * w)).max(64);
        for first in (0..outputs).step_by(at_once) {
            let part = first..(first + at_once).min(outputs);
            let z = self.mixed(x.clone(), part.clone(), [h, w]);
            let weight = weight.clone().slice([0..n, part]);
            let product = |y: Tensor<3>| {
                let [channels, height, width] = y.dims();
                let y = y.reshape([channels, height * width]);
                weight.clone().matmul(y).reshape([n, height, width])
            };
            let lines = (0..h).step_by(LINES).map(|first| first..(first + LINES).min(h));
            let bands = lines.map(|lines| Some(product(enlarge_lines_relu(&z, lines)?)));
            let found = match bands.collect::<Option<Vec<_>>>() {
                Some(bands) => joined(bands, 1),
                None => self
                    .tiles(h, w, &z.device())
                    .whole(|rows, columns| product(enlarged(&z, rows, columns))),
            };
            sum = Some(match sum {
                Some(sum) => sum + found,
                None => found,
            });
        }
        sum.unwrap_or_else(|| Tensor::zeros([n, ENLARGED * h, ENLARGED * w], &x.device()))
    }

    /// The channel mixings of all taps: `x [inputs + 1, h w]` -> `[1, 9 part, h, w]`
    fn mixed(&self, x: Tensor<2>, part: Range<usize>, [h, w]: [usize; 2]) -> Tensor<4> {
        let [outputs, _, inputs] = self.taps.dims();
        let taps = self.taps.clone().reshape([outputs * 9, inputs]);
        let taps = taps.slice([9 * part.start..9 * part.end, 0..inputs]);
        taps.matmul(x).reshape([1, 9 * part.len(), h, w])
    }

    fn tiles(&self, h: usize, w: usize, device: &Device) -> Arc<Tiles> {
        self.tiles.get([h, w], || Arc::new(Tiles { rows: cut(h, device), columns: cut(w, device) }))
    }
}

impl Tiles {
    /// The pieces side by side.
    fn whole(&self, piece: impl Fn(&Tile, &Tile) -> Tensor<3>) -> Tensor<3> {
        let row = |rows: &Tile| {
            joined(self.columns.iter().map(|columns| piece(rows, columns)).collect(), 2)
        };
        joined(self.rows.iter().map(row).collect(), 1)
    }
}

/// Tiles of nearly equal size that cover an axis of `n` cells.
fn cut(n: usize, device: &Device) -> Vec<Tile> {
    let count = n.div_ceil(TILE);
    let whole = shifted_enlargements(n);
    let tile = |i: usize| {
        let cells = i * n / count..(i + 1) * n / count;
        let from = cells.start.saturating_sub(1)..(cells.end + 1).min(n);
        let (rows, row) = (ENLARGED * cells.len(), 3 * n);
        let values = whole[ENLARGED * cells.start * row..ENLARGED * cells.end * row].chunks(n);
        let values = values.flat_map(|part| part[from.clone()].iter().copied());
        let shape = [rows, 3 * from.len()];
        let matrix = Tensor::from_data(TensorData::new(values.collect::<Vec<_>>(), shape), device);
        Tile { from, matrix }
    };
    (0..count).map(tile).collect()
}

/// One more row, of ones: the taps' last column is a constant.
fn with_ones(x: Tensor<2>) -> Tensor<2> {
    let [_, cells] = x.dims();
    let ones = Tensor::ones([1, cells], &x.device());
    Tensor::cat(vec![x, ones], 0)
}

/// The large map in one tile, after the ReLU: `z [1, 9 channels, h, w]` -> `[channels, rows, columns]`
fn enlarged(z: &Tensor<4>, rows: &Tile, columns: &Tile) -> Tensor<3> {
    let [_, taps, height, width] = z.dims();
    let channels = taps / 9;
    let (h, w) = (rows.from.len(), columns.from.len());
    let z = z
        .clone()
        .reshape([channels, 3, 3, height, width])
        .slice([0..channels, 0..3, 0..3, rows.from.clone(), columns.from.clone()])
        .permute([0, 1, 3, 2, 4]) // [.., dy, h, dx, w]
        .reshape([channels * 3 * h, 3 * w]);
    let z = z.matmul(columns.matrix.clone().transpose());
    let [_, width] = z.dims();
    rectified(rows.matrix.clone().unsqueeze::<3>().matmul(z.reshape([channels, 3 * h, width])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projector::ProjectorForm;
    use burn::tensor::Distribution;

    #[test]
    fn folded_projector_is_the_projector() {
        let device = Device::flex();
        device.seed(5);
        let random = |shape: [usize; 2]| {
            Tensor::<2>::random(shape, Distribution::Uniform(-1.0, 1.0), &device)
        };
        let projector = Projector::new(8, 10, &device);
        projector.conv1.norm.running_mean.update(random([1, 8]).reshape([8]) * 0.2);
        projector.conv2.norm.running_var.update(random([1, 4]).reshape([4]) * 0.4 + 1.0);
        let folded = FoldedProjector::new(projector.clone());
        for (h, w) in [(1, 1), (2, 5), (5, 16), (15, 4)] {
            let x = random([8, h * w]).reshape([1, 8, h, w]);
            let states = random([3, 10]);
            let plain = projector.forward(
                x.clone().expand([3, 8, h, w]),
                states.clone(),
                ProjectorForm::Plain,
            );
            let worst = (folded.forward(x, states) - plain).abs().max().into_scalar::<f32>();
            assert!(worst < 2e-5, "{h} x {w}: {worst}");
        }
    }

    #[test]
    fn tiles_are_the_lines() {
        let device = Device::flex();
        device.seed(6);
        for (h, w) in [(1, 1), (5, 16), (29, 4)] {
            let uniform = Distribution::Uniform(-1.0, 1.0);
            let z = Tensor::<4>::random([1, 18, h, w], uniform, &device);
            let tiles = Tiles { rows: cut(h, &device), columns: cut(w, &device) };
            let tiles = tiles.whole(|rows, columns| enlarged(&z, rows, columns));
            let lines = enlarge_lines_relu(&z, 0..h).expect("the CPU has the operation");
            let worst = (tiles - lines).abs().max().into_scalar::<f32>();
            assert!(worst < 1e-5, "{h} x {w}: {worst}");
        }
    }
}
