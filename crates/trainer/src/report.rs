//! What a training leaves.

use std::path::PathBuf;

/// What a training leaves.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// Why it ended.
    pub ending: Ending,
    /// Per-image mean Dice on the validation cases at the best look; `None` if there was no look.
    pub best_dice: Option<f64>,
    /// The threshold of presence that was fitted for the best network; `None` if none was fitted.
    pub presence: Option<f32>,
    /// Weights of the best look, or of the last epoch if there are no validation cases; `None` if
    /// training was stopped before either.
    pub best: Option<PathBuf>,
    /// Weights after the last whole epoch; there is no file yet if training was stopped before its
    /// end.
    pub last: PathBuf,
    /// Steps taken, including those before a resumption.
    pub steps: usize,
    /// Time in training in seconds, including that before a resumption.
    pub wall: f64,
    /// Cases whose sentences are longer than the network reads.
    pub sentences_cut: usize,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All epochs are done.
    Finished,
    /// [`ValidationConfig::patience`](crate::config::ValidationConfig::patience) ran out.
    Early,
    /// It was asked to stop and can be resumed.
    Stopped,
}
