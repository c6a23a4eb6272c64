//! The segmenter in a browser.
//!
//! `web/` has the page that uses it, and its README how both are built. In JavaScript:
//!
//! ```js
//! import init, { Network } from "./causal_clip_seg_web.js";
//! await init({ module_or_path: "causal_clip_seg_web_bg.wasm" });
//! const network = new Network(weights, "network.safetensors"); // a Uint8Array
//! const picture = network.show(file, "x.png");                 // likewise
//! const answer = await network.ask("the left lung");
//! const inside = answer.probabilities.map(p => p >= answer.threshold);
//! ```
//!
//! With the feature `gpu` there is a `Gpu` too, whose `load` gives a network on it. What computes on the CPU
//! blocks its thread, awaited or not; the page calls it in a worker.
#![deny(missing_docs)]

mod answer;
mod check;
#[cfg(feature = "gpu")]
mod gpu;
mod network;
mod picture;
mod progress;
mod segmentation;

pub use answer::Answer;
#[cfg(feature = "gpu")]
pub use gpu::Gpu;
pub use network::Network;
pub use picture::Shown;
pub use segmentation::Segmentation;

use wasm_bindgen::prelude::wasm_bindgen;

/// Makes a panic say where it was, on the browser's console.
#[wasm_bindgen(start)]
pub fn start() {
    #[cfg(target_family = "wasm")]
    console_error_panic_hook::set_once();
}

/// The sentence with left and right exchanged; nothing if it names no side, or is in no language that is
/// known.
#[wasm_bindgen(js_name = otherSide)]
pub fn other_side(sentence: &str) -> Option<String> {
    seg_sentences::Grammar::default().apply(seg_sentences::Edit::SwapSides, sentence)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_other_side_is_there_where_a_side_is_named() {
        assert_eq!(super::other_side("The left lung.").as_deref(), Some("The right lung."));
        assert_eq!(super::other_side("Both lungs."), None);
    }
}
