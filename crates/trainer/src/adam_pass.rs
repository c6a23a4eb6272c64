//! Adam's rules in one pass over a parameter, for tensors in this process's own memory.
//!
//! Burn's rules are a dozen operations on whole tensors, each of which the CPU backend does on one core: of a
//! training step of `rn50` they would be a quarter.

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

/// What is the same for every value of a parameter in a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamPass {
    /// Learning rate.
    pub rate: f64,
    /// Share of the weights taken off, times the rate; before the step (AdamW).
    pub decay: f64,
    /// Share of the weights added to the gradient (Adam).
    pub coupled_decay: f64,
    /// Decay of both means.
    pub betas: [f64; 2],
    /// Added to the root.
    pub epsilon: f32,
    /// Steps of this parameter, this one among them.
    pub steps: usize,
}

/// Values that a thread takes at once: 64 KiB of each tensor.
const RUN: usize = 1 << 14;

impl AdamPass {
    /// The new values of a parameter, and of both means; all `[n]`.
    pub(crate) fn moved(
        self,
        value: Tensor<1>,
        gradient: Tensor<1>,
        moments: Option<[Tensor<1>; 2]>,
    ) -> (Tensor<1>, [Tensor<1>; 2]) {
        let device = value.device();
        let zeros = || TensorData::zeros::<f32, _>(value.dims());
        let [mut first, mut second] = match moments {
            Some(moments) => moments.map(Tensor::into_data),
            None => [zeros(), zeros()],
        };
        let (mut value, gradient) = (value.into_data(), gradient.into_data());
        {
            let slices = [&mut value, &mut first, &mut second]
                .map(|data| data.as_mut_slice::<f32>().expect("parameters are f32"));
            let [value, first, second] = slices;
            let gradient = gradient.as_slice::<f32>().expect("gradients are f32");
            let runs = value.par_chunks_mut(RUN).zip(gradient.par_chunks(RUN));
            let runs = runs.zip(first.par_chunks_mut(RUN).zip(second.par_chunks_mut(RUN)));
            runs.for_each(|((value, gradient), (first, second))| {
                self.run(value, gradient, first, second);
            });
        }
        let tensor = |data| Tensor::from_data(data, &device);
        (tensor(value), [tensor(first), tensor(second)])
    }

    fn run(self, value: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        let steps = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let [beta1, beta2] = self.betas.map(|beta| beta as f32);
        let [rest1, rest2] = self.betas.map(|beta| (1.0 - beta) as f32);
        // Both means start at zero: 1 / (1 - beta^t) makes up for it.
        let [full1, full2] = self.betas.map(|beta| 1.0 / (1.0 - beta.powi(steps)));
        let (rate, full2) = ((self.rate * full1) as f32, full2 as f32);
        let kept = (1.0 - self.decay * self.rate) as f32;
        let coupled = self.coupled_decay as f32;
        let values = value.iter_mut().zip(gradient).zip(first.iter_mut().zip(second));
        for ((value, gradient), (first, second)) in values {
            let gradient = *gradient + coupled * *value;
            *first = beta1 * *first + rest1 * gradient;
            *second = beta2 * *second + rest2 * gradient * gradient;
            *value = kept * *value - rate * *first / ((*second * full2).sqrt() + self.epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::optim::{AdamConfig, AdamWConfig, Optimizer as _, decay::WeightDecayConfig};
    use burn::tensor::{Device, Distribution};

    use super::*;

    const BETAS: [f64; 2] = [0.9, 0.999];

    fn worst(a: &Tensor<1>, b: &Tensor<1>) -> f32 {
        (a.clone() - b.clone()).abs().max().into_scalar::<f32>()
    }

    /// Five steps over more values than one run has.
    #[test]
    fn a_pass_is_burns_rule() {
        let device = Device::flex();
        device.seed(5);
        let draw = || Tensor::<1>::random([RUN + 77], Distribution::Uniform(-1.0, 1.0), &device);
        let adamw = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(0.1).build();
        let decay = Some(WeightDecayConfig::new(0.1));
        let adam = AdamConfig::new().with_epsilon(1e-8).with_weight_decay(decay).build();
        let start = draw();
        let (mut w, mut a) = ((start.clone(), None), (start.clone(), None));
        let (mut ours_w, mut ours_a) = ((start.clone(), None), (start, None));
        for steps in 1..=5 {
            let gradient = draw();
            w = adamw.step(0.01, w.0, gradient.clone(), w.1);
            a = adam.step(0.01, a.0, gradient.clone(), a.1);
            let pass = AdamPass {
                rate: 0.01,
                decay: 0.1,
                coupled_decay: 0.0,
                betas: BETAS,
                epsilon: 1e-8,
                steps,
            };
            let coupled = AdamPass { decay: 0.0, coupled_decay: 0.1, ..pass };
            let (value, moments) = pass.moved(ours_w.0, gradient.clone(), ours_w.1);
            ours_w = (value, Some(moments));
            let (value, moments) = coupled.moved(ours_a.0, gradient, ours_a.1);
            ours_a = (value, Some(moments));
        }
        assert!(worst(&w.0, &ours_w.0) < 1e-6, "{}", worst(&w.0, &ours_w.0));
        assert!(worst(&a.0, &ours_a.0) < 1e-5, "{}", worst(&a.0, &ours_a.0));
    }
}
