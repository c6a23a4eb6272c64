//! The connected parts of a mask.

use seg_image::BinaryMask;

/// How many parts, connected along edges, have at least `least` pixels.
pub(crate) fn components(mask: &BinaryMask, least: usize) -> usize {
    let (width, pixels) = (mask.width as usize, mask.values.len());
    let mut left = mask.values.clone();
    let mut open = Vec::new();
    let mut found = 0;
    for start in 0..pixels {
        if !std::mem::take(&mut left[start]) {
            continue;
        }
        open.push(start);
        let mut area = 0;
        while let Some(at) = open.pop() {
            area += 1;
            let column = at % width;
            let around = [
                (column > 0).then(|| at - 1),
                (column + 1 < width).then_some(at + 1),
                at.checked_sub(width),
                Some(at + width).filter(|below| *below < pixels),
            ];
            let inside = around.into_iter().flatten();
            open.extend(inside.filter(|next| std::mem::take(&mut left[*next])));
        }
        found += usize::from(area >= least);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_connected_along_edges() {
        let rows = ["##..#", "##...", "..##.", "....#"];
        let at = |x: u32, y: u32| rows[y as usize].as_bytes()[x as usize] == b'#';
        let mask = BinaryMask::from_fn(5, 4, at);
        assert_eq!([1, 2, 4, 5].map(|least| components(&mask, least)), [4, 2, 1, 0]);
        // The end of a row and the start of the next are no neighbours.
        let corners = BinaryMask::from_fn(3, 2, |x, y| (x, y) == (2, 0) || (x, y) == (0, 1));
        assert_eq!(components(&corners, 1), 2);
        assert_eq!(components(&BinaryMask::from_fn(0, 0, |_, _| true), 1), 0);
    }
}
