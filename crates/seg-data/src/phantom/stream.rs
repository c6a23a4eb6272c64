//! Random numbers and smooth noise that are the same on every machine.

use seeded::{SplitMix64, mix64};

/// Draws for one noun of one picture.
#[derive(Clone, Debug)]
pub(super) struct Stream(SplitMix64);

impl Stream {
    /// The stream of one noun of one picture: a noun that draws more numbers moves no other.
    pub(super) fn new(seed: u64, index: u64, noun: u64) -> Self {
        Self(SplitMix64::new(mix64(mix64(mix64(seed).wrapping_add(index)).wrapping_add(noun))))
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        unit(self.bits())
    }

    /// Uniform in `[low, high)`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in `0..n`; 0 when `n` is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0.below(n)
    }

    /// True in a `share` of the draws.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// One of several.
    pub(super) fn pick<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
        const { assert!(N > 0) };
        from[self.below(N)]
    }
}

/// Smooth noise over the plane: random values on the whole numbers, blended between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise(u64);

impl Noise {
    pub(super) fn new(stream: &mut Stream) -> Self {
        Self(stream.bits())
    }

    /// In `[-1, 1]`; changes over a distance of about 1.
    pub(super) fn at(self, x: f64, y: f64) -> f64 {
        let (left, top) = (x.floor(), y.floor());
        let (right, down) = (smooth(x - left), smooth(y - top));
        let (i, j) = (left as i64 as u64, top as i64 as u64);
        let row = |j| {
            let (a, b) = (self.corner(i, j), self.corner(i.wrapping_add(1), j));
            a + (b - a) * right
        };
        let (a, b) = (row(j), row(j.wrapping_add(1)));
        a + (b - a) * down
    }

    /// Three octaves of [`Noise::at`], nearly always in `[-1, 1]`.
    pub(super) fn cloudy(self, x: f64, y: f64) -> f64 {
        let octave = |scale: f64| self.at(x * scale + scale, y * scale - scale);
        octave(1.0) * 0.6 + octave(2.0) * 0.35 + octave(4.0) * 0.2
    }

    /// In `[-1, 1]`, not blended; roughly bell-shaped.
    pub(super) fn grain(self, x: u32, y: u32) -> f64 {
        let bits = mix64(mix64(self.0.wrapping_add(u64::from(x))).wrapping_add(u64::from(y)));
        (0..4).map(|part| f64::from((bits >> (16 * part)) as u16) / 32767.5 - 1.0).sum::<f64>()
            / 4.0
    }

    fn corner(self, i: u64, j: u64) -> f64 {
        2.0 * unit(mix64(mix64(self.0.wrapping_add(i)).wrapping_add(j))) - 1.0
    }
}

/// From 0 to 1 as `s` does, flat at both ends.
pub(super) fn smooth(s: f64) -> f64 {
    let s = s.clamp(0.0, 1.0);
    s * s * (3.0 - 2.0 * s)
}

/// 53 bits as a number in `[0, 1)`.
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_bounded_and_has_no_steps() {
        let noise = Noise::new(&mut Stream::new(1, 2, 3));
        let values = (-4000..4000).map(|i| noise.at(f64::from(i) / 1000.0, 0.37));
        let values = values.collect::<Vec<_>>();
        assert!(values.iter().all(|v| (-1.0..=1.0).contains(v)));
        assert!(values.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 0.005));
    }
}
