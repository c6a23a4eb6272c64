//! Parts of a chest that sentences name.

/// A side of the picture: `Left` is where a reader's left hand is, a patient's right lung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The left half of the picture.
    Left,
    /// The right half of the picture.
    Right,
}

impl Side {
    pub(super) const BOTH: [Self; 2] = [Self::Left, Self::Right];
}

/// A third of a lung's height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Zone {
    /// The highest third.
    Upper,
    /// The third between.
    Middle,
    /// The lowest third.
    Lower,
}

impl Zone {
    pub(super) const ALL: [Self; 3] = [Self::Upper, Self::Middle, Self::Lower];
}
