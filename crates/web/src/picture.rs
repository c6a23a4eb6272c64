//! A picture that is asked about.

use wasm_bindgen::prelude::wasm_bindgen;

/// What is known of a picture that was read.
#[wasm_bindgen(getter_with_clone)]
#[derive(Clone, Debug)]
pub struct Shown {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Red, green, blue and opacity of each pixel, row by row, as a canvas takes them.
    pub rgba: Vec<u8>,
    /// What was decided while the file was read, a sentence each.
    pub notes: Vec<String>,
}

impl Shown {
    /// A picture as it was read.
    pub(crate) fn new(picture: &seg_image::Picture) -> Self {
        let (width, height) = picture.image.dimensions();
        let rgba = picture.image.pixels().flat_map(|pixel| {
            let [red, green, blue] = pixel.0;
            [red, green, blue, u8::MAX]
        });
        let notes = picture.notes.iter().map(ToString::to_string);
        Self { width, height, rgba: rgba.collect(), notes: notes.collect() }
    }
}
