//! Masks of two values.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::decode::read_gray8;
use crate::error::ImageError;

/// Which values of a mask's file are inside.
///
/// In text `at_least_half` (or `half`), `non_zero` (or `any`) or a label id from 0 to 255; in TOML
/// and JSON `at_least_half`, `non_zero`, `{ equals = 3 }`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskRule {
    /// 128 to 255: files of 0 and 255, even if a resize left values in between.
    #[default]
    AtLeastHalf,
    /// 1 to 255: files of 0 and 1, or of label ids.
    NonZero,
    /// One label id.
    Equals(u8),
}

impl fmt::Display for MaskRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeastHalf => f.write_str("at_least_half"),
            Self::NonZero => f.write_str("non_zero"),
            Self::Equals(id) => write!(f, "{id}"),
        }
    }
}

/// The text is not the name of a [`MaskRule`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown mask rule `{0}`: expected at_least_half, non_zero or a label id from 0 to 255")]
pub struct UnknownMaskRule(pub String);

impl FromStr for MaskRule {
    type Err = UnknownMaskRule;

    fn from_str(name: &str) -> Result<Self, UnknownMaskRule> {
        match name {
            "at_least_half" | "half" => Ok(Self::AtLeastHalf),
            "non_zero" | "any" => Ok(Self::NonZero),
            _ => name.parse().map(Self::Equals).map_err(|_| UnknownMaskRule(name.to_owned())),
        }
    }
}

/// Which pixels of a picture are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinaryMask {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Row-major, `height · width` values.
    pub values: Vec<bool>,
}

/// The smallest upright rectangle around a mask, in pixels; all four are inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundingBox {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// Last column.
    pub right: u32,
    /// Last row.
    pub bottom: u32,
}

/// A mask whose largest value is between 1 and this holds 0 and 1, or label ids.
const LABELS: u8 = 32;

/// Reads a mask from a file.
///
/// # Errors
///
/// As [`read_rgb`](crate::read_rgb). Also if the rule is [`MaskRule::AtLeastHalf`] and the values
/// are 0 and 1, or a few label ids: the mask would be empty without anybody noticing.
pub fn read_mask(file: &Path, rule: MaskRule) -> Result<BinaryMask, ImageError> {
    let (width, height, values) = read_gray8(file)?;
    let largest = values.iter().copied().max().unwrap_or(0);
    if rule == MaskRule::AtLeastHalf && (1..=LABELS).contains(&largest) {
        return Err(ImageError::MaskRule { file: file.to_owned(), largest });
    }
    let inside = |v: &u8| match rule {
        MaskRule::AtLeastHalf => *v >= 128,
        MaskRule::NonZero => *v > 0,
        MaskRule::Equals(id) => *v == id,
    };
    Ok(BinaryMask { width, height, values: values.iter().map(inside).collect() })
}

impl BinaryMask {
    /// The mask of the pixels for which `inside(column, row)` is true.
    pub fn from_fn(width: u32, height: u32, mut inside: impl FnMut(u32, u32) -> bool) -> Self {
        let mut values = Vec::with_capacity(width as usize * height as usize);
        for y in 0..height {
            values.extend((0..width).map(|x| inside(x, y)));
        }
        Self { width, height, values }
    }

    /// Whether a pixel is inside; pixels outside the picture are not.
    pub fn get(&self, x: u32, y: u32) -> bool {
        let at = y as usize * self.width as usize + x as usize;
        x < self.width && y < self.height && self.values.get(at).copied().unwrap_or(false)
    }

    /// How many pixels are inside.
    pub fn area(&self) -> usize {
        self.values.iter().filter(|inside| **inside).count()
    }

    /// The share of pixels inside, in `[0, 1]`.
    pub fn coverage(&self) -> f64 {
        self.area() as f64 / self.values.len().max(1) as f64
    }

    /// The smallest rectangle around the mask; `None` if it is empty.
    pub fn bounding_box(&self) -> Option<BoundingBox> {
        let mut found: Option<BoundingBox> = None;
        for (i, _) in self.values.iter().enumerate().filter(|(_, inside)| **inside) {
            let (x, y) = (i as u32 % self.width, i as u32 / self.width);
            let b = found.get_or_insert(BoundingBox { left: x, top: y, right: x, bottom: y });
            b.left = b.left.min(x);
            b.right = b.right.max(x);
            b.bottom = b.bottom.max(y);
        }
        found
    }

    /// The mask at another size, each pixel as the nearest one here.
    pub fn resize_nearest(&self, width: u32, height: u32) -> Self {
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        // The cell that the new pixel's centre falls into.
        let near = |at: u32, to: u32, from: u32| {
            ((2 * u64::from(at) + 1) * u64::from(from) / (2 * u64::from(to.max(1)))) as u32
        };
        let inside = |x, y| self.get(near(x, width, self.width), near(y, height, self.height));
        Self::from_fn(width, height, inside)
    }

    /// The pixels inside either mask, at this one's size.
    pub fn union(&self, other: &Self) -> Self {
        Self::from_fn(self.width, self.height, |x, y| self.get(x, y) || other.get(x, y))
    }

    /// Whether a pixel inside has a neighbour outside, or lies at the picture's edge.
    pub fn is_edge(&self, x: u32, y: u32) -> bool {
        let around = [(0, 1), (1, 0), (2, 1), (1, 2)]; // shifted by one
        let outside =
            |(dx, dy): (u32, u32)| match ((x + dx).checked_sub(1), (y + dy).checked_sub(1)) {
                (Some(x), Some(y)) => !self.get(x, y),
                _ => true,
            };
        self.get(x, y) && around.into_iter().any(outside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_box_and_edge_of_a_block() {
        let mask = BinaryMask::from_fn(6, 5, |x, y| (1..4).contains(&x) && (2..5).contains(&y));
        assert_eq!((mask.area(), mask.coverage()), (9, 0.3));
        let expected = BoundingBox { left: 1, top: 2, right: 3, bottom: 4 };
        assert_eq!(mask.bounding_box(), Some(expected));
        assert!(mask.is_edge(2, 4) && mask.is_edge(1, 3) && !mask.is_edge(2, 3));
        assert_eq!(BinaryMask::from_fn(3, 3, |_, _| false).bounding_box(), None);
    }

    #[test]
    fn a_rule_that_does_not_fit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m.png");
        let area = |values, rule| {
            crate::write_gray8(&file, 2, 1, values).unwrap();
            read_mask(&file, rule).map(|mask| mask.area()).map_err(|error| error.to_string())
        };
        let message = area(vec![0, 1], MaskRule::AtLeastHalf).unwrap_err();
        assert!(message.contains("no value reaches 128, the largest is 1"), "{message}");
        assert_eq!(area(vec![0, 1], MaskRule::NonZero), Ok(1));
        assert_eq!(area(vec![2, 1], MaskRule::Equals(2)), Ok(1));
        for values in [[0, 0], [0, 100], [3, 128]] {
            let expected = values.iter().filter(|v| **v >= 128).count();
            assert_eq!(area(values.to_vec(), MaskRule::AtLeastHalf), Ok(expected));
        }
    }

    #[test]
    fn a_rule_has_a_text() {
        let rules = [MaskRule::AtLeastHalf, MaskRule::NonZero, MaskRule::Equals(3)];
        let text = serde_json::to_string(&rules).unwrap();
        assert_eq!(text, r#"["at_least_half","non_zero",{"equals":3}]"#);
        assert_eq!(serde_json::from_str::<[MaskRule; 3]>(&text).unwrap(), rules);
    }

    #[test]
    fn a_rule_is_read_as_it_is_written() {
        for rule in [MaskRule::AtLeastHalf, MaskRule::NonZero, MaskRule::Equals(3)] {
            assert_eq!(rule.to_string().parse(), Ok(rule));
        }
        let error = "256".parse::<MaskRule>().unwrap_err().to_string();
        let expected =
            "unknown mask rule `256`: expected at_least_half, non_zero or a label id from 0 to 255";
        assert_eq!(error, expected);
    }

    #[test]
    fn a_mask_grows_and_shrinks_back() {
        let mask = BinaryMask::from_fn(5, 3, |x, y| (x + y) % 2 == 0);
        assert_eq!(mask.resize_nearest(15, 9).resize_nearest(5, 3), mask);
        assert_eq!(mask.resize_nearest(0, 4).area(), 0);
    }
}
