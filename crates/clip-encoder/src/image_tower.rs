//! Pixels to a pyramid of features, or to CLIP's image embedding.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use vision_layers::{Conv, FoldedConv, Pyramid, avg_pool, batch_norm, rectified};

use crate::attention_pool::{AttentionPool, FoldedAttentionPool};
use crate::bottleneck::{Bottleneck, FoldedBottleneck};
use crate::config::ImageTowerConfig;

/// Everything the trunk computes; [`Pyramid`] without the head.
#[derive(Clone, Debug)]
pub struct Trunk {
    /// After the stem's pool: `[batch, w, height / 4, width / 4]`
    pub stem: Tensor<4>,
    /// `[batch, 4 w, height / 4, width / 4]`
    pub layer1: Tensor<4>,
    /// `[batch, 8 w, height / 8, width / 8]`
    pub c3: Tensor<4>,
    /// `[batch, 16 w, height / 16, width / 16]`
    pub c4: Tensor<4>,
    /// `[batch, 32 w, height / 32, width / 32]`
    pub layer4: Tensor<4>,
}

/// CLIP's anti-aliased ResNet with its attention pool.
///
/// "Learning Transferable Visual Models From Natural Language Supervision" (2021), section 2.4.
/// Released name: `ModifiedResNet` (`backbone.visual`).
#[derive(Module, Debug)]
pub struct ImageTower {
    conv1: Conv,
    bn1: BatchNorm,
    conv2: Conv,
    bn2: BatchNorm,
    conv3: Conv,
    bn3: BatchNorm,
    layer1: Vec<Bottleneck>,
    layer2: Vec<Bottleneck>,
    layer3: Vec<Bottleneck>,
    layer4: Vec<Bottleneck>,
    attention_pool: AttentionPool,
}

/// An [`ImageTower`] for inference: the batch norms are folded into the convolutions, what depends
/// on the map's size alone is computed once.
#[derive(Debug)]
pub struct FoldedImageTower {
    stem: [FoldedConv; 3],
    layers: [Vec<FoldedBottleneck>; 4],
    attention_pool: FoldedAttentionPool,
}

impl ImageTower {
    /// A fresh tower; `config` has been checked.
    pub fn new(config: &ImageTowerConfig, embed_dim: usize, device: &Device) -> Self {
        let w = config.width;
        let norm = |channels| BatchNormConfig::new(channels).init(device);
        let mut inputs = w;
        let mut layer = |i: usize| -> Vec<Bottleneck> {
            let planes = w << i;
            (0..config.blocks[i])
                .map(|block| {
                    let stride = if i > 0 && block == 0 { 2 } else { 1 };
                    let block = Bottleneck::new(inputs, planes, stride, device);
                    inputs = 4 * planes;
                    block
                })
                .collect()
        };
        let layers = [layer(0), layer(1), layer(2), layer(3)];
        let [layer1, layer2, layer3, layer4] = layers;
        Self {
            conv1: Conv::new(3, w / 2, 3, device).with_stride(2),
            bn1: norm(w / 2),
            conv2: Conv::new(w / 2, w / 2, 3, device),
            bn2: norm(w / 2),
            conv3: Conv::new(w / 2, w, 3, device),
            bn3: norm(w),
            layer1,
            layer2,
            layer3,
            layer4,
            attention_pool: AttentionPool::new(config, embed_dim, device),
        }
    }

    /// The network's view of a picture: every cell is kept.
    ///
    /// # Shapes
    ///
    /// - `pixels`: `[batch, 3, height, width]`, normalised; height and width multiples of 32
    pub fn forward(&self, pixels: Tensor<4>) -> Pyramid {
        let trunk = self.trunk(pixels);
        let c5 = self.dense(trunk.layer4);
        Pyramid { c3: trunk.c3, c4: trunk.c4, c5 }
    }

    /// CLIP's image embedding, not normalised.
    ///
    /// # Shapes
    ///
    /// - `pixels`: `[batch, 3, height, width]`; CLIP's own use is the native size, at another one
    ///   the positional grid is resized
    /// - output: `[batch, embed_dim]`
    pub fn embed(&self, pixels: Tensor<4>) -> Tensor<2> {
        self.attention_pool.pooled(self.trunk(pixels).layer4)
    }

    /// The dense head on the trunk's last map.
    ///
    /// # Shapes
    ///
    /// - `layer4`: `[batch, 32 w, height, width]`
    /// - output: `[batch, embed_dim, height, width]`
    pub fn dense(&self, layer4: Tensor<4>) -> Tensor<4> {
        self.attention_pool.dense(layer4)
    }

    /// The stem and the four layers.
    ///
    /// # Shapes
    ///
    /// - `pixels`: `[batch, 3, height, width]`
    pub fn trunk(&self, pixels: Tensor<4>) -> Trunk {
        let x = relu(batch_norm(&self.bn1, self.conv1.forward(pixels)));
        let x = relu(batch_norm(&self.bn2, self.conv2.forward(x)));
        let x = relu(batch_norm(&self.bn3, self.conv3.forward(x)));
        let run = |layer: &[Bottleneck], x| layer.iter().fold(x, |x, block| block.forward(x));
        let stem = avg_pool(x, 2);
        let layer1 = run(&self.layer1, stem.clone());
        let c3 = run(&self.layer2, layer1.clone());
        let c4 = run(&self.layer3, c3.clone());
        let layer4 = run(&self.layer4, c4.clone());
        Trunk { stem, layer1, c3, c4, layer4 }
    }

    /// The tower for inference; the unfolded weights are freed as it goes.
    pub fn fold(self) -> FoldedImageTower {
        let layers = [self.layer1, self.layer2, self.layer3, self.layer4];
        FoldedImageTower {
            stem: [
                FoldedConv::new(&self.conv1, Some(&self.bn1)),
                FoldedConv::new(&self.conv2, Some(&self.bn2)),
                FoldedConv::new(&self.conv3, Some(&self.bn3)),
            ],
            layers: layers.map(|layer| layer.into_iter().map(Bottleneck::fold).collect()),
            attention_pool: self.attention_pool.fold(),
        }
    }
}

impl FoldedImageTower {
    /// As [`ImageTower::forward`].
    ///
    /// # Shapes
    ///
    /// - `pixels`: `[batch, 3, height, width]`, normalised; height and width multiples of 32
    pub fn forward(&self, pixels: Tensor<4>) -> Pyramid {
        let stem = self.stem.iter().fold(pixels, |x, conv| rectified(conv.forward(x)));
        let run = |i: usize, x| self.layers[i].iter().fold(x, |x, block| block.forward(x));
        let c3 = run(1, run(0, avg_pool(stem, 2)));
        let c4 = run(2, c3.clone());
        let c5 = self.attention_pool.dense(run(3, c4.clone()));
        Pyramid { c3, c4, c5 }
    }
}
