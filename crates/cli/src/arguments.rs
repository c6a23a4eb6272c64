//! Groups of flags that several commands share.

mod network;
mod out;
mod reading;
mod set;

pub(crate) use network::{AnswerArgs, Network, NetworkArgs, Weights, open_weights, whose_left};
pub(crate) use out::{OutArg, create_folder};
pub(crate) use reading::{PictureArgs, ReadArgs};
pub(crate) use set::{DataArgs, SetArgs};
