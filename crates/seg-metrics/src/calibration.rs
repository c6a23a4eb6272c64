//! Whether probabilities are calibrated.

/// Pixels by their probability: in a calibrated answer, seven tenths of those at 0.7 are inside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    bins: [Bin; Self::BINS],
}

/// Pixels whose probability lies in one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// The number of pixels.
    pub pixels: u64,
    /// How many of them are inside the reference.
    pub inside: u64,
    /// The sum of their probabilities.
    pub probability: f64,
}

impl Bin {
    /// Mean probability and share inside, both in `[0, 1]`; `None` if there are no pixels.
    pub fn point(&self) -> Option<(f64, f64)> {
        let pixels = self.pixels as f64;
        (self.pixels > 0).then(|| (self.probability / pixels, self.inside as f64 / pixels))
    }
}

impl Calibration {
    /// Intervals of equal width; 15 as in Guo et al., ICML 2017.
    pub const BINS: usize = 15;

    /// Adds pixels: probabilities in `[0, 1]` and whether each is inside. The longer list is cut to
    /// the shorter; a probability that is not a number counts as 0.
    pub fn add(&mut self, probabilities: &[f32], inside: &[bool]) {
        for (probability, inside) in probabilities.iter().zip(inside) {
            let place = (probability * Self::BINS as f32) as usize;
            let bin = &mut self.bins[place.min(Self::BINS - 1)];
            bin.pixels += 1;
            bin.inside += u64::from(*inside);
            bin.probability += f64::from(probability.max(0.0));
        }
    }

    /// From the lowest probabilities to the highest.
    pub fn bins(&self) -> &[Bin] {
        &self.bins
    }

    /// Expected calibration error: the mean distance of probability and share inside, weighted by
    /// pixels; in `[0, 1]`, 0 if there are no pixels.
    pub fn ece(&self) -> f64 {
        let all = self.bins.iter().map(|bin| bin.pixels).sum::<u64>().max(1) as f64;
        let apart = |bin: &Bin| (bin.probability - bin.inside as f64).abs();
        self.bins.iter().map(apart).sum::<f64>() / all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calibrated_answer_has_no_error() {
        let mut calibration = Calibration::default();
        calibration.add(&[0.25; 4], &[true, false, false, false]);
        calibration.add(&[0.5; 2], &[true, false]);
        assert!(calibration.ece() < 1e-7);
        assert_eq!(calibration.bins()[3].point(), Some((0.25, 0.25)));
    }

    #[test]
    fn a_boastful_one_has() {
        let mut calibration = Calibration::default();
        calibration.add(&[1.0, 1.0, 0.0, f32::NAN], &[true, false, false, false]);
        assert!((calibration.ece() - 0.25).abs() < 1e-12);
        assert_eq!(Calibration::default().ece(), 0.0);
    }
}
