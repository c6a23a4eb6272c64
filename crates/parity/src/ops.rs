//! Single operations with their gradients, weighted by a tensor that follows from the name.

use burn::module::Module;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use causal_clip_seg::parts::ProjectorForm;
use causal_seg_decoder::{Carafe, DECODER_NAMES, Gate, Projector, enlarged_conv};
use clip_encoder::quick_gelu;
use trainer::config::LossConfig;
use trainer::steps::{Target, seg_loss};
use vision_layers::{Names, bicubic_matrix, bilinear_matrix, resize_with};

use crate::case::{Case, Operation, ParityError, Row};
use crate::rule;

/// Every operation of the case, forward and backward.
pub(crate) fn ops(
    case: &Case,
    form: ProjectorForm,
    device: &Device,
) -> Result<Vec<Row>, ParityError> {
    // What stands before an operation's key in every name.
    let stem = case
        .operations
        .iter()
        .find_map(|(key, op)| op.weights.as_ref()?.strip_suffix(&format!("{key}.")))
        .map_or_else(|| format!("{}.", case.name), str::to_owned);
    let device = device.clone().autodiff();
    let mut rows = Vec::new();
    for (key, operation) in &case.operations {
        let job = Job { case, key, operation, stem: &stem, device: &device };
        rows.extend(job.run(form)?);
    }
    Ok(rows)
}

struct Job<'a> {
    case: &'a Case,
    key: &'a str,
    operation: &'a Operation,
    stem: &'a str,
    device: &'a Device,
}

impl Job<'_> {
    fn run(&self, form: ProjectorForm) -> Result<Vec<Row>, ParityError> {
        let output = self.case.stages.get(self.key).map(|stage| stage.shape.as_slice());
        match self.key {
            "upsample4" => self.with(|x: Tensor<4>| {
                let [_, _, h, w] = x.dims();
                resize_with(x, bilinear_matrix(h, 4 * h), bilinear_matrix(w, 4 * w))
            }),
            "upsample4_conv" => {
                let (x, k) = (self.input::<4>("x")?, self.input::<4>("k")?);
                let y = match form {
                    ProjectorForm::Fast => enlarged_conv(x.clone(), k.clone()),
                    ProjectorForm::Plain => {
                        let [_, _, h, w] = x.dims();
                        let (rows, columns) =
                            (bilinear_matrix(h, 4 * h), bilinear_matrix(w, 4 * w));
                        let large = resize_with(x.clone(), rows, columns);
                        let options = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
                        conv2d(large, k.clone(), None, options)
                    }
                };
                Ok(self.rows(y, [("x", x), ("k", k)]))
            }
            "quick_gelu" => {
                let x = self.input::<1>("x")?;
                Ok(self.rows(quick_gelu(x.clone()), [("x", x)]))
            }
            "carafe" => {
                let carafe = self.by_rule(Carafe::new(self.channels("x")?, self.device));
                self.with(|x| carafe.forward(x))
            }
            "gate" => {
                let gate = self.by_rule(Gate::new(self.channels("x")?, self.device));
                self.with(|x| gate.forward(x))
            }
            "projector" => {
                let (x, state) = (self.input::<4>("x")?, self.input::<2>("state")?);
                let (channels, length) = (self.channels("x")?, self.channels("state")?);
                let projector = self.by_rule(Projector::new(channels, length, self.device));
                let y = projector.forward(x.clone(), state.clone(), form);
                let gradients = self.weighted(y.clone()).backward();
                let mut rows = self.checked("", y);
                rows.extend(
                    state
                        .grad(&gradients)
                        .map(|g| self.checked(".grad.state", g))
                        .into_iter()
                        .flatten(),
                );
                rows.extend(
                    x.grad(&gradients).map(|g| self.checked(".grad.x", g)).into_iter().flatten(),
                );
                Ok(rows)
            }
            "loss" => {
                let x = self.input::<4>("x")?;
                let shape = x.dims();
                let n = shape.iter().product::<usize>();
                let mut mask = rule::uniform(&format!("{}loss.mask", self.stem), n);
                mask.iter_mut().for_each(|u| *u = f32::from(u8::from(*u > 0.2)));
                mask.iter_mut().skip(2 * n / shape[0]).for_each(|t| *t = 0.0);
                let mask = Tensor::from_data(TensorData::new(mask, shape), self.device);
                let target = Target { mask, distance: None, counted: None };
                let y = seg_loss(x.clone() * 4.0, &target, &LossConfig::default());
                Ok(self.rows(y, [("x", x)]))
            }
            key if key.starts_with("positional_") => {
                let Some(&[_, _, height, width]) = output else {
                    return Err(self.case.refused(format!("`{key}` is not a map")));
                };
                self.with(|x: Tensor<4>| {
                    let [_, _, h, w] = x.dims();
                    resize_with(x, bicubic_matrix(h, height), bicubic_matrix(w, width))
                })
            }
            key => Err(self.case.refused(format!("unknown operation `{key}`"))),
        }
    }

    /// An operation with one map as its input.
    fn with(&self, f: impl FnOnce(Tensor<4>) -> Tensor<4>) -> Result<Vec<Row>, ParityError> {
        let x = self.input::<4>("x")?;
        Ok(self.rows(f(x.clone()), [("x", x)]))
    }

    fn shape(&self, input: &str) -> Result<&[usize], ParityError> {
        let shape = self.operation.inputs.get(input).map(Vec::as_slice);
        shape.ok_or_else(|| self.case.refused(format!("`{}` has no input `{input}`", self.key)))
    }

    fn channels(&self, input: &str) -> Result<usize, ParityError> {
        let channels = self.shape(input)?.get(1).copied();
        channels.ok_or_else(|| self.case.refused(format!("`{}`: `{input}` is not a map", self.key)))
    }

    fn input<const D: usize>(&self, input: &str) -> Result<Tensor<D>, ParityError> {
        let shape = <[usize; D]>::try_from(self.shape(input)?)
            .map_err(|_| self.case.refused(format!("`{}`: rank of `{input}`", self.key)))?;
        let name = format!("{}{}.{input}", self.stem, self.key);
        let values = rule::uniform(&name, shape.iter().product());
        Ok(Tensor::from_data(TensorData::new(values, shape), self.device).require_grad())
    }

    /// A module with weights by the rule, in evaluation mode: only its input has a gradient.
    fn by_rule<M: Module>(&self, module: M) -> M {
        let prefix = self.operation.weights.clone().unwrap_or_default();
        let by_rule = |slot: &vision_layers::Slot| {
            Some(rule::parameter(&format!("{prefix}{}", slot.name), &slot.shape))
        };
        Names::new(&[DECODER_NAMES]).replace(module, by_rule).freeze()
    }

    fn weighted<const D: usize>(&self, y: Tensor<D>) -> Tensor<1> {
        // A loss is a scalar there, of one element here.
        let name = format!("{}{}.w", self.stem, self.key);
        let shape = y.dims();
        let values = rule::uniform(&name, shape.iter().product());
        (y * Tensor::from_data(TensorData::new(values, shape), self.device)).sum()
    }

    fn rows<const D: usize, const N: usize, const I: usize>(
        &self,
        y: Tensor<D>,
        inputs: [(&str, Tensor<I>); N],
    ) -> Vec<Row> {
        let gradients = self.weighted(y.clone()).backward();
        let mut rows = self.checked("", y);
        for (name, input) in inputs {
            if let Some(gradient) = input.grad(&gradients) {
                rows.extend(self.checked(&format!(".grad.{name}"), gradient));
            }
        }
        rows
    }

    fn checked<const D: usize>(&self, suffix: &str, tensor: Tensor<D>) -> Vec<Row> {
        self.case.check(&format!("{}{suffix}", self.key), tensor).into_iter().collect()
    }
}
