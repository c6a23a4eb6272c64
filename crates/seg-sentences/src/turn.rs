//! Flips and quarter turns of a square picture.

use std::ops::Neg;

use crate::place::Place;

/// A flip, a quarter turn, or several: one of the eight symmetries of the square.
///
/// Coordinates are a picture's: x to the right, y **down**, from the centre.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Turn {
    /// Swaps x and y, before the flips.
    transpose: bool,
    flip_x: bool,
    flip_y: bool,
}

impl Turn {
    /// Leaves everything where it is.
    pub const IDENTITY: Self = Self::new(false, false, false);
    /// Swaps left and right.
    pub const FLIP_HORIZONTAL: Self = Self::new(false, true, false);
    /// Swaps top and bottom.
    pub const FLIP_VERTICAL: Self = Self::new(false, false, true);
    /// Two quarter turns.
    pub const HALF: Self = Self::new(false, true, true);
    /// One quarter turn, counterclockwise: the right becomes the top.
    pub const QUARTER: Self = Self::new(true, false, true);
    /// All eight, the identity first.
    pub const ALL: [Self; 8] = [
        Self::IDENTITY,
        Self::FLIP_HORIZONTAL,
        Self::FLIP_VERTICAL,
        Self::HALF,
        Self::QUARTER,
        Self::new(true, true, false),
        Self::new(true, false, false),
        Self::new(true, true, true),
    ];

    const fn new(transpose: bool, flip_x: bool, flip_y: bool) -> Self {
        Self { transpose, flip_x, flip_y }
    }

    /// This turn, and `next` after it.
    pub fn then(self, next: Self) -> Self {
        let (flip_x, flip_y) = next.swapped(self.flip_x, self.flip_y);
        Self {
            transpose: self.transpose ^ next.transpose,
            flip_x: flip_x ^ next.flip_x,
            flip_y: flip_y ^ next.flip_y,
        }
    }

    /// The turn that undoes this one.
    pub fn inverse(self) -> Self {
        let (flip_x, flip_y) = self.swapped(self.flip_x, self.flip_y);
        Self { transpose: self.transpose, flip_x, flip_y }
    }

    /// Whether nothing moves.
    pub fn is_identity(self) -> bool {
        self == Self::IDENTITY
    }

    /// Where a point goes; (0, 0) is the picture's centre.
    pub fn point<T: Neg<Output = T>>(self, x: T, y: T) -> (T, T) {
        let (x, y) = self.swapped(x, y);
        (if self.flip_x { -x } else { x }, if self.flip_y { -y } else { y })
    }

    /// Where a place goes.
    pub fn place(self, place: Place) -> Place {
        let (x, y) = self.point(place.x, place.y);
        Place { x, y }
    }

    fn swapped<T>(self, x: T, y: T) -> (T, T) {
        if self.transpose { (y, x) } else { (x, y) }
    }

    /// Whether rows become columns.
    pub fn transposes(self) -> bool {
        self.transpose
    }

    /// Whether left or right becomes something else.
    pub fn changes_x(self) -> bool {
        self.transpose || self.flip_x
    }

    /// Whether top or bottom becomes something else.
    pub fn changes_y(self) -> bool {
        self.transpose || self.flip_y
    }

    /// Whether it is a mirror image: a clock would run backwards.
    pub fn mirrors(self) -> bool {
        self.transpose ^ self.flip_x ^ self.flip_y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_a_group() {
        assert_eq!(Turn::QUARTER.point(1, 0), (0, -1));
        for first in Turn::ALL {
            assert!(first.then(first.inverse()).is_identity());
            assert_eq!(first.mirrors(), [1, 2, 6, 7].map(|i| Turn::ALL[i]).contains(&first));
            for second in Turn::ALL {
                let both = first.then(second);
                assert!(Turn::ALL.contains(&both));
                let (x, y) = first.point(2, 1);
                assert_eq!(both.point(2, 1), second.point(x, y));
            }
        }
    }
}
