//! A map and a sentence to logits: the sentence's state becomes a convolution kernel.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};
use vision_layers::{Conv, ConvNormRelu, bilinear_matrix, resize_with};

use crate::fast_projector;

/// How a [`Projector`] computes; the logits differ by rounding only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProjectorForm {
    /// Channels are mixed on the small map, then enlarged: a tenth of the arithmetic.
    #[default]
    Fast,
    /// As written in the paper: enlarge, convolve, convolve with the sentence's kernel.
    Plain,
}

/// Enlarges a map sixteenfold and convolves it with a 3x3 kernel made from the sentence.
///
/// Released name: `Projector` (`proj`, `proj_ad`).
#[derive(Module, Debug)]
pub struct Projector {
    pub(crate) conv1: ConvNormRelu,
    pub(crate) conv2: ConvNormRelu,
    pub(crate) mix: Conv,
    pub(crate) text: Linear,
}

/// The kernel that a sentence stands for.
pub(crate) struct SentenceKernel {
    /// `[sentences, d / 2, 3, 3]`
    pub(crate) kernel: Tensor<4>,
    /// `[sentences]`
    pub(crate) offset: Tensor<1>,
}

impl Projector {
    /// A fresh projector from `features` channels and a state of `state` numbers.
    pub fn new(features: usize, state: usize, device: &Device) -> Self {
        let half = features / 2;
        Self {
            conv1: ConvNormRelu::new(features, features, 3, device),
            conv2: ConvNormRelu::new(features, half, 3, device),
            mix: Conv::new(half, half, 1, device).with_bias(device),
            text: LinearConfig::new(state, 9 * half + 1).init(device),
        }
    }

    /// The logits in the given form. A map may be asked several sentences, each map as many; those of
    /// one map stand side by side. All but the last convolution is then done once a map.
    ///
    /// # Shapes
    ///
    /// - `map`: `[maps, features, h, w]`
    /// - `state`: `[sentences, state]`, a multiple of `maps`
    /// - output: `[sentences, 1, 16 h, 16 w]`
    pub fn forward(&self, map: Tensor<4>, state: Tensor<2>, form: ProjectorForm) -> Tensor<4> {
        let sentence = SentenceKernel::new(&self.text, state);
        match form {
            ProjectorForm::Fast => fast_projector::forward(self, map, sentence),
            ProjectorForm::Plain => self.forward_plain(map, sentence),
        }
    }

    fn forward_plain(&self, map: Tensor<4>, sentence: SentenceKernel) -> Tensor<4> {
        let x = self.conv1.forward(enlarge(map)); // [batch, d, 4 h, 4 w]
        let x = self.conv2.forward(enlarge(x)); // [batch, d / 2, 16 h, 16 w]
        let x = self.mix.forward(x);
        let [maps, channels, height, width] = x.dims();
        let sentences = sentence.offset.dims()[0];
        // One group for each map: it has its sentences' kernels.
        let y = conv2d(
            x.reshape([1, maps * channels, height, width]),
            sentence.kernel,
            Some(sentence.offset),
            ConvOptions::new([1, 1], [1, 1], [1, 1], maps),
        );
        y.reshape([sentences, 1, height, width])
    }
}

impl SentenceKernel {
    /// The kernel that the projector's linear layer makes of `state [batch, state]`.
    pub(crate) fn new(text: &Linear, state: Tensor<2>) -> Self {
        let kernel = text.forward(state); // [batch, 9 d / 2 + 1]
        let [batch, length] = kernel.dims();
        let channels = (length - 1) / 9;
        Self {
            kernel: kernel
                .clone()
                .slice([0..batch, 0..length - 1])
                .reshape([batch, channels, 3, 3]),
            offset: kernel.slice([0..batch, length - 1..length]).reshape([batch]),
        }
    }
}

/// Bilinear, fourfold.
pub(crate) fn enlarge(x: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    resize_with(x, bilinear_matrix(height, 4 * height), bilinear_matrix(width, 4 * width))
}
