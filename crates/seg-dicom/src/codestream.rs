//! What a JPEG or a JPEG 2000 says of its own size, before it is decoded.

/// The size of a compressed picture by its own header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    pub(crate) samples: u16,
    /// In a value; 1 to 16.
    pub(crate) bits: u16,
    /// Whether each value can be restored; known of JPEGs.
    pub(crate) lossless: bool,
    /// Whether the markers of a JPEG with three values call them luminance and colour; `None` if there
    /// are none.
    pub(crate) says_ybr: Option<bool>,
}

/// Reads the markers of a JPEG up to its frame, and looks for its end.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn jpeg_stream(stream: &[u8]) -> Result<Stream, &'static str> {
    if !stream.starts_with(b"\xff\xd8") {
        return Err("it does not begin as a JPEG");
    }
    // Pieces have an even length; a byte may follow the end. Some systems fill up with more zeros.
    let end = stream.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    if !stream[..end].windows(2).rev().take(4).any(|pair| pair == b"\xff\xd9") {
        return Err("it has no end marker");
    }
    let (mut at, mut adobe, mut jfif) = (2, None, false);
    loop {
        let [0xff, marker] = *array(stream, at)? else { return Err("a marker is missing") };
        if marker == 0xff {
            at += 1; // fill bytes
            continue;
        }
        let length = usize::from(u16::from_be_bytes(*array(stream, at + 2)?));
        let segment = stream.get(at + 4..at + 2 + length).ok_or("it is cut in its header")?;
        match marker {
            0xe0 if segment.starts_with(b"JFIF") => jfif = true,
            0xee if segment.starts_with(b"Adobe") => adobe = segment.get(11).copied(),
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let [bits, r0, r1, c0, c1, samples] = *array(segment, 0)?;
                let says_ybr = match (adobe, jfif) {
                    (Some(transform), _) => Some(transform != 0),
                    (None, true) => Some(true),
                    (None, false) => None,
                };
                let (rows, columns) = (u16::from_be_bytes([r0, r1]), u16::from_be_bytes([c0, c1]));
                return Ok(Stream {
                    rows: u32::from(rows),
                    columns: u32::from(columns),
                    samples: u16::from(samples),
                    bits: u16::from(bits),
                    lossless: matches!(marker, 0xc3 | 0xc7 | 0xcb | 0xcf),
                    says_ybr,
                });
            }
            0xd9 | 0xda => return Err("it has no frame"),
            _ => {}
        }
        at += 2 + length;
    }
}

/// Reads the size of a JPEG 2000 codestream, or of the first one in a file of boxes.
///
/// # Errors
///
/// What is wrong with it.
#[cfg(all(feature = "jpeg2000", not(target_family = "wasm")))]
pub(crate) fn jpeg2000_stream(stream: &[u8]) -> Result<Stream, &'static str> {
    const START: &[u8] = b"\xff\x4f\xff\x51";
    let start = match stream.starts_with(START) {
        true => 0,
        // Boxes, which do not belong in DICOM and occur; the signature box comes first.
        false if stream.starts_with(b"\0\0\0\x0cjP  ") => stream
            .windows(START.len())
            .position(|window| window == START)
            .ok_or("there is no codestream in its boxes")?,
        false => return Err("it does not begin as a JPEG 2000"),
    };
    let size = stream.get(start + 4..).unwrap_or(&[]);
    let long = |at| array(size, at).map(|bytes| u32::from_be_bytes(*bytes));
    let (width, height, left, top) = (long(4)?, long(8)?, long(12)?, long(16)?);
    let (tile_width, tile_height) = (long(20)?, long(24)?);
    let samples = u16::from_be_bytes(*array(size, 36)?);
    let (columns, rows) = (width.saturating_sub(left), height.saturating_sub(top));
    // A picture of millions of tiles of one pixel takes minutes and gigabytes.
    let tiles = |side: u32, tile: u32| u64::from(side.div_ceil(tile.max(1)));
    if tiles(width, tile_width) * tiles(height, tile_height) > 65_535 {
        return Err("it has more tiles than a JPEG 2000 can have");
    }
    let mut bits = 0;
    for component in 0..usize::from(samples) {
        let [depth, across, down] = *array(size, 38 + 3 * component)?;
        if (across, down) != (1, 1) {
            return Err("its colours have fewer pixels than its brightness, which is not read");
        }
        bits = bits.max(u16::from(depth & 0x7f) + 1);
    }
    if !(1..=16).contains(&bits) {
        return Err("its values have more than 16 bits");
    }
    Ok(Stream { rows, columns, samples, bits, lossless: false, says_ybr: None })
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<&[u8; N], &'static str> {
    bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or("it is cut in its header")
}
