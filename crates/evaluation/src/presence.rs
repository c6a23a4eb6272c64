//! Whether a network sees that what is asked for is not there.

use std::collections::HashMap;

use causal_clip_seg::mask::BinaryMask;
use causal_clip_seg::{RgbImage, Segmenter};
use rayon::prelude::*;
use seg_data::Case;
use seg_report::{Presence, PresenceError};
use seg_sentences::{Edit, Grammar, Sides};

use crate::absence::{Absence, Cover, other_side};
use crate::error::EvaluationError;

/// A question about a picture, whether its target is there, and how sure the network is of that.
#[derive(Clone, Debug, PartialEq)]
pub struct PresenceAnswer {
    /// The case's place among those that were asked.
    pub case: usize,
    /// What was asked.
    pub sentence: String,
    /// Why there is nothing to find; `None` if there is something.
    pub absence: Option<Absence>,
    /// Whether half of the picture was covered.
    pub covered: bool,
    /// [`Mask::presence`](causal_clip_seg::Mask::presence) of the answer.
    pub presence: f32,
}

/// A question before it is asked.
struct Question {
    case: usize,
    picture: RgbImage,
    sentence: String,
    absence: Option<Absence>,
    covered: bool,
}

/// Asks each case for what is there, by its own sentence, once on the whole picture and once with
/// the other half covered, and for what is not: the same with the target's half covered; the other
/// side where that is free; a negation; something off topic. `split` are all cases among which others
/// may be about the same picture, `sides` is the set's convention. `tick` is called after each case.
///
/// # Errors
///
/// If a picture or mask cannot be read.
pub fn ask_presence(
    segmenter: &Segmenter,
    cases: &[&Case],
    split: &[&Case],
    sides: Sides,
    mut tick: impl FnMut(),
) -> Result<Vec<PresenceAnswer>, EvaluationError> {
    /// Cases whose questions are asked together.
    const TOGETHER: usize = 8;
    let mut about: HashMap<_, usize> = HashMap::new();
    for case in split {
        *about.entry(&case.image).or_default() += 1;
    }
    let mut all = Vec::new();
    let places = (0..cases.len()).collect::<Vec<_>>();
    for part in places.chunks(TOGETHER) {
        let read = part.par_iter().map(|place| -> Result<_, EvaluationError> {
            let case = cases[*place];
            let sample = seg_data::load(case)?;
            let alone = about.get(&case.image).is_none_or(|count| *count == 1);
            Ok(questions(*place, sample.image, &sample.mask, &case.sentence, alone, sides))
        });
        // All are read before the first error in the order of cases is returned.
        let read = read.collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>, _>>()?;
        let questions = read.into_iter().flatten().collect::<Vec<_>>();
        let pairs = questions.iter().map(|asked| (&asked.picture, asked.sentence.as_str()));
        let answers = segmenter.segment_many(&pairs.collect::<Vec<_>>())?;
        all.extend(questions.iter().zip(&answers).map(|(question, answer)| PresenceAnswer {
            case: question.case,
            sentence: question.sentence.clone(),
            absence: question.absence,
            covered: question.covered,
            presence: answer.presence(),
        }));
        part.iter().for_each(|_| tick());
    }
    Ok(all)
}

/// The answers as [`Presence`] takes them.
///
/// # Errors
///
/// If an answer's presence is not in `[0, 1]`.
pub fn presence_of(asked: &[PresenceAnswer]) -> Result<Presence, PresenceError> {
    let scores = asked.iter().map(|asked| f64::from(asked.presence)).collect::<Vec<_>>();
    let present = asked.iter().map(|asked| asked.absence.is_none()).collect::<Vec<_>>();
    Presence::new(&scores, &present)
}

/// Everything that is asked of one case.
fn questions(
    case: usize,
    picture: RgbImage,
    mask: &BinaryMask,
    sentence: &str,
    alone: bool,
    sides: Sides,
) -> Vec<Question> {
    let width = mask.width as usize;
    let halves = Cover::halves(mask.values.iter().copied(), width);
    let painted = |cover: Cover| {
        let mut painted = picture.clone();
        cover.paint(&mut painted, width);
        painted
    };
    let ask = |picture: &RgbImage, sentence: &str, absence, covered| Question {
        case,
        picture: picture.clone(),
        sentence: sentence.to_owned(),
        absence,
        covered,
    };
    let given = (mask.area() == 0).then_some(Absence::Given);
    let mut asked = vec![ask(&picture, sentence, given, false)];
    if given.is_some() {
        return asked;
    }
    if let Some(halves) = halves {
        asked.push(ask(&painted(halves.other), sentence, None, true));
        asked.push(ask(&painted(halves.target), sentence, Some(Absence::Covered), true));
    }
    if alone && let Some(other) = other_side(sentence, halves, sides) {
        asked.push(ask(&picture, &other, Some(Absence::OtherSide), false));
    }
    for (edit, absence) in [(Edit::Negate, Absence::Negated), (Edit::OffTopic, Absence::OffTopic)] {
        if let Some(edited) = Grammar::default().apply(edit, sentence) {
            asked.push(ask(&picture, &edited, Some(absence), false));
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_and_what_is_not() {
        let picture = RgbImage::from_pixel(40, 10, seg_image::Rgb([9; 3]));
        let left = BinaryMask::from_fn(40, 10, |x, _| x < 8);
        let asked = |mask: &BinaryMask, alone| {
            let sentence = "One infected area, left lung.";
            questions(0, picture.clone(), mask, sentence, alone, Sides::Image)
        };
        let kinds =
            |asked: &[Question]| asked.iter().map(|asked| asked.absence).collect::<Vec<_>>();
        let all = asked(&left, true);
        let expected = [
            None,
            None,
            Some(Absence::Covered),
            Some(Absence::OtherSide),
            Some(Absence::Negated),
            Some(Absence::OffTopic),
        ];
        assert_eq!(kinds(&all), expected);
        // The target's half is the left one.
        let seen = |asked: &Question, x| asked.picture.get_pixel(x, 5).0 == [9; 3];
        assert!(seen(&all[1], 4) && !seen(&all[1], 30) && !seen(&all[2], 4) && seen(&all[2], 30));
        assert_eq!(all[3].sentence, "One infected area, right lung.");
        assert_eq!(kinds(&asked(&left, false)).len(), 5);
        let empty = BinaryMask::from_fn(40, 10, |_, _| false);
        assert_eq!(kinds(&asked(&empty, true)), [Some(Absence::Given)]);
    }
}
