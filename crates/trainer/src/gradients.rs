//! Gradients of a player's parameters.

use std::collections::{BTreeMap, HashMap};

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use rayon::prelude::*;
use vision_layers::is_host;

/// Gradients by the parameters' released names, each flat. In the order of names whatever they are
/// summed for: the same bits in every process.
#[derive(Clone, Debug, Default)]
pub struct Gradients(BTreeMap<String, Tensor<1>>);

impl Gradients {
    /// Those that Burn found, under their names.
    pub(crate) fn named<M: Module>(
        found: GradientsParams,
        module: &M,
        names: &HashMap<ParamId, String>,
    ) -> Self {
        struct Take<'a> {
            found: GradientsParams,
            names: &'a HashMap<ParamId, String>,
            taken: BTreeMap<String, Tensor<1>>,
        }
        impl ModuleVisitor for Take<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if let Some(name) = self.names.get(&param.id)
                    && let Some(gradient) = self.found.remove::<D>(param.id)
                {
                    self.taken.insert(name.clone(), flat(gradient));
                }
            }
        }
        let mut take = Take { found, names, taken: BTreeMap::new() };
        module.visit(&mut take);
        Self(take.taken)
    }

    /// A parameter's gradient, flat.
    pub fn get(&self, name: &str) -> Option<&Tensor<1>> {
        self.0.get(name)
    }

    /// Whose gradients these are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Takes one out.
    pub(crate) fn remove(&mut self, name: &str) -> Option<Tensor<1>> {
        self.0.remove(name)
    }

    /// `self - factor · other`, where both have one.
    pub(crate) fn minus(mut self, other: &Self, factor: f64) -> Self {
        for (name, gradient) in &mut self.0 {
            if let Some(other) = other.0.get(name) {
                *gradient = gradient.clone() - other.clone() * factor;
            }
        }
        self
    }

    /// Adds `share` of others: a weighted mean, batch by batch.
    pub(crate) fn add(&mut self, others: Self, share: f64) {
        for (name, gradient) in others.0 {
            let gradient = if share == 1.0 { gradient } else { gradient * share };
            let sum = match self.0.remove(&name) {
                Some(sum) => sum + gradient,
                None => gradient,
            };
            self.0.insert(name, sum);
        }
    }

    /// All of them in one tensor, in the order of [`Gradients::lengths`]; `None` if there is none.
    pub(crate) fn joined(&self) -> Option<Tensor<1>> {
        let all = self.0.values().cloned().collect::<Vec<_>>();
        (!all.is_empty()).then(|| Tensor::cat(all, 0))
    }

    /// Names and numbers of values, in the order of names.
    pub(crate) fn lengths(&self) -> Vec<(String, usize)> {
        let length = |(name, gradient): (&String, &Tensor<1>)| (name.clone(), gradient.dims()[0]);
        self.0.iter().map(length).collect()
    }

    /// Adds others that lie in one tensor, in the order of [`Gradients::lengths`].
    pub(crate) fn add_joined(&mut self, others: &Tensor<1>) {
        let mut start = 0;
        for gradient in self.0.values_mut() {
            let end = start + gradient.dims()[0];
            *gradient = gradient.clone() + others.clone().slice(start..end);
            start = end;
        }
    }

    /// The Euclidean norm of all of them together; not finite if one value is not.
    pub fn norm(&self) -> f32 {
        let Some(first) = self.0.values().next() else { return 0.0 };
        let square = |gradient: &Tensor<1>| gradient.clone().square().sum();
        // On the CPU each operation has one core, so every core has an operation; their order is kept.
        let squares = match is_host(&first.device()) {
            true => self.0.par_iter().map(|(_, gradient)| square(gradient)).collect::<Vec<_>>(),
            false => self.0.values().map(square).collect(),
        };
        Tensor::cat(squares, 0).sum().sqrt().into_scalar::<f32>()
    }

    /// Scaled down to a norm of `limit` where theirs, `norm`, is above it: PyTorch's
    /// `clip_grad_norm_`.
    pub(crate) fn clipped(self, norm: f32, limit: f64) -> Self {
        let factor = limit / (f64::from(norm) + 1e-6);
        if limit == 0.0 || factor >= 1.0 {
            return self;
        }
        Self(self.0.into_iter().map(|(name, gradient)| (name, gradient * factor)).collect())
    }
}

/// Row-major.
pub(crate) fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let len = tensor.dims().iter().product::<usize>();
    tensor.reshape([len])
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn gradients(values: [[f32; 2]; 2]) -> Gradients {
        let tensor = |values| Tensor::<1>::from_floats(values, &Device::flex());
        let names = ["a".to_owned(), "b".to_owned()];
        Gradients(names.into_iter().zip(values.map(tensor)).collect())
    }

    fn values(gradients: &Gradients, name: &str) -> Vec<f32> {
        gradients.get(name).unwrap().to_data().try_to_vec::<f32>().unwrap()
    }

    #[test]
    fn the_norm_is_that_of_all_together() {
        let clipped = gradients([[3.0, 0.0], [0.0, 4.0]]);
        assert_eq!(clipped.norm(), 5.0);
        let clipped = clipped.clipped(5.0, 1.0);
        assert!((clipped.norm() - 1.0).abs() < 1e-5);
        assert!((values(&clipped, "a")[0] - 0.6).abs() < 1e-6);
        assert_eq!(clipped.clone().clipped(1.0, 2.0).norm(), clipped.norm(), "below the limit");
        assert!(!gradients([[f32::NAN, 0.0], [0.0, 4.0]]).norm().is_finite());
    }

    #[test]
    fn batches_make_a_mean() {
        let mut mean = Gradients::default();
        mean.add(gradients([[1.0, 2.0], [3.0, 4.0]]), 0.75);
        mean.add(gradients([[5.0, 6.0], [7.0, 8.0]]), 0.25);
        assert_eq!(values(&mean, "a"), [2.0, 3.0]);
        let difference = mean.minus(&gradients([[1.0, 1.0], [1.0, 1.0]]), 2.0);
        assert_eq!(values(&difference, "b"), [2.0, 3.0]);
    }
}
