//! What a training is told by the program that runs it.

use std::sync::atomic::AtomicBool;

use burn::tensor::Device;

use crate::joined::Exchange;

/// Where a training computes, how it is stopped, and what it says of the program that runs it.
#[derive(Clone, Copy, Debug)]
pub struct RunContext<'a> {
    /// The training turns gradients on by itself.
    pub device: &'a Device,
    /// Further devices, which share each batch with the first one: each its part of the pictures, on a thread of
    /// its own. A device that is named twice gets two shares.
    pub others: &'a [Device],
    /// How gradients and weights go between devices.
    pub exchange: Exchange,
    /// What the device is called in the run's records; several with commas between.
    pub device_name: &'a str,
    /// Set from outside, for example by Ctrl-C: the step is finished, a checkpoint written, and the
    /// training returns.
    pub stop: &'a AtomicBool,
    /// Commit that the program was built from, for the run's records; `unknown` if it was not built in
    /// a checkout.
    pub commit: &'a str,
    /// No progress and no notes on standard error.
    pub quiet: bool,
}

impl<'a> RunContext<'a> {
    /// A context that shows progress, of a program that says nothing of itself.
    pub fn new(device: &'a Device, device_name: &'a str, stop: &'a AtomicBool) -> Self {
        Self {
            device,
            others: &[],
            exchange: Exchange::default(),
            device_name,
            stop,
            commit: "unknown",
            quiet: false,
        }
    }
}
