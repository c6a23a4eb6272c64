//! Whether the cases of a training have anything to learn from, and what stands against its flips.

use seg_data::{Case, Split};
use seg_sentences::{Tie, places};

use crate::crop::shown_whole;
use crate::error::TrainError;
use crate::recipe::Recipe;
use crate::samples::Look;

/// Cases with what was seen when they were read.
pub(crate) type Read<'a, 'b> = &'b [(&'a Case, Look)];

/// Refuses what nothing can be learned from, as an inspection does.
///
/// # Errors
///
/// If all masks of train are empty or full, or all of the validation cases are empty.
pub(crate) fn check(
    recipe: &Recipe,
    train: Read<'_, '_>,
    validation: Read<'_, '_>,
) -> Result<(), TrainError> {
    let refuse = |split, cases: Read<'_, '_>, are, so| {
        let first = cases.first().map_or(String::new(), |(case, _)| case.origin.to_string());
        Err(TrainError::NoTarget { split, cases: cases.len(), are, first, so })
    };
    let all = |cases: Read<'_, '_>, is: fn(&Look) -> bool| {
        !cases.is_empty() && cases.iter().all(|(_, look)| is(look))
    };
    let learn = "there is nothing to learn from";
    if all(train, |look| !look.any) {
        return refuse(Split::Train, train, "are empty", learn);
    }
    if all(train, |look| look.full) {
        return refuse(Split::Train, train, "cover their whole pictures", learn);
    }
    if all(validation, |look| !look.any) {
        let so = "the best epoch cannot be chosen by Dice";
        return refuse(Split::Val, validation, "are empty", so);
    }
    // Of crops more is seen than of the whole pictures that were looked at.
    if recipe.data.crop.is_none() && all(train, |look| look.lost) {
        return refuse(Split::Train, train, "have no pixel at the network's size", learn);
    }
    Ok(())
}

/// What is worth knowing before the first step.
pub(crate) fn notes(recipe: &Recipe, train: Read<'_, '_>, validation: Read<'_, '_>) -> Vec<String> {
    let mut notes = Vec::new();
    if validation.is_empty() {
        let text = "there are no validation cases: the weights after the last epoch are taken for the best";
        notes.push(text.to_owned());
    }
    let whole = recipe.data.crop.is_none();
    let lost = train.iter().filter(|(_, look)| whole && look.any && look.lost).collect::<Vec<_>>();
    if let Some((case, _)) = lost.first() {
        notes.push(format!(
            "{} of {} training masks have no pixel left at the network's size (the first: {}): a larger \
             model.size or data.crop keeps them",
            lost.len(),
            train.len(),
            case.origin
        ));
    }
    let placed = train.iter().filter(|(case, _)| shown_whole(&recipe.data, &[&case.sentence]));
    let placed = placed.count();
    if !whole && placed > 0 {
        notes.push(format!(
            "{placed} of {} training sentences name a place: these cases are shown whole, not as crops \
             (data.crop_places = \"crop\" crops them too, where masks do not hang on the place)",
            train.len()
        ));
    }
    notes.extend(flips(recipe, train));
    notes
}

/// Wording that goes with the masks' sides where no word for a side is known, if pictures are
/// mirrored: the mirrored picture's sentence would be untrue.
fn flips(recipe: &Recipe, train: Read<'_, '_>) -> Option<String> {
    let augment = &recipe.augment;
    if augment.flip_horizontal <= 0.0 && augment.quarter_turns <= 0.0 {
        return None;
    }
    let side = |(case, look): &(&'_ Case, Look)| {
        let [left, right] = look.halves;
        let is_named = places(&case.sentence).iter().any(|place| place.x != 0);
        // From 60 % on it is on a side.
        let is_clear = 10 * left.max(right) >= 6 * (left + right) && left + right > 0;
        (is_clear && !is_named).then_some(right > left)
    };
    let cases = train.iter().filter_map(|case| Some((case.0.sentence.as_str(), side(case)?)));
    match Tie::measure(cases) {
        Tie::Word { word, agreeing, cases } => Some(format!(
            "\"{word}\" goes with the mask's side in {agreeing} of {cases} cases and does not turn with a \
             mirrored picture: set augment.flip_horizontal=0 (`inspect` advises)"
        )),
        _ => None,
    }
}
