//! Which validation cases a run looks at.

use seg_data::{Case, Dataset, Split, stratified};

use crate::recipe::Recipe;

/// The validation cases that a run looks at: all of the split, or the part of it that
/// `validation.cases` asks for, [drawn](stratified) by `training.seed`.
pub fn validation_cases<'a>(recipe: &Recipe, data: &'a Dataset) -> Vec<&'a Case> {
    let all = data.cases(Split::Val);
    match recipe.validation.cases {
        0 => all,
        count => stratified(&all, count, recipe.training.seed),
    }
}
