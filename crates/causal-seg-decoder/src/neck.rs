//! Three levels of features, gated into a causal and a confounding map.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use vision_layers::{ConvNormRelu, FoldedConv, Pyramid, avg_pool, rectified};

use crate::carafe::{Carafe, FoldedCarafe};
use crate::config::DecoderConfig;
use crate::gate::{FoldedGate, Gate};

/// The two aggregated maps, each `[batch, features, height / 16, width / 16]`, not negative.
#[derive(Clone, Debug)]
pub struct SplitMaps {
    /// What the sentence's lesion is decided by.
    pub causal: Tensor<4>,
    /// What is left.
    pub confounding: Tensor<4>,
}

/// The gates of the three levels, finest first, each `[batch, features, height / 16, width / 16]`.
#[derive(Clone, Debug)]
pub struct GateValues {
    /// The gate as the causal side uses it.
    pub causal: [Tensor<4>; 3],
    /// The gate as the confounding side uses it: the same values, perhaps of another graph.
    pub confounding: [Tensor<4>; 3],
}

/// Everything a neck computes on the way.
#[derive(Clone, Debug)]
pub struct NeckStages {
    /// The three levels at one scale, finest first.
    pub levels: [Tensor<4>; 3],
    /// The gates on them.
    pub gates: GateValues,
    /// What comes out.
    pub split: SplitMaps,
}

/// Brings the levels to one scale, gates them, aggregates both sides by one layer.
///
/// Released name: `FPN` (`neck_ad`), without its unused parts.
#[derive(Module, Debug)]
pub struct Neck {
    c4_first: ConvNormRelu,
    c4_second: ConvNormRelu,
    carafe: Carafe,
    gate3: Gate,
    gate4: Gate,
    gate5: Gate,
    aggregation: ConvNormRelu,
}

impl Neck {
    /// A fresh neck.
    pub fn new(config: &DecoderConfig, device: &Device) -> Self {
        let d = config.features;
        Self {
            c4_first: ConvNormRelu::new(config.c4, d, 3, device),
            c4_second: ConvNormRelu::new(d, d, 3, device),
            carafe: Carafe::new(d, device),
            gate3: Gate::new(d, device),
            gate4: Gate::new(d, device),
            gate5: Gate::new(d, device),
            aggregation: ConvNormRelu::new(3 * d, d, 1, device),
        }
    }

    /// The three levels at `height / 16` x `width / 16`, finest first.
    ///
    /// # Shapes
    ///
    /// - `levels`: c5 with `features` channels (after the adapter)
    pub fn levels(&self, levels: Pyramid) -> [Tensor<4>; 3] {
        [
            avg_pool(levels.c3, 2),
            self.c4_second.forward(self.c4_first.forward(levels.c4)),
            self.carafe.forward(levels.c5),
        ]
    }

    /// The gates on the three levels, in `(0, 1)`.
    pub fn gates(&self, levels: &[Tensor<4>; 3]) -> [Tensor<4>; 3] {
        let [q3, q4, q5] = levels.clone();
        [self.gate3.forward(q3), self.gate4.forward(q4), self.gate5.forward(q5)]
    }

    /// Causal and confounding map of gated levels, which are given for each side.
    pub fn split(&self, [kept, left]: [&[Tensor<4>; 3]; 2], gates: &GateValues) -> SplitMaps {
        // One aggregation for both, causal first: in training its running statistics take both
        // updates, in this order.
        let causal = self.aggregation.forward(gated(kept, &gates.causal, |m| m));
        let confounding = self.aggregation.forward(gated(left, &gates.confounding, |m| 1.0 - m));
        SplitMaps { causal, confounding }
    }

    /// The causal map alone, for when only the mask is wanted.
    pub fn causal(&self, levels: &[Tensor<4>; 3], gates: [Tensor<4>; 3]) -> Tensor<4> {
        self.aggregation.forward(gated(levels, &gates, |m| m))
    }

    pub(crate) fn fold(self) -> FoldedNeck {
        FoldedNeck {
            c4: [self.c4_first.fold(), self.c4_second.fold()],
            carafe: self.carafe.fold(),
            gates: [self.gate3, self.gate4, self.gate5].map(Gate::fold),
            aggregation: self.aggregation.fold(),
        }
    }
}

/// The three levels through their gates: `[batch, 3 features, ..]`
fn gated(
    levels: &[Tensor<4>; 3],
    gates: &[Tensor<4>; 3],
    keep: fn(Tensor<4>) -> Tensor<4>,
) -> Tensor<4> {
    let parts = levels.iter().zip(gates).map(|(q, m)| q.clone() * keep(m.clone()));
    Tensor::cat(parts.collect(), 1)
}

/// A [`Neck`] for inference.
#[derive(Debug)]
pub(crate) struct FoldedNeck {
    c4: [FoldedConv; 2],
    carafe: FoldedCarafe,
    gates: [FoldedGate; 3],
    aggregation: FoldedConv,
}

impl FoldedNeck {
    /// The causal map, and the confounding one if it is asked for.
    pub(crate) fn forward(&self, levels: Pyramid, both: bool) -> (Tensor<4>, Option<Tensor<4>>) {
        let c4 = self.c4.iter().fold(levels.c4, |x, conv| rectified(conv.forward(x)));
        let levels = [avg_pool(levels.c3, 2), c4, self.carafe.forward(levels.c5)];
        let [gate3, gate4, gate5] = &self.gates;
        let [q3, q4, q5] = levels.clone();
        let gates = [gate3.forward(q3), gate4.forward(q4), gate5.forward(q5)];
        let aggregated = |x| rectified(self.aggregation.forward(x));
        let causal = aggregated(gated(&levels, &gates, |m| m));
        let confounding = both.then(|| aggregated(gated(&levels, &gates, |m| 1.0 - m)));
        (causal, confounding)
    }
}
