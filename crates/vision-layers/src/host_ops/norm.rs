//! Batch norm by the batch's statistics.

use burn::backend::flex::FlexTensor;
use rayon::prelude::*;

use super::Act;
use super::planes::{in_order, raised, sizes, sum, sums3, tensor, values, wide};

/// Output, mean and variance; see [`HostOps::norm_act`](super::HostOps::norm_act).
pub(super) fn forward(
    x: &FlexTensor,
    [gamma, beta]: [&FlexTensor; 2],
    residual: &FlexTensor,
    act: Act,
    epsilon: f64,
) -> (FlexTensor, FlexTensor, FlexTensor) {
    let [x, gamma, beta, residual] = [x, gamma, beta, residual].map(in_order);
    let [batch, channels, cells] = sizes(&x);
    let (all, gamma, beta) = (values(&x), values(&gamma), values(&beta));
    let count = (batch * cells) as f64;
    let planes = |c: usize| (0..batch).map(move |b| &all[(b * channels + c) * cells..][..cells]);
    let statistics = (0..channels).into_par_iter().map(|c| {
        let mean = planes(c).map(|x| wide(|| sum(x, |x| x))).sum::<f64>() / count;
        let near = mean as f32;
        let squares = planes(c).map(|x| wide(|| sum(x, |x| (x - near) * (x - near))));
        [near, (squares.sum::<f64>() / count) as f32]
    });
    let statistics = statistics.collect::<Vec<_>>();
    let lines = (0..channels).map(|c| {
        let [mean, variance] = statistics[c].map(f64::from);
        let scale = f64::from(gamma[c]) / (variance + epsilon).sqrt();
        [scale as f32, (f64::from(beta[c]) - mean * scale) as f32]
    });
    let lines = lines.collect::<Vec<_>>();

    let low = act.low();
    let mut y = vec![0.0; all.len()];
    let out = y.par_chunks_exact_mut(cells).zip(all.par_chunks_exact(cells)).enumerate();
    match act.add {
        false => out.for_each(|(place, (y, x))| {
            let [scale, shift] = lines[place % channels];
            wide(|| y.iter_mut().zip(x).for_each(|(y, x)| *y = raised(x * scale + shift, low)));
        }),
        true => out.zip(values(&residual).par_chunks_exact(cells)).for_each(
            |((place, (y, x)), residual)| {
                let [scale, shift] = lines[place % channels];
                wide(|| {
                    for ((y, x), r) in y.iter_mut().zip(x).zip(residual) {
                        *y = raised(x * scale + shift + r, low);
                    }
                });
            },
        ),
    }
    let of = |which: usize| tensor(statistics.iter().map(|s| s[which]).collect(), vec![channels]);
    (tensor(y, x.layout().shape().to_vec()), of(0), of(1))
}

/// The gradients of `x`, `gamma`, `beta` and, if there is one, `residual`.
///
/// - `y`: what came out of [`forward`]
/// - `grad`: the gradient of `y`
pub(super) fn backward(
    x: &FlexTensor,
    gamma: &FlexTensor,
    y: &FlexTensor,
    [mean, variance]: [&FlexTensor; 2],
    grad: &FlexTensor,
    act: Act,
    epsilon: f64,
) -> ([FlexTensor; 3], Option<FlexTensor>) {
    let [x, gamma, y, mean, variance] = [x, gamma, y, mean, variance].map(in_order);
    let shape = x.layout().shape().to_vec();
    let [batch, channels, cells] = sizes(&x);
    let (all, gamma, mean, variance) =
        (values(&x), values(&gamma), values(&mean), values(&variance));
    let grad = in_order(grad);
    let (passed, reached) = (values(&y), values(&grad));
    // Nothing is below this.
    let low = act.low();

    let count = (batch * cells) as f64;
    let sums = (0..channels).into_par_iter().map(|c| {
        let planes = (0..batch).map(|b| (b * channels + c) * cells..(b * channels + c + 1) * cells);
        let deviation = (f64::from(variance[c]) + epsilon).sqrt();
        let [mut alone, mut with_x] = [0.0; 2];
        for plane in planes {
            let [x, y, grad] = [all, passed, reached].map(|values| &values[plane.clone()]);
            let [plain, product] = wide(|| {
                sums3([x, y, grad], |x, y, grad| {
                    let grad = if y > low { grad } else { 0.0 };
                    [grad, (x - mean[c]) * grad]
                })
            });
            alone += plain;
            with_x += product;
        }
        [alone, with_x / deviation, deviation]
    });
    let sums = sums.collect::<Vec<_>>();
    let mut dx = vec![0.0; all.len()];
    let mut of_residual = vec![0.0; if act.add { all.len() } else { 0 }];
    let planes = all.par_chunks_exact(cells).zip(passed.par_chunks_exact(cells));
    let planes = planes.zip(reached.par_chunks_exact(cells));
    let out = dx.par_chunks_exact_mut(cells).zip(planes).enumerate();
    let plane = |place: usize, dx: &mut [f32], x: &[f32], y: &[f32], grad: &[f32]| {
        let c = place % channels;
        let [sum, with_x, deviation] = sums[c];
        let scale = f64::from(gamma[c]) / deviation;
        // scale (grad - sum / count - (x - mean) / deviation with_x / count)
        let of_x = scale * with_x / count / deviation;
        let rest = f64::from(mean[c]) * of_x - scale * sum / count;
        let [scale, of_x, rest] = [scale, -of_x, rest].map(|factor| factor as f32);
        wide(|| {
            for (((dx, x), y), grad) in dx.iter_mut().zip(x).zip(y).zip(grad) {
                let grad = if *y > low { *grad } else { 0.0 };
                *dx = scale * grad + of_x * x + rest;
            }
        });
    };
    match act.add {
        false => out.for_each(|(place, (dx, ((x, y), grad)))| plane(place, dx, x, y, grad)),
        true => out.zip(of_residual.par_chunks_exact_mut(cells)).for_each(
            |((place, (dx, ((x, y), grad))), residual)| {
                plane(place, dx, x, y, grad);
                for ((residual, y), grad) in residual.iter_mut().zip(y).zip(grad) {
                    *residual = if *y > low { *grad } else { 0.0 };
                }
            },
        ),
    }
    let of = |which: usize| tensor(sums.iter().map(|s| s[which] as f32).collect(), vec![channels]);
    let of_residual = act.add.then(|| tensor(of_residual, shape.clone()));
    ([tensor(dx, shape), of(1), of(0)], of_residual)
}
