//! What a network's masks do when its sentences are edited.

use std::collections::HashMap;
use std::path::Path;

use causal_clip_seg::mask::BinaryMask;
use causal_clip_seg::{Mask, Segmenter};
use seg_data::{Case, Sample, distinct_names};
use seg_report::{EditExample, ExampleAnswer, Prediction, Reading, ReadingOptions, Trial};
use seg_sentences::{Edit, EditKind, Grammar};

use crate::error::EvaluationError;

/// A test of whether a network reads its sentences.
#[derive(Clone, Copy, Debug)]
pub struct ReadingTest<'a> {
    /// The network.
    pub segmenter: &'a Segmenter,
    /// The cases that are asked about.
    pub cases: &'a [&'a Case],
    /// All cases of the split, these among them: an edited sentence that another case of the same
    /// picture has is held to that case's mask.
    pub split: &'a [&'a Case],
    /// The edits that are tried.
    pub grammar: &'a Grammar,
    /// Most examples with pictures for each kind of edit.
    pub examples: usize,
}

/// What was found.
#[derive(Debug)]
pub struct ReadingFound {
    /// Every edit and what the mask did.
    pub reading: Reading,
    /// Some of them with pictures.
    pub examples: Vec<EditExample>,
}

impl ReadingTest<'_> {
    /// Asks about each case with its own sentence and with every edit of it. `tick` is called after each
    /// case.
    ///
    /// # Errors
    ///
    /// If a picture or mask cannot be read.
    pub fn run(
        &self,
        options: ReadingOptions,
        mut tick: impl FnMut(),
    ) -> Result<ReadingFound, EvaluationError> {
        let sentences = self.split.iter().map(|case| (question(case), *case));
        let sentences = sentences.collect::<HashMap<_, _>>();
        let names = distinct_names(self.split);
        let names = self.split.iter().map(|case| std::ptr::from_ref(*case)).zip(&names);
        let names = names.collect::<HashMap<_, _>>();
        let mut found = ReadingFound { reading: Reading::new(options), examples: Vec::new() };
        for case in self.cases {
            let name = names.get(&std::ptr::from_ref(*case)).map_or(&case.id, |name| *name);
            self.ask(case, name, &sentences, &mut found)?;
            tick();
        }
        Ok(found)
    }

    fn ask(
        &self,
        case: &Case,
        name: &str,
        sentences: &HashMap<(&Path, &str), &Case>,
        found: &mut ReadingFound,
    ) -> Result<(), EvaluationError> {
        let sample = seg_data::load(case)?;
        let edits = self.grammar.edits_of(&case.sentence);
        let edited = edits.iter().map(|(_, edited)| edited);
        let asked = std::iter::once(&case.sentence).chain(edited);
        let asked = asked.map(|sentence| (&sample.image, sentence.as_str())).collect::<Vec<_>>();
        let masks = self.segmenter.segment_many(&asked)?;
        let Some((original, masks)) = masks.split_first() else { return Ok(()) };
        let own = original.binary();
        let group = case.group.clone().unwrap_or_else(|| case.image.display().to_string());
        for ((edit, edited), mask) in edits.iter().zip(masks) {
            let answer = mask.binary();
            let truth = truth(sentences, case, *edit, edited, &sample.mask)?;
            found.reading.add(&Trial {
                case: name,
                group: &group,
                edit: *edit,
                sentence: &case.sentence,
                edited,
                original: Prediction::with_probabilities(&own, &original.probabilities),
                answer: Prediction::with_probabilities(&answer, &mask.probabilities),
                reference: Some(&sample.mask),
                edited_reference: truth.as_ref(),
            })?;
            if self.wants(*edit, &found.examples) {
                let shown = (edited.as_str(), mask, truth);
                found.examples.push(example(case, name, &sample, *edit, &own, shown));
            }
        }
        Ok(())
    }

    /// Whether an edit is worth a picture: it moves the meaning, and there are few of its kind so far.
    fn wants(&self, edit: Edit, examples: &[EditExample]) -> bool {
        let kind = edit.kind();
        let alike = examples.iter().filter(|example| example.edit.kind() == kind).count();
        !matches!(kind, EditKind::LeaveOut | EditKind::ShuffleWords) && alike < self.examples
    }
}

fn example(
    case: &Case,
    name: &str,
    sample: &Sample,
    edit: Edit,
    own: &BinaryMask,
    (edited, mask, truth): (&str, &Mask, Option<BinaryMask>),
) -> EditExample {
    let reference = Some(sample.mask.clone());
    EditExample {
        case: name.to_owned(),
        image: sample.image.clone(),
        edit,
        original: ExampleAnswer { sentence: case.sentence.clone(), answer: own.clone(), reference },
        edited: ExampleAnswer {
            sentence: edited.to_owned(),
            answer: mask.binary(),
            reference: truth,
        },
    }
}

fn question(case: &Case) -> (&Path, &str) {
    (&case.image, &case.sentence)
}

/// What the edited sentence means: the mask of the same picture's case with that sentence, or an empty
/// one if the sentence says so. `None` if the set does not tell.
fn truth(
    sentences: &HashMap<(&Path, &str), &Case>,
    case: &Case,
    edit: Edit,
    edited: &str,
    mask: &BinaryMask,
) -> Result<Option<BinaryMask>, EvaluationError> {
    if matches!(edit.kind(), EditKind::Negate | EditKind::OffTopic) {
        return Ok(Some(BinaryMask::from_fn(mask.width, mask.height, |_, _| false)));
    }
    match sentences.get(&(case.image.as_path(), edited)) {
        Some(other) => Ok(Some(seg_data::load(other)?.mask)),
        None => Ok(None),
    }
}
