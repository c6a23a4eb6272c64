//! The decoder for inference.

use burn::tensor::Tensor;
use vision_layers::{FoldedConv, Pyramid, joined, rectified};

use crate::decoder::Decoder;
use crate::folded_projector::FoldedProjector;
use crate::neck::FoldedNeck;

/// A [`Decoder`] for inference: the batch norms are folded into the convolutions, what depends on
/// the map's size alone is computed once, pictures and sentences meet as late as they can.
#[derive(Debug)]
pub struct FoldedDecoder {
    adapter: Option<FoldedConv>,
    neck: FoldedNeck,
    causal_projector: FoldedProjector,
    confounding_projector: Option<FoldedProjector>,
}

/// What the decoder knows of pictures before it reads a sentence, each `[pictures, features,
/// height / 16, width / 16]`.
#[derive(Clone, Debug)]
pub struct PictureMaps {
    /// What the mask is decided by.
    pub causal: Tensor<4>,
    /// What is left, where it was asked for.
    pub confounding: Option<Tensor<4>>,
}

impl Decoder {
    /// The decoder for inference; the unfolded weights are freed as it goes. Without `both` the
    /// confounding projector is dropped.
    pub fn fold(self, both: bool) -> FoldedDecoder {
        let Decoder { adapter, neck, causal_projector, confounding_projector } = self;
        FoldedDecoder {
            adapter: adapter.map(|adapter| adapter.fold()),
            neck: neck.fold(),
            causal_projector: FoldedProjector::new(causal_projector),
            confounding_projector: both.then(|| FoldedProjector::new(confounding_projector)),
        }
    }
}

impl FoldedDecoder {
    /// Whether the confounding projector was kept.
    pub fn has_confounding(&self) -> bool {
        self.confounding_projector.is_some()
    }

    /// The pictures' side; the confounding map is left out unless `both` is asked for and kept.
    pub fn picture_maps(&self, levels: Pyramid, both: bool) -> PictureMaps {
        let levels = match &self.adapter {
            Some(adapter) => Pyramid { c5: rectified(adapter.forward(levels.c5)), ..levels },
            None => levels,
        };
        let both = both && self.confounding_projector.is_some();
        let (causal, confounding) = self.neck.forward(levels, both);
        PictureMaps { causal, confounding }
    }

    /// The causal logits of sentences about pictures.
    ///
    /// # Shapes
    ///
    /// - `pictures`: for each sentence its picture's place in `maps`; sentences about one picture
    ///   that follow one another share its work
    /// - `states`: `[sentences, state]`
    /// - output: `[sentences, 1, height, width]`
    pub fn causal_logits(
        &self,
        maps: &PictureMaps,
        pictures: &[usize],
        states: Tensor<2>,
    ) -> Tensor<4> {
        logits(&self.causal_projector, &maps.causal, pictures, states)
    }

    /// The confounding ones, where the maps have them.
    pub fn confounding_logits(
        &self,
        maps: &PictureMaps,
        pictures: &[usize],
        states: Tensor<2>,
    ) -> Option<Tensor<4>> {
        let (projector, map) =
            self.confounding_projector.as_ref().zip(maps.confounding.as_ref())?;
        Some(logits(projector, map, pictures, states))
    }
}

fn logits(
    projector: &FoldedProjector,
    maps: &Tensor<4>,
    pictures: &[usize],
    states: Tensor<2>,
) -> Tensor<4> {
    let [_, channels, height, width] = maps.dims();
    let [_, state] = states.dims();
    let mut first = 0;
    let about_one = pictures.chunk_by(|a, b| a == b).map(|run| {
        let sentences = first..first + run.len();
        first = sentences.end;
        let map = maps.clone().slice([run[0]..run[0] + 1, 0..channels, 0..height, 0..width]);
        projector.forward(map, states.clone().slice([sentences, 0..state]))
    });
    joined(about_one.collect(), 0)
}
