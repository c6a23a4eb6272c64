//! Trains CausalCLIPSeg as a game of two players.
//!
//! The authors published no training code; what the paper leaves open is inferred from CIRL (CVPR
//! 2022), whose gates these are. Player 1, everything but the gates, minimises the loss of both
//! branches. Player 2, the gates, minimises the causal branch's loss and maximises the confounding
//! one's: it moves what predicts the lesion to the causal side.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use trainer::{LossConfig, Target, seg_loss};
//!
//! let device = Device::flex();
//! let logits = Tensor::<4>::zeros([2, 1, 4, 4], &device);
//! let target = Target { mask: Tensor::zeros([2, 1, 4, 4], &device), distance: None };
//! let loss = seg_loss(logits, &target, &LossConfig::default()).into_scalar::<f32>();
//! assert!((loss - 0.5 * 0.693_147 - 0.5).abs() < 1e-4); // ln 2, and no overlap
//! ```
#![deny(missing_docs)]

mod absence;
mod average;
mod batch;
mod causal_study;
mod checkpoint;
mod controls;
mod curves;
mod epochs;
mod error;
mod evaluate;
mod fillers;
mod folder;
mod gradients;
mod learner;
mod loss;
mod optimizer;
mod players;
mod prefetch;
mod presence;
mod recipe;
mod reliability;
mod run;
mod schedule;
mod sections;
mod sheet;
mod views;

pub use absence::{Absence, Cover, TwoHalves, other_side};
pub use batch::{Batch, Samples};
pub use causal_study::{CausalMean, CausalRow, causal_study};
pub use controls::{Control, Query, commonest_sentence};
pub use error::TrainError;
pub use evaluate::{evaluate, mean_dice};
pub use folder::Origin;
pub use gradients::Gradients;
pub use learner::{Learner, Step};
pub use loss::{dice_loss, seg_loss};
pub use players::{
    Example, Losses, PlayerParameters, Target, causal_alone, mean_of_both, player_one, player_two,
    simultaneous, warm_up,
};
pub use presence::{Asked, ask_presence, presence_of};
pub use recipe::Recipe;
pub use reliability::reliability_plot;
pub use run::{Ending, Place, Report, open_data, resume, train};
pub use schedule::{Fall, Pace, ScheduleConfig};
pub use sections::{
    CheckpointConfig, DataRecipe, FreezeConfig, GameConfig, LossConfig, ModelRecipe,
    OptimizerConfig, Order, Rule, TrainingConfig, ValidationConfig,
};
pub use seg_augment::AugmentConfig;
pub use seg_sentences::Sides;
pub use sheet::answer_sheet;
pub use views::{Answer, Views};
