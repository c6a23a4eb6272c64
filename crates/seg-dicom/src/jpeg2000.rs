//! JPEG 2000 and HTJ2K, by openjp2.

use jpeg2k::{DecodeParameters, Image};

use crate::codec::{Decoded, broken, check};
use crate::codestream::jpeg2000_stream;
use crate::error::Problem;
use crate::layout::{Layout, Photometric};
use crate::samples::Samples;
use crate::transfer::Encoding;

pub(crate) fn decode(stream: &[u8], layout: Layout) -> Result<Decoded<'static>, Problem> {
    let this = Encoding::Jpeg2000;
    let found = jpeg2000_stream(stream).map_err(|why| broken(this, why))?;
    check(&found, this, &layout)?;
    // Else a cut picture is a whole one with a grey end.
    let parameters = DecodeParameters::new().strict(true).ignore_pclr_cmap_cdef();
    let image = Image::from_bytes_with(stream, parameters).map_err(|error| broken(this, error))?;
    let components = image.components();
    let samples = usize::from(layout.samples);
    let as_said =
        |c: &jpeg2k::ImageComponent| (c.height(), c.width()) == (layout.rows, layout.columns);
    if components.len() != samples || !components.iter().all(as_said) {
        return Err(broken(this, "its components have other sizes than its header says"));
    }
    let stored = layout.stored.max(found.bits);
    let mut words = vec![0u16; layout.values()];
    for (place, component) in components.iter().enumerate() {
        // A sign that the file has and the codestream has not is that of the codestream's bits.
        let unused = 32 - component.precision().clamp(1, 32);
        let extend = layout.signed && !component.is_signed();
        let places = words.iter_mut().skip(place).step_by(samples);
        for (word, value) in places.zip(component.data()) {
            let value = if extend { value << unused >> unused } else { *value };
            *word = value as u16; // the low bits, as they would be stored
        }
    }
    let photometric = match layout.photometric {
        Photometric::YbrDecoded => Photometric::Rgb,
        Photometric::YbrFull422 => Photometric::YbrFull,
        other => other,
    };
    let layout = Layout { photometric, planar: false, stored, high: stored - 1, ..layout };
    Ok(Decoded { samples: Samples::Words(words), layout })
}
