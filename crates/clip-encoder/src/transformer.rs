//! The pre-norm block of the text tower.

use burn::module::Module;
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::activation::{gelu, sigmoid, softmax};
use burn::tensor::module::linear;
use burn::tensor::{Device, Tensor};

use crate::config::{Activation, TextTowerConfig};

/// Causal self-attention and a two-layer perceptron, each behind a layer norm and a shortcut.
///
/// Released name: `ResidualAttentionBlock`.
#[derive(Module, Debug)]
pub struct TextBlock {
    ln_1: LayerNorm,
    attn: Attention,
    ln_2: LayerNorm,
    mlp: Mlp,
}

/// Self-attention with the queries', keys' and values' weights in one matrix.
#[derive(Module, Debug)]
pub struct Attention {
    in_proj: Linear,
    out_proj: Linear,
    heads: usize,
}

/// Widens fourfold, activates, narrows.
#[derive(Module, Debug)]
pub struct Mlp {
    c_fc: Linear,
    c_proj: Linear,
    /// Whether the activation is the exact GELU rather than QuickGELU.
    exact_gelu: bool,
}

impl TextBlock {
    /// A fresh block.
    pub fn new(config: &TextTowerConfig, device: &Device) -> Self {
        let w = config.width;
        let linear = |i, o| LinearConfig::new(i, o).init(device);
        Self {
            ln_1: LayerNormConfig::new(w).init(device),
            attn: Attention {
                in_proj: linear(w, 3 * w),
                out_proj: linear(w, w),
                heads: config.heads,
            },
            ln_2: LayerNormConfig::new(w).init(device),
            mlp: Mlp {
                c_fc: linear(w, 4 * w),
                c_proj: linear(4 * w, w),
                exact_gelu: config.activation == Activation::Gelu,
            },
        }
    }

    /// # Shapes
    ///
    /// - `x`: `[batch, words, width]`
    /// - `mask`: `[1, 1, words, words]`, added to the attention scores
    /// - output: `[batch, words, width]`
    pub fn forward(&self, x: Tensor<3>, mask: Tensor<4>) -> Tensor<3> {
        let x = x.clone() + self.attn.forward(self.ln_1.forward(x), mask);
        x.clone() + self.mlp.forward(self.ln_2.forward(x))
    }

    /// One word of each sentence, for the last block: queries and perceptron of that word alone.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, words, width]`
    /// - `word`: `[batch, 1, width]`, the rows of `x` that are asked for
    /// - `mask`: `[batch, 1, 1, words]`, added to the attention scores
    /// - output: `[batch, 1, width]`
    pub fn forward_word(&self, x: Tensor<3>, word: Tensor<3>, mask: Tensor<4>) -> Tensor<3> {
        let found =
            self.attn.forward_word(self.ln_1.forward(x), self.ln_1.forward(word.clone()), mask);
        let word = word + found;
        word.clone() + self.mlp.forward(self.ln_2.forward(word))
    }
}

impl Attention {
    fn forward(&self, x: Tensor<3>, mask: Tensor<4>) -> Tensor<3> {
        let [batch, words, width] = x.dims();
        let per_head = width / self.heads;
        let fused = self
            .in_proj
            .forward(x)
            .reshape([batch, words, 3, self.heads, per_head])
            .permute([2, 0, 3, 1, 4]); // [3, batch, heads, words, per head]
        let part = |i: usize| -> Tensor<4> {
            fused
                .clone()
                .slice([i..i + 1, 0..batch, 0..self.heads, 0..words, 0..per_head])
                .reshape([batch, self.heads, words, per_head])
        };
        let y = attend(part(0), part(1), part(2), mask);
        self.out_proj.forward(y.swap_dims(1, 2).reshape([batch, words, width]))
    }

    fn forward_word(&self, x: Tensor<3>, word: Tensor<3>, mask: Tensor<4>) -> Tensor<3> {
        let [batch, words, width] = x.dims();
        let per_head = width / self.heads;
        let (weight, bias) = (self.in_proj.weight.val(), self.in_proj.bias.as_ref());
        // The columns of the queries; those of keys and values.
        let part = |x: Tensor<3>, from: usize, to: usize| {
            let weight = weight.clone().slice([0..width, from * width..to * width]);
            let bias = bias.map(|bias| bias.val().slice(from * width..to * width));
            linear(x, weight, bias)
        };
        let q = part(word, 0, 1).reshape([batch, self.heads, 1, per_head]);
        let kv =
            part(x, 1, 3).reshape([batch, words, 2, self.heads, per_head]).permute([2, 0, 3, 1, 4]);
        let of = |i: usize| -> Tensor<4> {
            kv.clone()
                .slice([i..i + 1, 0..batch, 0..self.heads, 0..words, 0..per_head])
                .reshape([batch, self.heads, words, per_head])
        };
        self.out_proj.forward(attend(q, of(0), of(1), mask).reshape([batch, 1, width]))
    }
}

/// `[batch, heads, queries or words, per head]` each; `mask` is added to the scores.
fn attend(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, mask: Tensor<4>) -> Tensor<4> {
    let scale = (q.dims()[3] as f64).powf(-0.5);
    softmax((q * scale).matmul(k.swap_dims(2, 3)) + mask, 3).matmul(v)
}

impl Mlp {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = self.c_fc.forward(x);
        self.c_proj.forward(if self.exact_gelu { gelu(x) } else { quick_gelu(x) })
    }
}

/// `x · sigmoid(1.702 x)`: the activation of OpenAI's weights.
///
/// # Shapes
///
/// - `x` and output: any, the same
pub fn quick_gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.clone() * sigmoid(x * 1.702)
}
