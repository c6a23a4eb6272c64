//! Which keys of a recipe a person changed while a run was stopped.

use crate::error::TrainError;
use crate::recipe::Recipe;

/// A key with another value than the run began with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyChange {
    /// `section.key`
    pub key: String,
    /// The value that the run began with, as TOML.
    pub began: String,
    /// The value now, as TOML.
    pub found: String,
}

/// Keys that a run may go on with when they are changed: how long it trains, how often it looks, what it
/// keeps, where the set lies, and how the work is done. The steps taken are what they were.
const FREE: [&str; 9] = [
    "training.epochs",
    "training.checkpointing",
    "validation.every",
    "validation.patience",
    "checkpoints.keep",
    "checkpoints.minutes",
    "data.folder",
    "data.memory",
    "data.workers",
];

/// Keys that may change together: less at a time, more often, for a device with less memory.
const BATCHES: [&str; 2] = ["training.batch", "optimizer.accumulate"];

/// Pictures of a step.
pub(crate) fn pictures_of_a_step(recipe: &Recipe) -> usize {
    recipe.training.batch.saturating_mul(recipe.optimizer.accumulate)
}

impl KeyChange {
    /// The first of changes that a run may not go on with.
    pub(crate) fn refused<'a>(
        changes: &'a [Self],
        began: &Recipe,
        now: &Recipe,
    ) -> Option<&'a Self> {
        // The same cases make the same steps, and each step of an epoch begins at the same case.
        let same_steps = pictures_of_a_step(began) == pictures_of_a_step(now);
        changes.iter().find(|change| !(change.is_free() || same_steps && change.is_of_batches()))
    }

    fn is_free(&self) -> bool {
        FREE.contains(&self.key.as_str())
    }

    /// Whether it is about how a step is divided.
    pub(crate) fn is_of_batches(&self) -> bool {
        BATCHES.contains(&self.key.as_str())
    }

    /// Every key that differs, by name.
    ///
    /// # Errors
    ///
    /// If a recipe cannot be written as TOML.
    pub(crate) fn between(began: &Recipe, now: &Recipe) -> Result<Vec<Self>, TrainError> {
        let table = |recipe: &Recipe| {
            let text = recipe.to_toml()?;
            toml::from_str::<toml::Table>(&text)
                .map_err(|e| TrainError::Toml { what: e.to_string() })
        };
        let (began, now) = (keys(&table(began)?), keys(&table(now)?));
        let value = |keys: &[(String, String)], key: &str| {
            let found = keys.iter().find(|(name, _)| name == key);
            found.map_or("not given".to_owned(), |(_, value)| value.clone())
        };
        let mut names = began.iter().chain(&now).map(|(key, _)| key).collect::<Vec<_>>();
        names.sort();
        names.dedup();
        let change = |key: &String| {
            let (began, found) = (value(&began, key), value(&now, key));
            (began != found).then(|| Self { key: key.clone(), began, found })
        };
        Ok(names.into_iter().filter_map(change).collect())
    }
}

fn keys(table: &toml::Table) -> Vec<(String, String)> {
    let mut keys = Vec::new();
    for (section, value) in table {
        match value {
            toml::Value::Table(inner) => {
                keys.extend(keys_below(section, inner));
            }
            value => keys.push((section.clone(), value.to_string())),
        }
    }
    keys
}

fn keys_below(section: &str, table: &toml::Table) -> impl Iterator<Item = (String, String)> {
    table.iter().map(move |(key, value)| (format!("{section}.{key}"), value.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_that_differs_is_named_with_both_values() {
        let began = Recipe::default();
        let mut now = began.clone();
        assert_eq!(KeyChange::between(&began, &now).unwrap(), []);
        now.optimizer.lr = 0.5;
        now.training.epochs = 99;
        now.model.word_len = Some(7);
        let found = KeyChange::between(&began, &now).unwrap();
        let told =
            found.iter().map(|c| (c.key.as_str(), c.began.as_str(), c.found.as_str(), c.is_free()));
        let expected = [
            ("model.word_len", "not given", "7", false),
            ("optimizer.lr", "0.001", "0.5", false),
            ("training.epochs", "8", "99", true),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_batch_may_be_smaller_if_more_are_accumulated() {
        let began = Recipe::default();
        let refused = |batch, accumulate| {
            let mut now = began.clone();
            (now.training.batch, now.optimizer.accumulate) = (batch, accumulate);
            let changes = KeyChange::between(&began, &now).unwrap();
            KeyChange::refused(&changes, &began, &now).map(|change| change.key.clone())
        };
        assert_eq!((began.training.batch, began.optimizer.accumulate), (8, 1));
        assert_eq!([refused(8, 1), refused(4, 2), refused(1, 8)], [None, None, None]);
        assert_eq!(refused(4, 1).as_deref(), Some("training.batch"));
        assert_eq!(refused(8, 2).as_deref(), Some("optimizer.accumulate"));
        assert_eq!(refused(4, 3).as_deref(), Some("optimizer.accumulate"));
        let mut now = began.clone();
        (now.training.batch, now.optimizer.accumulate, now.optimizer.lr) = (4, 2, 0.5);
        let changes = KeyChange::between(&began, &now).unwrap();
        assert_eq!(KeyChange::refused(&changes, &began, &now).unwrap().key, "optimizer.lr");
    }

    #[test]
    fn every_free_key_is_a_key() {
        let mut recipe = Recipe::default();
        recipe.data.folder = Some("set".into());
        let table = toml::from_str::<toml::Table>(&recipe.to_toml().unwrap()).unwrap();
        let keys = keys(&table);
        assert!(
            FREE.iter().chain(&BATCHES).all(|free| keys.iter().any(|(key, _)| key == free)),
            "{keys:?}"
        );
    }
}
