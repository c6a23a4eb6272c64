//! Trains CausalCLIPSeg as a game of two players.
//!
//! The authors published no training code; what the paper leaves open is inferred from CIRL (CVPR
//! 2022), whose gates these are. Player 1, everything but the gates, minimises the loss of both
//! branches. Player 2, the gates, minimises the causal branch's loss and maximises the confounding
//! one's: it moves what predicts the lesion to the causal side.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use trainer::config::LossConfig;
//! use trainer::steps::{Target, seg_loss};
//!
//! let device = Device::flex();
//! let logits = Tensor::<4>::zeros([2, 1, 4, 4], &device);
//! let target = Target { mask: Tensor::zeros([2, 1, 4, 4], &device), distance: None };
//! let loss = seg_loss(logits, &target, &LossConfig::default()).into_scalar::<f32>();
//! assert!((loss - 0.5 * 0.693_147 - 0.5).abs() < 1e-4); // ln 2, and no overlap
//! ```
#![deny(missing_docs)]

mod average;
mod batch;
mod checkpoint;
mod curves;
mod epochs;
mod error;
mod example;
mod fillers;
mod folder;
mod gradients;
mod learner;
mod loss;
mod negatives;
mod optimizer;
mod players;
mod prefetch;
mod recipe;
mod report;
mod run;
mod schedule;
mod sections;
mod threshold;

pub use epochs::Ending;
pub use error::TrainError;
pub use folder::Provenance;
pub use recipe::Recipe;
pub use report::RunReport;
pub use run::{RunContext, open_data, resume, train, validation_cases};

/// The sections of a [`Recipe`].
pub mod config {
    pub use seg_augment::AugmentConfig;
    pub use seg_sentences::Sides;

    pub use crate::schedule::{Fall, Pace, ScheduleConfig};
    pub use crate::sections::{
        CheckpointConfig, DataRecipe, FreezeConfig, GameConfig, LossConfig, ModelRecipe,
        OptimizerConfig, Order, Rule, TrainingConfig, ValidationConfig,
    };
}

/// The parts of a training, for a loop of one's own: batches, losses, the two players, steps.
pub mod steps {
    pub use crate::batch::{Batch, Samples};
    pub use crate::example::{Example, Target};
    pub use crate::gradients::Gradients;
    pub use crate::learner::{Learner, Step};
    pub use crate::loss::{dice_loss, seg_loss};
    pub use crate::players::{Losses, PlayerParameters, Turn};
}
