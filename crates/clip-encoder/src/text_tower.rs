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
        let mut x = self.embed(tokens.clone());
        let mask = causal_mask(words, &x.device());
        for block in &self.blocks {
            x = block.forward(x, mask.clone());
        }
        let x = self.ln_final.forward(x);
        let width = x.dims()[2];
        let last = x.clone().gather(1, end_of(tokens, width)).reshape([batch, width]);
        TextFeatures { words: x, state: last.matmul(self.text_projection.val()) }
    }

    /// The states alone: the last block computes one word of each sentence, its end token.
    ///
    /// # Shapes
    ///
    /// - `tokens`: as in [`TextTower::forward`]; columns behind the longest sentence cost time and
    ///   change nothing
    /// - output: `[batch, embed_dim]`
    pub fn states(&self, tokens: Tensor<2, Int>) -> Tensor<2> {
        let [batch, words] = tokens.dims();
        let Some((last_block, blocks)) = self.blocks.split_last() else {
            return self.forward(tokens).state;
        };
        let mut x = self.embed(tokens.clone());
        let device = x.device();
        let mask = causal_mask(words, &device);
        for block in blocks {
            x = block.forward(x, mask.clone());
        }
        let width = x.dims()[2];
        let word = x.clone().gather(1, end_of(tokens.clone(), width)); // [batch, 1, width]
        // As floats: the backends' integers differ in width.
        let places = (0..words).map(|i| i as f32).collect::<Vec<_>>();
        let places = Tensor::<2>::from_data(TensorData::new(places, [1, words]), &device);
        let end = tokens.argmax(1).float(); // [batch, 1]
        let hidden = (places - end).clamp(0.0, 1.0) * HIDDEN; // one after the end, zero before
        let hidden = hidden.reshape([batch, 1, 1, words]);
        let word = self.ln_final.forward(last_block.forward_word(x, word, hidden));
        word.reshape([batch, width]).matmul(self.text_projection.val())
    }

    /// Token and place of each word: `[batch, words, width]`
    fn embed(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        let words = tokens.dims()[1];
        let width = self.positional_embedding.dims()[1];
        let positions = self.positional_embedding.val().slice([0..words, 0..width]);
        self.token_embedding.forward(tokens) + positions.unsqueeze::<3>()
    }
}

/// Where each sentence ends, as `gather` along the words takes it: `[batch, 1, width]`
fn end_of(tokens: Tensor<2, Int>, width: usize) -> Tensor<3, Int> {
    let batch = tokens.dims()[0];
    tokens.argmax(1).reshape([batch, 1, 1]).expand([batch, 1, width])
}

/// What a word may not see is scored lower by this: finite, for minus infinity times zero in a
/// backward pass would not be a number.
const HIDDEN: f32 = -1e9;

/// `[1, 1, words, words]`: 0 where a word may look, a large negative number after it.
fn causal_mask(words: usize, device: &Device) -> Tensor<4> {
    let mask = (0..words * words)
        .map(|i| if i % words > i / words { HIDDEN } else { 0.0 })
        .collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(mask, [1, 1, words, words]), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Activation, ClipConfig};

    #[test]
    fn states_alone_are_the_states() {
        let device = Device::flex();
        device.seed(3);
        let tiny = ClipConfig::tiny().text;
        for layers in [1, 3] {
            let config = TextTowerConfig { layers, activation: Activation::Gelu, ..tiny.clone() };
            let tower = TextTower::new(&config, 24, &device);
            let end = config.vocabulary as i32 - 1;
            let tokens = Tensor::<1, Int>::from_ints(
                [end - 1, 5, 9, end, 0, 0, end - 1, end, 0, 0, 0, 0, end - 1, 8, 7, 3, 2, end],
                &device,
            );
            let tokens = tokens.reshape([3, 6]);
            let plain = tower.forward(tokens.clone()).state;
            let worst = (tower.states(tokens) - plain.clone()).abs().max().into_scalar::<f32>();
            assert!(worst < 1e-5 * plain.abs().max().into_scalar::<f32>(), "{layers}: {worst}");
        }
    }
}
