//! Groups of flags that several commands share.

mod network;
mod out;
mod set;

pub(crate) use network::{AnswerArgs, Network, NetworkArgs, Weights, whose_left};
pub(crate) use out::{OutArg, create_folder};
pub(crate) use set::{DataArgs, SetArgs, mask_rule};
