//! Masks of one bit, packed.

/// Packs masks one after another, without a gap between them, the first pixel in the lowest bit, to an
/// even number of bytes (PS3.5, 8.1.1 and 8.2).
pub(crate) fn pack<'a>(masks: impl Iterator<Item = &'a [bool]>) -> Vec<u8> {
    let (mut bytes, mut count) = (Vec::new(), 0);
    for inside in masks.flatten() {
        if count % 8 == 0 {
            bytes.push(0);
        }
        if let (true, Some(last)) = (inside, bytes.last_mut()) {
            *last |= 1 << (count % 8);
        }
        count += 1;
    }
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three masks of 5 x 5 take 75 bits: ten bytes, as highdicom 0.28.2 writes them.
    #[test]
    fn masks_follow_each_other_without_a_gap() {
        let masks = [0, 1, 2].map(|first| (0..25).map(|at| at == first).collect::<Vec<_>>());
        let bytes = pack(masks.iter().map(Vec::as_slice));
        assert_eq!(bytes, [1, 0, 0, 0b100, 0, 0, 0b10000, 0, 0, 0][..]);
    }
}
