//! The cases of a run, read once before the first step.

use causal_clip_seg::config::InputConfig;
use seg_data::{Case, Dataset, Split};

use crate::epochs::bar;
use crate::error::TrainError;
use crate::inputs::Inputs;
use crate::recipe::Recipe;
use crate::samples::Samples;
use crate::targets;
use crate::validation::validation_cases;

/// The cases of a run, all of them read and fit for training.
pub(crate) struct Loaded<'a> {
    pub recipe: &'a Recipe,
    pub data: &'a Dataset,
    pub samples: Samples<'a>,
    pub validation: Vec<&'a Case>,
    /// What was read, in short.
    pub inputs: Inputs,
}

impl<'a> Loaded<'a> {
    /// Reads every picture and mask once, and says what is worth knowing of them.
    ///
    /// # Errors
    ///
    /// If a case cannot be read, or nothing can be learned from them.
    pub(crate) fn read(
        recipe: &'a Recipe,
        data: &'a Dataset,
        input: &InputConfig,
        quiet: bool,
    ) -> Result<Self, TrainError> {
        let note = |text: &str| {
            if !quiet {
                eprintln!("note: {text}");
            }
        };
        data.notes().iter().for_each(|found| note(&found.to_string()));
        let cases = data.cases(Split::Train);
        let validation = validation_cases(recipe, data);
        let all = data.cases(Split::Val).len();
        if validation.len() < all {
            note(&format!(
                "looks at {} of {all} validation cases (validation.cases), drawn by the seed",
                validation.len()
            ));
        }
        let reading =
            bar(cases.len() + validation.len(), "reading {bar:30} {pos}/{len} {eta}", quiet);
        let samples = Samples::load(&cases, input, recipe.data.memory, || reading.inc(1))?;
        // A broken picture shows itself now and not at the end of the first epoch.
        let looked = Samples::load(&validation, input, 0, || reading.inc(1))?;
        reading.finish_and_clear();
        let mut notes = samples.notes.clone();
        notes.merge(looked.notes.clone());
        notes.lines().iter().for_each(|line| note(line));
        let (train, looked) = (samples.looks(), looked.looks());
        targets::check(recipe, &train, &looked)?;
        targets::notes(recipe, &train, &looked).iter().for_each(|text| note(text));
        let mut inputs = Inputs::default();
        inputs.add(data.folder(), train.into_iter().chain(looked));
        Ok(Self { recipe, data, samples, validation, inputs })
    }
}
