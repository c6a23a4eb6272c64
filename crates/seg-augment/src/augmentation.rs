//! One case's change, drawn and applied.

use std::borrow::Cow;

use seeded::{SplitMix64, fnv1a64, mix64};
use seg_sentences::{Turn, Veto, rewrite};

use crate::affine::Affine;
use crate::config::AugmentConfig;
use crate::tone::{Tone, add_noise};
use crate::turned::turned_pixels;

/// What happens to one case: to its picture and mask alike, and to its sentence.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Augmentation<'s> {
    /// The flips and quarter turns, applied first.
    pub turn: Turn,
    /// A small movement, applied second.
    pub affine: Option<Affine>,
    /// A change of grey values, applied third and to the picture alone.
    pub tone: Tone,
    /// The standard deviation of noise, as a share of 255; applied last and to the picture alone.
    pub noise: f32,
    /// Why the turn that was drawn was vetoed; `turn` is then the identity.
    pub vetoed: Option<Veto>,
    noise_seed: u64,
    sentence: Cow<'s, str>,
}

impl<'s> Augmentation<'s> {
    /// Draws the change of one case in one epoch. It depends on `seed`, `epoch` and `case` alone,
    /// not on what was drawn before.
    ///
    /// `case` is the hash of a case's name, or its number. Changing one setting leaves what is
    /// drawn for the others as it is. `config` is expected to have passed [`AugmentConfig::check`].
    pub fn draw(
        config: &AugmentConfig,
        seed: u64,
        epoch: u64,
        case: u64,
        sentence: &'s str,
    ) -> Self {
        Self::draw_for_all(config, seed, epoch, case, &[sentence]).remove(0)
    }

    /// Draws one change for several cases of one picture, in the order of their sentences. A turn that one
    /// of them vetoes is not made.
    pub fn draw_for_all(
        config: &AugmentConfig,
        seed: u64,
        epoch: u64,
        case: u64,
        sentences: &[&'s str],
    ) -> Vec<Self> {
        let key = [seed, epoch, case]
            .into_iter()
            .fold(fnv1a64("seg-augment"), |key, part| mix64(key.wrapping_add(mix64(part))));
        let mut stream = Draws(SplitMix64::new(key));
        let mut wanted = Turn::IDENTITY;
        let turns = [
            (config.flip_horizontal, Turn::FLIP_HORIZONTAL),
            (config.flip_vertical, Turn::FLIP_VERTICAL),
        ];
        for (probability, turn) in turns {
            if stream.happens(probability) {
                wanted = wanted.then(turn);
            }
        }
        let quarters = [Turn::QUARTER, Turn::HALF, Turn::QUARTER.inverse()][stream.0.below(3)];
        if stream.happens(config.quarter_turns) {
            wanted = wanted.then(quarters);
        }
        let affine = Affine {
            angle: stream.within(config.rotate),
            scale: stream.factor(config.zoom),
            shift_x: stream.within(config.shift),
            shift_y: stream.within(config.shift),
        };
        let affine = (stream.happens(config.affine) && config.moves()).then_some(affine);
        let tone = Tone {
            brightness: stream.within(config.brightness),
            contrast: 1.0 + stream.within(config.contrast),
            gamma: stream.factor(config.gamma),
        };
        let (noise, noise_seed) = (config.noise as f32, stream.0.next_u64());
        let rewritten = sentences.iter().map(|sentence| rewrite(sentence, wanted, config.sides));
        let (turn, vetoed, sentences) = match rewritten.collect::<Result<Vec<_>, _>>() {
            Ok(rewritten) => (wanted, None, rewritten),
            Err(veto) => {
                let as_they_are = sentences.iter().map(|sentence| Cow::Borrowed(*sentence));
                (Turn::IDENTITY, Some(veto), as_they_are.collect())
            }
        };
        let changed = |sentence| {
            let vetoed = vetoed.clone();
            Self { turn, affine, tone, noise, vetoed, noise_seed, sentence }
        };
        sentences.into_iter().map(changed).collect()
    }

    /// The sentence, rewritten so that it is true of the changed picture.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }

    /// The changed picture, borrowed if nothing changes.
    ///
    /// # Shapes
    ///
    /// `[size, size, 3]`, row-major, in and out.
    ///
    /// # Panics
    ///
    /// If there are not `3 · size · size` values.
    pub fn image<'p>(&self, pixels: &'p [u8], size: usize) -> Cow<'p, [u8]> {
        assert_eq!(pixels.len(), 3 * size * size, "a picture of {size} x {size} pixels");
        let mut changed = match &self.affine {
            Some(affine) => Cow::Owned(affine.image(pixels, size, self.turn)),
            None => self.turned(pixels, size, 3),
        };
        if self.tone != Tone::default() || self.noise > 0.0 {
            let pixels = changed.to_mut();
            self.tone.apply(pixels);
            add_noise(pixels, self.noise, self.noise_seed);
        }
        changed
    }

    /// The mask, moved as the picture is; borrowed if nothing moves.
    ///
    /// # Shapes
    ///
    /// `[size, size]`, row-major, in and out; the only new value is 0.
    ///
    /// # Panics
    ///
    /// If there are not `size · size` values.
    pub fn mask<'p>(&self, mask: &'p [u8], size: usize) -> Cow<'p, [u8]> {
        assert_eq!(mask.len(), size * size, "a mask of {size} x {size} pixels");
        match &self.affine {
            Some(affine) => Cow::Owned(affine.mask(mask, size, self.turn)),
            None => self.turned(mask, size, 1),
        }
    }

    fn turned<'p>(&self, pixels: &'p [u8], size: usize, channels: usize) -> Cow<'p, [u8]> {
        match self.turn.is_identity() {
            true => Cow::Borrowed(pixels),
            false => Cow::Owned(turned_pixels(pixels, size, channels, self.turn)),
        }
    }
}

/// Random numbers in the units of the settings.
struct Draws(SplitMix64);

impl Draws {
    fn happens(&mut self, probability: f64) -> bool {
        self.0.chance(probability)
    }

    /// Uniform between `-most` and `most`.
    fn within(&mut self, most: f64) -> f32 {
        self.0.uniform() * most as f32
    }

    /// Between `1 / (1 + most)` and `1 + most`, growing as likely as shrinking.
    fn factor(&mut self, most: f64) -> f32 {
        (1.0 + most as f32).powf(self.0.uniform())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seg_sentences::Sides;

    const SENTENCE: &str = "One tumor at the top left.";

    #[test]
    fn with_nothing_on_everything_is_borrowed() {
        let augmentation = Augmentation::draw(&AugmentConfig::default(), 1, 2, 3, SENTENCE);
        assert_eq!(augmentation.turn, Turn::IDENTITY);
        assert!(matches!(augmentation.image(&[7; 12], 2), Cow::Borrowed(_)));
        assert!(matches!(augmentation.mask(&[0; 4], 2), Cow::Borrowed(_)));
        assert_eq!(augmentation.sentence(), SENTENCE);
    }

    #[test]
    fn probabilities_of_zero_and_one_are_never_and_always() {
        let never = AugmentConfig { rotate: 5.0, ..AugmentConfig::default() };
        let always = AugmentConfig { flip_horizontal: 1.0, affine: 1.0, ..never.clone() };
        for case in 0..500 {
            let drawn = Augmentation::draw(&never, 0, 0, case, SENTENCE);
            assert!(drawn.turn.is_identity() && drawn.affine.is_none());
            let drawn = Augmentation::draw(&always, 0, 0, case, SENTENCE);
            assert!(drawn.turn == Turn::FLIP_HORIZONTAL && drawn.affine.is_some());
            assert_eq!(drawn.sentence(), "One tumor at the top right.");
        }
    }

    #[test]
    fn all_turns_are_drawn_about_as_often_as_asked() {
        let config = AugmentConfig {
            flip_horizontal: 0.5,
            flip_vertical: 0.5,
            quarter_turns: 0.75,
            ..AugmentConfig::default()
        };
        let turns = (0..8000).map(|case| Augmentation::draw(&config, 5, 1, case, SENTENCE).turn);
        let turns = turns.collect::<Vec<_>>();
        for turn in Turn::ALL {
            let count = turns.iter().filter(|drawn| **drawn == turn).count();
            assert!((900..1100).contains(&count), "{turn:?}: {count}");
        }
    }

    #[test]
    fn a_vetoed_turn_is_not_made_and_told() {
        let config = AugmentConfig {
            flip_horizontal: 1.0,
            sides: Sides::Fixed,
            noise: 0.1,
            ..AugmentConfig::default()
        };
        let drawn = Augmentation::draw(&config, 1, 1, 1, SENTENCE);
        assert_eq!((drawn.turn, drawn.vetoed.clone()), (Turn::IDENTITY, Some(Veto::Fixed)));
        assert_eq!(drawn.sentence(), SENTENCE);
        assert!(matches!(drawn.mask(&[255; 4], 2), Cow::Borrowed(_)));
    }

    #[test]
    fn sentences_of_one_picture_turn_together_or_not_at_all() {
        let always = AugmentConfig { flip_horizontal: 1.0, ..AugmentConfig::default() };
        let draw = |sentences| Augmentation::draw_for_all(&always, 0, 0, 7, sentences);
        let sentences = |drawn: &[Augmentation<'_>]| {
            drawn.iter().map(|one| one.sentence().to_owned()).collect::<Vec<_>>()
        };
        let both = draw(&[SENTENCE, "Right lung."]);
        assert_eq!(sentences(&both), ["One tumor at the top right.", "Left lung."]);
        assert!(both.iter().all(|one| one.turn == Turn::FLIP_HORIZONTAL));
        // A vertical flip, which a patient's side cannot follow.
        let always = AugmentConfig { flip_vertical: 1.0, ..AugmentConfig::default() };
        let asked = [SENTENCE, "The patient's left lung."];
        let vetoed = Augmentation::draw_for_all(&always, 0, 0, 7, &asked);
        assert_eq!(sentences(&vetoed), asked);
        assert!(vetoed.iter().all(|one| one.turn.is_identity() && one.vetoed.is_some()));
        assert_eq!(draw(&[]), []);
    }

    #[test]
    fn one_setting_leaves_the_others_draws_alone() {
        let one = AugmentConfig { brightness: 0.3, noise: 0.1, ..AugmentConfig::default() };
        let more = AugmentConfig { flip_vertical: 1.0, gamma: 0.5, ..one.clone() };
        let drawn = |config, epoch| Augmentation::draw(config, 9, epoch, 4, SENTENCE);
        let (first, second) = (drawn(&one, 0), drawn(&more, 0));
        assert_eq!(first.tone.brightness, second.tone.brightness);
        assert_eq!(first.noise_seed, second.noise_seed);
        assert_ne!(first.tone.brightness, drawn(&one, 1).tone.brightness);
    }
}
