//! Token ids to word features and the sentence's state.

use burn::module::{Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, Initializer, LayerNorm, LayerNormConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::config::TextTowerConfig;
use crate::transformer::TextBlock;

/// What the text tower says of sentences.
#[derive(Clone, Debug)]
pub struct TextFeatures {
    /// `[batch, words, text width]`, after the last layer norm.
    pub words: Tensor<3>,
    /// `[batch, embed_dim]`, not normalised: CLIP's text embedding.
    pub state: Tensor<2>,
}

/// CLIP's text transformer.
///
/// Attention is causal, so what stands after the end token cannot change the state: any padding
/// gives the same.
#[derive(Module, Debug)]
pub struct TextTower {
    token_embedding: Embedding,
    /// `[context, width]`
    positional_embedding: Param<Tensor<2>>,
    blocks: Vec<TextBlock>,
    ln_final: LayerNorm,
    /// `[width, embed_dim]`
    text_projection: Param<Tensor<2>>,
}

impl TextTower {
    /// A fresh tower, drawn as CLIP draws it; `config` has been checked.
    pub fn new(config: &TextTowerConfig, embed_dim: usize, device: &Device) -> Self {
        let w = config.width;
        let normal = |std| Initializer::Normal { mean: 0.0, std };
        Self {
            token_embedding: EmbeddingConfig::new(config.vocabulary, w)
                .with_initializer(normal(0.02))
                .init(device),
            positional_embedding: normal(0.01).init([config.context, w], device),
            blocks: (0..config.layers).map(|_| TextBlock::new(config, device)).collect(),
            ln_final: LayerNormConfig::new(w).init(device),
            text_projection: normal((w as f64).powf(-0.5)).init([w, embed_dim], device),
        }
    }

    /// Words and state of each sentence; the end token is the one with the highest id.
    ///
    /// # Shapes
    ///
    /// - `tokens`: `[batch, words]`, ids below the vocabulary's size, at most `context` words
    pub fn forward(&self, tokens: Tensor<2, Int>) -> TextFeatures {
        let [batch, words] = tokens.dims();
        let width = self.positional_embedding.dims()[1];
        let positions = self.positional_embedding.val().slice([0..words, 0..width]);
        let mut x = self.token_embedding.forward(tokens.clone()) + positions.unsqueeze::<3>();
        let mask = causal_mask(words, &x.device());
        for block in &self.blocks {
            x = block.forward(x, mask.clone());
        }
        let x = self.ln_final.forward(x);
        let end = tokens.argmax(1).reshape([batch, 1, 1]).expand([batch, 1, width]);
        let last = x.clone().gather(1, end).reshape([batch, width]);
        TextFeatures { words: x, state: last.matmul(self.text_projection.val()) }
    }
}

/// `[1, 1, words, words]`: 0 where a word may look, a large negative number after it.
fn causal_mask(words: usize, device: &Device) -> Tensor<4> {
    // Finite, for minus infinity times zero in a backward pass would not be a number.
    const HIDDEN: f32 = -1e9;
    let mask = (0..words * words)
        .map(|i| if i % words > i / words { HIDDEN } else { 0.0 })
        .collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(mask, [1, 1, words, words]), device)
}
