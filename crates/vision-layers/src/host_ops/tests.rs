//! Each operation and its gradients beside the same made of Burn's operations.

use burn::tensor::activation::relu;
use burn::tensor::module::{batch_norm_train, conv2d};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Distribution, Tensor, TensorData};

use super::*;
use crate::{bilinear_matrix, resize_with};

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), device).require_grad()
}

/// The largest difference, by the largest value.
fn apart<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    let largest = b.clone().abs().max().into_scalar::<f32>().max(1e-3);
    (a - b).abs().max().into_scalar::<f32>() / largest
}

/// The gradients of `inputs` for an output whose gradient differs from place to place.
fn gradients<const D: usize>(y: Tensor<D>, inputs: &[Tensor<4>]) -> Vec<Tensor<4>> {
    let n = y.dims().iter().product::<usize>();
    let weights = (0..n).map(|i| ((i * 7919) % 101) as f32 / 50.0 - 1.0).collect::<Vec<_>>();
    let weights = Tensor::from_data(TensorData::new(weights, y.dims()), &y.device());
    let grads = (y * weights).sum().backward();
    inputs.iter().map(|input| input.grad(&grads).expect("a gradient")).collect()
}

fn assert_same(what: &str, [ours, theirs]: [Tensor<4>; 2], inputs: &[Tensor<4>]) {
    let close = apart(ours.clone().inner(), theirs.clone().inner());
    assert!(close < 1e-5, "{what}: {close}");
    let [ours, theirs] = [ours, theirs].map(|y| gradients(y, inputs));
    for (input, (ours, theirs)) in ours.into_iter().zip(theirs).enumerate() {
        let close = apart(ours, theirs);
        // Burn sums thousands of values of both signs in 32 bits.
        assert!(close < 1e-4, "{what}, gradient of input {input}: {close}");
    }
}

fn device() -> Device {
    let device = Device::flex().autodiff();
    device.seed(7);
    device
}

#[test]
fn norms_are_those_of_burn() {
    let device = device();
    for [batch, channels, height, width] in
        [[2, 3, 5, 7], [1, 1, 1, 2], [4, 5, 1, 1], [3, 2, 40, 31]]
    {
        let shape = [batch, channels, height, width];
        let (x, residual) = (random(shape, &device) * 3.0 + 5.0, random(shape, &device));
        let (x, residual) = (x.detach().require_grad(), residual);
        let [gamma, beta] = [(); 2].map(|()| random([1, channels, 1, 1], &device));
        let flat = |x: &Tensor<4>| x.clone().reshape([channels]);
        for (add, rectify) in [(false, false), (false, true), (true, true), (true, false)] {
            let found = batch_norm_train(x.clone(), flat(&gamma), flat(&beta), 1e-5);
            let theirs = if add { found.output + residual.clone() } else { found.output };
            let theirs = if rectify { relu(theirs) } else { theirs };
            let added = add.then(|| residual.clone());
            let affine = [flat(&gamma), flat(&beta)];
            let (ours, mean, variance) = norm_act(x.clone(), affine, added, rectify, 1e-5);
            assert!(apart(mean, found.mean) < 1e-5 && apart(variance, found.variance) < 1e-5);
            let inputs = [x.clone(), gamma.clone(), beta.clone(), residual.clone()];
            let inputs = if add { &inputs[..] } else { &inputs[..3] };
            assert_same(&format!("{shape:?}, add {add}, ReLU {rectify}"), [ours, theirs], inputs);
        }
    }
}

#[test]
fn what_is_not_a_number_is_not_hidden() {
    let device = Device::flex();
    let x = Tensor::<4>::from_floats([[[[f32::NAN, 1.0]]]], &device);
    let one = Tensor::<1>::ones([1], &device);
    let (y, ..) = norm_act(x, [one.clone(), one], None, true, 1e-5);
    assert!(y.into_data().try_to_vec::<f32>().unwrap().iter().all(|y| y.is_nan()));
}

#[test]
fn convolutions_are_those_of_burn() {
    let device = device();
    for (batch, inputs, outputs, height, width) in
        [(1, 1, 1, 1, 1), (2, 3, 4, 5, 7), (3, 4, 2, 6, 4), (1, 2, 3, 1, 8), (2, 64, 65, 14, 15)]
    {
        let x = random([batch, inputs, height, width], &device);
        let weight = random([outputs, inputs, 3, 3], &device);
        let options = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
        let theirs = conv2d(x.clone(), weight.clone(), None, options);
        let ours = conv3x3(x.clone(), weight.clone());
        let what = format!("{inputs} to {outputs}, {batch} of {height} x {width}");
        assert_same(&what, [ours, theirs], &[x, weight]);
    }
}

#[test]
fn an_input_that_does_not_lie_in_order_is_taken_in_order() {
    let device = device();
    let x = random([3, 2, 6, 5], &device);
    let weight = random([2, 4, 3, 3], &device);
    // A graph is walked once: each form gets its own views.
    let views = || {
        let (turned, exchanged) = (x.clone().swap_dims(0, 1), weight.clone().swap_dims(0, 1));
        let part = turned.slice([0..2, 1..3, 0..6, 1..5]);
        (part, exchanged.slice([0..4, 0..2, 0..3, 0..3]))
    };
    let options = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
    let (part, exchanged) = views();
    let theirs = conv2d(part, exchanged, None, options);
    let (part, exchanged) = views();
    assert_same("views", [conv3x3(part, exchanged), theirs], &[x.clone(), weight.clone()]);
}

#[test]
fn enlarged_taps_are_enlarged_shifted_and_added() {
    let device = device();
    for [batch, outputs, h, w] in [[1, 1, 1, 1], [2, 3, 1, 4], [1, 2, 5, 1], [2, 2, 3, 6]] {
        let z = random([batch, 9 * outputs, h, w], &device);
        let matrix = |n: usize| bilinear_matrix(n, 4 * n);
        let large = resize_with(z.clone(), matrix(h), matrix(w));
        let large = large.pad([(1, 1), (1, 1)], burn::tensor::ops::PadMode::Constant(0.0));
        let taps = (0..9).map(|tap| {
            let (rows, columns) = (tap / 3..tap / 3 + 4 * h, tap % 3..tap % 3 + 4 * w);
            let large = large.clone().slice([0..batch, 0..9 * outputs, rows, columns]);
            large.reshape([batch, outputs, 9, 16 * h * w]).narrow(2, tap, 1)
        });
        let theirs = taps.reduce(|sum, tap| sum + tap).unwrap();
        let theirs = theirs.reshape([batch, outputs, 4 * h, 4 * w]);
        assert_same(&format!("{h} x {w}"), [enlarge_taps(z.clone()), theirs], &[z]);
    }
}
