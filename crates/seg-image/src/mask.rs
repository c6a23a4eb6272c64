//! Masks of two values.

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

    /// Takes the pixels inside another mask of the same size out of this one.
    pub fn remove(&mut self, other: &Self) {
        let pairs = self.values.iter_mut().zip(&other.values);
        pairs.for_each(|(inside, other)| *inside &= !other);
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
    fn a_mask_grows_and_shrinks_back() {
        let mask = BinaryMask::from_fn(5, 3, |x, y| (x + y) % 2 == 0);
        assert_eq!(mask.resize_nearest(15, 9).resize_nearest(5, 3), mask);
        assert_eq!(mask.resize_nearest(0, 4).area(), 0);
    }
}
