//! One frame of a data set: its bytes, and its values decoded.

use std::borrow::Cow;

use dicom_core::VR;
use dicom_dictionary_std::tags;

use crate::codec::{self, Decoded};
use crate::container::{Container, inflate};
use crate::dataset::{DataSet, Value};
use crate::error::Problem;
use crate::layout::{Layout, Photometric};
use crate::samples::Samples;
use crate::transfer::Encoding;

/// The values of a frame, from 0, and how they are to be taken, which a codec may say better than the
/// data set: it decodes colours and knows its own bits.
pub(crate) fn read<'a>(
    set: &'a DataSet<'a>,
    container: &Container<'_>,
    layout: Layout,
    frame: u32,
) -> Result<(Samples<'a>, Layout), Problem> {
    let element = set.get(tags::PIXEL_DATA).ok_or(Problem::Missing { tag: tags::PIXEL_DATA })?;
    match (&element.value, container.encoding) {
        (Value::Bytes(bytes), Encoding::Native) => {
            let swapped = set.syntax.big_endian && element.vr == VR::OW;
            let samples = native(bytes, layout, frame, set.syntax.big_endian, swapped)?;
            Ok((samples, Layout { planar: false, ..layout }))
        }
        // Some systems leave pixels as they are under the name of a codec; nothing else has such a form.
        (Value::Bytes(_), encoding) => {
            let why = "its pixels are not compressed, whatever the transfer syntax says".to_owned();
            Err(Problem::Codec { codec: encoding.name(), why })
        }
        (Value::Fragments(_), Encoding::Native) | (Value::Items(..), _) => {
            let found = "in compressed pieces".to_owned();
            let expected = "plain bytes, as the transfer syntax says";
            Err(Problem::Value { tag: tags::PIXEL_DATA, found, expected })
        }
        (Value::Fragments(fragments), encoding) => {
            let stream = stream(set, fragments, layout.frames, frame)?;
            decode(&stream, encoding, layout)
        }
    }
}

fn decode<'a>(
    stream: &[u8],
    encoding: Encoding,
    layout: Layout,
) -> Result<(Samples<'a>, Layout), Problem> {
    if encoding == Encoding::DeflatedFrame {
        // Frames may be filled up to an even length.
        let bytes = inflate(stream, (bits_of_frame(&layout).div_ceil(8)) + 1)?;
        let alone = Layout { frames: 1, ..layout };
        let samples = match native(&bytes, alone, 0, false, false)? {
            Samples::Eight(bytes) => Samples::Eight(Cow::Owned(bytes.into_owned())),
            Samples::Sixteen { bytes, big_endian } => {
                Samples::Sixteen { bytes: Cow::Owned(bytes.into_owned()), big_endian }
            }
            Samples::Words(words) => Samples::Words(words),
        };
        return Ok((samples, Layout { planar: false, ..layout }));
    }
    let Decoded { samples, layout } = codec::decode(stream, encoding, layout)?;
    if samples.len() != layout.values() {
        let why = format!("{} values for {}", samples.len(), layout.values());
        return Err(Problem::Codec { codec: encoding.name(), why });
    }
    Ok((samples, layout))
}

/// The bits that an uncompressed frame takes.
fn bits_of_frame(layout: &Layout) -> u64 {
    let pixels = layout.pixels() as u64;
    match (layout.photometric, layout.allocated) {
        (_, 1) => pixels,
        (Photometric::YbrFull422, bits) => 2 * pixels * u64::from(bits),
        (_, bits) => layout.values() as u64 * u64::from(bits),
    }
}

/// A frame of uncompressed pixels, the values of a pixel side by side.
fn native<'a>(
    bytes: &'a [u8],
    layout: Layout,
    frame: u32,
    big_endian: bool,
    swapped: bool,
) -> Result<Samples<'a>, Problem> {
    // In bits: pixels of one bit are packed through all frames.
    let size = bits_of_frame(&layout);
    let expected = size.saturating_mul(u64::from(layout.frames)).div_ceil(8);
    if (bytes.len() as u64) < expected {
        return Err(Problem::FewPixels {
            rows: layout.rows,
            columns: layout.columns,
            frames: layout.frames,
            expected,
            found: bytes.len() as u64,
        });
    }
    let first = size * u64::from(frame);
    let range = (first / 8) as usize..(first + size).div_ceil(8) as usize;
    if layout.allocated == 1 {
        let bit = |at: u64| {
            let byte = if swapped { (at / 8) ^ 1 } else { at / 8 } as usize;
            bytes.get(byte).is_some_and(|byte| byte >> (at % 8) & 1 == 1)
        };
        return Ok(Samples::Eight((first..first + size).map(|at| u8::from(bit(at))).collect()));
    }
    let own = bytes.get(range).unwrap_or(&[]);
    let samples = match (layout.allocated, swapped) {
        (8, true) => {
            // Two bytes of a word are in the word's order, wherever the frame begins.
            let at = |place: usize| bytes.get((place + (first / 8) as usize) ^ 1);
            Samples::Eight((0..own.len()).map(|place| at(place).copied().unwrap_or(0)).collect())
        }
        (8, false) => Samples::Eight(Cow::Borrowed(own)),
        _ => Samples::Sixteen { bytes: Cow::Borrowed(own), big_endian },
    };
    match layout.photometric {
        Photometric::YbrFull422 => whole_colours(&samples, layout),
        _ if layout.planar => Ok(interleaved(&samples, layout.pixels())),
        _ => Ok(samples),
    }
}

/// Planes side by side.
fn interleaved(samples: &Samples<'_>, pixels: usize) -> Samples<'static> {
    match samples {
        Samples::Eight(bytes) => {
            let pixel = |at: usize| [0, 1, 2].map(|plane| bytes[plane * pixels + at]);
            Samples::Eight((0..pixels).flat_map(pixel).collect())
        }
        other => {
            let mut words = vec![0; 3 * pixels];
            let mut place = 0;
            other.for_each(|word| {
                words[place % pixels * 3 + place / pixels] = word;
                place += 1;
            });
            Samples::Words(words)
        }
    }
}

/// Pairs of pixels that share their colour (Y Y Cb Cr) to pixels of three values.
fn whole_colours(samples: &Samples<'_>, layout: Layout) -> Result<Samples<'static>, Problem> {
    let Samples::Eight(bytes) = samples else {
        let what = "YBR_FULL_422 of 16 bits".to_owned();
        return Err(Problem::Unsupported { what, advice: "convert it to RGB first" });
    };
    if layout.columns % 2 == 1 {
        let (found, expected) = (layout.columns.to_string(), "an even number with YBR_FULL_422");
        return Err(Problem::Value { tag: tags::COLUMNS, found, expected });
    }
    let pairs = bytes.as_chunks().0.iter();
    let pixels = pairs.flat_map(|[y0, y1, cb, cr]| [*y0, *cb, *cr, *y1, *cb, *cr]);
    Ok(Samples::Eight(pixels.collect()))
}

/// The compressed bytes of a frame.
fn stream<'a>(
    set: &DataSet<'a>,
    fragments: &[&'a [u8]],
    frames: u32,
    frame: u32,
) -> Result<Cow<'a, [u8]>, Problem> {
    let (table, pieces) = match fragments {
        [table, pieces @ ..] if !pieces.is_empty() => (*table, pieces),
        _ => return Err(Problem::Fragments { fragments: 0, frames }),
    };
    let (count, place) = (frames as usize, frame as usize);
    let unknown = || Problem::Fragments { fragments: pieces.len(), frames };
    let range = if count == 1 {
        0..pieces.len()
    } else if pieces.len() == count {
        place..place + 1
    } else {
        let starts = starts_by_table(set, table, pieces)
            .filter(|starts| starts.len() == count)
            .unwrap_or_else(|| starts_by_marker(pieces));
        if starts.len() != count {
            return Err(unknown());
        }
        let end = starts.get(place + 1).copied().unwrap_or(pieces.len());
        *starts.get(place).ok_or_else(unknown)?..end
    };
    match pieces.get(range).ok_or_else(unknown)? {
        [one] => Ok(Cow::Borrowed(one)),
        several => Ok(Cow::Owned(several.concat())),
    }
}

/// The pieces at which frames begin, by the table of offsets.
fn starts_by_table(set: &DataSet<'_>, table: &[u8], pieces: &[&[u8]]) -> Option<Vec<usize>> {
    let offsets = match set.bytes(tags::EXTENDED_OFFSET_TABLE) {
        Some(bytes) => bytes.as_chunks().0.iter().map(|b| u64::from_le_bytes(*b)).collect(),
        None => {
            let offsets = table.as_chunks().0.iter().map(|b| u64::from(u32::from_le_bytes(*b)));
            offsets.collect::<Vec<_>>()
        }
    };
    let mut at = 0;
    let places = pieces.iter().map(|piece| {
        let start = at;
        at += piece.len() as u64 + 8; // with the item's header
        start
    });
    let places = places.collect::<Vec<_>>();
    let starts = offsets.iter().map(|offset| places.binary_search(offset).ok());
    let starts = starts.collect::<Option<Vec<_>>>()?;
    starts.is_sorted_by(|a, b| a < b).then_some(starts)
}

/// The pieces that begin as a JPEG or a JPEG 2000 does.
fn starts_by_marker(pieces: &[&[u8]]) -> Vec<usize> {
    let begins = |piece: &[u8]| {
        [&b"\xff\xd8\xff"[..], b"\xff\x4f\xff\x51"]
            .into_iter()
            .any(|magic| piece.starts_with(magic))
    };
    (0..pieces.len()).filter(|place| begins(pieces[*place])).collect()
}
