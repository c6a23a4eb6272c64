//! The sections of a recipe.

use std::path::PathBuf;

use causal_clip_seg::config::{Normalisation, Resize, Sides};
use seg_data::{MaskOptions, MaskRule, PictureOptions, ReadOptions, RowFilter};
use seg_sentences::Synonyms;
use serde::{Deserialize, Serialize};

/// The network and where its weights start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelRecipe {
    /// `tiny`, `small`, `rn50` or `rn101`.
    pub preset: String,
    /// A CLIP checkpoint for both towers, a file or a name (`clip:RN50`, `hf:OWNER/REPO/FILE@REVISION`);
    /// with none the weights are random.
    pub clip: Option<PathBuf>,
    /// A trained network to go on from, a file or a name, with fresh optimizers; its sizes and input
    /// replace the preset's.
    pub weights: Option<PathBuf>,
    /// Side of the input in pixels, a multiple of 32; the preset's if not given.
    pub size: Option<usize>,
    /// `stretch` or `letterbox`; the preset's if not given.
    pub resize: Option<Resize>,
    /// `clip` or `none`; the preset's if not given.
    pub normalisation: Option<Normalisation>,
    /// Whose left and right the sentences mean: `image`, `patient` or `stated` (the sentence says it).
    /// Stored with the weights; if not given, `augment.sides` decides.
    pub sides: Option<Sides>,
    /// Longest sentence in tokens; the preset's if not given.
    pub word_len: Option<usize>,
    /// A pixel belongs to the mask from this probability on; the preset's if not given.
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
            sides: None,
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
    /// Which rows of a manifest are cases, by their columns: `{ class = ["Normal", "Non-COVID"] }`.
    #[serde(rename = "where", skip_serializing_if = "RowFilter::is_empty")]
    pub rows: RowFilter,
    /// Which mask values are inside: `auto`, `half`, `non_zero`, `alpha`, `{ equals = 3 }` or
    /// `{ colour = "#00ff00" }`.
    pub mask_rule: MaskRule,
    /// A value of masks whose pixels count nowhere, neither in the loss nor in scores.
    pub ignore: Option<u16>,
    /// Bits that 16-bit pictures use, 9 to 16: 12 for a detector's 12 bits; all 16 if not given.
    pub bits: Option<u8>,
    /// Leaves pictures as they are stored, whatever their EXIF tags say of their orientation.
    pub ignore_orientation: bool,
    /// A pattern on pictures' names: what it matches belongs together (QaTa: `sub-S\d+`).
    pub group: Option<String>,
    /// Shares of train, val and test: the set's own splits are given up and whole groups are dealt
    /// anew.
    pub resplit: Option<[f64; 3]>,
    /// Seed by which groups are dealt anew.
    pub resplit_seed: u64,
    /// Sentences of one picture that a batch asks together, for sets with many of them: what the network
    /// makes of the picture is computed once for all. `training.batch` then counts pictures, and the
    /// changes of `augment` and covers of `negatives` are the same for a picture's sentences. A picture
    /// with fewer is asked some of them twice.
    pub sentences: usize,
    /// Share of the sentences that are shown among random words, so that a text tower which starts
    /// from random weights learns to pass over words it does not know. 0 with CLIP's weights.
    pub fillers: f64,
    /// Share of the sentences that lose some of the words which say neither what, where, how many, whose
    /// side nor that there is none, get some such words of the set's other sentences, and change the
    /// order if they name one place at most. A text
    /// tower that starts from random weights then goes by what decides, and understands wordings that
    /// training does not have. 0 with CLIP's weights.
    pub rewordings: f64,
    /// Words and phrases with others that mean the same: in training each stands as it is or as one of
    /// them. A text tower that starts from random weights knows no word that training does not have.
    #[serde(skip_serializing_if = "Synonyms::is_empty")]
    pub synonyms: Synonyms,
    /// Share of the cases that become questions about what is not there: the target is covered, the
    /// other side is asked for where it is free, or a negation or random words are asked. Half as
    /// many are shown with the rest covered. The threshold of presence is then fitted on the
    /// validation cases and stored with the weights.
    pub negatives: f64,
    /// Trains on squares of so many of the picture's own pixels, drawn anew each epoch by seed, epoch and
    /// case: for things that are too small to be seen in the whole picture. Stored with the weights, which
    /// then answer by tiles of that size. Pictures are read again each epoch.
    pub crop: Option<u32>,
    /// What is shown of a case whose sentence names a place, which is another one in a crop.
    pub crop_places: CropPlaces,
    /// Decoded pictures and masks that are kept, in MiB; what does not fit is read again each epoch.
    pub memory: usize,
    /// Threads that prepare batches ahead of the network.
    pub workers: usize,
}

/// What is shown of a case whose sentence names a place, where training is on crops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CropPlaces {
    /// The whole picture: "upper left" would be another place in a crop.
    #[default]
    Whole,
    /// A crop like all others: for sets whose sentences describe a picture and whose masks do not hang on
    /// the place, such as MoNuSeg's.
    Crop,
}

impl Default for DataRecipe {
    fn default() -> Self {
        Self {
            folder: None,
            rows: RowFilter::default(),
            mask_rule: MaskRule::default(),
            ignore: None,
            bits: None,
            ignore_orientation: false,
            group: None,
            resplit: None,
            resplit_seed: 0,
            sentences: 1,
            fillers: 0.0,
            rewordings: 0.0,
            synonyms: Synonyms::default(),
            negatives: 0.0,
            crop: None,
            crop_places: CropPlaces::default(),
            memory: 4096,
            workers: 1,
        }
    }
}

impl DataRecipe {
    /// How the set's files are read.
    pub fn reading(&self) -> ReadOptions {
        ReadOptions {
            mask: MaskOptions { rule: self.mask_rule, ignore: self.ignore },
            picture: PictureOptions {
                bits: self.bits,
                ignore_orientation: self.ignore_orientation,
            },
        }
    }
}

/// Weights of the parts of the loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossConfig {
    /// Weight of the binary cross-entropy.
    pub bce: f64,
    /// Weight of the soft Dice loss.
    pub dice: f64,
    /// Weight of the boundary loss (Kervadec et al., MIDL 2019): the mean of the probability times the
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
    /// Weight of the confounding branch in the gates' loss: `w` of `L_causal - w L_confounding`.
    pub adversary: f64,
    /// Keeps the confounding loss from moving the features and the sentence's state. Our addition, not
    /// in the paper; only with `order = "simultaneous"`.
    pub detached: bool,
}

impl Default for GameConfig {
    fn default() -> Self {
        Self { order: Order::default(), warm_up: 2, adversary: 1.0, detached: false }
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
    /// Factor of the towers' rate: what starts with `backbone` in the released names, the positional
    /// embeddings left out (the released rule). CRIS means 0.1 and by its scheduler trains at 1.
    pub backbone: f64,
    /// Share of the weights taken off in a step, times the rate.
    pub weight_decay: f64,
    /// Decay of Adam's two means of gradients.
    pub betas: [f64; 2],
    /// Momentum of SGD.
    pub momentum: f64,
    /// Largest norm of all gradients of a player together, as PyTorch's `clip_grad_norm_`; 0 leaves
    /// them.
    pub clip_norm: f64,
    /// Batches whose mean gradient makes one step.
    pub accumulate: usize,
    /// Decay of the moving average of the weights, in `[0, 1)`; validation and `best.safetensors`
    /// take the average. It starts at the initial weights, so looks before some `1 / (1 - ema)`
    /// steps are worth little. 0 for no average.
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
    /// Seed of the initial weights, the order of cases and every change of them.
    pub seed: u64,
    /// Times that every training case is seen.
    pub epochs: usize,
    /// Cases in a batch; pictures in it, each with `data.sentences` cases.
    pub batch: usize,
    /// Activations that are cheap to compute are computed again in the backward pass.
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
    /// Validation cases that are scored; 0 for all of them. If there are more, a part is drawn by
    /// `training.seed`, spread over kinds of sentence and groups, the same for every look.
    pub cases: usize,
    /// Epochs from one look to the next; the last epoch always ends with one.
    pub every: usize,
    /// Looks without a better score after which training stops; 0 for never.
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
