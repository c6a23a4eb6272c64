//! Compressed pixels to values.
//!
//! The codecs are called directly and not by dicom-rs's adapters, which refuse frames over 16 MiB that
//! are compressed well, take a cut JPEG 2000 for a whole one and do not say what a JPEG's colours are. The
//! sizes inside a codestream are held against those of the file before its decoder sees it.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::codestream::{Stream, jpeg_stream};
use crate::error::Problem;
use crate::layout::{Layout, Photometric};
use crate::run_length;
use crate::samples::Samples;
use crate::transfer::Encoding;

/// A frame's values.
pub(crate) struct Decoded<'a> {
    pub(crate) samples: Samples<'a>,
    /// How they are to be taken.
    pub(crate) layout: Layout,
}

/// Decodes a frame; a panic of its decoder is an error.
pub(crate) fn decode(
    stream: &[u8],
    encoding: Encoding,
    layout: Layout,
) -> Result<Decoded<'static>, Problem> {
    let decoded = catch_unwind(AssertUnwindSafe(|| match encoding {
        Encoding::RunLength => run_length::decode(stream, layout),
        Encoding::Jpeg => jpeg(stream, layout),
        #[cfg(all(feature = "jpeg2000", not(target_family = "wasm")))]
        Encoding::Jpeg2000 => crate::jpeg2000::decode(stream, layout),
        _ => Err(broken(encoding, "there is no decoder for it")),
    }));
    decoded.unwrap_or_else(|_| Err(broken(encoding, "its decoder panicked")))
}

pub(crate) fn broken(encoding: Encoding, why: impl ToString) -> Problem {
    Problem::Codec { codec: encoding.name(), why: why.to_string() }
}

/// Whether what the codestream says is what the file says.
pub(crate) fn check(found: &Stream, encoding: Encoding, layout: &Layout) -> Result<(), Problem> {
    let Layout { rows, columns, samples, .. } = *layout;
    if (found.rows, found.columns, found.samples) == (rows, columns, samples) {
        return Ok(());
    }
    Err(Problem::Codestream {
        codec: encoding.name(),
        rows,
        columns,
        samples,
        found_rows: found.rows,
        found_columns: found.columns,
        found_samples: found.samples,
    })
}

fn jpeg(stream: &[u8], layout: Layout) -> Result<Decoded<'static>, Problem> {
    use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};
    let this = Encoding::Jpeg;
    let found = jpeg_stream(stream).map_err(|why| broken(this, why))?;
    if !found.lossless && found.bits != 8 {
        let what = format!("a JPEG of {} bits", found.bits);
        let advice = "decompress it first, for example by DCMTK's `dcmdjpeg IN OUT`";
        return Err(Problem::Unsupported { what, advice });
    }
    check(&found, this, &layout)?;
    // A value takes a bit at least without loss, a block of 8 x 8 a bit with it.
    let most = stream.len().saturating_mul(if found.lossless { 8 } else { 8 * 64 });
    if most < layout.pixels() {
        return Err(broken(this, format!("{} bytes for {} pixels", stream.len(), layout.pixels())));
    }
    let mut decoder = Decoder::new(stream);
    let mut photometric = layout.photometric;
    if layout.samples == 3 {
        // A label of RGB is often wrong, and rightly so where nothing in the JPEG says otherwise.
        let is_ybr = match photometric {
            Photometric::Rgb => found.says_ybr.unwrap_or(false),
            _ => found.says_ybr.unwrap_or(true),
        };
        let is_ybr = is_ybr && !found.lossless;
        // `None` would give the planes of each row one after the other.
        let transform = if is_ybr { ColorTransform::YCbCr } else { ColorTransform::RGB };
        decoder.set_color_transform(transform);
        // What is lossless was not transformed for the codec; its label holds.
        photometric = match photometric {
            Photometric::YbrFull | Photometric::YbrFull422 if found.lossless => {
                Photometric::YbrFull
            }
            _ => Photometric::Rgb,
        };
    }
    let bytes = decoder.decode().map_err(|error| broken(this, error))?;
    let samples = match decoder.info().map(|info| info.pixel_format) {
        Some(PixelFormat::L16) => {
            let words = bytes.as_chunks().0.iter().map(|pair| u16::from_ne_bytes(*pair));
            Samples::Words(words.collect())
        }
        Some(PixelFormat::L8 | PixelFormat::RGB24) => Samples::Eight(Cow::Owned(bytes)),
        other => return Err(broken(this, format!("its pixels are of the kind {other:?}"))),
    };
    let stored = layout.stored.max(found.bits);
    let layout = Layout { photometric, planar: false, stored, high: stored - 1, ..layout };
    Ok(Decoded { samples, layout })
}
