//! Answers to edited sentences, collected: does the sentence decide?

mod components;
pub(crate) mod effect;
pub(crate) mod error;
pub(crate) mod example;
mod html;
pub(crate) mod importance;
mod markdown;
pub(crate) mod mean;
pub(crate) mod report;
pub(crate) mod summary;
mod title;

use std::path::Path;

use seg_metrics::Bootstrap;
use seg_sentences::Sides;

use self::effect::{Compared, EditEffect, Prediction};
use self::error::ReadingError;
use self::report::ReadingReport;
use seg_image::BinaryMask;
use seg_sentences::Edit;

/// How answers are judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadingOptions {
    /// Whose left and right the sentences name, where they do not say so. With
    /// [`Sides::Fixed`] a side counts only where its clause names the patient or the picture.
    pub sides: Sides,
    /// How intervals are drawn; they are of 95 %, whatever its level.
    pub bootstrap: Bootstrap,
}

impl Default for ReadingOptions {
    /// Sides of the image, 10 000 resamples.
    fn default() -> Self {
        Self { sides: Sides::Image, bootstrap: Bootstrap::default() }
    }
}

/// One edit of one case, with the answers to both sentences.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'a> {
    /// The case's name: another one for each picture and sentence.
    pub case: &'a str,
    /// What it belongs to: the patient or, without one, the picture. Intervals draw groups whole.
    pub group: &'a str,
    /// What was done to the sentence.
    pub edit: Edit,
    /// The original sentence.
    pub sentence: &'a str,
    /// The edited sentence.
    pub edited: &'a str,
    /// The answer to the original sentence.
    pub original: Prediction<'a>,
    /// The answer to the edited sentence, of the same size.
    pub answer: Prediction<'a>,
    /// The true mask of the original sentence, of any size: answers are brought to it (nearest).
    pub reference: Option<&'a BinaryMask>,
    /// The true mask of the edited sentence, where the data has it: that of the same picture's case
    /// with this sentence.
    pub edited_reference: Option<&'a BinaryMask>,
}

/// What is kept of a [`Trial`].
#[derive(Clone, Debug, PartialEq)]
pub struct CaseRecord {
    /// The case's name.
    pub case: String,
    /// What it belongs to.
    pub group: String,
    /// What was done to the sentence.
    pub edit: Edit,
    /// The original sentence.
    pub sentence: String,
    /// The edited sentence.
    pub edited: String,
    /// What it did to the answer.
    pub effect: EditEffect,
}

/// Answers to edited sentences, collected: they tell whether the sentence decides.
///
/// A network that is asked for the left lung and draws it may have read the sentence, or may draw
/// that lung whatever it is asked. Here the sentence is edited, one thing at a time, and the answer
/// to the edited sentence is held against the answer to the original one, on the same picture:
/// "left" for "right" must move the mask, "No tumor." must empty it, a word without which nothing
/// changes was not read.
///
/// ```
/// use seg_image::BinaryMask;
/// use seg_report::{Prediction, Reading, ReadingOptions, Trial};
/// use seg_sentences::{EditKind, Grammar};
///
/// // A network that reads one word.
/// let ask = |sentence: &str| {
///     let left = sentence.contains("left");
///     BinaryMask::from_fn(32, 32, |x, y| (x < 12) == left && x != 16 && (8..20).contains(&y))
/// };
///
/// let grammar = Grammar::default();
/// let mut reading = Reading::new(ReadingOptions::default());
/// let sentence = "The left lung.";
/// let original = ask(sentence);
/// for (edit, edited) in grammar.edits_of(sentence) {
///     let answer = ask(&edited);
///     reading.add(&Trial {
///         case: "a",
///         group: "a.png",
///         edit,
///         sentence,
///         edited: &edited,
///         original: Prediction::new(&original),
///         answer: Prediction::new(&answer),
///         reference: Some(&original),
///         edited_reference: None,
///     })?;
/// }
/// let report = reading.report()?;
/// let sides = report.edit(EditKind::SwapSides).expect("the sentence names a side");
/// assert_eq!(sides.moved_right.mean, Some(1.0));
/// let negated = report.edit(EditKind::Negate).expect("every sentence can be negated");
/// assert_eq!(negated.moved_right.mean, Some(0.0)); // it still draws something
///
/// let folder = tempfile::tempdir()?;
/// report.write(folder.path(), &[])?; // reading.json, reading.md, reading.html
/// reading.write_cases(&folder.path().join("reading.csv"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reading {
    options: ReadingOptions,
    records: Vec<CaseRecord>,
}

impl Reading {
    /// An empty collection.
    pub fn new(options: ReadingOptions) -> Self {
        Self { options, records: Vec::new() }
    }

    /// Compares two answers and keeps what was found.
    ///
    /// # Errors
    ///
    /// If the answers differ in size, or a map does not fit its mask or has values outside 0 to 1.
    pub fn add(&mut self, trial: &Trial<'_>) -> Result<&EditEffect, ReadingError> {
        for answer in [&trial.original, &trial.answer] {
            check_map(trial, answer)?;
        }
        let compared = Compared {
            original: trial.original,
            answer: trial.answer,
            reference: trial.reference,
            edited_reference: trial.edited_reference,
        };
        let sentences = [trial.sentence, trial.edited];
        let effect = EditEffect::new(&compared, trial.edit.kind(), sentences, self.options.sides)
            .map_err(|source| {
            let case = trial.case.to_owned();
            ReadingError::Compare { case, edit: trial.edit, source }
        })?;
        let record = CaseRecord {
            case: trial.case.to_owned(),
            group: trial.group.to_owned(),
            edit: trial.edit,
            sentence: trial.sentence.to_owned(),
            edited: trial.edited.to_owned(),
            effect,
        };
        Ok(&self.records.push_mut(record).effect)
    }

    /// What was found, in the order of adding.
    pub fn records(&self) -> &[CaseRecord] {
        &self.records
    }

    /// What was found, summarised.
    ///
    /// # Errors
    ///
    /// If nothing was added, or the bootstrap's settings are out of range.
    pub fn report(&self) -> Result<ReadingReport, ReadingError> {
        let bootstrap = Bootstrap { level: 0.95, ..self.options.bootstrap };
        ReadingReport::from_records(&self.records, self.options.sides, &bootstrap)
    }

    /// Writes a CSV table with a row for each trial:
    /// `case,edit,sentence,edited,dice_to_original,shift,area_ratio,moved_right,`
    /// `dice_edited_reference,dice_reference`. Missing values are empty; `dice_reference` compares
    /// the answer to the edited sentence with the true mask of the original one.
    ///
    /// # Errors
    ///
    /// If the file cannot be written; an earlier one is then unchanged.
    pub fn write_cases(&self, file: &Path) -> Result<(), ReadingError> {
        let failed = |source| ReadingError::Csv { file: file.to_owned(), source };
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(COLUMNS).map_err(failed)?;
        for record in &self.records {
            table.write_record(row(record)).map_err(failed)?;
        }
        let content = table.into_inner().map_err(|error| failed(error.into_error().into()))?;
        Ok(whole_file::write(file, &content)?)
    }
}

const COLUMNS: [&str; 10] = [
    "case",
    "edit",
    "sentence",
    "edited",
    "dice_to_original",
    "shift",
    "area_ratio",
    "moved_right",
    "dice_edited_reference",
    "dice_reference",
];

fn row(record: &CaseRecord) -> [String; COLUMNS.len()] {
    let found = &record.effect;
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    [
        record.case.clone(),
        record.edit.to_string(),
        record.sentence.clone(),
        record.edited.clone(),
        found.dice_to_original.to_string(),
        number(found.shift),
        number(found.area_ratio),
        found.moved_right.map(|moved| moved.to_string()).unwrap_or_default(),
        number(found.dice_edited_reference),
        number(found.dice_reference),
    ]
}

/// Refuses a map that does not fit the answer's mask.
fn check_map(trial: &Trial<'_>, answer: &Prediction<'_>) -> Result<(), ReadingError> {
    let Some(map) = answer.probabilities else { return Ok(()) };
    let (case, edit) = (trial.case.to_owned(), trial.edit);
    let (expected, found) = (answer.mask.values.len(), map.len());
    if expected != found {
        return Err(ReadingError::Probabilities { case, edit, expected, found });
    }
    match map.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        Some(&found) => Err(ReadingError::Probability { case, edit, found }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_that_does_not_fit_is_refused() {
        let mask = BinaryMask::from_fn(2, 1, |_, _| true);
        let mut reading = Reading::new(ReadingOptions::default());
        let mut add = |map: &[f32]| {
            let answer = Prediction::with_probabilities(&mask, map);
            let trial = Trial {
                case: "a",
                group: "g",
                edit: Edit::LeaveOut(0),
                sentence: "a b",
                edited: "b",
                original: answer,
                answer,
                reference: None,
                edited_reference: None,
            };
            reading.add(&trial).map(|found| found.dice_to_original).map_err(|e| e.to_string())
        };
        assert_eq!(add(&[0.5, 1.0]), Ok(1.0));
        let message =
            "case `a`, leave_out:0: found 1 probabilities, expected 2: give one for each pixel";
        assert_eq!(add(&[0.5]), Err(message.to_owned()));
        let message = "case `a`, leave_out:0: a probability is NaN, expected a number from 0 to 1";
        assert_eq!(add(&[f32::NAN, 0.0]), Err(message.to_owned()));
    }

    #[test]
    fn a_table_has_a_row_for_each_trial() {
        let mask = BinaryMask::from_fn(4, 1, |x, _| x == 0);
        let moved = BinaryMask::from_fn(4, 1, |x, _| x == 3);
        let mut reading = Reading::new(ReadingOptions::default());
        let trial = Trial {
            case: "a#2",
            group: "g",
            edit: Edit::SwapSides,
            sentence: "left, lung",
            edited: "right, lung",
            original: Prediction::new(&mask),
            answer: Prediction::new(&moved),
            reference: None,
            edited_reference: Some(&moved),
        };
        reading.add(&trial).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("reading.csv");
        reading.write_cases(&file).unwrap();
        let table = std::fs::read_to_string(file).unwrap();
        let expected = "case,edit,sentence,edited,dice_to_original,shift,area_ratio,moved_right,\
                        dice_edited_reference,dice_reference\n\
                        a#2,swap_sides,\"left, lung\",\"right, lung\",0,0.75,1,true,1,\n";
        assert_eq!(table, expected);
        assert!(matches!(
            Reading::new(ReadingOptions::default()).report(),
            Err(ReadingError::NoTrial)
        ));
    }
}
