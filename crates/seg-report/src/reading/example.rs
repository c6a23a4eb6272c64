//! Pictures for the page: a sentence and its answer beside the edited sentence and its answer.

use image::codecs::jpeg::JpegEncoder;
use image::imageops;
use seg_image::{BinaryMask, OverlayStyle, RgbImage, overlay_with_reference};

use crate::reading::error::ReadingError;
use seg_sentences::Edit;

/// Two sentences about one picture, with the answers.
#[derive(Clone, Debug)]
pub struct EditExample {
    /// The case's name.
    pub case: String,
    /// The picture, of any size.
    pub image: RgbImage,
    /// What was done to the sentence.
    pub edit: Edit,
    /// As the data has it.
    pub original: ExampleAnswer,
    /// After the edit.
    pub edited: ExampleAnswer,
}

/// A sentence and the answer to it.
#[derive(Clone, Debug)]
pub struct ExampleAnswer {
    /// The sentence.
    pub sentence: String,
    /// The predicted mask.
    pub answer: BinaryMask,
    /// The true mask, if the data has it; drawn as an outline.
    pub reference: Option<BinaryMask>,
}

/// An example as the page has it.
pub(crate) struct Tile<'a> {
    pub(crate) example: &'a EditExample,
    /// JPEG, of the original and of the edited sentence.
    pub(crate) pictures: [Vec<u8>; 2],
}

/// The first examples whose pictures together fit into a number of bytes.
pub(crate) fn tiles(examples: &[EditExample], most: usize) -> Result<Vec<Tile<'_>>, ReadingError> {
    let mut tiles = Vec::new();
    let mut size = 0;
    for example in examples {
        let draw = |shown| {
            jpeg(&example.image, shown)
                .map_err(|source| ReadingError::Encode { case: example.case.clone(), source })
        };
        let pictures = [draw(&example.original)?, draw(&example.edited)?];
        size += pictures.iter().map(Vec::len).sum::<usize>();
        if size > most {
            break;
        }
        tiles.push(Tile { example, pictures });
    }
    Ok(tiles)
}

/// A small copy of the picture with the answer tinted and the reference outlined.
fn jpeg(image: &RgbImage, shown: &ExampleAnswer) -> Result<Vec<u8>, image::ImageError> {
    /// Longer side, in pixels.
    const SIDE: u32 = 320;
    const QUALITY: u8 = 80;
    let (width, height) = image.dimensions();
    let longer = width.max(height).max(1);
    let small = |side: u32| (u64::from(side) * u64::from(SIDE) / u64::from(longer)).max(1) as u32;
    let size = if longer > SIDE { (small(width), small(height)) } else { (width, height) };
    let image = match longer > SIDE {
        true => &imageops::thumbnail(image, size.0, size.1),
        false => image,
    };
    // The overlay draws masks at the picture's size.
    let mask = shown.answer.resize_nearest(size.0, size.1);
    let reference = shown.reference.as_ref().map(|mask| mask.resize_nearest(size.0, size.1));
    let style = OverlayStyle { min_width: SIDE / 2, ..OverlayStyle::default() };
    let drawn = overlay_with_reference(image, &mask, reference.as_ref(), &style, "");
    let mut picture = Vec::new();
    JpegEncoder::new_with_quality(&mut picture, QUALITY).encode_image(&drawn)?;
    Ok(picture)
}
