//! How far an answer is.

use wasm_bindgen::JsValue;

/// A function of the page's that is told, if there is one.
pub(crate) struct Progress(pub(crate) Option<js_sys::Function>);

impl Progress {
    /// What the function throws is its own.
    pub(crate) fn tell(&self, done: u64, all: u64) {
        if let Some(function) = &self.0 {
            let (done, all) = (JsValue::from_f64(done as f64), JsValue::from_f64(all as f64));
            let _ = function.call2(&JsValue::NULL, &done, &all);
        }
    }
}
