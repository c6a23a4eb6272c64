//! Trains CausalCLIPSeg as a game of two players, by a recipe, in runs that can be stopped and resumed.
//!
//! The authors published no training code; what the paper leaves open is inferred from CIRL (CVPR
//! 2022), whose gates these are. Player 1, everything but the gates, minimises the loss of both
//! branches. Player 2, the gates, minimises the causal branch's loss and maximises the confounding
//! one's: it moves what predicts the lesion to the causal side.
//!
//! # A whole training
//!
//! [`train`] reads a set, trains, and leaves a folder with the best weights, curves, a log and
//! checkpoints; [`resume`] goes on with such a folder. What is done is a [`Recipe`].
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//!
//! use burn::tensor::Device;
//! use seg_data::phantom::{PhantomConfig, write_phantoms};
//! use trainer::{Ending, Recipe, RunContext, train};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?; // a set of your own, see the crate `seg-data`
//! let phantoms = PhantomConfig { size: 64, ..PhantomConfig::default() };
//! write_phantoms(&folder.path().join("set"), &phantoms, [2, 1, 0], || {})?;
//!
//! let mut recipe = Recipe::default();
//! recipe.model.preset = "tiny".to_owned();
//! recipe.model.size = Some(32);
//! recipe.data.folder = Some(folder.path().join("set"));
//! recipe.training.epochs = 1;
//!
//! let (device, stop) = (Device::flex(), AtomicBool::new(false)); // set `stop` to stop and resume later
//! let context = RunContext::new(&device, "flex", &stop);
//! let report = train(&recipe, &folder.path().join("run"), context)?;
//! assert_eq!(report.ending, Ending::Finished);
//! println!("validation Dice {:?}, weights in {:?}", report.best_dice, report.best);
//! # Ok(())
//! # }
//! ```
//!
//! # A loop of your own
//!
//! The module [`steps`] has the parts: batches, losses, both players' gradients, optimizers.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use trainer::config::LossConfig;
//! use trainer::steps::{Target, seg_loss};
//!
//! let device = Device::flex();
//! let logits = Tensor::<4>::zeros([2, 1, 4, 4], &device);
//! let target = Target { mask: Tensor::zeros([2, 1, 4, 4], &device), distance: None, counted: None };
//! let loss = seg_loss(logits, &target, &LossConfig::default()).into_scalar::<f32>();
//! assert!((loss - 0.5 * 0.693_147 - 0.5).abs() < 1e-4); // ln 2, and no overlap
//! ```
//!
//! # Features and devices
//!
//! There are no features. The crate names no backend: a program chooses one by the features of
//! `causal-clip-seg` or of Burn and passes a `&Device`; gradients are turned on here.
#![deny(missing_docs)]

mod adam_pass;
mod average;
mod batch;
mod checkpoint;
mod context;
mod crew;
mod crop;
mod curves;
mod epochs;
mod error;
mod example;
mod fillers;
mod folder;
mod gradients;
mod inputs;
mod joined;
mod learner;
mod loaded;
mod loss;
mod negatives;
mod optimizer;
mod players;
mod prefetch;
mod recipe;
mod recipe_changes;
mod report;
mod run;
mod samples;
mod schedule;
mod sections;
mod targets;
mod threshold;
mod validation;
mod worker;

pub use context::RunContext;
pub use error::TrainError;
pub use folder::{Provenance, READING_KEY};
pub use joined::Exchange;
pub use recipe::Recipe;
pub use report::{Ending, RunReport};
pub use run::{open_data, resume, train};
pub use validation::validation_cases;

/// The sections of a [`Recipe`].
pub mod config {
    pub use seg_augment::AugmentConfig;
    pub use seg_sentences::Sides;

    pub use crate::schedule::{Fall, Pace, ScheduleConfig};
    pub use crate::sections::{
        CheckpointConfig, CropPlaces, DataRecipe, FreezeConfig, GameConfig, LossConfig,
        ModelRecipe, OptimizerConfig, Order, Rule, TrainingConfig, ValidationConfig,
    };
}

/// The parts of a training, for a loop of one's own: batches, losses, the two players, steps.
pub mod steps {
    pub use crate::batch::Batch;
    pub use crate::example::{Example, Target};
    pub use crate::gradients::Gradients;
    pub use crate::learner::{Learner, Step};
    pub use crate::loss::{dice_loss, seg_loss};
    pub use crate::players::{Losses, PlayerParameters, Turn};
    pub use crate::samples::Samples;
}
