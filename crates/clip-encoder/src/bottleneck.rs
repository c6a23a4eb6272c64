//! One residual block of the image tower.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use vision_layers::{Conv, FoldedConv, avg_pool, batch_norm, rectified};

/// 1x1, 3x3 and 1x1 convolution around a shortcut.
///
/// A stride is an average pool before the last 1x1 and before the shortcut's 1x1: CLIP's
/// anti-aliased form. Released name: `Bottleneck`.
#[derive(Module, Debug)]
pub struct Bottleneck {
    conv1: Conv,
    bn1: BatchNorm,
    conv2: Conv,
    bn2: BatchNorm,
    conv3: Conv,
    bn3: BatchNorm,
    shortcut: Option<Shortcut>,
    stride: usize,
}

/// A [`Bottleneck`] for inference.
#[derive(Debug)]
pub(crate) struct FoldedBottleneck {
    convs: [FoldedConv; 3],
    shortcut: Option<FoldedConv>,
    stride: usize,
}

/// The convolution of a shortcut whose ends differ in size.
#[derive(Module, Debug)]
pub struct Shortcut {
    conv: Conv,
    norm: BatchNorm,
}

impl Bottleneck {
    /// A fresh block with `4 planes` outputs.
    pub fn new(inputs: usize, planes: usize, stride: usize, device: &Device) -> Self {
        let outputs = 4 * planes;
        let norm = |channels| BatchNormConfig::new(channels).init(device);
        let shortcut = (stride > 1 || inputs != outputs)
            .then(|| Shortcut { conv: Conv::new(inputs, outputs, 1, device), norm: norm(outputs) });
        Self {
            conv1: Conv::new(inputs, planes, 1, device),
            bn1: norm(planes),
            conv2: Conv::new(planes, planes, 3, device),
            bn2: norm(planes),
            conv3: Conv::new(planes, outputs, 1, device),
            bn3: norm(outputs),
            shortcut,
            stride,
        }
    }

    /// # Shapes
    ///
    /// - `x`: `[batch, inputs, height, width]`
    /// - output: `[batch, 4 planes, height / stride, width / stride]`, not negative
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = relu(batch_norm(&self.bn1, self.conv1.forward(x.clone())));
        let y = relu(batch_norm(&self.bn2, self.conv2.forward(y)));
        let y = batch_norm(&self.bn3, self.conv3.forward(self.pool(y)));
        let x = match &self.shortcut {
            Some(shortcut) => batch_norm(&shortcut.norm, shortcut.conv.forward(self.pool(x))),
            None => x,
        };
        relu(y + x)
    }

    fn pool(&self, x: Tensor<4>) -> Tensor<4> {
        pooled(x, self.stride)
    }

    pub(crate) fn fold(self) -> FoldedBottleneck {
        FoldedBottleneck {
            convs: [
                FoldedConv::new(&self.conv1, Some(&self.bn1)),
                FoldedConv::new(&self.conv2, Some(&self.bn2)),
                FoldedConv::new(&self.conv3, Some(&self.bn3)),
            ],
            shortcut: self.shortcut.map(|s| FoldedConv::new(&s.conv, Some(&s.norm))),
            stride: self.stride,
        }
    }
}

impl FoldedBottleneck {
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [conv1, conv2, conv3] = &self.convs;
        let y = rectified(conv2.forward(rectified(conv1.forward(x.clone()))));
        let y = conv3.forward(pooled(y, self.stride));
        let x = match &self.shortcut {
            Some(shortcut) => shortcut.forward(pooled(x, self.stride)),
            None => x,
        };
        rectified(y + x)
    }
}

fn pooled(x: Tensor<4>, stride: usize) -> Tensor<4> {
    if stride > 1 { avg_pool(x, stride) } else { x }
}
