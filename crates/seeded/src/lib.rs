//! Random numbers that depend on a seed or a name alone: the same on every machine and backend.
//!
//! ```
//! use seeded::{SplitMix64, fnv1a64};
//!
//! let mut stream = SplitMix64::new(fnv1a64("weights"));
//! assert!((-1.0..1.0).contains(&stream.uniform()));
//! ```
#![deny(missing_docs)]

/// The 64-bit FNV-1a hash of a name.
pub fn fnv1a64(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Steele, Lea and Flood's SplitMix64: an endless stream of 64-bit numbers.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The stream that starts at `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Uniform in [-1, 1), a multiple of 2^-23.
    pub fn uniform(&mut self) -> f32 {
        let top = (self.next_u64() >> 40) as f64; // 24 bits
        (top / f64::from(1 << 23) - 1.0) as f32
    }

    /// Uniform in [0, 1), a multiple of 2^-24: `(uniform() + 1) / 2`.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 40) as f64 / f64::from(1 << 24)
    }

    /// True with probability `p`: never at 0, always at 1. Draws one number.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Uniform in 0..n; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next_u64() % n.max(1) as u64) as usize
    }

    /// Shuffles `items`.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix64(self.0)
    }
}

/// SplitMix64's scrambling of 64 bits: each bit of the input moves half of the output's.
pub fn mix64(bits: u64) -> u64 {
    let z = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The generator's published values for seed 1234567, and those of the hash.
    #[test]
    fn the_numbers_are_the_published_ones() {
        let mut stream = SplitMix64::new(1_234_567);
        let found = [(); 3].map(|()| stream.next_u64());
        assert_eq!(found, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
        assert_eq!([fnv1a64(""), fnv1a64("a")], [0xcbf2_9ce4_8422_2325, 0xaf63_dc4c_8601_ec8c]);
    }

    #[test]
    fn a_unit_is_half_of_a_uniform_and_one() {
        let (mut a, mut b) = (SplitMix64::new(7), SplitMix64::new(7));
        for _ in 0..10_000 {
            let unit = a.unit();
            assert_eq!(unit.to_bits(), (f64::from(b.uniform() + 1.0) / 2.0).to_bits());
            assert!((0.0..1.0).contains(&unit));
        }
        assert!((0..1000).all(|_| a.chance(1.0) && !a.chance(0.0)));
    }
}
