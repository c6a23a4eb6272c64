//! Trains CausalCLIPSeg as a game of two players.
//!
//! The authors published no training code; what the paper leaves open is inferred from CIRL (CVPR
//! 2022), whose gates these are. Player 1, everything but the gates, minimises the loss of both
//! branches. Player 2, the gates, minimises the causal branch's loss and maximises the confounding
//! one's: it moves what predicts the lesion to the causal side.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use trainer::{LossConfig, seg_loss};
//!
//! let device = Device::flex();
//! let logits = Tensor::<4>::zeros([2, 1, 4, 4], &device);
//! let mask = Tensor::<4>::zeros([2, 1, 4, 4], &device);
//! let loss = seg_loss(logits, mask, &LossConfig::default()).into_scalar::<f32>();
//! assert!((loss - 0.5 * 0.693_147 - 0.5).abs() < 1e-4); // ln 2, and no overlap
//! ```
#![deny(missing_docs)]

mod batch;
mod config;
mod error;
mod evaluate;
mod fillers;
mod loss;
mod players;
mod run;
mod schedule;

pub use batch::{Batch, Samples};
pub use config::{LossConfig, Order, TrainConfig};
pub use error::TrainError;
pub use evaluate::{Control, Evaluation, Query, evaluate, shuffled};
pub use loss::{dice_loss, seg_loss};
pub use players::{
    Example, Learner, Losses, OptimizerConfig, PlayerParameters, player_one, player_two,
    simultaneous, warm_up,
};
pub use run::{Report, train};
pub use schedule::learning_rate;
