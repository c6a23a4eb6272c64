//! A player's optimizer: Burn's rules, with a state that can be written and read by name.

use std::collections::{BTreeMap, HashMap};

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::optim::{
    AdamConfig, AdamState, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer as _,
    decay::WeightDecayConfig,
};
use burn::tensor::{Device, Tensor, TensorData};
use vision_layers::{host, is_host};
use weight_files::{NewTensor, WeightFile};

use crate::adam_pass::AdamPass;
use crate::error::TrainError;
use crate::gradients::{Gradients, flat};
use crate::sections::{OptimizerConfig, Rule};

/// What a rule remembers of one parameter, flat.
#[derive(Clone, Debug)]
struct Memory {
    steps: usize,
    /// Mean of the gradients; SGD's velocity.
    first: Tensor<1>,
    /// Mean of their squares; none with SGD.
    second: Option<Tensor<1>>,
}

/// Moves one player's parameters.
#[derive(Clone, Debug)]
pub struct Optimizer {
    config: OptimizerConfig,
    memory: BTreeMap<String, Memory>,
}

impl Optimizer {
    /// One that has seen nothing.
    pub fn new(config: &OptimizerConfig) -> Self {
        Self { config: config.clone(), memory: BTreeMap::new() }
    }

    /// Moves the parameters that have a gradient; all others, their decay too, stay as they are.
    ///
    /// `rate` is that of the decoder; the towers' is [`OptimizerConfig::backbone`] times it.
    pub(crate) fn step<M: Module>(
        &mut self,
        module: M,
        names: &HashMap<ParamId, String>,
        gradients: Gradients,
        rate: f64,
    ) -> M {
        module.map(&mut Step { optimizer: self, names, gradients, rate })
    }

    fn moved(&mut self, name: &str, value: Tensor<1>, gradient: Tensor<1>, rate: f64) -> Tensor<1> {
        /// PyTorch's; Burn's own default is 1e-5.
        const EPSILON: f32 = 1e-8;
        let OptimizerConfig { rule, weight_decay, betas, momentum, .. } = self.config;
        let [beta1, beta2] = betas.map(|beta| beta as f32);
        // Taken out, not copied: its tensors are then updated in place.
        let old = self.memory.remove(name);
        if rule == Rule::AdamW && is_host(&value.device()) {
            let steps = old.as_ref().map_or(0, |memory| memory.steps) + 1;
            let (decay, betas) = (weight_decay as f32, [beta1, beta2]);
            let pass = AdamPass { rate, decay, betas, epsilon: EPSILON, steps };
            let moments = old.and_then(|memory| Some([memory.first, memory.second?]));
            let (value, [first, second]) = pass.moved(value, gradient, moments);
            self.memory.insert(name.to_owned(), Memory { steps, first, second: Some(second) });
            return value;
        }
        let (value, memory) = match rule {
            Rule::AdamW => {
                let rule = AdamWConfig::new()
                    .with_epsilon(EPSILON)
                    .with_beta_1(beta1)
                    .with_beta_2(beta2)
                    .with_weight_decay(weight_decay as f32);
                let state = old.and_then(Memory::moments).map(AdamWState::new);
                let (value, state) = rule.build().step(rate, value, gradient, state);
                (value, state.map(|state| Memory::new(state.momentum)))
            }
            Rule::Adam => {
                let decay = Some(WeightDecayConfig::new(weight_decay as f32));
                let rule = AdamConfig::new()
                    .with_epsilon(EPSILON)
                    .with_beta_1(beta1)
                    .with_beta_2(beta2)
                    .with_weight_decay(decay.filter(|_| weight_decay > 0.0));
                let state = old.and_then(Memory::moments).map(AdamState::new);
                let (value, state) = rule.build().step(rate, value, gradient, state);
                (value, state.map(|state| Memory::new(state.momentum)))
            }
            // PyTorch's SGD; Burn's keeps its velocity to itself, so it could not be written.
            Rule::Sgd => {
                let gradient = match weight_decay > 0.0 {
                    true => gradient + value.clone() * weight_decay,
                    false => gradient,
                };
                let steps = old.as_ref().map_or(0, |memory| memory.steps) + 1;
                let velocity = match old {
                    Some(memory) if momentum > 0.0 => memory.first * momentum + gradient,
                    _ => gradient,
                };
                let value = value - velocity.clone() * rate;
                (value, Some(Memory { steps, first: velocity, second: None }))
            }
        };
        if let Some(memory) = memory {
            self.memory.insert(name.to_owned(), memory);
        }
        value
    }

    /// What it remembers, under names that start with `prefix`.
    pub(crate) fn tensors(&self, prefix: &str) -> Vec<NewTensor> {
        let mut tensors = Vec::new();
        for (name, memory) in &self.memory {
            let mut push = |part: &str, tensor: &Tensor<1>| {
                let data = host(tensor.clone());
                let name = format!("{prefix}.{part}.{name}");
                tensors.push(NewTensor { name, shape: vec![data.len()], data });
            };
            push("first", &memory.first);
            if let Some(second) = &memory.second {
                push("second", second);
            }
        }
        tensors
    }

    /// How often each parameter was moved.
    pub(crate) fn steps(&self) -> BTreeMap<String, usize> {
        self.memory.iter().map(|(name, memory)| (name.clone(), memory.steps)).collect()
    }

    /// Remembers what [`Optimizer::tensors`] and [`Optimizer::steps`] gave.
    ///
    /// # Errors
    ///
    /// If the file lacks a tensor.
    pub(crate) fn restored(
        config: &OptimizerConfig,
        file: &WeightFile,
        prefix: &str,
        steps: &BTreeMap<String, usize>,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let mut memory = BTreeMap::new();
        for (name, steps) in steps {
            let read = |part: &str| read_flat(file, &format!("{prefix}.{part}.{name}"), device);
            let second = match config.rule {
                Rule::Sgd => None,
                Rule::AdamW | Rule::Adam => Some(read("second")?),
            };
            memory.insert(name.clone(), Memory { steps: *steps, first: read("first")?, second });
        }
        Ok(Self { config: config.clone(), memory })
    }
}

impl Memory {
    fn moments(self) -> Option<AdaptiveMomentumState<1>> {
        Some(AdaptiveMomentumState::new(self.steps, self.first, self.second?))
    }

    fn new(state: AdaptiveMomentumState<1>) -> Self {
        Self { steps: state.time, first: state.moment_1, second: Some(state.moment_2) }
    }
}

/// A tensor of a file, flat.
pub(crate) fn read_flat(
    file: &WeightFile,
    name: &str,
    device: &Device,
) -> Result<Tensor<1>, TrainError> {
    let values = file.read_f32(name)?;
    let len = values.len();
    Ok(Tensor::from_data(TensorData::new(values, [len]), device))
}

struct Step<'a> {
    optimizer: &'a mut Optimizer,
    names: &'a HashMap<ParamId, String>,
    gradients: Gradients,
    rate: f64,
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(name) = self.names.get(&param.id) else { return param };
        let Some(gradient) = self.gradients.remove(name) else { return param };
        let rate = match in_backbone(name) {
            true => self.rate * self.optimizer.config.backbone,
            false => self.rate,
        };
        param.map(|tensor| {
            let strategy = tensor.gradient_checkpointing_strategy();
            let shape = tensor.dims();
            let value = flat(tensor.inner());
            let value = self.optimizer.moved(name, value, gradient, rate).reshape(shape);
            let mut value = Tensor::from_inner(value);
            if let Some(strategy) = strategy {
                value = value.with_gradient_checkpointing_strategy(strategy);
            }
            value.require_grad()
        })
    }
}

/// The released rule of the learning rates' groups.
fn in_backbone(name: &str) -> bool {
    name.starts_with("backbone") && !name.contains("positional_embedding")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two steps at rate 0.1 from 1 with gradients 0.5 and -0.25.
    fn two_steps(config: &OptimizerConfig) -> f32 {
        let device = Device::flex();
        let mut optimizer = Optimizer::new(config);
        let mut value = Tensor::<1>::from_floats([1.0], &device);
        for gradient in [0.5, -0.25] {
            let gradient = Tensor::from_floats([gradient], &device);
            value = optimizer.moved("w", value, gradient, 0.1);
        }
        value.into_scalar::<f32>()
    }

    /// By hand, after PyTorch's documentation of each rule.
    #[test]
    fn the_rules_are_pytorchs() {
        let config = |rule, weight_decay| OptimizerConfig {
            rule,
            weight_decay,
            ..OptimizerConfig::default()
        };
        let adam = |decay: f64, coupled: bool| {
            let (mut w, mut m, mut v) = (1.0f64, 0.0f64, 0.0f64);
            for (t, g) in [(1, 0.5), (2, -0.25)] {
                let g = if coupled { g + decay * w } else { g };
                w *= if coupled { 1.0 } else { 1.0 - 0.1 * decay };
                m = 0.9 * m + 0.1 * g;
                v = 0.999 * v + 0.001 * g * g;
                let (m, v) = (m / (1.0 - 0.9f64.powi(t)), v / (1.0 - 0.999f64.powi(t)));
                w -= 0.1 * m / (v.sqrt() + 1e-8);
            }
            w as f32
        };
        let sgd = {
            let (mut w, mut u) = (1.0f64, 0.0f64);
            for g in [0.5, -0.25] {
                u = 0.9 * u + g + 0.2 * w;
                w -= 0.1 * u;
            }
            w as f32
        };
        for (rule, expected) in
            [(Rule::AdamW, adam(0.2, false)), (Rule::Adam, adam(0.2, true)), (Rule::Sgd, sgd)]
        {
            let found = two_steps(&config(rule, 0.2));
            assert!((found - expected).abs() < 1e-5, "{rule:?}: {found}, expected {expected}");
        }
    }

    #[test]
    fn the_released_groups() {
        assert!(in_backbone("backbone.visual.conv1.weight"));
        assert!(!in_backbone("backbone.positional_embedding"));
        assert!(!in_backbone("neck_ad.masker1.weight"));
    }
}
