//! Brightness, contrast, gamma and noise.

use seeded::SplitMix64;

/// A change of values that is the same for all pixels: gamma first, then contrast about mid-grey,
/// then brightness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// Added, as a share of 255.
    pub brightness: f32,
    /// Factor of the distance from mid-grey; 1 changes nothing.
    pub contrast: f32,
    /// Exponent of values in `[0, 1]`; above 1 mid-tones get darker.
    pub gamma: f32,
}

impl Default for Tone {
    /// Changes nothing.
    fn default() -> Self {
        Self { brightness: 0.0, contrast: 1.0, gamma: 1.0 }
    }
}

impl Tone {
    /// Changes every value.
    pub(crate) fn apply(&self, pixels: &mut [u8]) {
        if *self == Self::default() {
            return;
        }
        let table: [u8; 256] = std::array::from_fn(|value| {
            let value = (value as f32 / 255.0).powf(self.gamma) - 0.5;
            (255.0 * (value * self.contrast + 0.5 + self.brightness)).round() as u8
        });
        for value in pixels {
            *value = table[usize::from(*value)];
        }
    }
}

/// Adds noise of a standard deviation, as a share of 255, to `[.., 3]` pixels. All three channels
/// of a grey pixel get the same, so that a grey picture stays grey.
pub(crate) fn add_noise(pixels: &mut [u8], deviation: f32, seed: u64) {
    if deviation == 0.0 {
        return;
    }
    let mut stream = SplitMix64::new(seed);
    // In whole numbers, of which 2^16 are a step of a value.
    let scale = (255.0 * deviation / DEVIATION * 65_536.0) as i32;
    let mut noise = || (bell(stream.next_u64()) * scale + 32_768) >> 16;
    let noisy = |value: u8, noise: i32| (i32::from(value) + noise).clamp(0, 255) as u8;
    for pixel in pixels.chunks_exact_mut(3) {
        if pixel[0] == pixel[1] && pixel[1] == pixel[2] {
            pixel.fill(noisy(pixel[0], noise()));
        } else {
            for value in pixel {
                *value = noisy(*value, noise());
            }
        }
    }
}

/// Standard deviation of [`bell`]: the root of `8 · (256² - 1) / 12`.
const DEVIATION: f32 = 209.021_53;

/// The sum of a random number's eight bytes, less its mean: bell-shaped up to 4.9 deviations, and
/// faster than a logarithm and a cosine.
fn bell(bits: u64) -> i32 {
    /// Half of 255, eight times.
    const MEAN: i32 = 1020;
    const EVEN_BYTES: u64 = 0x00ff_00ff_00ff_00ff;
    // Four sums of two bytes, then their sum in the highest 16 bits.
    let pairs = (bits & EVEN_BYTES) + ((bits >> 8) & EVEN_BYTES);
    (pairs.wrapping_mul(0x0001_0001_0001_0001) >> 48) as i32 - MEAN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_change_as_computed_by_hand() {
        let changed = |tone: Tone, value: u8| {
            let mut pixels = [value];
            tone.apply(&mut pixels);
            pixels[0]
        };
        let still = Tone::default();
        assert_eq!(changed(still, 77), 77);
        assert_eq!(changed(Tone { brightness: 0.2, ..still }, 100), 151);
        assert_eq!(changed(Tone { brightness: 0.2, ..still }, 250), 255);
        assert_eq!(changed(Tone { contrast: 0.5, ..still }, 255), 191);
        // 255 (51 / 255)²
        assert_eq!(changed(Tone { gamma: 2.0, ..still }, 51), 10);
        assert_eq!(changed(Tone { gamma: 0.5, ..still }, 255), 255);
    }

    #[test]
    fn the_noise_has_its_mean_and_deviation() {
        let mut stream = SplitMix64::new(3);
        let count = 100_000;
        let values = (0..count)
            .map(|_| f64::from(bell(stream.next_u64())) / f64::from(DEVIATION))
            .collect::<Vec<_>>();
        let moment = |power| values.iter().map(|v| v.powi(power)).sum::<f64>() / f64::from(count);
        assert!(moment(1).abs() < 0.01 && (moment(2) - 1.0).abs() < 0.02);
        // 3 for a normal; eight bytes: 3 - 1.2 / 8.
        assert!((moment(4) - 2.85).abs() < 0.06);
    }

    #[test]
    fn grey_stays_grey_and_colours_differ() {
        let mut grey = vec![128; 300];
        add_noise(&mut grey, 0.05, 1);
        assert!(grey.chunks(3).all(|p| p[0] == p[1] && p[1] == p[2]));
        assert!(grey.iter().any(|v| *v != 128));
        let mut colour = [128, 128, 127].repeat(100);
        add_noise(&mut colour, 0.05, 1);
        assert!(colour.chunks(3).any(|p| p[0] != p[1]));
    }
}
