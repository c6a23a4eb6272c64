//! Colours: RGB, luminance with two differences, and palettes.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::dataset::DataSet;
use crate::error::{Problem, element};
use crate::layout::{Layout, Photometric};
use crate::samples::Samples;

/// A frame as red, green and blue, row by row.
pub(crate) fn rgb(
    set: &DataSet<'_>,
    samples: &Samples<'_>,
    layout: Layout,
) -> Result<Vec<u8>, Problem> {
    let mut out = Vec::with_capacity(3 * layout.pixels());
    if layout.photometric == Photometric::Palette {
        let palette = Palette::read(set, &layout)?;
        samples.for_each(|word| out.extend(palette.colour(layout.value(layout.used(word)))));
        return Ok(out);
    }
    let top = layout.range() - 1;
    let eight = |word: u16| match layout.stored {
        8 => layout.used(word) as u8,
        _ => ((u32::from(layout.used(word)) * 255 + top / 2) / top.max(1)) as u8,
    };
    samples.for_each(|word| out.push(eight(word)));
    if matches!(layout.photometric, Photometric::YbrFull | Photometric::YbrFull422) {
        out.as_chunks_mut().0.iter_mut().for_each(|pixel| *pixel = from_ybr(*pixel));
    }
    Ok(out)
}

/// PS3.3, C.7.6.3.1.2: YBR_FULL has the factors of ITU-R BT.601 over the whole of 8 bits.
fn from_ybr([y, b, r]: [u8; 3]) -> [u8; 3] {
    let (y, b, r) = (f32::from(y), f32::from(b) - 128.0, f32::from(r) - 128.0);
    let rgb = [y + 1.402 * r, y - 0.344_136 * b - 0.714_136 * r, y + 1.772 * b];
    rgb.map(|value| (value + 0.5).floor() as u8) // values outside become the ends
}

/// The colours that indices stand for.
struct Palette {
    first: i32,
    /// Not empty.
    colours: Vec<[u8; 3]>,
}

impl Palette {
    fn read(set: &DataSet<'_>, layout: &Layout) -> Result<Self, Problem> {
        const CHANNELS: [(Tag, Tag, Tag); 3] = [
            (
                tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
                tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
                tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            ),
            (
                tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
                tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
                tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            ),
            (
                tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
                tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
                tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            ),
        ];
        let mut channels = Vec::new();
        let mut first = 0;
        for (descriptor, data, segmented) in CHANNELS {
            if set.bytes(data).is_none() && set.bytes(segmented).is_some() {
                let what = format!("a segmented palette, {}", element(segmented));
                return Err(Problem::Unsupported { what, advice: "convert it to RGB first" });
            }
            let found = set.bytes(descriptor).ok_or(Problem::Missing { tag: descriptor })?;
            let found = set.words(found).collect::<Vec<_>>();
            let wrong = |why: String| Problem::Table { tag: descriptor, why };
            let [count, start, bits] = found[..] else {
                return Err(wrong(format!("{} numbers, expected 3", found.len())));
            };
            let count = if count == 0 { 1 << 16 } else { usize::from(count) };
            first = if layout.signed { i32::from(start as i16) } else { i32::from(start) };
            let bytes = set.bytes(data).ok_or(Problem::Missing { tag: data })?;
            let entries = if bytes.len() >= 2 * count {
                let low = bits == 8;
                let words = set.words(bytes).take(count);
                words.map(|word| if low { word << 8 } else { word }).collect::<Vec<_>>()
            } else if bytes.len() >= count && bytes.len() <= count + 1 {
                bytes[..count].iter().map(|byte| u16::from(*byte) << 8).collect()
            } else {
                let why = format!("{} bytes for {count} entries", bytes.len());
                return Err(Problem::Table { tag: data, why });
            };
            channels.push(entries);
        }
        let [red, green, blue] = &channels[..] else {
            return Err(Problem::Missing { tag: tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA });
        };
        // Some systems announce 16 bits and write 8 of them into the low byte.
        let low = channels.iter().flatten().all(|word| *word < 256);
        let eight = |word: &u16| if low { *word as u8 } else { (word >> 8) as u8 };
        let colours = red.iter().zip(green).zip(blue);
        let colours = colours.map(|((r, g), b)| [eight(r), eight(g), eight(b)]);
        Ok(Self { first, colours: colours.collect() })
    }

    /// That of the ends for indices outside.
    fn colour(&self, index: i32) -> [u8; 3] {
        let last = self.colours.len() as i32 - 1;
        self.colours[(index - self.first).clamp(0, last) as usize]
    }
}
