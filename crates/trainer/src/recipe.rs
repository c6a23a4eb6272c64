//! What a training does, as a TOML file that people write and keep.

use std::path::{Path, PathBuf};

use causal_clip_seg::{Branch, CausalClipSegConfig, Normalisation, Resize};
use seg_augment::AugmentConfig;
use seg_data::MaskRule;
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::schedule::ScheduleConfig;

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

/// The network and where its weights start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelRecipe {
    /// `tiny`, `small`, `rn50` or `rn101`.
    pub preset: String,
    /// A CLIP checkpoint for both towers; with none the weights are random.
    pub clip: Option<PathBuf>,
    /// A trained network to go on from, with fresh optimizers; its sizes and input replace the
    /// preset's.
    pub weights: Option<PathBuf>,
    /// Side of the input in pixels, a multiple of 32; the preset's where not given.
    pub size: Option<usize>,
    /// `stretch` or `letterbox`; the preset's where not given.
    pub resize: Option<Resize>,
    /// `clip`, `imagenet` or `none`; the preset's where not given.
    pub normalisation: Option<Normalisation>,
    /// Longest sentence in tokens; the preset's where not given.
    pub word_len: Option<usize>,
    /// A pixel belongs to the mask from this probability on; the preset's where not given.
    pub threshold: Option<f32>,
}

impl Default for ModelRecipe {
    fn default() -> Self {
        Self {
            preset: "small".to_owned(),
            clip: None,
            weights: None,
            size: None,
            resize: None,
            normalisation: None,
            word_len: None,
            threshold: None,
        }
    }
}

/// Cases and how they are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataRecipe {
    /// Folder of the set.
    pub folder: Option<PathBuf>,
    /// Which mask values are inside.
    pub mask_rule: MaskRule,
    /// A pattern on pictures' names: what it matches belongs together (QaTa: `sub-S\d+`).
    pub group: Option<String>,
    /// Shares of train, val and test: the set's own splits are given up and whole groups are dealt
    /// anew.
    pub resplit: Option<[f64; 3]>,
    /// Of the dealing.
    pub resplit_seed: u64,
    /// Share of the sentences that are shown among random words, so that a text tower which starts
    /// from random weights learns to pass over words it does not know. 0 with CLIP's weights.
    pub fillers: f64,
    /// Decoded pictures and masks that are kept, in MiB; what does not fit is read again each epoch.
    pub memory: usize,
    /// Threads that prepare batches ahead of the network.
    pub workers: usize,
}

impl Default for DataRecipe {
    fn default() -> Self {
        Self {
            folder: None,
            mask_rule: MaskRule::default(),
            group: None,
            resplit: None,
            resplit_seed: 0,
            fillers: 0.0,
            memory: 4096,
            workers: 1,
        }
    }
}

/// Weights of the parts of the loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossConfig {
    /// Of the binary cross-entropy.
    pub bce: f64,
    /// Of the soft Dice loss.
    pub dice: f64,
    /// Of the boundary loss (Kervadec et al., MIDL 2019): the mean of the probability times the
    /// signed distance to the mask's border, in sides of the picture.
    pub boundary: f64,
}

impl Default for LossConfig {
    /// MedEquiSeg's; the paper does not say. CRIS has cross-entropy alone.
    fn default() -> Self {
        Self { bce: 0.5, dice: 0.5, boundary: 0.0 }
    }
}

/// How the two players take turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Player 1 steps, the network answers anew, player 2 steps.
    Alternating,
    /// One answer, both step on it: about half the work.
    #[default]
    Simultaneous,
    /// No game: everything minimises the causal branch's loss.
    Off,
    /// No game: everything minimises the loss of the mean of both branches' logits, and the mask
    /// is made of that mean too (MedEquiSeg).
    Mean,
}

/// The two players.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GameConfig {
    /// Turns.
    pub order: Order,
    /// First epochs with the gates held open and the causal branch alone. CIRL: 5.
    pub warm_up: usize,
    /// How much the gates mind the confounding branch: `w` of `L_causal - w L_confounding`.
    pub adversary: f64,
}

impl Default for GameConfig {
    fn default() -> Self {
        Self { order: Order::default(), warm_up: 2, adversary: 1.0 }
    }
}

/// The rule by which a gradient moves a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Weight decay apart from the gradient.
    #[default]
    AdamW,
    /// Weight decay added to the gradient.
    Adam,
    /// With momentum; weight decay added to the gradient.
    Sgd,
}

/// How gradients become steps. Each player has a state of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimizerConfig {
    /// `adamw`, `adam` or `sgd`.
    pub rule: Rule,
    /// Highest learning rate.
    pub lr: f64,
    /// Of the towers' rate: what starts with `backbone` in the released names, the positional
    /// embeddings left out (the released rule). CRIS means 0.1 and by its scheduler trains at 1.
    pub backbone: f64,
    /// Share of the weights taken off in a step, times the rate.
    pub weight_decay: f64,
    /// Decay of Adam's two means of gradients.
    pub betas: [f64; 2],
    /// Of SGD.
    pub momentum: f64,
    /// Largest norm of all gradients of a player together, as PyTorch's `clip_grad_norm_`; 0 leaves
    /// them.
    pub clip_norm: f64,
    /// Batches whose mean gradient makes one step.
    pub accumulate: usize,
    /// Decay of the moving average of the weights, in `[0, 1)`; validation and `best.safetensors`
    /// take the average. 0: none.
    pub ema: f64,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            rule: Rule::default(),
            lr: 1e-3,
            backbone: 1.0,
            weight_decay: 1e-2,
            betas: [0.9, 0.999],
            momentum: 0.9,
            clip_norm: 0.0,
            accumulate: 1,
            ema: 0.0,
        }
    }
}

/// What is not trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FreezeConfig {
    /// The whole text tower.
    pub text_tower: bool,
    /// The image tower's batch norms: statistics, scales and shifts.
    pub batch_norm: bool,
}

/// Length and size of the work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Of the initial weights, the order of cases and every change of them.
    pub seed: u64,
    /// Times that every training case is seen.
    pub epochs: usize,
    /// Cases in a batch.
    pub batch: usize,
    /// Activations that are cheap to compute are computed again in the backward pass; not with the
    /// simultaneous order.
    pub checkpointing: bool,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self { seed: 0, epochs: 8, batch: 8, checkpointing: false }
    }
}

/// What is looked at between epochs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValidationConfig {
    /// Validation cases that are scored, from the first on; 0 is all of them.
    pub cases: usize,
    /// Epochs from one look to the next; the last epoch has one always.
    pub every: usize,
    /// Looks without a better score after which training stops; 0 never.
    pub patience: usize,
}

impl Default for ValidationConfig {
    fn default() -> Self {
        Self { cases: 300, every: 1, patience: 0 }
    }
}

/// What is kept for going on later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointConfig {
    /// The newest so many stay.
    pub keep: usize,
    /// Minutes from one to the next within an epoch; each epoch ends with one always.
    pub minutes: f64,
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self { keep: 2, minutes: 10.0 }
    }
}

impl Recipe {
    /// A recipe's text with some keys replaced: `optimizer.lr=3e-4`.
    ///
    /// # Errors
    ///
    /// If the text is no TOML, a key is unknown or a value impossible; the message names it.
    pub fn parse(text: &str, name: &Path, set: &[String]) -> Result<Self, TrainError> {
        let refused = |what: String| TrainError::Recipe { file: name.to_owned(), what };
        // From the text as it stands first: the error shows the line.
        let recipe = toml::from_str::<Self>(text).map_err(|error| refused(error.to_string()))?;
        if set.is_empty() {
            return recipe.checked();
        }
        let mut table =
            toml::from_str::<toml::Table>(text).map_err(|error| refused(error.to_string()))?;
        for assignment in set {
            assign(&mut table, assignment)?;
        }
        let given = || TrainError::Set { assignment: set.join(" "), what: String::new() };
        let text = toml::to_string(&table).map_err(|_| given())?;
        let recipe = toml::from_str::<Self>(&text).map_err(|error| TrainError::Set {
            assignment: set.join(" "),
            what: error.to_string(),
        })?;
        recipe.checked()
    }

    /// The same for a file.
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
    pub fn to_toml(&self) -> String {
        // Only a number beyond TOML's could fail, and seeds are the only ones that large.
        toml::to_string(self).unwrap_or_default()
    }

    /// Sizes and input of the network that starts from random or CLIP's weights.
    ///
    /// # Errors
    ///
    /// If there is no such preset or the input is impossible.
    pub fn network_config(&self) -> Result<CausalClipSegConfig, TrainError> {
        let config = CausalClipSegConfig::preset(&self.model.preset)
            .map_err(causal_clip_seg::SegError::from)?;
        self.with_input(config)
    }

    /// The configuration with this recipe's input.
    ///
    /// # Errors
    ///
    /// If the input is impossible.
    pub fn with_input(
        &self,
        mut config: CausalClipSegConfig,
    ) -> Result<CausalClipSegConfig, TrainError> {
        let (input, model) = (&mut config.input, &self.model);
        input.size = model.size.unwrap_or(input.size);
        input.resize = model.resize.unwrap_or(input.resize);
        input.normalisation = model.normalisation.unwrap_or(input.normalisation);
        input.word_len = model.word_len.unwrap_or(input.word_len);
        input.threshold = model.threshold.unwrap_or(input.threshold);
        input.branch = match self.game.order {
            Order::Mean => Branch::Mean,
            _ => Branch::Causal,
        };
        config.check().map_err(causal_clip_seg::SegError::from)?;
        Ok(config)
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
        if let Some(shares) = data.resplit
            && !(shares.iter().all(|share| (0.0..=1.0).contains(share)) && shares[0] > 0.0)
        {
            let expected = "three shares of train, val and test, that of train above 0";
            return refuse("data.resplit", format!("{shares:?}"), expected);
        }
        if training.checkpointing && self.game.order == Order::Simultaneous {
            // Burn forgets a tensor's strategy where the gates are mirrored, and then panics.
            let expected = "game.order = \"simultaneous\" cannot have it; \"alternating\" can";
            return refuse("training.checkpointing", "true".to_owned(), expected);
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

/// Sets `optimizer.lr=3e-4` in a table. A value that is no TOML is taken as text.
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
        .ok_or_else(|| refused("that is no section"))?;
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
        assert_eq!(parse(&recipe.to_toml(), &[]), Ok(recipe));
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
            ("[training]\ncheckpointing = true", &[], "training.checkpointing is true"),
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
