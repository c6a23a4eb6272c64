//! Lesions: what they are, where they are put, how they look.

use seg_image::BinaryMask;

use super::chest::Chest;
use super::side::{Side, Zone};
use super::stream::{Noise, Stream, smooth};

/// How a lesion looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Round, with a clear edge.
    Nodule,
    /// Cloudy, with a soft, irregular edge.
    Opacity,
}

impl Kind {
    pub(super) const BOTH: [Self; 2] = [Self::Nodule, Self::Opacity];
}

/// How wide a lesion is compared to others of its kind; there are no sizes in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// A radius of about 3 % (nodule) or 5 % (opacity) of the picture's side.
    Small,
    /// About twice that.
    Large,
}

impl Extent {
    pub(super) const BOTH: [Self; 2] = [Self::Small, Self::Large];
}

/// A lesion as it was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct PhantomLesion {
    /// The lung that it is in, as a side of the picture.
    pub side: Side,
    /// The third of that lung's height that its centre is in.
    pub zone: Zone,
    /// Its kind.
    pub kind: Kind,
    /// Its size.
    pub extent: Extent,
    /// The pixels where it is at least half as dense as in its middle; all in its lung, no two
    /// lesions share one.
    pub mask: BinaryMask,
}

/// A lesion's density over the picture.
#[derive(Clone, Debug)]
pub(super) struct Density {
    x: f64,
    y: f64,
    /// Along the lesion and across it.
    radius: (f64, f64),
    /// Cosine and sine of the lesion's direction.
    direction: (f64, f64),
    /// How irregular the edge is, as a share of the radius.
    wobble: f64,
    /// Over what share of the radius the edge fades.
    fade: f64,
    /// How much brighter it makes the picture.
    contrast: f64,
    /// How uneven it is inside.
    texture: f64,
    noise: Noise,
}

impl Density {
    /// How dense it is at a point, in `[0, 1]`, before the lung's edge cuts it.
    fn density(&self, x: f64, y: f64) -> f64 {
        let (dx, dy) = (x - self.x, y - self.y);
        let (c, s) = self.direction;
        let (a, b) = ((c * dx + s * dy) / self.radius.0, (c * dy - s * dx) / self.radius.1);
        let off = (a * a + b * b).sqrt();
        if off > 2.0 {
            return 0.0;
        }
        let off = off * (1.0 + self.wobble * self.noise.cloudy(1.1 * a, 1.1 * b));
        smooth((1.0 - off) / (2.0 * self.fade) + 0.5)
    }

    /// How much brighter it makes a point.
    pub(super) fn brightness(&self, x: f64, y: f64) -> f64 {
        let density = self.density(x, y);
        if density == 0.0 {
            return 0.0;
        }
        let (a, b) = ((x - self.x) / self.radius.0, (y - self.y) / self.radius.0);
        let uneven = 1.0 + self.texture * self.noise.cloudy(1.7 * a + 9.0, 1.7 * b);
        self.contrast * density * uneven
    }

    /// The distance from the centre that few of its edges pass.
    fn reach(&self) -> f64 {
        self.radius.0 * (1.0 + self.wobble)
    }
}

/// A picture's lesions, in the order they were placed.
pub(super) struct Findings {
    pub(super) findings: Vec<PhantomLesion>,
    pub(super) lesions: Vec<Density>,
}

/// One to four lesions in the lungs; `fields` are the lungs' masks, `crowded` is
/// [`PhantomConfig::crowded`](super::PhantomConfig::crowded).
pub(super) fn place(
    chest: &Chest,
    fields: &[BinaryMask; 2],
    crowded: bool,
    stream: &mut Stream,
) -> Findings {
    /// Tries for each lesion: a large one may not fit beside the others.
    const TRIES: usize = 40;
    let mut placed = Findings { findings: Vec::new(), lesions: Vec::new() };
    let count = stream.pick([1, 2, 2, 3, 3, 4]);
    for _ in 0..count {
        // Side and zone are drawn once: crowded places are no reason to prefer roomy ones.
        let (mut side, mut zone) = (stream.pick(Side::BOTH), stream.pick(Zone::ALL));
        if let Some(before) = placed.findings.last().filter(|_| crowded && stream.chance(0.5)) {
            let another = (before.zone as usize + 1 + stream.below(2)) % Zone::ALL.len();
            (side, zone) = (before.side, Zone::ALL[another]);
        }
        let kind = stream.pick([Kind::Nodule, Kind::Opacity, Kind::Opacity]);
        let extent = stream.pick(Extent::BOTH);
        let found = (0..TRIES).find_map(|_| {
            let wanted = Wanted { side, zone, kind, extent };
            wanted.attempt(chest, fields, &placed, stream)
        });
        if let Some((finding, lesion)) = found {
            placed.findings.push(finding);
            placed.lesions.push(lesion);
        }
    }
    // A small nodule in the middle of a lung always fits.
    while placed.findings.is_empty() {
        let (kind, extent) = (Kind::Nodule, Extent::Small);
        let wanted = Wanted { side: stream.pick(Side::BOTH), zone: Zone::Middle, kind, extent };
        if let Some((finding, lesion)) = wanted.attempt(chest, fields, &placed, stream) {
            placed.findings.push(finding);
            placed.lesions.push(lesion);
        }
    }
    placed
}

struct Wanted {
    side: Side,
    zone: Zone,
    kind: Kind,
    extent: Extent,
}

impl Wanted {
    /// The lesion at a random spot, if there is room for it.
    fn attempt(
        &self,
        chest: &Chest,
        fields: &[BinaryMask; 2],
        others: &Findings,
        stream: &mut Stream,
    ) -> Option<(PhantomLesion, Density)> {
        let field = &fields[self.side as usize];
        let size = f64::from(field.width);
        let lesion = self.draw(chest, size, stream);
        let (side, u) = chest.across(lesion.x, lesion.y);
        // Nodules lie free in the lung; the edge may cut an opacity, but not its middle.
        let free = if self.kind == Kind::Nodule { 1.0 } else { 0.5 };
        if side != self.side || chest.lung(side).depth(u, lesion.y) < free * lesion.radius.1 {
            return None;
        }
        let apart = |other: &Density| {
            let (dx, dy) = (lesion.x - other.x, lesion.y - other.y);
            (dx * dx + dy * dy).sqrt() > lesion.reach() + other.reach() + 1.0 / size
        };
        if !others.lesions.iter().all(apart) {
            return None;
        }
        let mask = BinaryMask::from_fn(field.width, field.height, |i, j| {
            let (x, y) = ((f64::from(i) + 0.5) / size, (f64::from(j) + 0.5) / size);
            let density = lesion.density(x, y);
            density >= 0.5 && field.get(i, j) && density * chest.air(x, y) >= 0.5
        });
        let shared = |other: &PhantomLesion| {
            other.mask.values.iter().zip(&mask.values).any(|(there, here)| *there && *here)
        };
        if others.findings.iter().any(shared) {
            return None;
        }
        let zone = zone(&mask, field)?;
        let finding = PhantomLesion { side, zone, kind: self.kind, extent: self.extent, mask };
        (zone == self.zone).then_some((finding, lesion))
    }

    fn draw(&self, chest: &Chest, size: f64, stream: &mut Stream) -> Density {
        let lung = chest.lung(self.side);
        let third = (lung.base - lung.apex) / 3.0;
        let y = lung.apex + third * (self.zone as usize as f64 + stream.between(0.2, 0.8));
        let u = lung.inner(y) + (lung.outer(y) - lung.inner(y)) * stream.between(0.15, 0.85);
        let (low, high) = match (self.kind, self.extent) {
            (Kind::Nodule, Extent::Small) => (0.024, 0.031),
            (Kind::Nodule, Extent::Large) => (0.046, 0.058),
            (Kind::Opacity, Extent::Small) => (0.042, 0.052),
            (Kind::Opacity, Extent::Large) => (0.080, 0.105),
        };
        // In tiny pictures a lesion still has some pixels.
        let radius = stream.between(low, high).max(1.6 / size);
        let slim = match self.kind {
            Kind::Nodule => stream.between(0.9, 1.0),
            Kind::Opacity => stream.between(0.65, 1.0),
        };
        let (c, s) = (stream.between(-1.0, 1.0), stream.between(0.1, 1.0));
        let length = (c * c + s * s).sqrt();
        let opacity = self.kind == Kind::Opacity;
        Density {
            x: chest.x(self.side, u, y),
            y,
            radius: (radius / slim.sqrt(), radius * slim.sqrt()),
            direction: (c / length, s / length),
            wobble: if opacity { stream.between(0.2, 0.4) } else { stream.between(0.03, 0.10) },
            fade: if opacity { stream.between(0.4, 0.7) } else { stream.between(0.22, 0.4) },
            contrast: if opacity { stream.between(0.17, 0.32) } else { stream.between(0.19, 0.32) },
            texture: if opacity { stream.between(0.1, 0.3) } else { 0.05 },
            noise: Noise::new(stream),
        }
    }
}

/// The third of the field's height that the mask's centre is in, unless one of them is empty.
fn zone(mask: &BinaryMask, field: &BinaryMask) -> Option<Zone> {
    let rows = mask.values.iter().enumerate().filter(|(_, inside)| **inside);
    let rows = rows.map(|(i, _)| i / mask.width as usize).sum::<usize>() as f64;
    let within = field.bounding_box()?;
    let height = f64::from(within.bottom - within.top + 1);
    let row = (mask.area() > 0).then(|| rows / mask.area() as f64 + 0.5)?;
    let third = 3.0 * (row - f64::from(within.top)) / height;
    Zone::ALL.get(third as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_is_a_third_of_the_field() {
        let field = BinaryMask::from_fn(8, 12, |_, y| (2..11).contains(&y));
        let of = |row| zone(&BinaryMask::from_fn(8, 12, |x, y| x == 3 && y == row), &field);
        assert_eq!(
            [2, 4, 5, 7].map(of),
            [Zone::Upper, Zone::Upper, Zone::Middle, Zone::Middle].map(Some)
        );
        assert_eq!([8, 10].map(of), [Some(Zone::Lower); 2]);
        assert_eq!(of(20), None);
    }
}
