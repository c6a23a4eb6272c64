//! A picture's pixels under a turn.

use seg_sentences::Turn;

/// The turned picture, every value as it was.
///
/// # Shapes
///
/// `[size, size, channels]`, row-major, in and out.
///
/// # Panics
///
/// If there are not `size · size · channels` values.
pub fn turned_pixels(pixels: &[u8], size: usize, channels: usize, turn: Turn) -> Vec<u8> {
    assert_eq!(pixels.len(), size * size * channels, "a picture of {size} x {size} pixels");
    let back = turn.inverse();
    let mut turned = Vec::with_capacity(pixels.len());
    // Twice the distance from the centre: whole for even sizes too.
    let off = |at: usize| 2 * at as isize + 1 - size as isize;
    let at = |off: isize| ((off + size as isize) / 2) as usize;
    for row in 0..size {
        for column in 0..size {
            let (x, y) = back.point(off(column), off(row));
            let from = (at(y) * size + at(x)) * channels;
            turned.extend_from_slice(&pixels[from..from + channels]);
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_picture_turns_as_drawn() {
        let picture = [1, 2, 3, 4]; // 1 2 over 3 4
        let turned = |turn: Turn| turned_pixels(&picture, 2, 1, turn);
        assert_eq!(turned(Turn::FLIP_HORIZONTAL), [2, 1, 4, 3]);
        assert_eq!(turned(Turn::FLIP_VERTICAL), [3, 4, 1, 2]);
        assert_eq!(turned(Turn::HALF), [4, 3, 2, 1]);
        assert_eq!(turned(Turn::QUARTER), [2, 4, 1, 3]);
    }

    #[test]
    fn turns_one_after_the_other_are_one_turn() {
        let picture = (0..27).collect::<Vec<u8>>();
        for first in Turn::ALL {
            for second in Turn::ALL {
                let once = turned_pixels(&picture, 3, 3, first);
                let stepwise = turned_pixels(&once, 3, 3, second);
                assert_eq!(turned_pixels(&picture, 3, 3, first.then(second)), stepwise);
            }
        }
    }

    #[test]
    fn a_pixel_goes_where_its_point_goes() {
        for turn in Turn::ALL {
            let mut picture = [0; 9];
            picture[2] = 1; // column 2, row 0
            let (x, y) = turn.point(1, -1);
            let at = turned_pixels(&picture, 3, 1, turn).iter().position(|v| *v == 1);
            assert_eq!(at, Some(((y + 1) * 3 + x + 1) as usize));
        }
    }
}
