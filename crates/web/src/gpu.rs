//! Networks on a GPU.

use causal_clip_seg::{Checkpoint, Device, RgbImage, Segmenter};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::check::Check;
use crate::network::Network;

/// The browser's GPU, or what it has in its place.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Gpu {
    device: Device,
}

/// Answers about pictures of a user's that are held against the CPU's too.
const CHECKED: usize = 2;

#[wasm_bindgen]
impl Gpu {
    /// Opens it, once for each program that was started.
    ///
    /// # Errors
    ///
    /// If the browser has none, or it was opened before.
    pub async fn open() -> Result<Self, JsError> {
        let device = Device::wgpu_options().init_async().await;
        device.map(|device| Self { device }).map_err(|error| {
            // What is known of every adapter follows.
            let text = error.to_string();
            let what = text.split(", adapters [").next().unwrap_or_default();
            JsError::new(&format!("WebGPU could not be started: {what}"))
        })
    }

    /// A network on it, from the bytes of a weight file, which errors call `name`. It answers a picture that
    /// was made up once, for which the GPU's programs are compiled: that can take minutes. The answer, and
    /// the first about pictures of a user's, are held against the CPU's.
    ///
    /// # Errors
    ///
    /// As [`Network::new`], and if the GPU computes something else than the CPU.
    pub async fn load(&self, weights: Vec<u8>, name: String) -> Result<Network, JsError> {
        let checkpoint = Checkpoint::from_bytes(weights, &name)?;
        let cpu = Segmenter::new(checkpoint.prepare(&Device::flex())?)?;
        let check = Check::against(cpu, CHECKED + 1);
        let network = Network::prepare(&checkpoint, &name, &self.device, check)?;
        drop(checkpoint);
        let size = network.size() as u32;
        network.try_out(&made_up(size)).await?;
        Ok(network)
    }
}

/// Light shapes of several sizes on dark ground, and a fine pattern over them.
fn made_up(size: u32) -> RgbImage {
    RgbImage::from_fn(size, size, |x, y| {
        let (u, v) = (x as f32 / size as f32, y as f32 / size as f32);
        let lobe = |cx: f32, cy: f32| (-((u - cx).powi(2) * 30.0 + (v - cy).powi(2) * 12.0)).exp();
        let light = 0.75 - 0.5 * lobe(0.3, 0.5) - 0.45 * lobe(0.7, 0.45);
        let fine = 0.06 * (u * 43.0).sin() * (v * 61.0).cos();
        let grey = ((light + fine).clamp(0.0, 1.0) * 255.0) as u8;
        [grey; 3].into()
    })
}
