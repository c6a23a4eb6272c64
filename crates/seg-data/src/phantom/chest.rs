//! Where things are in a chest: outline, lungs, heart.
//!
//! Lengths are shares of the picture's side. `u` is the distance from the midline towards the
//! picture's edge, `y` the distance from the picture's top.

use super::side::Side;
use super::stream::{Stream, smooth};

/// One lung field.
#[derive(Clone, Debug)]
pub(super) struct Lung {
    /// `y` of the top.
    pub(super) apex: f64,
    /// `y` of the lowest point, at the outer edge.
    pub(super) base: f64,
    /// `u` of the top.
    apex_u: f64,
    /// `u` of the inner edge, without heart and vessels.
    inner: f64,
    /// `u` of the outer edge at its widest.
    pub(super) width: f64,
    /// How much narrower the outer edge becomes towards the base.
    taper: f64,
    /// How far the heart presses into the field.
    heart: f64,
    /// How far the aorta does.
    aorta: f64,
    /// Height of the diaphragm's dome.
    dome: f64,
    /// `u` of the dome's top.
    dome_u: f64,
}

impl Lung {
    fn new(side: Side, apex: f64, base: f64, width: f64, stream: &mut Stream) -> Self {
        let heart = match side {
            Side::Left => stream.between(0.01, 0.04),
            Side::Right => stream.between(0.07, 0.13),
        };
        Self {
            apex: apex + stream.between(-0.012, 0.012),
            // The liver lifts the diaphragm of the image's left side.
            base: base + stream.between(-0.02, 0.02) - if side == Side::Left { 0.015 } else { 0.0 },
            apex_u: stream.between(0.12, 0.15),
            inner: stream.between(0.055, 0.075),
            width: width + stream.between(-0.015, 0.015),
            taper: stream.between(-0.03, 0.05),
            heart,
            aorta: if side == Side::Right { stream.between(0.0, 0.022) } else { 0.0 },
            dome: stream.between(0.06, 0.12),
            dome_u: stream.between(0.12, 0.17),
        }
    }

    /// How deep inside the field a point lies; negative outside.
    pub(super) fn depth(&self, u: f64, y: f64) -> f64 {
        (self.outer(y) - u).min(u - self.inner(y)).min(self.floor(u) - y).min(y - self.apex)
    }

    /// Share of the height at `y`: 0 at the top, 1 at the lowest point.
    fn along(&self, y: f64) -> f64 {
        (y - self.apex) / (self.base - self.apex)
    }

    pub(super) fn outer(&self, y: f64) -> f64 {
        let t = self.along(y);
        let widening = round(t / 0.62) * (self.width - self.apex_u);
        self.apex_u + widening - self.taper * smooth((t - 0.5) / 0.5)
    }

    pub(super) fn inner(&self, y: f64) -> f64 {
        let t = self.along(y);
        let bump = |at: f64, reach: f64| (-((t - at) / reach) * ((t - at) / reach)).exp();
        // Steep above, flat below: the heart lies on the diaphragm.
        let heart = self.heart * if t < 0.8 { bump(0.8, 0.27) } else { bump(0.8, 0.5) };
        let edge = self.apex_u - (self.apex_u - self.inner) * round(t / 0.22);
        edge + heart + self.aorta * bump(0.3, 0.07)
    }

    /// `y` of the diaphragm.
    pub(super) fn floor(&self, u: f64) -> f64 {
        let off = (u - self.dome_u) / (self.width - self.dome_u);
        self.base - self.dome * (1.0 - off * off)
    }
}

/// A quarter of a circle: from 0, steep, to 1, flat.
fn round(s: f64) -> f64 {
    let rest = 1.0 - s.clamp(0.0, 1.0);
    (1.0 - rest * rest).sqrt()
}

/// The whole chest.
#[derive(Clone, Debug)]
pub(super) struct Chest {
    pub(super) lungs: [Lung; 2],
    /// `x` of the midline at half height.
    middle: f64,
    /// How far the midline moves from the picture's top to its bottom.
    tilt: f64,
    /// Over what distance an edge goes from dark to bright.
    pub(super) softness: f64,
    neck: f64,
    shoulder: f64,
    /// Half the width of the trunk.
    pub(super) trunk: f64,
}

impl Chest {
    pub(super) fn new(stream: &mut Stream) -> Self {
        let apex = stream.between(0.11, 0.19);
        let base = stream.between(0.70, 0.86);
        let width = stream.between(0.29, 0.375);
        Self {
            lungs: Side::BOTH.map(|side| Lung::new(side, apex, base, width, stream)),
            middle: 0.5 + stream.between(-0.03, 0.03),
            tilt: stream.between(-0.05, 0.05),
            softness: stream.between(0.010, 0.022),
            neck: stream.between(0.10, 0.14),
            shoulder: apex - stream.between(0.06, 0.12),
            trunk: width + stream.between(0.07, 0.12),
        }
    }

    /// The side of a point and its distance from the midline.
    pub(super) fn across(&self, x: f64, y: f64) -> (Side, f64) {
        let u = x - self.middle - self.tilt * (y - 0.5);
        (if u < 0.0 { Side::Left } else { Side::Right }, u.abs())
    }

    /// `x` of a point at `u` on a side.
    pub(super) fn x(&self, side: Side, u: f64, y: f64) -> f64 {
        let u = if side == Side::Left { -u } else { u };
        self.middle + self.tilt * (y - 0.5) + u
    }

    pub(super) fn lung(&self, side: Side) -> &Lung {
        &self.lungs[side as usize]
    }

    /// How much of a point is lung, in `[0, 1]`; the lung field is where it is at least one half.
    pub(super) fn air(&self, x: f64, y: f64) -> f64 {
        let (side, u) = self.across(x, y);
        smooth(self.lung(side).depth(u, y) / self.softness + 0.5)
    }

    /// Half the width of the body at `y`.
    pub(super) fn body(&self, y: f64) -> f64 {
        let shoulders = (0.58 - self.neck) * smooth((y - self.shoulder + 0.04) / 0.2);
        let armpits = (0.58 - self.trunk) * smooth((y - self.shoulder - 0.22) / 0.28);
        self.neck + shoulders - armpits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lung_is_inside_the_body_on_its_side() {
        for index in 0..50 {
            let chest = Chest::new(&mut Stream::new(0, index, 0));
            for side in Side::BOTH {
                let lung = chest.lung(side);
                let y = 0.5 * (lung.apex + lung.base);
                let u = 0.5 * (lung.inner(y) + lung.outer(y));
                assert!(lung.depth(u, y) > 0.05 && lung.outer(y) < chest.body(y));
                let x = chest.x(side, u, y);
                assert_eq!((x < 0.5, chest.air(x, y)), (side == Side::Left, 1.0));
            }
        }
    }
}
