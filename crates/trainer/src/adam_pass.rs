//! AdamW's rule in one pass over a parameter, for tensors in this process's own memory.
//!
//! Burn's rule is a dozen operations on whole tensors, each of which the CPU backend does on one core.

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

/// What is the same for every value of a parameter in a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamPass {
    /// Learning rate.
    pub rate: f64,
    /// Share of the weights taken off, times the rate, before the step.
    pub decay: f32,
    /// Decay of both means.
    pub betas: [f32; 2],
    /// Added to the root.
    pub epsilon: f32,
    /// Steps of this parameter, this one among them.
    pub steps: usize,
}

/// Values that a thread takes at once: 64 KiB of each tensor.
const RUN: usize = 1 << 14;

impl AdamPass {
    /// The new values of a parameter, and of both means; all `[n]`. To the bit those of Burn's rule, so that a
    /// training does not depend on where a device is.
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

    /// Each line is one of Burn's operations: another order of them would round otherwise.
    fn run(self, value: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        let steps = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let [beta1, beta2] = self.betas;
        let [rest1, rest2] = self.betas.map(|beta| 1.0 - beta);
        // Both means start at zero: dividing by 1 - beta^t makes up for it.
        let [full1, full2] = self.betas.map(|beta| 1.0 - beta.powi(steps));
        let kept = (1.0 - self.rate * f64::from(self.decay)) as f32;
        let rate = self.rate as f32;
        let values = value.iter_mut().zip(gradient).zip(first.iter_mut().zip(second));
        for ((value, gradient), (first, second)) in values {
            *first = *first * beta1 + gradient * rest1;
            *second = *second * beta2 + gradient * gradient * rest2;
            let delta = (*first / full1) / ((*second / full2).sqrt() + self.epsilon);
            *value = *value * kept - delta * rate;
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::optim::{AdamWConfig, Optimizer as _};
    use burn::tensor::{Device, Distribution};

    use super::*;

    const BETAS: [f32; 2] = [0.9, 0.999];

    /// Five steps over more values than one run has.
    #[test]
    fn a_pass_is_burns_rule_to_the_bit() {
        let device = Device::flex();
        device.seed(5);
        let draw = || Tensor::<1>::random([RUN + 77], Distribution::Uniform(-1.0, 1.0), &device);
        let adamw = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(0.1).build();
        let start = draw();
        let mut burns = (start.clone(), None);
        let mut ours = (start, None);
        for steps in 1..=5 {
            let gradient = draw();
            burns = adamw.step(0.01, burns.0, gradient.clone(), burns.1);
            let pass = AdamPass {
                rate: 0.01,
                decay: 0.1,
                // Not known to the compiler, which folds powers otherwise than it computes them.
                betas: std::hint::black_box(BETAS),
                epsilon: 1e-8,
                steps: std::hint::black_box(steps),
            };
            let (value, moments) = pass.moved(ours.0, gradient, ours.1);
            ours = (value, Some(moments));
        }
        let values = |x: Tensor<1>| x.into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(values(burns.0), values(ours.0));
    }
}
