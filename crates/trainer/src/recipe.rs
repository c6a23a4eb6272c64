//! What a training does, as a TOML file that people write and keep.

use std::path::Path;

use causal_clip_seg::config::{Branch, InputConfig, Sides};
use causal_clip_seg::{CausalClipSegConfig, SegError, Tiling};
use seg_augment::AugmentConfig;
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::schedule::ScheduleConfig;
use crate::sections::{
    CheckpointConfig, DataRecipe, FreezeConfig, GameConfig, LossConfig, ModelRecipe,
    OptimizerConfig, Order, TrainingConfig, ValidationConfig,
};

/// What a training does: everything but the device and where its files go.
///
/// A key that is not given has the value of [`Recipe::default`]: `small` from random weights, the
/// simultaneous game, no change of pictures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// The network and where its weights start.
    pub model: ModelRecipe,
    /// Cases.
    pub data: DataRecipe,
    /// Changes of pictures and sentences.
    pub augment: AugmentConfig,
    /// What a branch's logits cost.
    pub loss: LossConfig,
    /// The two players.
    pub game: GameConfig,
    /// How gradients become steps.
    pub optimizer: OptimizerConfig,
    /// The learning rate over time.
    pub schedule: ScheduleConfig,
    /// What is not trained.
    pub freeze: FreezeConfig,
    /// Length and size of the work.
    pub training: TrainingConfig,
    /// What is looked at between epochs.
    pub validation: ValidationConfig,
    /// What is kept for going on later.
    pub checkpoints: CheckpointConfig,
}

impl Recipe {
    /// A recipe's text with some keys replaced: `optimizer.lr=3e-4`.
    ///
    /// # Errors
    ///
    /// If the text is not valid TOML, a key is unknown or a value impossible; the message names it.
    pub fn parse(text: &str, name: &Path, set: &[String]) -> Result<Self, TrainError> {
        let refused = |what: String| TrainError::Recipe { file: name.to_owned(), what };
        // From the text as it stands first: the error shows the line.
        let recipe = toml::from_str::<Self>(text).map_err(|error| refused(error.to_string()))?;
        if set.is_empty() {
            return recipe.checked();
        }
        let mut table =
            toml::from_str::<toml::Table>(text).map_err(|error| refused(error.to_string()))?;
        let mut recipe = recipe;
        for assignment in set {
            assign(&mut table, assignment)?;
            // One by one: the error is of this one.
            recipe = table.clone().try_into().map_err(|error: toml::de::Error| {
                let what = error.message().to_owned();
                TrainError::Set { assignment: assignment.clone(), what }
            })?;
        }
        recipe.checked()
    }

    /// The recipe of a file, with some keys replaced.
    ///
    /// # Errors
    ///
    /// As [`Recipe::parse`], and if the file cannot be read.
    pub fn read(file: &Path, set: &[String]) -> Result<Self, TrainError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| TrainError::Read { file: file.to_owned(), source })?;
        Self::parse(&text, file, set)
    }

    /// Every key with its value, as a file that [`Recipe::read`] takes.
    ///
    /// # Errors
    ///
    /// If a value has no form in TOML, such as a path that is not UTF-8.
    pub fn to_toml(&self) -> Result<String, TrainError> {
        toml::to_string(self).map_err(|error| TrainError::Toml { what: error.to_string() })
    }

    /// Sizes and input of the network that starts from random or CLIP's weights.
    ///
    /// # Errors
    ///
    /// If there is no such preset or the input is impossible.
    pub fn network_config(&self) -> Result<CausalClipSegConfig, TrainError> {
        let preset = CausalClipSegConfig::preset(&self.model.preset).map_err(SegError::from)?;
        let config = CausalClipSegConfig { input: self.input(preset.input), ..preset };
        config.check().map_err(SegError::from)?;
        Ok(config)
    }

    /// An input with this recipe's settings in place of its own.
    pub fn input(&self, input: InputConfig) -> InputConfig {
        let model = &self.model;
        InputConfig {
            size: model.size.unwrap_or(input.size),
            resize: model.resize.unwrap_or(input.resize),
            normalisation: model.normalisation.unwrap_or(input.normalisation),
            word_len: model.word_len.unwrap_or(input.word_len),
            threshold: model.threshold.unwrap_or(input.threshold),
            branch: match self.game.order {
                Order::Mean => Branch::Mean,
                Order::Alternating | Order::Simultaneous | Order::Off => Branch::Causal,
            },
            presence: input.presence,
            tile: self.data.crop.or(input.tile),
            sides: Some(self.sides()),
        }
    }

    /// Cases of a whole batch.
    pub(crate) fn rows(&self) -> usize {
        self.training.batch.saturating_mul(self.data.sentences)
    }

    /// Whose left and right the trained network will mean: `model.sides`, else what the set's
    /// sentences mean by `augment.sides`.
    pub fn sides(&self) -> Sides {
        self.model.sides.unwrap_or(match self.augment.sides {
            seg_sentences::Sides::Image => Sides::Image,
            seg_sentences::Sides::Patient => Sides::Patient,
            // It differs from row to row.
            seg_sentences::Sides::Fixed => Sides::Stated,
        })
    }

    fn checked(self) -> Result<Self, TrainError> {
        self.check()?;
        Ok(self)
    }

    /// Whether a training can have these settings.
    ///
    /// # Errors
    ///
    /// The first that is impossible, by its key, with what it may be.
    pub fn check(&self) -> Result<(), TrainError> {
        let Self { model, data, optimizer, schedule, training, validation, checkpoints, .. } = self;
        let refuse = |key: &'static str, value: String, expected: &'static str| {
            Err(TrainError::Setting { key, value, expected })
        };
        for (key, value) in [
            ("training.epochs", training.epochs),
            ("training.batch", training.batch),
            ("optimizer.accumulate", optimizer.accumulate),
            ("validation.every", validation.every),
            ("checkpoints.keep", checkpoints.keep),
            ("data.workers", data.workers),
            ("data.sentences", data.sentences),
        ] {
            if value == 0 {
                return refuse(key, value.to_string(), "it must be at least 1");
            }
        }
        if training.seed > i64::MAX as u64 {
            return refuse("training.seed", training.seed.to_string(), "TOML ends at 2^63 - 1");
        }
        let [beta1, beta2] = optimizer.betas;
        for (key, value) in [
            ("data.fillers", data.fillers),
            ("data.rewordings", data.rewordings),
            ("data.negatives", data.negatives),
            ("schedule.climb", schedule.climb),
            ("schedule.last", schedule.last),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return refuse(key, value.to_string(), "it must lie between 0 and 1");
            }
        }
        for (key, value) in [
            ("optimizer.betas", beta1),
            ("optimizer.betas", beta2),
            ("optimizer.momentum", optimizer.momentum),
            ("optimizer.ema", optimizer.ema),
        ] {
            if !(0.0..1.0).contains(&value) {
                return refuse(key, value.to_string(), "it must be at least 0 and below 1");
            }
        }
        let loss = &self.loss;
        for (key, value) in [
            ("optimizer.lr", optimizer.lr),
            ("schedule.factor", schedule.factor),
            ("checkpoints.minutes", checkpoints.minutes),
            ("loss.bce + loss.dice", loss.bce + loss.dice),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return refuse(key, value.to_string(), "it must be a number above 0");
            }
        }
        for (key, value) in [
            ("optimizer.backbone", optimizer.backbone),
            ("optimizer.weight_decay", optimizer.weight_decay),
            ("optimizer.clip_norm", optimizer.clip_norm),
            ("game.adversary", self.game.adversary),
            ("loss.bce", loss.bce),
            ("loss.dice", loss.dice),
            ("loss.boundary", loss.boundary),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return refuse(key, value.to_string(), "it must be a number not below 0");
            }
        }
        if let Some(side) = data.crop {
            Tiling::new(side).map_err(SegError::from)?;
        }
        if let Some(shares) = data.resplit
            && !(shares.iter().all(|share| (0.0..=1.0).contains(share)) && shares[0] > 0.0)
        {
            let expected = "three shares of train, val and test, that of train above 0";
            return refuse("data.resplit", format!("{shares:?}"), expected);
        }
        if self.game.detached && self.game.order != Order::Simultaneous {
            let expected = "it goes with game.order = \"simultaneous\"";
            return refuse("game.detached", "true".to_owned(), expected);
        }
        if model.clip.is_some() && model.weights.is_some() {
            return refuse("model.clip", "given".to_owned(), "model.weights is given too");
        }
        self.augment.check().map_err(TrainError::Augment)?;
        if model.weights.is_none() {
            self.network_config()?;
        }
        Ok(())
    }
}

/// Sets `optimizer.lr=3e-4` in a table. A value that is not valid TOML is taken as text.
fn assign(table: &mut toml::Table, assignment: &str) -> Result<(), TrainError> {
    let refused =
        |what: &str| TrainError::Set { assignment: assignment.to_owned(), what: what.to_owned() };
    let (path, value) =
        assignment.split_once('=').ok_or_else(|| refused("expected section.key=value"))?;
    let (section, key) =
        path.trim().split_once('.').ok_or_else(|| refused("expected section.key=value"))?;
    let value = value.trim();
    let value = match toml::from_str::<toml::Table>(&format!("value = {value}")) {
        Ok(mut parsed) => parsed.remove("value").ok_or_else(|| refused("no value"))?,
        Err(_) => toml::Value::String(value.to_owned()),
    };
    let section = table
        .entry(section)
        .or_insert_with(|| toml::Value::Table(toml::Table::new()))
        .as_table_mut()
        .ok_or_else(|| refused("expected a section before the dot"))?;
    section.insert(key.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, set: &[&str]) -> Result<Recipe, String> {
        let set = set.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Recipe::parse(text, Path::new("r.toml"), &set).map_err(|error| error.to_string())
    }

    #[test]
    fn a_recipe_survives_its_own_text() {
        let recipe = Recipe::default();
        assert_eq!(parse(&recipe.to_toml().unwrap(), &[]), Ok(recipe));
    }

    #[cfg(unix)]
    #[test]
    fn what_toml_cannot_hold_is_an_error() {
        use std::os::unix::ffi::OsStrExt as _;

        let mut recipe = Recipe::default();
        let folder = std::ffi::OsStr::from_bytes(b"set-\xff");
        recipe.data.folder = Some(folder.into());
        let message = recipe.to_toml().unwrap_err().to_string();
        assert!(message.starts_with("the recipe cannot be written as TOML: "), "{message}");
    }

    #[test]
    fn every_shipped_recipe_holds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/recipes");
        let mut found = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            Recipe::read(&entry.unwrap().path(), &[]).unwrap();
            found += 1;
        }
        assert!(found >= 5, "{found}");
    }

    #[test]
    fn keys_are_replaced() {
        let text = "[optimizer]\nlr = 1e-3\n";
        let set = ["optimizer.lr=3e-4", "game.order=off", "data.folder=some dir"];
        let recipe = parse(text, &set).unwrap();
        assert_eq!((recipe.optimizer.lr, recipe.game.order), (3e-4, Order::Off));
        assert_eq!(recipe.data.folder.as_deref(), Some(Path::new("some dir")));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, set, named) in [
            ("[optimizer]\nlrr = 1", &[][..], "lrr"),
            ("[optimiser]\n", &[], "optimiser"),
            ("[optimizer]\nlr = -1.0", &[], "optimizer.lr is -1"),
            ("[optimizer]\nlr = nan", &[], "optimizer.lr is NaN"),
            ("[training]\nbatch = 0", &[], "training.batch is 0"),
            ("[training]\nepochs = -1", &[], "epochs = -1"),
            ("[model]\npreset = 'huge'", &[], "no preset `huge`"),
            ("[model]\nsize = 100", &[], "input.size is 100"),
            ("[game]\norder = 'both'", &[], "both"),
            ("", &["lr=1"], "expected section.key=value"),
            ("", &["optimizer.lr"], "expected section.key=value"),
            ("", &["optimizer.l=1"], "unknown field `l`"),
            ("a b", &[], "r.toml"),
        ] {
            let message = parse(text, set).unwrap_err();
            assert!(message.contains(named), "{text} {set:?}: {message}");
        }
    }
}
