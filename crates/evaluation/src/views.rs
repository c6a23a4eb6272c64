//! One question asked of several views of a picture.

use causal_clip_seg::{Mask, RgbImage, Segmenter};
use seg_sentences::{Sides, Turn, rewrite};

use crate::error::EvaluationError;

/// The mask that a network predicts, and how far the views that it is the mean of differ.
#[derive(Clone, Debug, PartialEq)]
pub struct MeanMask {
    /// The mean of all views.
    pub mask: Mask,
    /// Standard deviation of the probability over the views, in `[0, 0.5]`, in the order of the
    /// mask's probabilities; `None` if there was a single view.
    pub spread: Option<Vec<f32>>,
}

/// Test-time augmentation: the picture as it is, brighter, darker, and mirrored with the sentence's
/// sides exchanged. A sentence that cannot be mirrored has three views.
#[derive(Clone, Debug)]
pub struct Views {
    /// What left and right mean in the sentences; `fixed` never mirrors.
    pub sides: Sides,
}

/// A view: what is shown, what is asked, and whether the answer is to be mirrored back.
struct View {
    picture: RgbImage,
    sentence: String,
    mirrored: bool,
}

impl Views {
    /// Share by which a view is brighter or darker.
    const LIGHT: f32 = 0.08;

    /// The mean answer to each question.
    ///
    /// # Errors
    ///
    /// If a picture has no pixels.
    pub fn answer(
        &self,
        segmenter: &Segmenter,
        questions: &[(&RgbImage, &str)],
    ) -> Result<Vec<MeanMask>, EvaluationError> {
        let asked = |(picture, sentence): &(&RgbImage, &str)| {
            let views = self.views(picture, sentence);
            let pairs = views.iter().map(|view| (&view.picture, view.sentence.as_str()));
            let answers = segmenter.segment_many(&pairs.collect::<Vec<_>>())?;
            let maps = answers.iter().zip(&views).map(|(answer, view)| match view.mirrored {
                true => mirrored_rows(&answer.probabilities, answer.width as usize),
                false => answer.probabilities.clone(),
            });
            let maps = maps.collect::<Vec<_>>();
            let (mean, spread) = mean_and_spread(&maps);
            let first = answers.into_iter().next();
            let mask = first.map(|mask| Mask { probabilities: mean, ..mask });
            Ok(mask.map(|mask| MeanMask { mask, spread: Some(spread) }))
        };
        let answers = questions.iter().map(asked).collect::<Result<Vec<_>, EvaluationError>>()?;
        Ok(answers.into_iter().flatten().collect())
    }

    fn views(&self, picture: &RgbImage, sentence: &str) -> Vec<View> {
        let lit = |factor: f32| {
            let mut lit = picture.clone();
            lit.iter_mut().for_each(|value| *value = (f32::from(*value) * factor).round() as u8);
            lit
        };
        let as_asked = |picture| View { picture, sentence: sentence.to_owned(), mirrored: false };
        let mut views = vec![
            as_asked(picture.clone()),
            as_asked(lit(1.0 + Self::LIGHT)),
            as_asked(lit(1.0 - Self::LIGHT)),
        ];
        if let Ok(sentence) = rewrite(sentence, Turn::FLIP_HORIZONTAL, self.sides) {
            let picture = seg_image::flip_horizontal(picture);
            views.push(View { picture, sentence: sentence.into_owned(), mirrored: true });
        }
        views
    }
}

fn mirrored_rows(values: &[f32], width: usize) -> Vec<f32> {
    values.chunks_exact(width.max(1)).flat_map(|row| row.iter().rev().copied()).collect()
}

/// The mean and the standard deviation of each pixel.
fn mean_and_spread(maps: &[Vec<f32>]) -> (Vec<f32>, Vec<f32>) {
    let count = maps.len().max(1) as f32;
    let pixels = maps.first().map_or(0, Vec::len);
    let of = |pixel: usize| {
        let mean = maps.iter().map(|map| map[pixel]).sum::<f32>() / count;
        let variance = maps.iter().map(|map| (map[pixel] - mean).powi(2)).sum::<f32>() / count;
        (mean, variance.sqrt())
    };
    (0..pixels).map(of).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_mirrored_and_means_taken() {
        assert_eq!(mirrored_rows(&[1.0, 2.0, 3.0, 4.0], 2), [2.0, 1.0, 4.0, 3.0]);
        let (mean, spread) = mean_and_spread(&[vec![0.0, 0.5], vec![1.0, 0.5]]);
        assert_eq!((mean, spread), (vec![0.5, 0.5], vec![0.5, 0.0]));
    }

    #[test]
    fn a_sentence_that_cannot_be_mirrored_has_three_views() {
        let picture = RgbImage::new(2, 2);
        let count = |sides| Views { sides }.views(&picture, "Left lung.").len();
        assert_eq!((count(Sides::Image), count(Sides::Fixed)), (4, 3));
        let views = Views { sides: Sides::Image }.views(&picture, "Left lung.");
        assert_eq!(views[3].sentence, "Right lung.");
    }
}
