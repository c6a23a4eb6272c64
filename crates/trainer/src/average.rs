//! A moving average of the weights.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;
use causal_clip_seg::CausalClipSeg;
use causal_clip_seg::format::names;
use rayon::prelude::*;
use vision_layers::{Slot, host, is_host};
use weight_files::{NewTensor, WeightFile};

use crate::error::TrainError;
use crate::gradients::flat;

/// A moving average of every parameter; running statistics are averages already and are taken as
/// they are.
#[derive(Clone, Debug)]
pub struct Average(BTreeMap<String, Tensor<1>>);

impl Average {
    /// An average that starts at the network's weights.
    pub fn new(network: &CausalClipSeg) -> Self {
        Self(weights(network))
    }

    /// One step towards the network: `decay · average + (1 - decay) · weights`.
    pub(crate) fn follow(&mut self, network: &CausalClipSeg, decay: f64) {
        for (name, weight) in weights(network) {
            let average = match self.0.remove(&name) {
                Some(average) => moved(average, weight, decay),
                None => weight,
            };
            self.0.insert(name, average);
        }
    }

    /// The network out of training, with the averaged weights.
    pub(crate) fn network(&self, network: &CausalClipSeg) -> CausalClipSeg {
        let replaced = |slot: &Slot| {
            let values = host(self.0.get(&slot.name)?.clone());
            Some(slot.to_pytorch(values))
        };
        names().replace(network.valid(), replaced)
    }

    /// The average as tensors whose names start with `prefix`.
    pub(crate) fn tensors(&self, prefix: &str) -> Vec<NewTensor> {
        let tensor = |(name, tensor): (&String, &Tensor<1>)| {
            let data = host(tensor.clone());
            NewTensor { name: format!("{prefix}.{name}"), shape: vec![data.len()], data }
        };
        self.0.iter().map(tensor).collect()
    }

    /// What [`Average::tensors`] gave.
    ///
    /// # Errors
    ///
    /// If the file lacks a tensor.
    pub(crate) fn restored(
        network: &CausalClipSeg,
        file: &WeightFile,
        prefix: &str,
    ) -> Result<Self, TrainError> {
        let mut average = Self::new(network);
        for (name, tensor) in &mut average.0 {
            let device = tensor.device();
            *tensor = crate::optimizer::read_flat(file, &format!("{prefix}.{name}"), &device)?;
        }
        Ok(average)
    }
}

/// `decay · average + (1 - decay) · weight`; in this process's memory in one pass on every core.
fn moved(average: Tensor<1>, weight: Tensor<1>, decay: f64) -> Tensor<1> {
    let device = average.device();
    if !is_host(&device) {
        return average * decay + weight * (1.0 - decay);
    }
    let (kept, rest) = (decay as f32, (1.0 - decay) as f32);
    let (mut average, weight) = (average.into_data(), weight.into_data());
    let values = average.as_mut_slice::<f32>().expect("averages are f32");
    let weights = weight.as_slice::<f32>().expect("parameters are f32");
    values.par_iter_mut().zip(weights).for_each(|(a, w)| *a = kept * *a + rest * w);
    Tensor::from_data(average, &device)
}

/// Every parameter by name, flat, without gradients.
fn weights(network: &CausalClipSeg) -> BTreeMap<String, Tensor<1>> {
    struct Flat(BTreeMap<ParamId, Tensor<1>>);
    impl ModuleVisitor for Flat {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.insert(param.id, flat(param.val().inner()));
        }
    }
    let mut found = Flat(BTreeMap::new());
    network.visit(&mut found);
    let slots = names().slots(network).into_iter().filter(|slot| !slot.is_statistic());
    slots.filter_map(|slot| Some((slot.name, found.0.remove(&slot.id)?))).collect()
}
