//! What is not in a picture: why, and how a picture or a sentence is made to say so.

use seg_sentences::{Edit, Grammar, Sides, places};
use serde::Serialize;

/// Why what a sentence asks for is not in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Absence {
    /// The set itself says so: the mask is empty.
    Given,
    /// The half of the picture that it is in is covered.
    Covered,
    /// The other side is asked for, where there is nothing.
    OtherSide,
    /// The sentence says that there is none.
    Negated,
    /// No picture of the set shows such a thing.
    OffTopic,
}

/// Half of a picture, or somewhat more, painted black.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cover {
    /// First column that is covered.
    first: usize,
    /// The column behind the last one that is covered.
    end: usize,
}

impl Cover {
    /// The half that holds a target and the one that does not; `None` for an empty target, and for one that
    /// reaches far over the middle.
    pub fn halves(inside: impl Iterator<Item = bool>, width: usize) -> Option<TwoHalves> {
        let columns = inside.enumerate().filter(|(_, inside)| *inside).map(|(i, _)| i % width);
        let (first, last) = columns.fold((width, 0), |(low, high), x| (low.min(x), high.max(x)));
        if first > last {
            return None;
        }
        let middle = width / 2;
        // A twentieth of the width over the middle still leaves the other half whole enough.
        let slack = width / 20;
        if last < middle + slack {
            let edge = middle.max(last + 1);
            let (target, other) = (Self { first: 0, end: edge }, Self { first: edge, end: width });
            Some(TwoHalves { target, other })
        } else if first + slack >= middle {
            let edge = middle.min(first);
            let (target, other) = (Self { first: edge, end: width }, Self { first: 0, end: edge });
            Some(TwoHalves { target, other })
        } else {
            None
        }
    }

    /// Takes from a mask, rows of `width` pixels, what is covered. Where less than a tenth is left, nothing
    /// is: nobody would find the rest.
    pub fn hide(self, mask: &mut [u8], width: usize) {
        let inside = |mask: &[u8]| mask.iter().filter(|value| **value >= 128).count();
        let before = inside(mask);
        for row in mask.chunks_exact_mut(width) {
            row[self.first..self.end].fill(0);
        }
        if 10 * inside(mask) < before {
            mask.fill(0);
        }
    }

    /// Paints rows of `width` RGB pixels.
    pub fn paint(self, picture: &mut [u8], width: usize) {
        for row in picture.chunks_exact_mut(3 * width) {
            row[3 * self.first..3 * self.end].fill(0);
        }
    }
}

/// Where a target is and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoHalves {
    /// The half that holds all of the target.
    pub target: Cover,
    /// The half that holds none of the target.
    pub other: Cover,
}

impl TwoHalves {
    /// Whether the target is in the picture's left half.
    pub fn target_is_left(&self) -> bool {
        self.target.first == 0
    }
}

/// The sentence with its sides exchanged, if it names one side alone, the target is there, and the
/// other side is therefore free. Only for pictures with a single mask: another case may be about the
/// other side.
pub fn other_side(sentence: &str, halves: Option<TwoHalves>, sides: Sides) -> Option<String> {
    let named = places(sentence).iter().map(|place| place.x).collect::<Vec<_>>();
    let side = *named.first()?;
    if side == 0 || named.iter().any(|other| *other != side) {
        return None;
    }
    let seen = if halves?.target_is_left() { -1 } else { 1 };
    let is_there = match sides {
        Sides::Image => seen == side,
        Sides::Patient => seen == -side,
        // What left means differs from row to row.
        Sides::Fixed => false,
    };
    is_there.then(|| Grammar::default().apply(Edit::SwapSides, sentence)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halves(row: &str) -> Option<TwoHalves> {
        Cover::halves(row.bytes().map(|byte| byte == b'#'), 20)
    }

    #[test]
    fn a_cover_hides_the_target_or_leaves_it_whole() {
        for row in [
            "..####..............",
            "....#######.........",
            ".............##.....",
            ".........####.......",
        ] {
            let found = halves(row).unwrap();
            for (cover, left) in [(found.target, 0), (found.other, row.matches('#').count())] {
                let mut picture = row.bytes().flat_map(|b| [b; 3]).collect::<Vec<_>>();
                cover.paint(&mut picture, 20);
                assert_eq!(picture.iter().filter(|b| **b == b'#').count(), 3 * left, "{row}");
                assert!(picture.iter().filter(|b| **b == 0).count() >= 3 * 9);
            }
        }
        assert_eq!(halves("...................."), None);
        assert_eq!(halves("......########......"), None);
    }

    #[test]
    fn what_is_covered_is_not_there() {
        let halves = halves("..####..............").unwrap();
        let hidden = |row: &str| {
            let mut mask = row.bytes().map(|b| if b == b'#' { 255 } else { 0 }).collect::<Vec<_>>();
            halves.target.hide(&mut mask, 20);
            mask.iter().map(|value| if *value == 255 { '#' } else { '.' }).collect::<String>()
        };
        assert_eq!(hidden("..####.....####....."), "...........####.....");
        assert_eq!(hidden("..####.............."), "....................");
        assert_eq!(hidden("###########........."), "....................");
    }

    #[test]
    fn the_other_side_is_asked_for_where_it_is_free() {
        let left = halves("..####..............");
        let asked = |sentence, halves, sides| other_side(sentence, halves, sides);
        let sentence = "Unilateral pulmonary infection, one infected area, upper left lung.";
        let swapped = "Unilateral pulmonary infection, one infected area, upper right lung.";
        assert_eq!(asked(sentence, left, Sides::Image).as_deref(), Some(swapped));
        assert_eq!(asked(sentence, left, Sides::Patient), None); // a typing error of the set
        assert_eq!(asked(swapped, left, Sides::Patient).as_deref(), Some(sentence));
        assert_eq!(asked(sentence, left, Sides::Fixed), None);
        assert_eq!(asked(sentence, None, Sides::Image), None);
        assert_eq!(asked("Upper left lung and lower right lung.", left, Sides::Image), None);
        assert_eq!(asked("No tumor.", left, Sides::Image), None);
    }
}
