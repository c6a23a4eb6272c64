//! Whether a JPEG file is whole.

/// Whether the file has the marker at which a picture ends. Decoders fill what is missing of a cut
/// file with grey, without a word.
pub(crate) fn has_end(content: &[u8]) -> bool {
    let Some(scan) = first_scan(content) else { return false };
    // In a scan's data 0xff is followed by 0 or is a marker.
    content.get(scan..).unwrap_or_default().windows(2).any(|pair| pair == [0xff, 0xd9])
}

/// Where the first scan begins: segments before it may hold a small picture with an end of its own.
fn first_scan(content: &[u8]) -> Option<usize> {
    let mut at = 2; // behind the start of the picture
    loop {
        let [0xff, marker] = *content.get(at..at + 2)? else { return None };
        match marker {
            0xff => at += 1,               // a filler
            0x01 | 0xd0..=0xd8 => at += 2, // markers without a segment
            0xda => return Some(at),
            _ => {
                let length = content.get(at + 2..at + 4)?;
                at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
            }
        }
    }
}
