//! The grey values of a chest with its lesions.

use super::chest::Chest;
use super::finding::Density;
use super::side::Side;
use super::stream::{Noise, Stream, smooth};

/// What is drawn besides lungs and lesions, and how the film was taken.
pub(super) struct Picture<'a> {
    chest: &'a Chest,
    lesions: &'a [Density],
    bones: Bones,
    vessels: Vec<Vessel>,
    /// Radius of the head of the arm's bone.
    arm: f64,
    /// `u` and radius of the stomach's bubble, if it shows.
    bubble: Option<(f64, f64)>,
    /// How bright the air of the lungs is.
    air: f64,
    haze: Noise,
    grain: Noise,
    grain_strength: f64,
    film: Film,
}

/// Ribs, clavicles and spine.
struct Bones {
    /// `y` of the ribs at the spine.
    ribs: Vec<f64>,
    /// How far the back part of a rib falls from the spine to the lung's outer edge.
    fall: f64,
    /// How far the front part falls from there back to the middle.
    front_fall: f64,
    rib_width: f64,
    rib_strength: f64,
    front_strength: f64,
    clavicle_rise: f64,
    clavicle_strength: f64,
    vertebra: f64,
}

/// A branch from the lung's root outwards, thinner towards its end.
struct Vessel {
    from: (f64, f64),
    to: (f64, f64),
    width: f64,
    strength: f64,
}

/// From what passes the body to grey.
struct Film {
    black: f64,
    white: f64,
    gamma: f64,
}

impl<'a> Picture<'a> {
    pub(super) fn new(chest: &'a Chest, lesions: &'a [Density], stream: &mut Stream) -> Self {
        Self {
            chest,
            lesions,
            bones: Bones::new(chest, stream),
            vessels: Side::BOTH.into_iter().flat_map(|side| vessels(chest, side, stream)).collect(),
            arm: stream.between(0.045, 0.06),
            bubble: stream
                .chance(0.5)
                .then(|| (stream.between(0.13, 0.2), stream.between(0.02, 0.045))),
            air: stream.between(0.26, 0.36),
            haze: Noise::new(stream),
            grain: Noise::new(stream),
            grain_strength: stream.between(0.015, 0.05),
            film: Film {
                black: stream.between(0.01, 0.07),
                white: stream.between(0.9, 1.0),
                gamma: stream.between(0.85, 1.35),
            },
        }
    }

    /// Grey values of a square picture, row-major.
    pub(super) fn draw(&self, size: u32) -> Vec<u8> {
        let mut values = Vec::with_capacity(size as usize * size as usize);
        for j in 0..size {
            for i in 0..size {
                let (x, y) = (f64::from(i) + 0.5, f64::from(j) + 0.5);
                let light = self.light(x / f64::from(size), y / f64::from(size));
                let grain = self.grain_strength * self.grain.grain(i, j);
                values.push(self.film.grey(light + grain));
            }
        }
        values
    }

    /// How bright a point is, about 0 to 1.
    fn light(&self, x: f64, y: f64) -> f64 {
        let chest = self.chest;
        let (side, u) = chest.across(x, y);
        let (lung, air) = (chest.lung(side), chest.air(x, y));
        let half = chest.body(y);
        let body = smooth((half - u) / 0.03 + 0.5);
        if body == 0.0 {
            return 0.015 + 0.01 * self.haze.at(3.0 * x, 3.0 * y);
        }

        // Soft tissue: thick in the middle, thin at the skin, thickest below the diaphragm.
        let thick = (1.0 - (u / half).min(1.0) * (u / half).min(1.0)).sqrt();
        let [left, right] = &chest.lungs;
        let rightwards = if side == Side::Right { u } else { -u };
        let share = smooth(0.5 + rightwards / 0.2);
        let floor = left.floor(u) * (1.0 - share) + right.floor(u) * share;
        let belly = smooth((y - floor + 0.04) / 0.16) * thick;
        let mut light = 0.15 + 0.38 * thick + 0.22 * belly;
        light += 0.17 * bell(u, 0.10) + 0.05 * bell(u, 0.035) * smooth((y - 0.1) / 0.2);
        // The heart's shadow.
        let (across, along) = ((rightwards - 0.05) / 0.13, (y - right.base + 0.16) / 0.15);
        light += 0.12 * bell(across, 1.0) * bell(along, 1.0);
        // The windpipe, down to where it forks.
        let fork = 0.5 * (left.apex + right.apex) + 0.16;
        light -= 0.10 * bell(u, 0.018) * smooth((fork - y) / 0.06);
        if let Some((at, radius)) = self.bubble
            && side == Side::Right
        {
            let (bx, by) = (u - at, (y - lung.floor(u) - 0.07) * 1.4);
            light -= 0.16 * smooth(1.6 - (bx * bx + by * by).sqrt() / radius);
        }

        // The lungs: darker where they are deep, with vessels.
        let deep = smooth(lung.depth(u, y) / 0.07);
        light += air * (self.air - 0.05 * deep - light) * (0.86 + 0.07 * deep);
        if air > 0.0 {
            let vessels = self.vessels.iter().map(|vessel| vessel.light(x, y));
            let lesions = self.lesions.iter().map(|lesion| lesion.brightness(x, y));
            light += air * (vessels.fold(0.0, f64::max) + lesions.sum::<f64>());
        }

        // Muscle and shoulder beside the lungs, then bones.
        let (ax, ay) = (u - 0.43, y - lung.apex - 0.03);
        light += 0.09 * smooth(2.0 - (ax * ax + ay * ay).sqrt() / self.arm);
        light += self.bones.light(chest, side, u, y, air);
        light += self.haze.cloudy(2.2 * x, 2.2 * y) * 0.04
            + self.haze.cloudy(17.0 * x, 17.0 * y) * (0.012 + 0.018 * air);
        light * body
    }
}

impl Bones {
    fn new(chest: &Chest, stream: &mut Stream) -> Self {
        let [left, right] = &chest.lungs;
        let (apex, base) = (0.5 * (left.apex + right.apex), 0.5 * (left.base + right.base));
        let pace = (base - apex) * stream.between(0.105, 0.125);
        let first = apex + 0.015;
        Self {
            ribs: (0..10).map(|i| first + pace * f64::from(i)).collect(),
            fall: stream.between(0.05, 0.10),
            front_fall: stream.between(0.12, 0.20),
            rib_width: pace * stream.between(0.16, 0.21),
            rib_strength: stream.between(0.06, 0.12),
            front_strength: stream.between(0.02, 0.06),
            clavicle_rise: stream.between(0.02, 0.08),
            clavicle_strength: stream.between(0.10, 0.16),
            vertebra: pace * 0.8,
        }
    }

    /// How much brighter the bones make a point.
    fn light(&self, chest: &Chest, side: Side, u: f64, y: f64, air: f64) -> f64 {
        let lung = chest.lung(side);
        let wall = lung.outer(y) + 0.02;
        // Bones show in the lung, and faintly in what is bright anyhow.
        let shown = 0.25 + 0.75 * air;
        let mut light = 0.0;
        if u < wall + 0.01 {
            let s = (u / lung.width).min(1.2);
            let back = self.fall * s * s * 1.35 - 0.05 * s * (1.0 - s);
            let front = self.fall * 1.3 + self.front_fall * (1.0 - s).powi(2) * 1.6;
            let ends = smooth((wall - u) / 0.015 + 0.5);
            for rib in &self.ribs {
                let strength = self.rib_strength * smooth((u - 0.02) / 0.05);
                light += shown * ends * strength * self.band(y - rib - back);
                let strength = self.front_strength * smooth((s - 0.42) / 0.2);
                light += shown * ends * strength * self.band(y - rib - front + 0.02);
            }
        }
        // The rib cage's side, seen along the bone.
        let edge = (u - lung.outer(y) - 0.012) / 0.009;
        let beside = smooth((y - lung.apex - 0.06) / 0.1) * smooth((lung.base - y) / 0.1 + 0.5);
        light += 0.07 * bell(edge, 1.0) * beside;
        // The clavicle: an S from the breastbone to the shoulder.
        let s = (u - 0.035) / 0.33;
        let line = lung.apex + 0.065 - self.clavicle_rise * s - 0.02 * (6.0 * s).sin();
        let ends = smooth((u - 0.03) / 0.02) * smooth((0.39 - u) / 0.03);
        let off = (y - line) / 0.013;
        light += self.clavicle_strength * ends * (0.4 + 0.6 * air) * plateau(off);
        // The spine's bodies.
        let beat = ((y / self.vertebra).fract() - 0.5).abs();
        let disc = smooth((beat - 0.36) / 0.08);
        light + plateau(u / 0.045) * (0.045 - 0.05 * disc)
    }

    /// Across a rib: bright, brighter at its two edges.
    fn band(&self, off: f64) -> f64 {
        let off = (off / self.rib_width).abs();
        if off > 2.0 {
            return 0.0;
        }
        plateau(off) * (0.75 + 0.35 * bell(off - 0.75, 0.3))
    }
}

/// The branches of one lung.
fn vessels(chest: &Chest, side: Side, stream: &mut Stream) -> Vec<Vessel> {
    let lung = chest.lung(side);
    let height = lung.base - lung.apex;
    let root = lung.apex + height * stream.between(0.42, 0.5);
    let start = lung.inner(root) + 0.005;
    let mut found = Vec::new();
    let strength = stream.between(0.06, 0.13);
    for i in 0..9 {
        // From steeply up over outwards to steeply down.
        let t = (f64::from(i) + stream.between(0.1, 0.9)) / 9.0;
        let (down, out) = (2.0 * t - 1.0, 1.0 - (2.0 * t - 1.0).abs() * 0.75);
        let length = stream.between(0.3, 0.55) * height;
        let y = root + down * length * 0.9;
        let u = start + out * length * 0.75;
        let knee =
            (start + (u - start) * 0.45, root + (y - root) * (0.45 + stream.between(-0.1, 0.1)));
        let at = |(u, y): (f64, f64)| (chest.x(side, u, y), y);
        let thick = stream.between(0.006, 0.010);
        let mut branch = |from, to, width: f64, strength| {
            found.push(Vessel { from: at(from), to: at(to), width, strength });
        };
        branch((start, root + 0.16 * down * height), knee, thick, strength);
        branch(knee, (u, y), thick * 0.6, strength * 0.7);
        let fork = (u + stream.between(0.0, 0.03), y - down * 0.08 - 0.03);
        branch(knee, fork, thick * 0.5, strength * 0.55);
    }
    // The root itself.
    let (top, bottom) = ((start, root - 0.03), (start + 0.01, root + 0.05));
    let at = |(u, y): (f64, f64)| (chest.x(side, u, y), y);
    found.push(Vessel { from: at(top), to: at(bottom), width: 0.02, strength: strength * 1.1 });
    found
}

impl Vessel {
    /// How much brighter it makes a point.
    fn light(&self, x: f64, y: f64) -> f64 {
        let (dx, dy) = (self.to.0 - self.from.0, self.to.1 - self.from.1);
        let (px, py) = (x - self.from.0, y - self.from.1);
        let along = ((px * dx + py * dy) / (dx * dx + dy * dy).max(1e-9)).clamp(0.0, 1.0);
        let (ox, oy) = (px - along * dx, py - along * dy);
        let off = (ox * ox + oy * oy).sqrt() / (self.width * (1.0 - 0.5 * along));
        if off > 3.0 { 0.0 } else { self.strength * (1.0 - 0.5 * along) * bell(off, 1.0) }
    }
}

impl Film {
    fn grey(&self, light: f64) -> u8 {
        /// From here on brighter parts only come near white.
        const KNEE: f64 = 0.7;
        let v = light.clamp(0.0, 2.0).powf(self.gamma);
        let v = match v > KNEE {
            true => 1.0 - (1.0 - KNEE) * ((KNEE - v) / (1.0 - KNEE)).exp(),
            false => v,
        };
        ((self.black + (self.white - self.black) * v).clamp(0.0, 1.0) * 255.0).round() as u8
    }
}

/// 1 at 0, fading over `reach`.
fn bell(off: f64, reach: f64) -> f64 {
    let s = off / reach;
    (-s * s).exp()
}

/// 1 up to about 1, then fading fast.
fn plateau(off: f64) -> f64 {
    let s = off * off;
    (-s * s).exp()
}
