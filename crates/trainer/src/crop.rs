//! A square of a picture in place of the whole one.

use causal_clip_seg::RgbImage;
use causal_clip_seg::mask::BinaryMask;
use seeded::SplitMix64;
use seg_data::{NoteCounts, Sample};
use seg_sentences::places;

use crate::sections::{CropPlaces, DataRecipe};

/// A square of a picture that is not read yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crop {
    side: u32,
    /// Random bits, of which column and row are made.
    at: [u64; 2],
}

impl Crop {
    /// Where the cases that ask these sentences are looked at; `None` if they are shown whole.
    pub(crate) fn draw(
        recipe: &DataRecipe,
        sentences: &[&str],
        stream: &mut SplitMix64,
    ) -> Option<Self> {
        let side = recipe.crop?;
        (!shown_whole(recipe, sentences))
            .then(|| Self { side, at: [stream.next_u64(), stream.next_u64()] })
    }

    /// The square of a case, or as much of it as there is.
    pub(crate) fn of(self, sample: &Sample) -> Sample {
        let (width, height) = sample.image.dimensions();
        let (across, down) = (self.side.min(width), self.side.min(height));
        let first = |room: u32, bits: u64| (bits % (u64::from(room) + 1)) as u32;
        let left = first(width - across, self.at[0]);
        let top = first(height - down, self.at[1]);
        let pixel = |x, y| *sample.image.get_pixel(left + x, top + y);
        let part = |mask: &BinaryMask| {
            BinaryMask::from_fn(across, down, |x, y| mask.get(left + x, top + y))
        };
        Sample {
            image: RgbImage::from_fn(across, down, pixel),
            mask: part(&sample.mask),
            ignored: sample.ignored.as_ref().map(part),
            notes: NoteCounts::default(),
        }
    }
}

/// Whether cases that ask these sentences are shown whole, although training is on crops.
pub(crate) fn shown_whole(recipe: &DataRecipe, sentences: &[&str]) -> bool {
    let nowhere = || sentences.iter().all(|sentence| places(sentence).is_empty());
    recipe.crop_places == CropPlaces::Whole && !nowhere()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pixel says where it lies.
    fn sample(width: u32, height: u32) -> Sample {
        let pixel = |x, y| [x as u8, y as u8, 0].into();
        Sample {
            image: RgbImage::from_fn(width, height, pixel),
            mask: BinaryMask::from_fn(width, height, |x, y| (x + y) % 3 == 0),
            ignored: Some(BinaryMask::from_fn(width, height, |x, _| x % 2 == 0)),
            notes: NoteCounts::default(),
        }
    }

    fn recipe(crop_places: CropPlaces) -> DataRecipe {
        DataRecipe { crop: Some(40), crop_places, ..DataRecipe::default() }
    }

    #[test]
    fn a_crop_is_a_square_of_the_picture_and_its_masks() {
        let mut firsts = std::collections::HashSet::new();
        for seed in 0..50 {
            let stream = &mut SplitMix64::new(seed);
            let crop = Crop::draw(&recipe(CropPlaces::Whole), &["nuclei"], stream).unwrap();
            let Sample { image, mask, ignored, .. } = crop.of(&sample(90, 60));
            assert_eq!(image.dimensions(), (40, 40));
            let [left, top, _] = image.get_pixel(0, 0).0.map(u32::from);
            for (x, y) in [(0, 0), (39, 39), (7, 20)] {
                assert_eq!(image.get_pixel(x, y).0.map(u32::from), [left + x, top + y, 0]);
                assert_eq!(mask.get(x, y), (left + top + x + y) % 3 == 0);
                assert_eq!(ignored.as_ref().unwrap().get(x, y), (left + x) % 2 == 0);
            }
            firsts.insert((left, top));
        }
        assert!(firsts.len() > 40);
    }

    #[test]
    fn a_small_picture_is_shown_whole() {
        let stream = &mut SplitMix64::new(1);
        let crop = Crop::draw(&recipe(CropPlaces::Whole), &["nuclei"], stream).unwrap();
        assert_eq!(crop.of(&sample(20, 70)).image.dimensions(), (20, 40));
    }

    #[test]
    fn who_names_a_place_is_shown_whole() {
        let draw = |places, sentences: &[&str]| {
            Crop::draw(&recipe(places), sentences, &mut SplitMix64::new(1)).is_some()
        };
        let placed = "The nuclei density in the upper left is high.";
        assert!(!draw(CropPlaces::Whole, &["The nuclei.", placed]));
        assert!(draw(CropPlaces::Whole, &["The nuclei."]) && draw(CropPlaces::Crop, &[placed]));
        let none = DataRecipe::default();
        assert!(Crop::draw(&none, &["The nuclei."], &mut SplitMix64::new(1)).is_none());
    }
}
