//! Attention over the cells of the trunk's last map: dense for segmentation, pooled for CLIP.

use burn::module::{Module, Param};
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::activation::{relu, softmax};
use burn::tensor::{Device, Tensor};
use vision_layers::{
    Conv, FoldedConv, PerSize, batch_norm, bicubic_matrix, rectified, resize_with,
};

use crate::config::ImageTowerConfig;

/// Multi-head attention whose tokens are the cells of a map.
///
/// Released name: `AttentionPool2d` (`attnpool`).
#[derive(Module, Debug)]
pub struct AttentionPool {
    /// `[1 + grid · grid, channels]`: row 0 is the pooled head's, the others are the grid.
    positional_embedding: Param<Tensor<2>>,
    k_proj: Linear,
    q_proj: Linear,
    v_proj: Linear,
    c_proj: Linear,
    connect: Connect,
    grid: usize,
    heads: usize,
}

/// The dense head of an [`AttentionPool`] for inference.
#[derive(Debug)]
pub(crate) struct FoldedAttentionPool {
    positional_embedding: Param<Tensor<2>>,
    k_proj: Linear,
    q_proj: Linear,
    v_proj: Linear,
    c_proj: Linear,
    connect: FoldedConv,
    grid: usize,
    heads: usize,
    positions: PerSize<Tensor<4>>,
}

/// Queries, keys and values of either.
struct Attention<'a> {
    q_proj: &'a Linear,
    k_proj: &'a Linear,
    v_proj: &'a Linear,
    c_proj: &'a Linear,
    heads: usize,
}

/// The dense head's shortcut; not a part of CLIP.
#[derive(Module, Debug)]
pub struct Connect {
    conv: Conv,
    norm: burn::nn::BatchNorm,
}

impl AttentionPool {
    /// A fresh head on `32 width` channels.
    pub fn new(config: &ImageTowerConfig, embed_dim: usize, device: &Device) -> Self {
        let channels = 32 * config.width;
        let grid = config.image_size / 32;
        let linear = |outputs| LinearConfig::new(channels, outputs).init(device);
        let deviation = (channels as f64).powf(-0.5);
        Self {
            positional_embedding: Initializer::Normal { mean: 0.0, std: deviation }
                .init([grid * grid + 1, channels], device),
            k_proj: linear(channels),
            q_proj: linear(channels),
            v_proj: linear(channels),
            c_proj: linear(embed_dim),
            connect: Connect {
                conv: Conv::new(channels, embed_dim, 1, device),
                norm: burn::nn::BatchNormConfig::new(embed_dim).init(device),
            },
            grid,
            heads: config.heads,
        }
    }

    /// Every cell attends to every cell.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, channels, height, width]`
    /// - output: `[batch, embed_dim, height, width]`, not negative
    pub fn dense(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = x.dims();
        let y = self.attention().over_map(x.clone() + self.positions(height, width));
        // The shortcut takes the cells without their positions.
        relu(y + batch_norm(&self.connect.norm, self.connect.conv.forward(x)))
    }

    pub(crate) fn fold(self) -> FoldedAttentionPool {
        FoldedAttentionPool {
            positional_embedding: self.positional_embedding,
            k_proj: self.k_proj,
            q_proj: self.q_proj,
            v_proj: self.v_proj,
            c_proj: self.c_proj,
            connect: FoldedConv::new(&self.connect.conv, Some(&self.connect.norm)),
            grid: self.grid,
            heads: self.heads,
            positions: PerSize::default(),
        }
    }

    /// The mean cell attends to every cell: CLIP's image embedding.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, channels, height, width]`
    /// - output: `[batch, embed_dim]`
    pub fn pooled(&self, x: Tensor<4>) -> Tensor<2> {
        let [batch, channels, height, width] = x.dims();
        let positions = self.positions(height, width).reshape([1, channels, height * width]);
        let cells = x.reshape([batch, channels, height * width]);
        let first = self.positional_embedding.val().slice([0..1, 0..channels]);
        let mean = cells.clone().mean_dim(2).swap_dims(1, 2) + first.reshape([1, 1, channels]);
        let tokens = Tensor::cat(vec![mean.clone(), (cells + positions).swap_dims(1, 2)], 1);
        self.attention().of(mean, tokens).flatten(0, 1)
    }

    /// The positional grid at the size of the map: `[1, channels, height, width]`.
    fn positions(&self, height: usize, width: usize) -> Tensor<4> {
        positions(self.positional_embedding.val(), self.grid, height, width)
    }

    fn attention(&self) -> Attention<'_> {
        Attention {
            q_proj: &self.q_proj,
            k_proj: &self.k_proj,
            v_proj: &self.v_proj,
            c_proj: &self.c_proj,
            heads: self.heads,
        }
    }
}

impl FoldedAttentionPool {
    pub(crate) fn dense(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = x.dims();
        let places = self.positions.get([height, width], || {
            positions(self.positional_embedding.val(), self.grid, height, width)
        });
        let attention = Attention {
            q_proj: &self.q_proj,
            k_proj: &self.k_proj,
            v_proj: &self.v_proj,
            c_proj: &self.c_proj,
            heads: self.heads,
        };
        rectified(attention.over_map(x.clone() + places) + self.connect.forward(x))
    }
}

/// `table [1 + grid · grid, channels]` as a map of another size: `[1, channels, height, width]`.
fn positions(table: Tensor<2>, grid: usize, height: usize, width: usize) -> Tensor<4> {
    let [rows, channels] = table.dims();
    let map = table.slice([1..rows, 0..channels]).transpose().reshape([1, channels, grid, grid]);
    if (height, width) == (grid, grid) {
        return map;
    }
    resize_with(map, bicubic_matrix(grid, height), bicubic_matrix(grid, width))
}

impl Attention<'_> {
    /// Every cell of `x [batch, channels, height, width]` attends to every cell.
    fn over_map(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = x.dims();
        let tokens = x.reshape([batch, channels, height * width]).swap_dims(1, 2);
        let y = self.of(tokens.clone(), tokens).swap_dims(1, 2); // [batch, embed_dim, cells]
        let embed_dim = y.dims()[1];
        y.reshape([batch, embed_dim, height, width])
    }

    /// `query [batch, n, channels]`, `tokens [batch, cells, channels]` -> `[batch, n, embed_dim]`
    fn of(&self, query: Tensor<3>, tokens: Tensor<3>) -> Tensor<3> {
        let [batch, queries, channels] = query.dims();
        let per_head = channels / self.heads;
        let split = |x: Tensor<3>| {
            let cells = x.dims()[1];
            x.reshape([batch, cells, self.heads, per_head]).swap_dims(1, 2)
        };
        let q = split(self.q_proj.forward(query)) * (per_head as f64).powf(-0.5);
        let k = split(self.k_proj.forward(tokens.clone()));
        let v = split(self.v_proj.forward(tokens));
        let weights = softmax(q.matmul(k.swap_dims(2, 3)), 3); // [batch, heads, n, cells]
        let y = weights.matmul(v).swap_dims(1, 2).reshape([batch, queries, channels]);
        self.c_proj.forward(y)
    }
}
